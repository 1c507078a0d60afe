/** How much waits, of what, and what is new since the last snapshot; a finding can be pressed. */
import { Skeleton, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Project, QueuePage } from "../../api/types";
import { useNameOf } from "../../cases/words";
import styles from "./Learning.module.css";
import { KINDS } from "./queueFilter";

type Count = QueuePage["counts"][number];

const sum = (counts: Count[], of: (count: Count) => number): number =>
  counts.reduce((total, count) => total + of(count), 0);

interface QueueCountsProps {
  project: Project;
  page: QueuePage | undefined;
  finding: string;
  onFinding: (finding: string) => void;
}

export function QueueCounts({ project, page, finding, onFinding }: QueueCountsProps) {
  const { t } = useTranslation("learning");
  const nameOf = useNameOf();
  if (!page) return <Skeleton className={styles.countsLoading ?? ""} />;
  const { counts, last_snapshot: number } = page;
  const inState = (state: Count["state"]) => counts.filter((count) => count.state === state);
  const waiting = inState("waiting");
  return (
    <>
      <p className={styles.totals} aria-live="polite">
        <strong>{t("counts.waiting", { count: sum(waiting, (one) => one.count) })}</strong>
        {number !== null && (
          <span>{t("counts.new", { count: sum(waiting, (one) => one.new), number })}</span>
        )}
        <span>{t("counts.approved", { count: sum(inState("approved"), (one) => one.count) })}</span>
        <span>{t("counts.excluded", { count: sum(inState("excluded"), (one) => one.count) })}</span>
      </p>
      <ul className={styles.findings} aria-label={t("counts.by_finding")}>
        {project.findings.map((one) => {
          const its = waiting.filter((count) => count.finding === one.code);
          const kinds = KINDS.map((kind) => ({
            kind,
            count: sum(
              its.filter((count) => count.kind === kind),
              (count) => count.count,
            ),
          })).filter(({ count }) => count > 0);
          return (
            <li key={one.code}>
              <UnstyledButton
                className={styles.finding ?? ""}
                aria-pressed={finding === one.code}
                onClick={() => onFinding(finding === one.code ? "" : one.code)}
              >
                <strong>{sum(its, (count) => count.count)}</strong>
                <span>{nameOf(one)}</span>
                <span className={styles.kinds}>
                  {kinds.map(({ kind, count }) => t(`counts.${kind}`, { count })).join(" · ")}
                </span>
              </UnstyledButton>
            </li>
          );
        })}
      </ul>
    </>
  );
}
