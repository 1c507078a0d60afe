/** What a training set holds: cases with and without each finding, part by part, and what stayed out. */
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import type { FindingCount, LeftOut, Project } from "../../api/types";
import { useNameOf } from "../../cases/words";
import styles from "./Learning.module.css";

const PARTS = ["train", "validation", "test"] as const;
const REASONS = ["no_label_before_ai", "positive_without_roi", "no_image"] as const;

interface SnapshotContentProps {
  project: Project;
  caption: string;
  content: {
    counts: FindingCount[];
    image_counts: { train: number; validation: number; test: number };
    left_out: LeftOut;
    /** Of the model that serves; without them, nothing is said about it. */
    findings_of_model?: string[];
  };
}

export function SnapshotContent({ project, caption, content }: SnapshotContentProps) {
  const { t } = useTranslation("learning");
  const nameOf = useNameOf();
  const inOrder = project.findings
    .map((one) => ({ name: nameOf(one), its: content.counts.find((c) => c.finding === one.code) }))
    .filter((row): row is { name: string; its: FindingCount } => row.its !== undefined);
  const leftOut = REASONS.filter((reason) => (content.left_out[reason] ?? 0) > 0);
  return (
    <>
      <table className={styles.counts}>
        <caption className="visually-hidden">{caption}</caption>
        <thead className={styles.head}>
          <tr>
            <th scope="col" rowSpan={2} className={styles.rowHead}>
              {t("queue.finding")}
            </th>
            {PARTS.map((part) => (
              <th
                key={part}
                scope="colgroup"
                colSpan={2}
                className={`${styles.part} ${styles.first}`}
              >
                {t(`part.${part}`)}
                <span className={styles.muted}>
                  {t("snapshots.images", { count: content.image_counts[part] })}
                </span>
              </th>
            ))}
          </tr>
          <tr>
            {PARTS.map((part) => (
              <Fragment key={part}>
                <th scope="col" className={styles.first}>
                  {t("queue.present")}
                </th>
                <th scope="col">{t("queue.absent")}</th>
              </Fragment>
            ))}
          </tr>
        </thead>
        <tbody>
          {inOrder.map(({ name, its }) => (
            <tr key={its.finding}>
              <th scope="row" className={styles.rowHead}>
                {name}
                {content.findings_of_model?.includes(its.finding) === false && (
                  <span className={styles.muted}>{t("snapshots.not_in_model")}</span>
                )}
              </th>
              {PARTS.map((part) => (
                <Fragment key={part}>
                  <td className={styles.first} data-empty={its[part].positive === 0}>
                    {its[part].positive}
                  </td>
                  <td data-empty={its[part].negative === 0}>{its[part].negative}</td>
                </Fragment>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {leftOut.length > 0 && (
        <ul className={styles.leftOut}>
          {leftOut.map((reason) => (
            <li key={reason}>
              {t(`left_out.${reason}`, { count: content.left_out[reason] ?? 0 })}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
