/** The reading of one case: findings, comment and signature. Made anew for every case. */
import { Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ExplicitVerdict, ReviewPayload, SignAnswer } from "../api/types";
import { useKeys } from "../cases/useKeys";
import { AiSummary } from "./AiSummary";
import { CaseFacts } from "./CaseFacts";
import styles from "./CaseReading.module.css";
import { ConflictPanel } from "./ConflictPanel";
import { isClosed, reduceDraft, undecidedFindings, withText, withVerdict } from "./draft";
import { FindingRow } from "./FindingRow";
import { reviewQuery } from "./queries";
import { SignBar } from "./SignBar";
import { SignedReviews } from "./SignedReviews";
import { selectionAfterDecision, stepSelection } from "./selection";
import { useDraft } from "./useDraft";

interface CaseReadingProps {
  payload: ReviewPayload;
  selected: string | null;
  mapNote: string;
  sopInstanceUid: string | null;
  isImagePainted: boolean;
  onSelect: (code: string | null) => void;
  onSigned: (answer: SignAnswer) => void;
  onReload: () => Promise<void>;
}

export function CaseReading(props: CaseReadingProps) {
  const { payload, selected, isImagePainted, onSelect, onSigned, onReload } = props;
  const { t } = useTranslation();
  const client = useQueryClient();
  const { draft, dispatch, sign, keepMine } = useDraft(payload, onSigned);
  const [isAsked, setIsAsked] = useState(false);
  const commentRef = useRef<HTMLTextAreaElement>(null);
  const { verdicts } = draft.content;
  const canEdit = payload.permissions.can_review && !isClosed(draft);
  const undecided = undecidedFindings(payload, draft.content);
  const answers = new Map(payload.ai?.findings.map((answer) => [answer.code, answer]));

  const decide = (finding: string, verdict: ExplicitVerdict) => {
    if (!canEdit || !isImagePainted) return;
    setIsAsked(false);
    const event = {
      type: "edited",
      content: withVerdict(draft.content, finding, verdict),
    } as const;
    dispatch(event);
    const next = reduceDraft(draft, event).content;
    onSelect(next.verdicts[finding] ? selectionAfterDecision(payload, next, finding) : finding);
  };
  const requestSign = () => {
    if (!canEdit || !isImagePainted) return;
    if (undecided.length > 0 && !isAsked) {
      setIsAsked(true);
      onSelect(undecided[0] ?? null);
      return;
    }
    setIsAsked(false);
    void sign();
  };
  // A key that was meant for another case never reaches this one.
  const forThisCase = (act: () => void) => (subject: string) => {
    if (subject === payload.case_id) act();
  };

  useKeys({
    contexts: ["findings"],
    subject: payload.case_id,
    isImagePainted,
    handlers: {
      "findings.accept": forThisCase(() => selected && decide(selected, "accepted")),
      "findings.reject": forThisCase(() => selected && decide(selected, "rejected")),
      "findings.next": () => onSelect(stepSelection(payload, selected, 1)),
      "findings.previous": () => onSelect(stepSelection(payload, selected, -1)),
      "findings.report": () => commentRef.current?.focus(),
      "findings.sign": forThisCase(requestSign),
    },
  });

  return (
    <>
      <CaseFacts payload={payload} sopInstanceUid={props.sopInstanceUid} />
      <AiSummary
        payload={payload}
        onRequested={() => void client.invalidateQueries(reviewQuery(payload.case_id))}
      />
      {draft.save.kind === "conflict" && (
        <ConflictPanel
          error={draft.save.error}
          onKeepMine={keepMine}
          onTakeTheirs={() => void onReload()}
        />
      )}
      <div className={styles.scroll}>
        {payload.reviews.length > 0 && <SignedReviews payload={payload} />}
        <h2 className={styles.title}>{t("review.findings")}</h2>
        <ul className={styles.findings}>
          {payload.findings.map((finding) => (
            <FindingRow
              key={finding.code}
              finding={finding}
              answer={answers.get(finding.code)}
              verdict={verdicts[finding.code]}
              isSelected={finding.code === selected}
              isReadOnly={!canEdit}
              mapNote={props.mapNote}
              onSelect={() => onSelect(finding.code)}
              onDecide={(verdict) => decide(finding.code, verdict)}
            />
          ))}
        </ul>
      </div>
      {payload.permissions.can_review ? (
        <>
          <Textarea
            ref={commentRef}
            className={styles.comment ?? ""}
            label={t("review.comment")}
            value={draft.content.findingsText}
            onChange={(event) =>
              dispatch({
                type: "edited",
                content: withText(draft.content, "findings", event.currentTarget.value),
              })
            }
            onKeyDown={(event) => {
              if (event.key === "Escape") event.currentTarget.blur();
            }}
            readOnly={!canEdit}
            maxLength={20_000}
            rows={3}
          />
          <SignBar
            save={draft.save}
            asked={isAsked ? payload.findings.filter((one) => undecided.includes(one.code)) : null}
            isReady={canEdit && isImagePainted}
            onSign={requestSign}
            onSelect={onSelect}
            onCancel={() => setIsAsked(false)}
          />
        </>
      ) : (
        <p className={styles.readOnly}>
          {t(payload.reviews.length > 0 ? "review.is_signed" : "review.may_not_sign")}
        </p>
      )}
    </>
  );
}
