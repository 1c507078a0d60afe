/** A run's bar with its stage, rate and time left; what is over shows how it ended. */
import { Progress } from "@mantine/core";
import { Ban, Check, CircleAlert, Clock3 } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Run } from "../../api/types";
import { codeSentence } from "../../cases/words";
import { minutesAndSeconds } from "../../ui/format";
import styles from "./Learning.module.css";
import { type Mark, rateOf, remember, secondsLeft, workOf } from "./progress";

const ICONS = { queued: Clock3, evaluated: Check, failed: CircleAlert, cancelled: Ban } as const;

interface RunProgressProps {
  run: Run;
  /** When the server was asked last. */
  at_ms: number;
}

export function RunProgress({ run, at_ms }: RunProgressProps) {
  const { t } = useTranslation("learning");
  const [marks, setMarks] = useState<Mark[]>([]);
  const work = workOf(run);
  const { stage, done } = work;
  useEffect(() => {
    setMarks((before) => remember(before, { stage, done, at_ms }));
  }, [stage, done, at_ms]);
  if (run.state !== "running" && run.state !== "trained") {
    return <RunState run={run} />;
  }
  const rate = rateOf(marks);
  const left = secondsLeft(work, rate);
  return (
    <div className={styles.progress}>
      <Progress
        value={work.total > 0 ? (work.done / work.total) * 100 : 0}
        aria-label={t("runs.progress", { number: run.number })}
      />
      <span className={styles.progressWords}>
        {stage ? t(`stage.${stage}`) : t("stage.starting")}
        {work.total > 0 && (
          <span className="tabular">
            {t(`runs.${work.unit}_of`, { done: work.done, total: work.total })}
          </span>
        )}
        {rate !== null && (
          <span className="tabular">
            {t(`runs.${work.unit}_a_second`, { rate: rate.toFixed(rate < 10 ? 1 : 0) })}
          </span>
        )}
        {left !== null && (
          <span className="tabular">{t("runs.left", { ...minutesAndSeconds(left) })}</span>
        )}
        {run.is_cancelling && <span>{t("runs.cancelling")}</span>}
      </span>
    </div>
  );
}

export function RunState({ run }: { run: Run }) {
  const { t } = useTranslation("learning");
  const Icon = ICONS[run.state as keyof typeof ICONS] ?? Clock3;
  return (
    <span className={styles.stacked}>
      <span className={styles.runState} data-state={run.state}>
        <Icon size={14} aria-hidden />
        {t(`run_state.${run.state}`)}
      </span>
      {run.reason_code && (
        <span className={styles.muted}>
          {codeSentence("reason", run.reason_code, run.reason_params, run.message)}
        </span>
      )}
    </span>
  );
}
