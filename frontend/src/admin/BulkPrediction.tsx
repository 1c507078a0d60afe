/** The champion on every case it has not seen yet, behind all interactive work, with its progress. */
import { Button, Progress } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { predictProject } from "../api/endpoints";
import type { Project } from "../api/types";
import { errorSentence } from "../cases/words";
import { toastFailed } from "../ui/toast";
import { useWaitingImages } from "./queries";
import styles from "./Section.module.css";

export function BulkPrediction({ project }: { project: Project }) {
  const { t } = useTranslation();
  const [requested, setRequested] = useState<number | null>(null);
  const [mostWaiting, setMostWaiting] = useState(0);
  const waiting = useWaitingImages(requested !== null && requested > 0);
  const left = waiting.data ?? 0;
  if (left > mostWaiting) setMostWaiting(left);
  const start = useMutation({
    mutationFn: () => predictProject(project.id),
    onSuccess: (answer) => {
      setMostWaiting(0);
      setRequested(answer.requested);
    },
    onError: (error) => toastFailed({ message: t("bulk.failed"), detail: errorSentence(error) }),
  });
  const isRunning = left > 0;
  return (
    <div className={styles.progress}>
      {isRunning ? (
        <Progress
          value={mostWaiting ? ((mostWaiting - left) / mostWaiting) * 100 : 0}
          aria-label={t("bulk.progress")}
        />
      ) : (
        <span>{requested === null ? t("bulk.lead") : null}</span>
      )}
      <span role="status">
        {requested === 0 && t("bulk.nothing")}
        {isRunning && t("bulk.waiting", { count: left })}
        {requested !== null && requested > 0 && waiting.isSuccess && !isRunning && t("bulk.done")}
      </span>
      <Button
        variant="default"
        leftSection={<Play size={16} aria-hidden />}
        loading={start.isPending}
        disabled={isRunning}
        onClick={() => start.mutate()}
      >
        {t("bulk.start")}
      </Button>
    </div>
  );
}
