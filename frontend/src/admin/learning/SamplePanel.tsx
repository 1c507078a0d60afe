/** A drawn sample: its entries are looked at one by one before all the others are approved at once. */
import { Button, Progress, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, CheckCheck, Dices } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { approveRest, drawSample, type QueueFilter } from "../../api/learning";
import type { Project, QueueSample } from "../../api/types";
import { errorSentence } from "../../cases/words";
import { toastDone, toastFailed } from "../../ui/toast";
import { LoadError } from "../LoadError";
import section from "../Section.module.css";
import { EntryTable } from "./EntryTable";
import styles from "./Learning.module.css";
import { queueKey, snapshotsKey, useSample } from "./queries";

interface SamplePanelProps {
  project: Project;
  sampleId: string;
  onDrawn: (id: string) => void;
  onClose: () => void;
}

export function SamplePanel({ project, sampleId, onDrawn, onClose }: SamplePanelProps) {
  const { t } = useTranslation("learning");
  const sample = useSample(project.id, sampleId);
  if (sample.isError && !sample.data) {
    return (
      <LoadError
        title={t("sample.error")}
        error={sample.error}
        onRetry={() => void sample.refetch()}
      />
    );
  }
  return (
    <section className={styles.panel} aria-label={t("sample.title")}>
      <div className={styles.panelHead}>
        <Button
          variant="default"
          leftSection={<ArrowLeft size={16} aria-hidden />}
          onClick={onClose}
        >
          {t("sample.back")}
        </Button>
        <h2 className={section.subtitle}>
          {sample.data
            ? t("sample.heading", { drawn: sample.data.drawn, count: sample.data.frozen })
            : t("sample.title")}
        </h2>
        {sample.data && (
          <>
            <Progress
              className={styles.panelProgress ?? ""}
              value={(sample.data.looked_at / sample.data.drawn) * 100}
              aria-label={t("sample.progress")}
            />
            <span className={section.secondary}>
              {t("sample.looked_at", {
                looked_at: sample.data.looked_at,
                drawn: sample.data.drawn,
              })}
            </span>
          </>
        )}
      </div>
      <EntryTable
        project={project}
        rows={sample.data?.rows}
        caption={t("sample.title")}
        empty={null}
        toolbar={<p className={section.lead}>{t("sample.lead")}</p>}
      />
      {sample.data && <Rest project={project} sample={sample.data} onDrawn={onDrawn} />}
    </section>
  );
}

interface RestProps {
  project: Project;
  sample: QueueSample;
  onDrawn: (id: string) => void;
}

function Rest({ project, sample, onDrawn }: RestProps) {
  const { t } = useTranslation("learning");
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const approve = useMutation({
    mutationFn: () => approveRest(sample.id, reason),
    onSuccess: (done) => toastDone({ message: t("sample.done", { count: done.approved ?? 0 }) }),
    onError: (error) =>
      toastFailed({ message: t("queue.not_decided"), detail: errorSentence(error) }),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: queueKey(project.id) });
      await client.invalidateQueries({ queryKey: snapshotsKey(project.id) });
    },
  });
  const again = useMutation({
    mutationFn: () => drawSample(project.id, sample.query as QueueFilter),
    onSuccess: (drawn) => onDrawn(drawn.id),
    onError: (error) =>
      toastFailed({ message: t("queue.not_decided"), detail: errorSentence(error) }),
  });
  const needsReason = sample.excluded > 0 && sample.blocker === "";
  const isReasonMissing = needsReason && reason.trim() === "";
  const why = whyNot(sample, isReasonMissing);
  if (sample.approved !== null) {
    return <p className={styles.note}>{t("sample.done", { count: sample.approved })}</p>;
  }
  return (
    <div className={styles.rest}>
      {needsReason && (
        <TextInput
          className={styles.restReason ?? ""}
          label={t("sample.excluded_why", { count: sample.excluded, drawn: sample.drawn })}
          placeholder={t("queue.reason_hint")}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={500}
        />
      )}
      <Button
        leftSection={<CheckCheck size={16} aria-hidden />}
        disabled={why !== null}
        loading={approve.isPending}
        onClick={() => approve.mutate()}
      >
        {t("sample.approve_rest", { count: sample.rest_waiting })}
      </Button>
      {sample.blocker === "sample_superseded" && (
        <Button
          variant="default"
          leftSection={<Dices size={16} aria-hidden />}
          loading={again.isPending}
          onClick={() => again.mutate()}
        >
          {t("sample.draw_again")}
        </Button>
      )}
      {why && (
        <span className={section.secondary}>
          {t(`sample.${why}`, { count: sample.drawn - sample.looked_at })}
        </span>
      )}
    </div>
  );
}

/** Which sentence says why the rest cannot be approved yet. */
function whyNot(sample: QueueSample, isReasonMissing: boolean) {
  if (sample.blocker !== "") return sample.blocker;
  if (sample.rest_waiting === 0) return "no_rest";
  return isReasonMissing ? "reason_missing" : null;
}
