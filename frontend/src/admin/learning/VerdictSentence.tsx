/** What a run has shown, in one sentence and before any table. */
import {
  CircleAlert,
  CircleHelp,
  Equal,
  type LucideIcon,
  TrendingDown,
  TrendingUp,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import type { NotEvaluable, Project } from "../../api/types";
import { useNameOf } from "../../cases/words";
import styles from "./Learning.module.css";
import { type Call, type Headline, type Judged, signed, type Verdict } from "./verdict";

const ICONS: Record<Headline, LucideIcon> = {
  better: TrendingUp,
  worse: TrendingDown,
  mixed: CircleAlert,
  not_worse: Equal,
  undecided: CircleHelp,
  none: CircleHelp,
};

export function VerdictSentence({ project, verdict }: { project: Project; verdict: Verdict }) {
  const { t } = useTranslation("learning");
  const sentence = useSentence(project, verdict);
  const Icon = ICONS[verdict.headline];
  return (
    <div className={styles.verdict} data-headline={verdict.headline}>
      <Icon size={20} aria-hidden />
      <p>
        {sentence}
        {t("verdict.stop")}
      </p>
    </div>
  );
}

function useSentence(project: Project, { headline, judged }: Verdict): string {
  const { t } = useTranslation("learning");
  const nameOf = useNameOf();
  const name = (code: string): string => {
    const found = project.findings.find((one) => one.code === code);
    return found ? nameOf(found) : code;
  };
  const onlyNamed = (one: Judged): string => name(one.finding);
  const withNumbers = (one: Judged): string =>
    t("verdict.numbers", {
      finding: name(one.finding),
      candidate: one.candidateAuc?.toFixed(2) ?? "–",
      champion: one.championAuc?.toFixed(2) ?? "–",
      difference: signed(one.delta_auroc ?? 0),
      low: signed(one.low ?? 0),
      high: signed(one.high ?? 0),
    });
  const reasons = (): string => {
    const its = judged.filter((one) => one.call === "not_evaluable");
    const groups = new Map<NotEvaluable, Judged[]>();
    for (const one of its) {
      const reason = one.reason || "too_few_cases";
      groups.set(reason, [...(groups.get(reason) ?? []), one]);
    }
    return [...groups]
      .map(([reason, findings]) =>
        t("verdict.because", {
          findings: findings.map(onlyNamed).join(t("verdict.comma")),
          reason: t(`not_evaluable.${reason}`),
        }),
      )
      .join(t("verdict.comma"));
  };
  const part = (call: Call, words: (one: Judged) => string): string | null => {
    const its = judged.filter((one) => one.call === call);
    if (its.length === 0) return null;
    return t(`verdict.${call}`, { findings: its.map(words).join(t("verdict.comma")) });
  };
  if (judged.length === 0) return t("verdict.no_finding");
  if (headline === "none") {
    return t("verdict.cannot", { reasons: reasons() });
  }
  const parts = [
    part("worse", withNumbers),
    part("better", withNumbers),
    headline === "better" && !judged.some((one) => one.call === "undecided")
      ? t("verdict.nothing_worse")
      : part("not_worse", onlyNamed),
    part("undecided", onlyNamed),
    judged.some((one) => one.call === "not_evaluable")
      ? t("verdict.not_evaluable", { findings: reasons() })
      : null,
  ].filter((one): one is string => one !== null);
  const [first = "", ...others] = parts;
  return [first.charAt(0).toUpperCase() + first.slice(1), ...others].join(t("verdict.semicolon"));
}
