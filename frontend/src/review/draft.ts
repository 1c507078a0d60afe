/** An unsigned review as one pure reducer: what the reader decided, and how far the server has it. */
import type {
  Decision,
  DraftBody,
  ExplicitVerdict,
  ReportSection,
  ReviewPayload,
  Verdict,
} from "../api/types";
import { roiOf, storedOf } from "../reading/storedRoi";
import { isSameRoi, type Roi } from "../viewer/roi";
import {
  type History,
  type HistoryAction,
  historyReducer,
  openHistory,
} from "../viewer/roiHistory";

export interface DraftContent {
  verdicts: Readonly<Record<string, ExplicitVerdict>>;
  grades: Readonly<Record<string, string>>;
  rois: readonly Roi[];
  findingsText: string;
  impressionText: string;
  isCritical: boolean;
  criticalNote: string;
}

export const EMPTY_CONTENT: DraftContent = {
  verdicts: {},
  grades: {},
  rois: [],
  findingsText: "",
  impressionText: "",
  isCritical: false,
  criticalNote: "",
};

/** Where the content stands with the server; `saving` and `signing` hold what was sent. */
export type SaveState =
  | { kind: "clean" }
  | { kind: "dirty" }
  | { kind: "saving"; sent: DraftContent }
  | { kind: "saved"; savedAt: string }
  | { kind: "save_failed"; error: unknown }
  | { kind: "conflict"; error: unknown }
  | { kind: "signing"; sent: DraftContent }
  | { kind: "sign_failed"; error: unknown }
  | { kind: "signed"; signedAt: string };

export interface Draft {
  /** What stands now; the newest state of the history. */
  content: DraftContent;
  history: History<DraftContent>;
  save: SaveState;
}

export type DraftEvent =
  | { type: "edited"; content: DraftContent }
  /** One of many updates of one drag or one run of typing: all with the same key are one step to undo. */
  | { type: "moved"; content: DraftContent; key: string; isEnd: boolean }
  | { type: "undone" }
  | { type: "redone" }
  /** What was kept on this workstation stands again, to be saved. */
  | { type: "restored"; content: DraftContent }
  | { type: "save_started"; sent: DraftContent }
  | { type: "save_done"; savedAt: string }
  | { type: "save_failed"; error: unknown }
  | { type: "conflicted"; error: unknown }
  | { type: "kept_mine" }
  | { type: "sign_started"; sent: DraftContent }
  | { type: "sign_done"; signedAt: string }
  | { type: "sign_failed"; error: unknown };

export function openDraft({ draft }: Pick<ReviewPayload, "draft">): Draft {
  const content = draft ? contentOf(draft) : EMPTY_CONTENT;
  return {
    content,
    history: openHistory(content),
    save: draft?.saved_at ? { kind: "saved", savedAt: draft.saved_at } : { kind: "clean" },
  };
}

type StoredContent = Pick<
  NonNullable<ReviewPayload["draft"]>,
  "decisions" | "rois" | "findings_text" | "impression_text" | "is_critical" | "critical_note"
>;

/** What a stored draft or version says, as a reader would have entered it. */
export function contentOf(stored: StoredContent): DraftContent {
  const explicit = stored.decisions.flatMap(({ finding, verdict, grade }) =>
    isExplicit(verdict) ? [{ finding, verdict, grade }] : [],
  );
  return {
    verdicts: Object.fromEntries(explicit.map((one) => [one.finding, one.verdict])),
    grades: Object.fromEntries(
      explicit.filter((one) => one.grade !== "").map((one) => [one.finding, one.grade]),
    ),
    rois: stored.rois.map(roiOf),
    findingsText: stored.findings_text,
    impressionText: stored.impression_text,
    isCritical: stored.is_critical,
    criticalNote: stored.critical_note,
  };
}

function isExplicit(verdict: Verdict): verdict is ExplicitVerdict {
  return verdict === "accepted" || verdict === "rejected";
}

/** Signed, being signed, or overtaken by another window: nothing may be changed here now. */
export function isClosed({ save }: Draft): boolean {
  return save.kind === "signing" || save.kind === "signed" || save.kind === "conflict";
}

/** There is something here that the server has not confirmed. */
export function isUnsaved({ save }: Draft): boolean {
  return ["dirty", "saving", "save_failed", "conflict", "signing", "sign_failed"].includes(
    save.kind,
  );
}

const remember = historyReducer<DraftContent>(isSameContent);

function withHistory(draft: Draft, action: HistoryAction<DraftContent>): Draft {
  if (isClosed(draft)) return draft;
  const history = remember(draft.history, action);
  if (history.present === draft.content) return { ...draft, history };
  // A save on its way keeps its state; save_done sees that the content has moved on.
  const save: SaveState = draft.save.kind === "saving" ? draft.save : { kind: "dirty" };
  return { content: history.present, history, save };
}

export function isSameContent(a: DraftContent, b: DraftContent): boolean {
  return (
    a === b ||
    (a.findingsText === b.findingsText &&
      a.impressionText === b.impressionText &&
      a.isCritical === b.isCritical &&
      a.criticalNote === b.criticalNote &&
      isSameRecord(a.verdicts, b.verdicts) &&
      isSameRecord(a.grades, b.grades) &&
      a.rois.length === b.rois.length &&
      a.rois.every((roi, i) => isSameAs(roi, b.rois[i])))
  );
}

function isSameAs(roi: Roi, other: Roi | undefined): boolean {
  return other !== undefined && (roi === other || isSameRoi(roi, other));
}

function isSameRecord(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

export function reduceDraft(draft: Draft, event: DraftEvent): Draft {
  switch (event.type) {
    case "edited":
      return withHistory(draft, { type: "pushed", state: event.content });
    case "moved":
      return withHistory(draft, {
        type: event.isEnd ? "ended" : "joined",
        state: event.content,
        key: event.key,
      });
    case "undone":
    case "redone":
      return withHistory(draft, { type: event.type });
    case "restored":
      return withHistory(draft, { type: "pushed", state: event.content });
    case "save_started":
      return isClosed(draft) ? draft : { ...draft, save: { kind: "saving", sent: event.sent } };
    case "save_done": {
      if (draft.save.kind !== "saving") return draft;
      const save: SaveState =
        draft.save.sent === draft.content
          ? { kind: "saved", savedAt: event.savedAt }
          : { kind: "dirty" };
      return { ...draft, save };
    }
    case "save_failed":
      if (draft.save.kind !== "saving") return draft;
      return { ...draft, save: { kind: "save_failed", error: event.error } };
    case "conflicted":
      return { ...draft, save: { kind: "conflict", error: event.error } };
    case "kept_mine":
      return { ...draft, save: { kind: "dirty" } };
    case "sign_started":
      return isClosed(draft) ? draft : { ...draft, save: { kind: "signing", sent: event.sent } };
    case "sign_done":
      return { ...draft, save: { kind: "signed", signedAt: event.signedAt } };
    case "sign_failed":
      return { ...draft, save: { kind: "sign_failed", error: event.error } };
  }
}

// --- changes of the content, each giving a new one -------------------------------------------------

/** The same verdict again takes it back, and the grade with it. */
export function withVerdict(
  content: DraftContent,
  finding: string,
  verdict: ExplicitVerdict,
): DraftContent {
  const { [finding]: current, ...others } = content.verdicts;
  const { [finding]: _grade, ...grades } = content.grades;
  if (current === verdict) return { ...content, verdicts: others, grades };
  return {
    ...content,
    verdicts: { ...others, [finding]: verdict },
    grades: verdict === "accepted" ? content.grades : grades,
  };
}

export function withGrade(content: DraftContent, finding: string, grade: string): DraftContent {
  return {
    ...content,
    verdicts: { ...content.verdicts, [finding]: "accepted" },
    grades: { ...content.grades, [finding]: grade },
  };
}

/** One key for a normal study: every finding without a verdict is absent. */
export function withAllAbsent(
  { findings }: Pick<ReviewPayload, "findings">,
  content: DraftContent,
): DraftContent {
  const open = findings.filter(({ code }) => content.verdicts[code] === undefined);
  if (open.length === 0) return content;
  const absent = open.map(({ code }) => [code, "rejected" as const]);
  return { ...content, verdicts: { ...content.verdicts, ...Object.fromEntries(absent) } };
}

/** A region says that the finding is there, unless the reader has rejected it in so many words. */
export function withRoi(content: DraftContent, roi: Roi): DraftContent {
  const isKnown = content.rois.some(({ roiId }) => roiId === roi.roiId);
  const rois = isKnown
    ? content.rois.map((one) => (one.roiId === roi.roiId ? roi : one))
    : [...content.rois, roi];
  const verdict = content.verdicts[roi.finding] ?? "accepted";
  return { ...content, rois, verdicts: { ...content.verdicts, [roi.finding]: verdict } };
}

export function withoutRoi(content: DraftContent, roiId: string): DraftContent {
  return { ...content, rois: content.rois.filter((one) => one.roiId !== roiId) };
}

export function textOf(content: DraftContent, section: ReportSection): string {
  return section === "findings" ? content.findingsText : content.impressionText;
}

export function withText(
  content: DraftContent,
  section: ReportSection,
  text: string,
): DraftContent {
  return section === "findings"
    ? { ...content, findingsText: text }
    : { ...content, impressionText: text };
}

// --- what is sent and what is still open -----------------------------------------------------------

export interface Shown {
  revision: number;
  casePredictionId: string | null;
  client: DraftBody["client"];
}

export function draftBody(content: DraftContent, shown: Shown): DraftBody {
  const decisions: Decision[] = Object.entries(content.verdicts)
    .map(([finding, verdict]) => ({ finding, verdict, grade: content.grades[finding] ?? "" }))
    .toSorted((a, b) => (a.finding < b.finding ? -1 : 1));
  return {
    revision: shown.revision,
    decisions,
    findings_text: content.findingsText,
    impression_text: content.impressionText,
    is_critical: content.isCritical,
    critical_note: content.criticalNote,
    rois: content.rois.map(storedOf),
    case_prediction_id: shown.casePredictionId,
    client: shown.client,
  };
}

/** Findings the AI puts at or above their threshold and the reader has not judged, in schema order. */
export function undecidedFindings(
  payload: Pick<ReviewPayload, "ai" | "findings">,
  content: DraftContent,
): string[] {
  const above = new Set(
    payload.ai?.findings.filter((answer) => answer.above).map((answer) => answer.code),
  );
  return payload.findings
    .map((finding) => finding.code)
    .filter((code) => above.has(code) && content.verdicts[code] === undefined);
}

/** Findings that are said to be present and lack what the schema asks for: a region, or a grade. */
export function incompleteFindings(
  payload: Pick<ReviewPayload, "findings">,
  content: DraftContent,
): { missingRoi: string[]; missingGrade: string[] } {
  const present = payload.findings.filter(({ code }) => content.verdicts[code] === "accepted");
  return {
    missingRoi: present
      .filter(({ needs_roi }) => needs_roi)
      .map(({ code }) => code)
      .filter((code) => !content.rois.some((roi) => roi.finding === code)),
    missingGrade: present
      .filter(({ kind }) => kind === "graded")
      .map(({ code }) => code)
      .filter((code) => !content.grades[code]),
  };
}
