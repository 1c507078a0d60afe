/** Why the study was asked for and how it was taken. */
import { useTranslation } from "react-i18next";
import type { ReviewPayload } from "../api/types";
import { sideOf } from "../reading/stacks";
import styles from "./CaseFacts.module.css";

interface CaseFactsProps {
  payload: ReviewPayload;
  /** The image on the screen: acquisition facts belong to one image. */
  sopInstanceUid: string | null;
}

export function CaseFacts({ payload, sopInstanceUid }: CaseFactsProps) {
  const { t, i18n } = useTranslation();
  const { study } = payload;
  const instances = payload.series.flatMap((series) =>
    series.instances.map((instance) => ({ series, instance })),
  );
  const current =
    instances.find(({ instance }) => instance.sop_instance_uid === sopInstanceUid) ?? instances[0];
  const named: [string, string][] = [
    [t("study.body_part"), current?.series.body_part ?? ""],
    [
      t("study.view"),
      [current && sideOf(current.series), current?.instance.view_position].join(" ").trim(),
    ],
    [t("study.referring"), study.referring_physician_name.replaceAll("^", " ").trim()],
    ...Object.entries(current?.instance.acquisition ?? {}).map(
      ([keyword, value]): [string, string] => {
        const key = `acquisition.${keyword}`;
        const label = i18n.exists(key) ? (t(key as never) as string) : keyword;
        return [label, String(value)];
      },
    ),
  ];
  const facts = named.filter(([, value]) => value !== "");
  return (
    <section className={styles.facts}>
      <h2 className={styles.label}>{t("study.indication")}</h2>
      <p className={styles.indication} title={study.indication}>
        <bdi>{study.indication || t("study.no_indication")}</bdi>
      </p>
      {facts.length > 0 && (
        <details>
          <summary>{t("study.acquisition")}</summary>
          <dl className={styles.list}>
            {facts.map(([label, value]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>
                  <bdi>{value}</bdi>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </section>
  );
}
