/** What an unsigned review says, as pure values: what the reader decided, drew and wrote. */
import type {
  Decision,
  DraftBody,
  ExplicitVerdict,
  ReportSection,
  ReviewPayload,
  Verdict,
} from "../api/types";
import {
  type DraftEvent as DraftEventOf,
  type Draft as DraftOf,
  draftReducer,
  openDraftOf,
} from "../reading/draft";
import { roiOf, storedOf } from "../reading/storedRoi";
import { isSameRoi, type Roi } from "../viewer/roi";
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

export type Draft = DraftOf<DraftContent>;
export type DraftEvent = DraftEventOf<DraftContent>;

export function openDraft({ draft }: Pick<ReviewPayload, "draft">): Draft {
  return openDraftOf(draft ? contentOf(draft) : EMPTY_CONTENT, draft?.saved_at ?? null);
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

export const reduceDraft = draftReducer<DraftContent>(isSameContent);

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
