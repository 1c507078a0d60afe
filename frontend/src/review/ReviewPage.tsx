/** One case on the screen: identity, images, findings. The viewport outlives the case, the reading does not. */
import { Button, Skeleton, Tooltip } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useReducer, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { withdrawReview } from "../api/endpoints";
import type { Project, ReviewPayload, SignAnswer } from "../api/types";
import { casePath, worklistPath } from "../cases/paths";
import { writePersonName } from "../cases/patient";
import { currentKeyActions, useKeys } from "../cases/useKeys";
import { errorSentence } from "../cases/words";
import { isClosed } from "../reading/draft";
import { isStackOf, type StackChoice, stackChoices } from "../reading/stacks";
import { useDraft } from "../reading/useLocalDrafts";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { StateView } from "../ui/StateView";
import { toastDone, toastFailed } from "../ui/toast";
import { prefetchImages } from "../viewer/engine";
import { CLOSED_HEAT_MAP, heatMapViewReducer } from "../viewer/heatMapView";
import { KEY_ACTIONS } from "../viewer/keyActions";
import { keyHint } from "../viewer/keymap";
import { imagesNearStart } from "../viewer/stack";
import { Thumbnails } from "../viewer/Thumbnails";
import { Viewport, type ViewportHandle } from "../viewer/Viewport";
import { EMPTY_STATE, type ViewerState } from "../viewer/viewerState";
import { CaseReading } from "./CaseReading";
import { caseStack } from "./caseStack";
import { HistoryPanel } from "./HistoryPanel";
import { IdentityStrip } from "./IdentityStrip";
import { PriorView } from "./PriorView";
import { metadataQuery, prefetchCase, reviewQuery, useReview } from "./queries";
import styles from "./ReviewPage.module.css";
import { firstSelection } from "./selection";
import { useCaseClaim } from "./useCaseClaim";
import { useDraftSession } from "./useDraftSession";
import { useHeatMap } from "./useHeatMap";
import { useRois } from "./useRois";
import { useShownAi } from "./useShownAi";
import { type LastSignature, WithdrawBar } from "./WithdrawBar";

const PREFETCHED_IMAGES = 40;
const VIEWER_ACTIONS = KEY_ACTIONS.filter(
  ({ context }) => context === "viewer" || context === "roi",
);

/** What may be open beside the image. */
type Side = "prior" | "history";

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
  return caseStack(payload, choice, metadata.data);
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
  const [generation, setGeneration] = useState(0);
  const shownAi = useShownAi(review.data, generation);
  const { payload } = shownAi;

  const viewport = useRef<ViewportHandle>(null);
  const [viewer, setViewer] = useState<ViewerState>(EMPTY_STATE);
  const [heatMapView, dispatchHeatMap] = useReducer(heatMapViewReducer, CLOSED_HEAT_MAP);
  const [chosenStack, chooseStack] = useCaseChoice<string>(caseId);
  const [chosenFinding, chooseFinding] = useCaseChoice<string | null>(caseId);
  const [side, setSide] = useCaseChoice<Side | null>(caseId);
  const [lastSignature, setLastSignature] = useState<LastSignature | null>(null);

  const choices = payload ? stackChoices(payload) : [];
  const choice = choices.find((one) => one.key === chosenStack) ?? choices[0];
  const stack = useStack(payload, choice);
  const hasPainted = viewer.isPainted && isStackOf(viewer.stackKey, caseId);
  // A study without pictures can be read too: there is nothing to wait for.
  const isReady = hasPainted || (payload !== undefined && choices.length === 0);

  const openCase = (id: string) => void navigate(casePath(project.id, id));
  const openWorklist = () => void navigate(worklistPath(project.id));
  const signed = ({ review_id, withdrawable_s, next_case_id }: SignAnswer) => {
    void client.invalidateQueries({ queryKey: ["worklist"] });
    void client.invalidateQueries(reviewQuery(caseId));
    const untilMs = Date.now() + withdrawable_s * 1000;
    setLastSignature({ caseId, reviewId: review_id, untilMs });
    if (next_case_id) openCase(next_case_id);
    else toastDone({ message: t("review.no_next") });
  };
  const session = useDraftSession({
    payload,
    generation,
    shownPrediction: payload?.ai?.state === "done" ? payload.ai.case_prediction_id : null,
    canDraw: viewer.canDraw,
    onSigned: signed,
  });
  const draft = useDraft(session);
  const canEdit = payload?.permissions.can_review === true && draft !== null && !isClosed(draft);
  const { claim, takeOver } = useCaseClaim(caseId, payload?.permissions.can_review ?? false);

  const firstFinding = payload && draft ? firstSelection(payload, draft.content) : null;
  const selected = chosenFinding === undefined ? firstFinding : chosenFinding;
  const rois = useRois({
    payload,
    session,
    draft,
    canEdit: canEdit && isReady,
    finding: selected,
    onFinding: chooseFinding,
  });
  const heatMap = useHeatMap(payload, viewer, selected);
  const nextCaseId = payload?.next_case_id ?? null;
  useNextCase(nextCaseId, isReady);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the case closes the heat map
  useEffect(() => dispatchHeatMap({ type: "case_opened" }), [caseId]);

  // The picture fits the room it has, beside a prior or alone.
  const isSplit = side === "prior";
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a change of the room asks for it
  useEffect(() => {
    const frame = requestAnimationFrame(() =>
      requestAnimationFrame(() => viewport.current?.run("viewer.fit")),
    );
    return () => cancelAnimationFrame(frame);
  }, [isSplit]);

  const stepStack = (step: 1 | -1) => {
    const next = choices[choices.findIndex((one) => one.key === choice?.key) + step];
    if (next) chooseStack(next.key);
  };
  const reload = async () => {
    await client.refetchQueries(reviewQuery(caseId));
    setGeneration((before) => before + 1);
  };
  const select = (code: string | null) => {
    chooseFinding(code);
    if (rois.selected && rois.selected.finding !== code) rois.select(null);
  };
  /** The finding's region in hand, on its own image; a new one is drawn where there is none. */
  const editRoi = (code: string) => {
    chooseFinding(code);
    const its = draft?.content.rois.filter((roi) => roi.finding === code) ?? [];
    const here = its.find((roi) => roi.sopInstanceUid === viewer.sopInstanceUid) ?? its[0];
    if (here) {
      rois.select(here.roiId);
      const home = choices.find((one) =>
        one.instances.some(({ sop_instance_uid }) => sop_instance_uid === here.sopInstanceUid),
      );
      if (home) chooseStack(home.key);
    } else {
      rois.select(null);
      viewport.current?.run("viewer.toolEllipse");
    }
  };
  const useNewer = async () => {
    if (!shownAi.newer || !session) return;
    session.showPrediction(shownAi.newer.casePredictionId);
    await session.save();
    shownAi.accept();
    await reload();
  };
  const withdrawLast = async () => {
    if (!lastSignature) return;
    const { caseId: signedCase, reviewId } = lastSignature;
    try {
      await withdrawReview(signedCase, reviewId, "");
    } catch (error) {
      toastFailed({ message: t("review.not_withdrawn"), detail: errorSentence(error) });
      return;
    }
    setLastSignature(null);
    await client.refetchQueries(reviewQuery(signedCase));
    void client.invalidateQueries({ queryKey: ["worklist"] });
    setGeneration((before) => before + 1);
    openCase(signedCase);
  };
  const toggle = (which: Side) => setSide(side === which ? null : which);
  const hasPrior = (payload?.prior_count ?? 0) > 0;

  useKeys({
    contexts: rois.selected ? ["roi", "viewer"] : ["viewer"],
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
      "findings.prior": () => toggle("prior"),
      "findings.history": () => toggle("history"),
      "findings.withdraw": lastSignature ? () => void withdrawLast() : undefined,
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
          <SideButtons hasPrior={hasPrior} side={side} onToggle={toggle} />
        </div>
        <div className={styles.images} data-split={isSplit}>
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
                heatMap={{ layers: heatMap.layers, view: heatMapView, onView: dispatchHeatMap }}
                actions={currentKeyActions()}
                rois={rois.layer}
                onState={setViewer}
              />
            </ErrorBoundary>
          </div>
          {payload && isSplit && <PriorView payload={payload} onClose={() => setSide(null)} />}
          {side === "history" && <HistoryPanel caseId={caseId} onClose={() => setSide(null)} />}
        </div>
        <section className={styles.panel} aria-label={t("review.findings")}>
          {payload && session && draft ? (
            <CaseReading
              key={`${caseId} ${generation}`}
              payload={payload}
              session={session}
              draft={draft}
              rois={rois}
              claim={claim ?? payload.claim}
              newer={shownAi.newer}
              selected={selected}
              mapNote={heatMap.note}
              sopInstanceUid={viewer.sopInstanceUid}
              isImagePainted={isReady}
              onSelect={select}
              onEditRoi={editRoi}
              onTakeOver={takeOver}
              onNewer={useNewer}
              onReload={reload}
            />
          ) : (
            <PanelSkeleton />
          )}
        </section>
      </div>
      {lastSignature && (
        <WithdrawBar
          key={lastSignature.reviewId}
          last={lastSignature}
          onWithdraw={withdrawLast}
          onOver={() => setLastSignature(null)}
        />
      )}
    </div>
  );
}

interface SideButtonsProps {
  hasPrior: boolean;
  side: Side | null | undefined;
  onToggle: (which: Side) => void;
}

/** What can be opened beside the image. */
function SideButtons({ hasPrior, side, onToggle }: SideButtonsProps) {
  const { t } = useTranslation();
  const hint = (id: string) => keyHint(currentKeyActions(), id);
  return (
    <div className={styles.sides}>
      {hasPrior && (
        <Tooltip label={`${t("prior.title")} (${hint("findings.prior")})`} position="right">
          <Button
            size="compact-xs"
            variant={side === "prior" ? "light" : "default"}
            aria-pressed={side === "prior"}
            onClick={() => onToggle("prior")}
          >
            {t("prior.button")}
          </Button>
        </Tooltip>
      )}
      <Tooltip label={`${t("history.title")} (${hint("findings.history")})`} position="right">
        <Button
          size="compact-xs"
          variant={side === "history" ? "light" : "default"}
          aria-pressed={side === "history"}
          onClick={() => onToggle("history")}
        >
          {t("history.button")}
        </Button>
      </Tooltip>
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
