/** A known case as it is being written: pure values, and what is still missing. */
import type { AnswerValue } from "../../api/labeling";
import type { KnownPurpose, SentKnownCase } from "../../api/rounds";

export interface KnownAnswerDraft {
  readonly value: AnswerValue;
  /** "" where none is given. */
  readonly grade: string;
}

/** What is asked: a finding of the project that the rules of the round name. */
export interface AskedFinding {
  readonly code: string;
  readonly name_en: string;
  readonly name_zh: string;
  readonly grades: readonly string[];
}

export interface KnownDraft {
  readonly caseId: string;
  readonly purpose: KnownPurpose;
  /** By finding; kept while the image is called unreadable, but not sent then. */
  readonly answers: Readonly<Record<string, KnownAnswerDraft>>;
  readonly isUnreadable: boolean;
  readonly explanation: string;
}

export function emptyDraft(purpose: KnownPurpose): KnownDraft {
  return { caseId: "", purpose, answers: {}, isUnreadable: false, explanation: "" };
}

/** Another value drops the grade: only what is present has one. */
export function withValue(draft: KnownDraft, code: string, value: AnswerValue): KnownDraft {
  const grade = value === "present" ? (draft.answers[code]?.grade ?? "") : "";
  return { ...draft, answers: { ...draft.answers, [code]: { value, grade } } };
}

export function withGrade(draft: KnownDraft, code: string, grade: string): KnownDraft {
  return { ...draft, answers: { ...draft.answers, [code]: { value: "present", grade } } };
}

export function withRestAbsent(draft: KnownDraft, asked: readonly AskedFinding[]): KnownDraft {
  const open = asked.filter(({ code }) => draft.answers[code] === undefined);
  return open.reduce((now, { code }) => withValue(now, code, "absent"), draft);
}

/** The findings that lack an answer or, where they are present, their grade. */
export function unansweredIn(
  draft: KnownDraft,
  asked: readonly AskedFinding[],
): readonly AskedFinding[] {
  if (draft.isUnreadable) return [];
  return asked.filter(({ code, grades }) => {
    const answer = draft.answers[code];
    if (answer === undefined) return true;
    return answer.value === "present" && grades.length > 0 && answer.grade === "";
  });
}

/** Only what is asked now is sent: the rules may have changed since an answer was given. */
export function sentOf(draft: KnownDraft, asked: readonly AskedFinding[]): SentKnownCase {
  return {
    case_id: draft.caseId,
    purpose: draft.purpose,
    answers: draft.isUnreadable
      ? []
      : asked.flatMap(({ code }) => {
          const answer = draft.answers[code];
          return answer ? [{ finding: code, ...answer }] : [];
        }),
    unreadable: draft.isUnreadable,
    explanation: draft.explanation,
  };
}
