/** One case on the screen: identity, images, findings. The viewport outlives the case, the reading does not. */
import { Button, Skeleton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useReducer, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import type { Project, ReviewPayload, SignAnswer } from "../api/types";
import { casePath, worklistPath } from "../cases/paths";
import { writePersonName } from "../cases/patient";
import { currentKeyActions, useKeys } from "../cases/useKeys";
import { errorSentence } from "../cases/words";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { formatClock } from "../ui/format";
import { StateView } from "../ui/StateView";
import { toastDone } from "../ui/toast";
import { prefetchImages } from "../viewer/engine";
import { CLOSED_HEAT_MAP, heatMapViewReducer } from "../viewer/heatMapView";
import { KEY_ACTIONS } from "../viewer/keymap";
import { imagesNearStart } from "../viewer/stack";
import { Thumbnails } from "../viewer/Thumbnails";
import { Viewport, type ViewportHandle } from "../viewer/Viewport";
import { EMPTY_STATE, type ViewerState } from "../viewer/viewerState";
import { CaseReading } from "./CaseReading";
import { openDraft } from "./draft";
import { IdentityStrip } from "./IdentityStrip";
import { metadataQuery, prefetchCase, reviewQuery, useReview } from "./queries";
import styles from "./ReviewPage.module.css";
import { firstSelection } from "./selection";
import { buildStack, isStackOfCase, type StackChoice, stackChoices } from "./stacks";
import { useHeatMap } from "./useHeatMap";

const PREFETCHED_IMAGES = 40;
const VIEWER_ACTIONS = KEY_ACTIONS.filter((action) => action.context === "viewer");

/** A choice that is forgotten when the case changes. */
function useCaseChoice<T>(caseId: string): [T | undefined, (value: T) => void] {
  const [choice, setChoice] = useState<{ caseId: string; value: T }>();
  const value = choice?.caseId === caseId ? choice.value : undefined;
  return [value, (next) => setChoice({ caseId, value: next })];
}

function useStack(payload: ReviewPayload | undefined, choice: StackChoice | undefined) {
  const studyUid = payload?.study.study_instance_uid ?? "";
  const seriesUid = choice?.series.series_instance_uid ?? "";
  const metadata = useQuery({ ...metadataQuery(studyUid, seriesUid), enabled: seriesUid !== "" });
  if (!payload || !choice || !metadata.data) return null;
  return buildStack(payload, choice, metadata.data);
}

/** Loads what comes next once the reader can look at this one. */
function useNextCase(nextCaseId: string | null, isPainted: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!nextCaseId || !isPainted) return;
    // A failed prefetch costs nothing but time: the case is asked for again when it opens.
    prefetchCase(client, nextCaseId).then(
      (stack) => stack && prefetchImages(imagesNearStart(stack, PREFETCHED_IMAGES)),
      () => undefined,
    );
  }, [client, nextCaseId, isPainted]);
}

export function ReviewPage({ project }: { project: Project }) {
  const { t } = useTranslation();
  const { caseId = "" } = useParams();
  const navigate = useNavigate();
  const client = useQueryClient();
  const review = useReview(caseId);
  const payload = review.data;

  const viewport = useRef<ViewportHandle>(null);
  const [viewer, setViewer] = useState<ViewerState>(EMPTY_STATE);
  const [heatMapView, dispatchHeatMap] = useReducer(heatMapViewReducer, CLOSED_HEAT_MAP);
  const [chosenStack, chooseStack] = useCaseChoice<string>(caseId);
  const [chosenFinding, chooseFinding] = useCaseChoice<string | null>(caseId);
  const [reloads, setReloads] = useState(0);

  const choices = payload ? stackChoices(payload) : [];
  const choice = choices.find((one) => one.key === chosenStack) ?? choices[0];
  const stack = useStack(payload, choice);
  const hasPainted = viewer.isPainted && isStackOfCase(viewer.stackKey, caseId);
  // A study without pictures can be read too: there is nothing to wait for.
  const isReady = hasPainted || (payload !== undefined && choices.length === 0);
  const firstFinding = payload ? firstSelection(payload, openDraft(payload).content) : null;
  const selected = chosenFinding === undefined ? firstFinding : chosenFinding;
  const heatMap = useHeatMap(payload, viewer, selected);
  const nextCaseId = payload?.next_case_id ?? null;
  useNextCase(nextCaseId, isReady);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the case closes the heat map
  useEffect(() => dispatchHeatMap({ type: "case_opened" }), [caseId]);

  const openCase = (id: string) => void navigate(casePath(project.id, id));
  const openWorklist = () => void navigate(worklistPath(project.id));
  const stepStack = (step: 1 | -1) => {
    const next = choices[choices.findIndex((one) => one.key === choice?.key) + step];
    if (next) chooseStack(next.key);
  };
  const reload = async () => {
    await client.refetchQueries(reviewQuery(caseId));
    setReloads(reloads + 1);
  };
  const signed = ({ signed_at, next_case_id }: SignAnswer) => {
    void client.invalidateQueries({ queryKey: ["worklist"] });
    void client.invalidateQueries(reviewQuery(caseId));
    toastDone({
      message: t("review.signed", { time: formatClock(signed_at) }),
      detail: next_case_id ? "" : t("review.no_next"),
      undo: { label: t("review.show_signed"), onUndo: () => openCase(caseId) },
    });
    if (next_case_id) openCase(next_case_id);
    else openWorklist();
  };

  useKeys({
    contexts: ["viewer"],
    subject: caseId,
    isImagePainted: isReady,
    handlers: {
      ...Object.fromEntries(
        VIEWER_ACTIONS.map((action) => [action.id, () => void viewport.current?.run(action.id)]),
      ),
      "viewer.nextSeries": () => stepStack(1),
      "viewer.previousSeries": () => stepStack(-1),
    },
  });
  useKeys({
    contexts: ["findings"],
    subject: caseId,
    handlers: {
      "findings.nextCase": nextCaseId ? () => openCase(nextCaseId) : undefined,
      "findings.previousCase": () => void navigate(-1),
    },
  });

  if (review.isError && !payload) {
    return (
      <StateView
        kind="error"
        title={t("review.error")}
        detail={errorSentence(review.error)}
        action={
          <>
            <Button onClick={() => void review.refetch()}>{t("common.retry")}</Button>
            <Button variant="default" onClick={openWorklist}>
              {t("review.to_worklist")}
            </Button>
          </>
        }
      />
    );
  }
  return (
    <div className={styles.page}>
      <IdentityStrip payload={payload} />
      <div className={styles.body}>
        <div className={styles.thumbnails}>
          <Thumbnails
            items={choices.map((one) => ({
              key: one.key,
              url: one.thumbnailUrl,
              label: one.label,
              count: one.imageCount,
            }))}
            current={choice?.key ?? null}
            onSelect={chooseStack}
          />
        </div>
        <div className={styles.viewport}>
          <ErrorBoundary
            fallback={(retry) => (
              <StateView
                kind="error"
                title={t("review.viewer_error")}
                action={<Button onClick={retry}>{t("common.retry")}</Button>}
              />
            )}
          >
            <Viewport
              ref={viewport}
              stack={stack}
              isPending={payload === undefined || (choice !== undefined && stack === null)}
              text={cornerText(payload, choice)}
              heatMaps={heatMap.layers}
              heatMapView={heatMapView}
              onHeatMapView={dispatchHeatMap}
              actions={currentKeyActions()}
              onState={setViewer}
            />
          </ErrorBoundary>
        </div>
        <section className={styles.panel} aria-label={t("review.findings")}>
          {payload ? (
            <CaseReading
              key={`${caseId} ${reloads}`}
              payload={payload}
              selected={selected}
              mapNote={heatMap.note}
              sopInstanceUid={viewer.sopInstanceUid}
              isImagePainted={isReady}
              onSelect={chooseFinding}
              onSigned={signed}
              onReload={reload}
            />
          ) : (
            <PanelSkeleton />
          )}
        </section>
      </div>
    </div>
  );
}

function cornerText(payload: ReviewPayload | undefined, choice: StackChoice | undefined) {
  if (!payload) return { topLeft: [], topRight: [], bottomLeft: [] };
  const { patient, study } = payload;
  const series = choice?.series;
  return {
    topLeft: [writePersonName(patient.name).primary, patient.patient_id].filter(Boolean),
    topRight: [study.study_date ?? "", study.description].filter(Boolean),
    bottomLeft: [[series?.modality, choice?.label].filter(Boolean).join(" · ")],
  };
}

const SKELETON_ROWS = ["1", "2", "3", "4"];

function PanelSkeleton() {
  return (
    <div className={styles.skeleton}>
      <Skeleton height={40} />
      <Skeleton height={56} />
      {SKELETON_ROWS.map((row) => (
        <Skeleton key={row} height={28} />
      ))}
    </div>
  );
}
