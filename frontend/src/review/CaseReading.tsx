/** The reading of one case: what the AI says, the findings, the report and the signature. */
import { Button, Kbd } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { openAddendum, revealAi, withdrawReview } from "../api/endpoints";
import { ApiError } from "../api/errors";
import type { Claim, ExplicitVerdict, Finding, ReviewPayload } from "../api/types";
import { currentKeyActions, useKeys } from "../cases/useKeys";
import { errorSentence } from "../cases/words";
import { isClosed } from "../reading/draft";
import { toastDone, toastFailed } from "../ui/toast";
import { keyHint } from "../viewer/keymap";
import { AiSummary } from "./AiSummary";
import { CaseFacts } from "./CaseFacts";
import styles from "./CaseReading.module.css";
import { ConflictPanel } from "./ConflictPanel";
import {
  type Draft,
  type DraftContent,
  incompleteFindings,
  undecidedFindings,
  withAllAbsent,
  withGrade,
  withVerdict,
} from "./draft";
import type { DraftSession } from "./draftSession";
import { FindingRow } from "./FindingRow";
import { reviewQuery } from "./queries";
import { ReadingNotices } from "./ReadingNotices";
import { ReportPanel } from "./ReportPanel";
import { SelectedRoi } from "./SelectedRoi";
import { type OpenEnds, SignBar } from "./SignBar";
import { AddendumBar, SignedReviews } from "./SignedReviews";
import { selectionAfterDecision, stepSelection } from "./selection";
import type { Rois } from "./useRois";
import type { ShownAi } from "./useShownAi";

interface CaseReadingProps {
  payload: ReviewPayload;
  session: DraftSession;
  draft: Draft;
  rois: Rois;
  claim: Claim | null;
  newer: ShownAi["newer"];
  selected: string | null;
  mapNote: string;
  sopInstanceUid: string | null;
  isImagePainted: boolean;
  onSelect: (code: string | null) => void;
  /** Begin to draw or to change the region of a finding. */
  onEditRoi: (code: string) => void;
  onTakeOver: () => Promise<void>;
  onNewer: () => Promise<void>;
  onReload: () => Promise<void>;
}

export function CaseReading(props: CaseReadingProps) {
  const { payload, session, draft, rois, selected, isImagePainted, onSelect, onReload } = props;
  const { t } = useTranslation();
  const client = useQueryClient();
  const [isAsked, setIsAsked] = useState(false);
  const reportRef = useRef<HTMLTextAreaElement>(null);
  const { content } = draft;
  const canEdit = payload.permissions.can_review && !isClosed(draft);
  const canAct = canEdit && isImagePainted;
  const openEnds = openEndsOf(payload, content);
  const openCodes = [...openEnds.undecided, ...openEnds.missingRoi, ...openEnds.missingGrade];
  const answers = new Map(payload.ai?.findings.map((answer) => [answer.code, answer]));
  const edit = (changed: DraftContent) => session.dispatch({ type: "edited", content: changed });

  const decide = (finding: string, verdict: ExplicitVerdict) => {
    if (!canAct) return;
    setIsAsked(false);
    const next = withVerdict(content, finding, verdict);
    edit(next);
    onSelect(next.verdicts[finding] ? selectionAfterDecision(payload, next, finding) : finding);
  };
  const allAbsent = () => {
    const next = withAllAbsent(payload, content);
    if (!canAct || next === content) return;
    edit(next);
    toastDone({
      message: t("review.all_absent_done"),
      undo: { label: t("common.undo"), onUndo: () => session.dispatch({ type: "undone" }) },
    });
  };
  const requestSign = () => {
    if (!canAct) return;
    if (openCodes.length > 0 && !isAsked) {
      setIsAsked(true);
      onSelect(openCodes[0]?.code ?? null);
      return;
    }
    if (openEnds.missingGrade.length > 0) return;
    setIsAsked(false);
    void session.sign();
  };
  /** Runs an act of the server's on this case; what it changed is loaded anew. */
  const act = async (name: string, sent: () => Promise<unknown>) => {
    try {
      if (!(await session.settle())) return;
      await sent();
      await onReload();
    } catch (error) {
      const missing = error instanceof ApiError ? error.params.findings : undefined;
      if (Array.isArray(missing)) onSelect(String(missing[0]));
      toastFailed({ message: t(name as "review.not_done"), detail: errorSentence(error) });
    }
  };
  const reveal = () => act("review.not_revealed", () => revealAi(payload.case_id, session.body()));
  const addendum = (reason: string) =>
    act("review.no_addendum", () => openAddendum(payload.case_id, reason));
  const own = payload.reviews.findLast((review) => review.state === "signed" && review.is_own);
  const withdraw = (reviewId: string) =>
    act("review.not_withdrawn", () => withdrawReview(payload.case_id, reviewId, ""));

  // A key that was meant for another case never reaches this one.
  const forThisCase = (run: () => void) => (subject: string) => {
    if (subject === payload.case_id) run();
  };
  useKeys({
    contexts: ["findings"],
    subject: payload.case_id,
    isImagePainted,
    handlers: {
      "findings.accept": forThisCase(() => selected && decide(selected, "accepted")),
      "findings.reject": forThisCase(() => selected && decide(selected, "rejected")),
      "findings.edit": forThisCase(() => selected && canAct && props.onEditRoi(selected)),
      "findings.allAbsent": forThisCase(allAbsent),
      "findings.next": () => onSelect(stepSelection(payload, selected, 1)),
      "findings.previous": () => onSelect(stepSelection(payload, selected, -1)),
      "findings.report": () => reportRef.current?.focus(),
      "findings.revealAi": forThisCase(() => payload.policy.can_reveal && void reveal()),
      "findings.sign": forThisCase(requestSign),
      "review.undo": forThisCase(() => canEdit && session.dispatch({ type: "undone" })),
      "review.redo": forThisCase(() => canEdit && session.dispatch({ type: "redone" })),
    },
  });

  return (
    <>
      <CaseFacts payload={payload} sopInstanceUid={props.sopInstanceUid} />
      <AiSummary
        payload={payload}
        onRequested={() => void client.invalidateQueries(reviewQuery(payload.case_id))}
      />
      <ReadingNotices
        payload={payload}
        claim={props.claim}
        newer={props.newer}
        onTakeOver={props.onTakeOver}
        onReveal={reveal}
        onNewer={props.onNewer}
      />
      {draft.save.kind === "conflict" && (
        <ConflictPanel
          error={draft.save.error}
          onKeepMine={session.keepMine}
          onTakeTheirs={() => void session.discard().then(onReload)}
          onAddendum={() => void session.becomeAddendum(t("review.read_at_once")).then(onReload)}
        />
      )}
      <div className={styles.scroll}>
        {payload.reviews.length > 0 && (
          <SignedReviews payload={payload} onChanged={() => void onReload()} />
        )}
        {payload.permissions.can_review && (
          <>
            <div className={styles.head}>
              <h2 className={styles.title}>{t("review.findings")}</h2>
              {canEdit && withAllAbsent(payload, content) !== content && (
                <Button
                  variant="subtle"
                  color="gray"
                  size="compact-xs"
                  disabled={!canAct}
                  rightSection={
                    <Kbd size="xs">{keyHint(currentKeyActions(), "findings.allAbsent")}</Kbd>
                  }
                  onClick={allAbsent}
                >
                  {t("review.all_absent")}
                </Button>
              )}
            </div>
            <ul className={styles.findings}>
              {payload.findings.map((finding) => (
                <FindingRow
                  key={finding.code}
                  finding={finding}
                  answer={answers.get(finding.code)}
                  verdict={content.verdicts[finding.code]}
                  grade={content.grades[finding.code] ?? ""}
                  roiCount={content.rois.filter((roi) => roi.finding === finding.code).length}
                  isSelected={finding.code === selected}
                  isReadOnly={!canEdit}
                  mapNote={props.mapNote}
                  onSelect={() => onSelect(finding.code)}
                  onDecide={(verdict) => decide(finding.code, verdict)}
                  onGrade={(grade) => canAct && edit(withGrade(content, finding.code, grade))}
                  onEditRoi={() => props.onEditRoi(finding.code)}
                >
                  {rois.selected?.finding === finding.code && (
                    <SelectedRoi
                      payload={payload}
                      finding={finding}
                      roi={rois.selected}
                      isReadOnly={!canEdit}
                      onChange={rois.change}
                      onRemove={rois.remove}
                    />
                  )}
                </FindingRow>
              ))}
            </ul>
            <ReportPanel
              payload={payload}
              projectId={payload.project_id}
              content={content}
              isReadOnly={!canEdit}
              textRef={reportRef}
              onChange={(changed, key) =>
                session.dispatch({ type: "moved", content: changed, key, isEnd: false })
              }
            />
          </>
        )}
        {payload.reviews.length === 0 && !payload.permissions.can_review && (
          <p className={styles.readOnly}>{t("review.may_not_sign")}</p>
        )}
      </div>
      {payload.permissions.can_review && (
        <SignBar
          save={draft.save}
          asked={isAsked ? openEnds : null}
          isReady={canAct}
          onSign={requestSign}
          onSelect={onSelect}
          onCancel={() => setIsAsked(false)}
          onTakeOver={() => void props.onTakeOver().then(requestSign)}
        />
      )}
      {payload.permissions.can_write_addendum && (
        <AddendumBar
          withdrawableS={own?.withdrawable_s ?? 0}
          onOver={() => void client.invalidateQueries(reviewQuery(payload.case_id))}
          onWithdraw={async () => own && withdraw(own.review_id)}
          onOpen={addendum}
        />
      )}
    </>
  );
}

function openEndsOf(payload: ReviewPayload, content: DraftContent): OpenEnds {
  const { missingRoi, missingGrade } = incompleteFindings(payload, content);
  const findingsOf = (codes: readonly string[]): Finding[] =>
    payload.findings.filter(({ code }) => codes.includes(code));
  return {
    undecided: findingsOf(undecidedFindings(payload, content)),
    missingRoi: findingsOf(missingRoi),
    missingGrade: findingsOf(missingGrade),
  };
}
