/** One blinded read on the screen: images without any AI, the form. The viewport outlives the case. */
import { Button, Skeleton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { GraduationCap, Lock, TimerReset } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import {
  askQuestion,
  type LabelRead,
  type LockedRead,
  type QualificationFeedback,
  recuseRead,
  skipRead,
  takeBackRead,
} from "../api/labeling";
import { LABEL_PATH, readPath } from "../cases/paths";
import { currentKeyActions, useKeys } from "../cases/useKeys";
import { errorSentence } from "../cases/words";
import { isClosed } from "../reading/draft";
import { NoticeLine } from "../reading/NoticeLine";
import { isStackOf } from "../reading/stacks";
import { useDraft } from "../reading/useLocalDrafts";
import { useSession } from "../session/context";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { formatClock } from "../ui/format";
import { StateView } from "../ui/StateView";
import { toastDone, toastFailed } from "../ui/toast";
import { KEY_ACTIONS } from "../viewer/keyActions";
import { Thumbnails } from "../viewer/Thumbnails";
import { Viewport, type ViewportHandle } from "../viewer/Viewport";
import { EMPTY_STATE, type ViewerState } from "../viewer/viewerState";
import { expectedItems } from "./expectedItems";
import { FeedbackPanel } from "./FeedbackPanel";
import { GuidelinePanel } from "./GuidelinePanel";
import { seenGuideline } from "./guidelineSeen";
import { type LeaveKind, LeavePanel } from "./LeavePanel";
import { labelRoundsQuery, readQuery } from "./queries";
import { ReadEnded } from "./ReadEnded";
import { ReadForm } from "./ReadForm";
import styles from "./ReadPage.module.css";
import { ReadStrip } from "./ReadStrip";
import { firstFinding, isLive } from "./steps";
import { type LastLock, TakeBackBar } from "./TakeBackBar";
import { useMarks } from "./useMarks";
import { useMarkTools } from "./useMarkTools";
import { useNextRead } from "./useNextRead";
import { useReadSession } from "./useReadSession";
import { useReadStack } from "./useReadStack";

const VIEWER_ACTIONS = KEY_ACTIONS.filter(
  ({ context }) => context === "viewer" || context === "roi",
);

/** A choice that is forgotten when the read changes. */
function useReadChoice<T>(readId: string): [T | undefined, (value: T | undefined) => void] {
  const [choice, setChoice] = useState<{ readId: string; value: T | undefined }>();
  const value = choice?.readId === readId ? choice.value : undefined;
  return [value, (next) => setChoice({ readId, value: next })];
}

export function ReadPage() {
  const { t } = useTranslation(["labeling", "app"]);
  const { roundId = "", readId = "" } = useParams();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { user } = useSession();
  const loaded = useQuery(readQuery(readId));
  const rounds = useQuery(labelRoundsQuery);
  const read = loaded.data;
  const round = rounds.data?.find((one) => one.round_id === roundId);

  const viewport = useRef<ViewportHandle>(null);
  const [generation, setGeneration] = useState(0);
  const [viewer, setViewer] = useState<ViewerState>(EMPTY_STATE);
  const [chosenStack, chooseStack] = useReadChoice<string>(readId);
  const [chosenFinding, chooseFinding] = useReadChoice<string>(readId);
  const [leaving, setLeaving] = useReadChoice<LeaveKind>(readId);
  const [feedback, setFeedback] = useReadChoice<QualificationFeedback>(readId);
  const [isGuidelineOpen, setIsGuidelineOpen] = useState(false);
  const [lastLock, setLastLock] = useState<LastLock | null>(null);

  const { stack, choices, choice, isPending } = useReadStack(read, chosenStack);
  const hasPainted = viewer.isPainted && isStackOf(viewer.stackKey, readId);
  // A study without pictures can be called unreadable: there is nothing to wait for.
  const isReady = hasPainted || (read !== undefined && choices.length === 0);
  const next = useNextRead(read, isReady);

  const locked = (from: LabelRead, answer: LockedRead) => {
    client.removeQueries({ queryKey: ["own-reads", from.round_id] });
    if (answer.take_back_until) {
      const { read_id, pseudonym } = from;
      setLastLock({ readId: read_id, pseudonym, until: answer.take_back_until });
    }
    if (answer.feedback) setFeedback(answer.feedback);
    else next.go(from);
    client.removeQueries({ ...readQuery(from.read_id), type: "inactive" });
  };
  const { session, leaseUntil, isIdle } = useReadSession({ read, generation, onLocked: locked });
  const draft = useDraft(session);
  const canEdit = read !== undefined && isLive(read) && draft !== null && !isClosed(draft);
  const canDraw = canEdit && isReady && !draft.content.isUnreadable;
  const firstOpen = read && draft ? firstFinding(read.findings, draft.content) : null;
  const selected = chosenFinding ?? firstOpen;
  const marks = useMarks({
    read,
    session,
    draft,
    canEdit: canDraw,
    finding: selected,
    onFinding: chooseFinding,
    shown: feedback ? expectedItems(feedback, t("feedback.known")) : [],
  });
  const tools = useMarkTools({
    viewport,
    draft,
    marks,
    onFinding: chooseFinding,
    onImage: (uid) => {
      const home = choices.find((one) =>
        one.instances.some(({ sop_instance_uid }) => sop_instance_uid === uid),
      );
      if (home && home.key !== choice?.key) chooseStack(home.key);
    },
  });

  // The next case begins with a tool that draws nothing.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the case puts the tool away
  useEffect(() => void viewport.current?.run("viewer.toolWindow"), [readId]);

  const select = (code: string) => {
    chooseFinding(code);
    const inHand = marks.roi ?? marks.line;
    if (inHand && inHand.finding !== code) marks.select(null);
  };
  const stepStack = (step: 1 | -1) => {
    const other = choices[choices.findIndex((one) => one.key === choice?.key) + step];
    if (other) chooseStack(other.key);
  };
  const reload = async (id: string) => {
    await client.fetchQuery({ ...readQuery(id), staleTime: 0 });
    setGeneration((before) => before + 1);
  };
  const takeBack = async (id: string) => {
    try {
      await takeBackRead(id);
      setLastLock(null);
      void client.invalidateQueries(labelRoundsQuery);
      await reload(id);
      void navigate(readPath(roundId, id));
    } catch (error) {
      toastFailed({ message: t("take_back.failed"), detail: errorSentence(error) });
    }
  };
  const leave = async (kind: LeaveKind, text: string) => {
    if (!read) return;
    if (kind === "question") {
      await askQuestion(read.read_id, text);
      toastDone({ message: t("leave.question.done"), detail: t("leave.question.done_detail") });
    } else {
      await (kind === "skip" ? skipRead : recuseRead)(read.read_id, text);
      await session?.discard();
      toastDone({ message: t(`leave.${kind}.done`, { pseudonym: read.pseudonym }) });
      next.go(read);
    }
    setLeaving(undefined);
  };
  const toggleGuideline = () => setIsGuidelineOpen((isOpen) => !isOpen);
  const lastReadId = lastLock?.readId;

  useKeys({
    contexts: marks.roi || marks.line ? ["roi", "viewer"] : ["viewer"],
    screen: "label",
    subject: readId,
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
    contexts: ["label"],
    screen: "label",
    subject: readId,
    handlers: {
      "label.guideline": toggleGuideline,
      "label.question": () => read && setLeaving("question"),
      "label.skip": () => canEdit && setLeaving("skip"),
      "label.recuse": () => canEdit && setLeaving("recuse"),
      "label.takeBack": lastReadId ? () => void takeBack(lastReadId) : undefined,
      "label.nextCase": feedback && read ? () => next.go(read) : undefined,
    },
  });

  if (loaded.isError && !read) {
    return (
      <StateView
        kind="error"
        title={t("read.error")}
        detail={errorSentence(loaded.error)}
        action={
          <>
            <Button onClick={() => void loaded.refetch()}>{t("app:common.retry")}</Button>
            <Button variant="default" onClick={() => void navigate(LABEL_PATH)}>
              {t("ended.rounds")}
            </Button>
          </>
        }
      />
    );
  }
  const isGuidelineNew =
    read !== undefined && read.guideline.version > seenGuideline(user.id, roundId);
  return (
    <div className={styles.page}>
      <ReadStrip
        read={read}
        round={round}
        canLeave={canEdit}
        isGuidelineNew={isGuidelineNew && !isGuidelineOpen}
        onGuideline={toggleGuideline}
        onLeave={setLeaving}
      />
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
        <div className={styles.images}>
          <ErrorBoundary
            fallback={(retry) => (
              <StateView
                kind="error"
                title={t("app:review.viewer_error")}
                action={<Button onClick={retry}>{t("app:common.retry")}</Button>}
              />
            )}
          >
            <Viewport
              ref={viewport}
              stack={stack}
              isPending={isPending}
              text={{
                topLeft: read ? [read.pseudonym] : [],
                topRight: [],
                bottomLeft: [[choice?.series.modality, choice?.label].filter(Boolean).join(" · ")],
              }}
              actions={currentKeyActions("label")}
              rois={marks.rois}
              lines={marks.lines}
              onState={setViewer}
            />
          </ErrorBoundary>
          {isGuidelineOpen && (
            <GuidelinePanel roundId={roundId} onClose={() => setIsGuidelineOpen(false)} />
          )}
        </div>
        <section className={styles.panel} aria-label={t("read.form")}>
          {read && session && draft ? (
            <>
              {read.is_qualification && !feedback && (
                <NoticeLine
                  icon={GraduationCap}
                  tone="quiet"
                  text={t("read.qualification")}
                  detail={t("read.qualification_detail")}
                />
              )}
              {isIdle && leaseUntil && canEdit && (
                <NoticeLine
                  icon={TimerReset}
                  tone="attention"
                  text={t("read.idle", { time: formatClock(leaseUntil) })}
                />
              )}
              {!isLive(read) && !feedback && (
                <OverNotice read={read} onTakeBack={() => takeBack(read.read_id)} />
              )}
              {draft.save.kind === "conflict" && (
                <ReadEnded
                  error={draft.save.error}
                  onKeepMine={session.keepMine}
                  onTakeTheirs={() => void session.discard().then(() => reload(readId))}
                  onTryAgain={session.resume}
                  onNext={() => next.go(read)}
                  onRounds={() => void navigate(LABEL_PATH)}
                />
              )}
              {feedback ? (
                <FeedbackPanel
                  feedback={feedback}
                  findings={read.findings}
                  onNext={() => next.go(read)}
                />
              ) : (
                <ReadForm
                  key={`${readId} ${generation}`}
                  read={read}
                  session={session}
                  draft={draft}
                  marks={marks}
                  selected={selected}
                  isImagePainted={isReady}
                  isLeaving={leaving !== undefined}
                  onSelect={select}
                  onDraw={tools.draw}
                  onMeasure={tools.measure}
                />
              )}
              {leaving && (
                <LeavePanel
                  key={leaving}
                  kind={leaving}
                  onSend={(text) => leave(leaving, text)}
                  onCancel={() => setLeaving(undefined)}
                />
              )}
            </>
          ) : (
            <Skeleton className={styles.skeleton ?? ""} height={240} />
          )}
        </section>
      </div>
      {lastLock && lastLock.readId !== readId && (
        <TakeBackBar
          key={`${lastLock.readId} ${lastLock.until}`}
          last={lastLock}
          onTakeBack={() => takeBack(lastLock.readId)}
          onOver={() => setLastLock(null)}
        />
      )}
    </div>
  );
}

/** A read of one's own that is over, opened from the list: it can be looked at, and for a while taken back. */
function OverNotice({ read, onTakeBack }: { read: LabelRead; onTakeBack: () => Promise<void> }) {
  const { t } = useTranslation("labeling");
  const isTakeable = read.take_back_until !== null && Date.parse(read.take_back_until) > Date.now();
  const act = isTakeable
    ? { label: t("take_back.act"), onAct: () => void onTakeBack() }
    : undefined;
  return <NoticeLine icon={Lock} tone="quiet" text={t(`state.${read.state}_long`)} act={act} />;
}
