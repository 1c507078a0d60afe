/** Which labels wait for the next training, and which of them an admin lets in. */
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Dices, ListX } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { drawSample, excludeMatching } from "../../api/learning";
import type { Project, QueuePage } from "../../api/types";
import { errorSentence } from "../../cases/words";
import { StateView } from "../../ui/StateView";
import { toastDone, toastFailed } from "../../ui/toast";
import { LoadError } from "../LoadError";
import { ReasonForm } from "../ReasonForm";
import section from "../Section.module.css";
import { EntryTable } from "./EntryTable";
import styles from "./Learning.module.css";
import { QueueCounts } from "./QueueCounts";
import { QueueFilterBar } from "./QueueFilterBar";
import { LISTED, queueKey, snapshotsKey, useQueue } from "./queries";
import { choiceFrom, filterFrom, isNarrowed, paramsFrom, type QueueChoice } from "./queueFilter";
import { SamplePanel } from "./SamplePanel";

export function QueueSection({ project }: { project: Project }) {
  const { t } = useTranslation(["learning", "app"]);
  const [params, setParams] = useSearchParams();
  const [limit, setLimit] = useState(LISTED);
  const choice = choiceFrom(params);
  const sampleId = params.get("sample");
  const queue = useQueue(project.id, {
    ...filterFrom(choice),
    ...(choice.state !== "all" && { state: choice.state }),
    offset: 0,
    limit,
  });
  const change = (next: QueueChoice) => {
    setLimit(LISTED);
    setParams(paramsFrom(next), { replace: true });
  };
  const showSample = (id: string | null) => {
    const next = paramsFrom(choice);
    if (id) next.set("sample", id);
    setParams(next);
  };
  if (queue.isError && !queue.data) {
    return (
      <LoadError
        title={t("queue.error")}
        error={queue.error}
        onRetry={() => void queue.refetch()}
      />
    );
  }
  const page = queue.data;
  const count = page?.count ?? 0;
  return (
    <>
      <h1 className={section.title}>{t("queue.title")}</h1>
      <p className={section.lead}>{t("queue.lead")}</p>
      <QueueCounts
        project={project}
        page={page}
        finding={choice.finding}
        onFinding={(finding) => change({ ...choice, finding })}
      />
      {sampleId ? (
        <SamplePanel
          key={sampleId}
          project={project}
          sampleId={sampleId}
          onDrawn={showSample}
          onClose={() => showSample(null)}
        />
      ) : (
        <>
          <QueueFilterBar project={project} page={page} choice={choice} onChange={change} />
          <BatchBar project={project} page={page} choice={choice} onSample={showSample} />
          <div className={section.fill}>
            <EntryTable
              project={project}
              rows={page?.rows}
              caption={t("queue.title")}
              empty={
                <div className={section.empty}>
                  <StateView
                    kind="empty"
                    title={t(isNarrowed(choice) ? "queue.no_match" : `queue.empty_${choice.state}`)}
                    detail={t(isNarrowed(choice) ? "queue.no_match_detail" : "queue.empty_detail")}
                  />
                </div>
              }
              toolbar={
                <>
                  <span className={section.secondary}>
                    {t("app:common.shown_of", { shown: page?.rows.length ?? 0, count })}
                  </span>
                  {count > limit && (
                    <Button variant="subtle" onClick={() => setLimit(limit + LISTED)}>
                      {t("app:common.more")}
                    </Button>
                  )}
                </>
              }
            />
          </div>
        </>
      )}
    </>
  );
}

interface BatchBarProps {
  project: Project;
  page: QueuePage | undefined;
  choice: QueueChoice;
  onSample: (id: string) => void;
}

/** What can be done with all that the filter matches: approve by a sample, exclude with a reason. */
function BatchBar({ project, page, choice, onSample }: BatchBarProps) {
  const { t } = useTranslation("learning");
  const client = useQueryClient();
  // What was on the screen when the reason was asked for is what is sent with it.
  const [excluding, setExcluding] = useState<{ choice: QueueChoice; count: number } | null>(null);
  const failed = (error: unknown) =>
    toastFailed({ message: t("queue.not_decided"), detail: errorSentence(error) });
  const draw = useMutation({
    mutationFn: () => drawSample(project.id, filterFrom(choice)),
    onSuccess: (sample) => onSample(sample.id),
    onError: failed,
  });
  const exclude = useMutation({
    mutationFn: ({ asked, reason }: { asked: NonNullable<typeof excluding>; reason: string }) =>
      excludeMatching(project.id, {
        ...filterFrom(asked.choice),
        state: excludableState(asked.choice),
        expected: asked.count,
        reason,
      }),
    onSuccess: ({ excluded }) => {
      setExcluding(null);
      toastDone({ message: t("batch.excluded", { count: excluded }) });
    },
    onError: failed,
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: queueKey(project.id) });
      await client.invalidateQueries({ queryKey: snapshotsKey(project.id) });
    },
  });
  const waiting = page?.waiting ?? 0;
  const excludable = page?.excludable ?? 0;
  return (
    <>
      <div className={styles.batch}>
        <Button
          variant="default"
          leftSection={<Dices size={16} aria-hidden />}
          disabled={waiting === 0}
          loading={draw.isPending}
          onClick={() => draw.mutate()}
        >
          {t("batch.approve", { count: waiting })}
        </Button>
        <Button
          variant="default"
          leftSection={<ListX size={16} aria-hidden />}
          disabled={excludable === 0}
          onClick={() => setExcluding({ choice, count: excludable })}
        >
          {t("batch.exclude", { count: excludable })}
        </Button>
        <span className={section.secondary}>
          {t(waiting === 0 ? "batch.nothing_waits" : "batch.hint")}
        </span>
      </div>
      {excluding && (
        <ReasonForm
          title={t("batch.exclude_why", { count: excluding.count })}
          hint={t("queue.reason_hint")}
          confirm={t("batch.exclude_confirm", { count: excluding.count })}
          isSending={exclude.isPending}
          onSubmit={(reason) => exclude.mutate({ asked: excluding, reason })}
          onCancel={() => setExcluding(null)}
        />
      )}
    </>
  );
}

function excludableState(choice: QueueChoice): "waiting" | "approved" | "" {
  return choice.state === "waiting" || choice.state === "approved" ? choice.state : "";
}
