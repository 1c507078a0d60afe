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
import { QueueCounts } from "./QueueCounts";
import { QueueFilterBar } from "./QueueFilterBar";
import { LISTED, queueKey, snapshotsKey, useQueue } from "./queries";
import { choiceFrom, filterFrom, isNarrowed, paramsFrom, type QueueChoice } from "./queueFilter";
import { SamplePanel } from "./SamplePanel";

export function QueueSection({ project }: { project: Project }) {
  const { t } = useTranslation(["learning", "app"]);
  const [params, setParams] = useSearchParams();
  const [limit, setLimit] = useState(LISTED);
  const [excluding, setExcluding] = useState<Exclusion | null>(null);
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
    setExcluding(null);
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
          {excluding && (
            <BatchExclusion
              project={project}
              asked={excluding}
              onClose={() => setExcluding(null)}
            />
          )}
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
                  {page && (
                    <BatchButtons
                      project={project}
                      page={page}
                      choice={choice}
                      onSample={showSample}
                      onExclude={setExcluding}
                    />
                  )}
                  {page && (
                    <span className={section.secondary}>
                      {t("app:common.shown_of", { shown: page.rows.length, count })}
                    </span>
                  )}
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

/** The exclusion that a reason is asked for: of what was on the screen when it was. */
interface Exclusion {
  choice: QueueChoice;
  count: number;
}

interface BatchButtonsProps {
  project: Project;
  page: QueuePage;
  choice: QueueChoice;
  onSample: (id: string) => void;
  onExclude: (asked: Exclusion) => void;
}

/** What can be done with all that the filter matches: approve by a sample, exclude with a reason. */
function BatchButtons({ project, page, choice, onSample, onExclude }: BatchButtonsProps) {
  const { t } = useTranslation("learning");
  const { waiting, excludable } = page;
  const draw = useMutation({
    mutationFn: () => drawSample(project.id, filterFrom(choice)),
    onSuccess: (sample) => onSample(sample.id),
    onError: (error) =>
      toastFailed({ message: t("queue.not_decided"), detail: errorSentence(error) }),
  });
  return (
    <>
      <Button
        variant="default"
        leftSection={<Dices size={16} aria-hidden />}
        disabled={waiting === 0}
        title={t(waiting === 0 ? "batch.nothing_waits" : "batch.hint")}
        loading={draw.isPending}
        onClick={() => draw.mutate()}
      >
        {t("batch.approve", { count: waiting })}
      </Button>
      <Button
        variant="default"
        leftSection={<ListX size={16} aria-hidden />}
        disabled={excludable === 0}
        onClick={() => onExclude({ choice, count: excludable })}
      >
        {t("batch.exclude", { count: excludable })}
      </Button>
    </>
  );
}

interface BatchExclusionProps {
  project: Project;
  asked: Exclusion;
  onClose: () => void;
}

function BatchExclusion({ project, asked, onClose }: BatchExclusionProps) {
  const { t } = useTranslation("learning");
  const client = useQueryClient();
  const exclude = useMutation({
    mutationFn: (reason: string) =>
      excludeMatching(project.id, {
        ...filterFrom(asked.choice),
        state: excludableState(asked.choice),
        expected: asked.count,
        reason,
      }),
    onSuccess: ({ excluded }) => {
      onClose();
      toastDone({ message: t("batch.excluded", { count: excluded }) });
    },
    onError: (error) =>
      toastFailed({ message: t("queue.not_decided"), detail: errorSentence(error) }),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: queueKey(project.id) });
      await client.invalidateQueries({ queryKey: snapshotsKey(project.id) });
    },
  });
  return (
    <ReasonForm
      title={t("batch.exclude_why", { count: asked.count })}
      hint={t("queue.reason_hint")}
      confirm={t("batch.exclude_confirm", { count: asked.count })}
      isSending={exclude.isPending}
      onSubmit={(reason) => exclude.mutate(reason)}
      onCancel={onClose}
    />
  );
}

function excludableState(choice: QueueChoice): "waiting" | "approved" | "" {
  return choice.state === "waiting" || choice.state === "approved" ? choice.state : "";
}
