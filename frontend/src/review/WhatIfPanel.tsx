/** The what-if of the selected region: share of evidence and change of the logit, never a probability. */
import { FlaskConical } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { FindingWhatIf } from "./useWhatIf";
import styles from "./WhatIfPanel.module.css";

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;

export function WhatIfPanel({ whatIf }: { whatIf: FindingWhatIf }) {
  const { t } = useTranslation();
  const { state, areaShare, output } = whatIf;
  return (
    <section
      className={styles.panel}
      aria-label={t("what_if.title")}
      data-testid="what-if"
      data-state={state}
      data-pooled-logit={output?.pooledLogit}
      data-outside-logit={output?.outsideLogit ?? undefined}
      data-pooled-probability={output?.pooledProbability}
      data-evidence-share={output?.evidenceShare ?? undefined}
      data-area-share={areaShare ?? undefined}
    >
      <h3 className={styles.title}>
        <FlaskConical size={14} aria-hidden />
        {t("what_if.title")}
      </h3>
      {output ? (
        <dl className={styles.numbers}>
          <div>
            <dt>{t("what_if.evidence_inside")}</dt>
            <dd>
              {output.evidenceShare === null
                ? t("what_if.no_evidence")
                : percent(output.evidenceShare)}
              <span className={styles.beside}>
                {t("what_if.of_area", { share: percent(areaShare ?? 0) })}
              </span>
            </dd>
          </div>
          <div>
            <dt>{t("what_if.inside_delta")}</dt>
            <dd>{signed(output.deltaLogit)}</dd>
          </div>
          <div>
            <dt>{t("what_if.outside_delta")}</dt>
            <dd>{output.outsideDelta === null ? "–" : signed(output.outsideDelta)}</dd>
          </div>
        </dl>
      ) : (
        <p className={styles.none}>{t(`what_if.${state as "below_resolution"}`)}</p>
      )}
      <p className={styles.caution}>{t("what_if.caution")}</p>
    </section>
  );
}
