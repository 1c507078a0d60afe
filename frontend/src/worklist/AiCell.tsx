/** What the AI says of a case in one line; the six states differ in icon, word and colour. */
import { Ban, CircleDashed, CircleX, Hourglass } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Ai, Finding } from "../api/types";
import { Probability } from "../cases/Probability";
import { codeSentence, useNameOf } from "../cases/words";
import styles from "./AiCell.module.css";

interface AiCellProps {
  ai: Ai;
  findings: Finding[];
  /** The finding that gave the case its place, if one did. */
  reason: string | undefined;
}

export function AiCell({ ai, findings, reason }: AiCellProps) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  if (ai.state === "none") {
    return (
      <span className={styles.state}>
        <CircleDashed size={14} aria-hidden />
        {t("ai.none")}
      </span>
    );
  }
  if (ai.state === "waiting") {
    return (
      <span className={styles.state}>
        <Hourglass size={14} aria-hidden />
        {t("ai.waiting")}
      </span>
    );
  }
  if (ai.state === "abstained" || ai.state === "failed") {
    const Icon = ai.state === "failed" ? CircleX : Ban;
    const sentence = codeSentence("reason", ai.reason_code, ai.reason_params);
    return (
      <span className={styles.state} data-state={ai.state} title={sentence}>
        <Icon size={14} aria-hidden />
        <span className={styles.reason}>{sentence}</span>
      </span>
    );
  }
  const top = ai.findings.find((one) => one.code === reason) ?? topFinding(ai);
  if (!top) return <span className={styles.state}>{t("ai.nothing_above")}</span>;
  const finding = findings.find((one) => one.code === top.code);
  return (
    <span className={styles.top}>
      <span className={styles.name} data-above={top.above}>
        {finding ? nameOf(finding) : top.code}
      </span>
      <Probability probability={top.probability} threshold={top.threshold} isAbove={top.above} />
    </span>
  );
}

/** The finding nearest to or furthest above its threshold. */
function topFinding(ai: Ai) {
  return ai.findings.toSorted(
    (a, b) => b.probability - b.threshold - (a.probability - a.threshold),
  )[0];
}
