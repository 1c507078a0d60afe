/** What a blinded read says, as pure values: how it is changed, sent, and what is odd about it. */
import type { AnswerValue, LabelFinding, Odd, QualityFlag, StoredContent } from "../api/labeling";
import { roiOf, storedOf } from "../reading/storedRoi";
import { measureLength, type PixelSpacing, type Point } from "../viewer/coords";
import { isSameRoi, type Roi } from "../viewer/roi";

export interface LabelAnswer {
  readonly value: AnswerValue;
  /** "" where none is given. */
  readonly grade: string;
  /** 1 (unsure) to 5 (certain); null where none is given. */
  readonly confidence: number | null;
}

export interface Measurement {
  readonly measurementId: string;
  readonly finding: string;
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
  /** Image points (column, row). */
  readonly start: Point;
  readonly end: Point;
}

export interface LabelContent {
  /** By finding; one without an entry is unanswered. */
  readonly answers: Readonly<Record<string, LabelAnswer>>;
  readonly rois: readonly Roi[];
  readonly measurements: readonly Measurement[];
  /** The reader's explicit word: every finding is absent. */
  readonly isNothingFound: boolean;
  readonly quality: readonly QualityFlag[];
  readonly isUnreadable: boolean;
  readonly unreadableReason: string;
  readonly comment: string;
}

export const EMPTY_CONTENT: LabelContent = {
  answers: {},
  rois: [],
  measurements: [],
  isNothingFound: false,
  quality: [],
  isUnreadable: false,
  unreadableReason: "",
  comment: "",
};

type Schema = readonly LabelFinding[];

// --- stored and sent -------------------------------------------------------------------------------

const pointOf = ([column = 0, row = 0]: readonly number[]): Point => [column, row];

/** A draft that was never saved may be stored as an empty object. */
export function contentOf(stored: Partial<StoredContent>): LabelContent {
  return {
    answers: Object.fromEntries(
      (stored.answers ?? []).map(({ finding, value, grade, confidence }) => [
        finding,
        { value, grade, confidence },
      ]),
    ),
    rois: (stored.rois ?? []).map(roiOf),
    measurements: (stored.measurements ?? []).map((one) => ({
      measurementId: one.measurement_id,
      finding: one.finding,
      sopInstanceUid: one.sop_instance_uid,
      frameNumber: one.frame_number,
      start: pointOf(one.start),
      end: pointOf(one.end),
    })),
    isNothingFound: stored.nothing_found ?? false,
    quality: stored.quality ?? [],
    isUnreadable: stored.unreadable ?? false,
    unreadableReason: stored.unreadable_reason ?? "",
    comment: stored.comment ?? "",
  };
}

/** Lengths are the server's to reckon: they are sent as null. */
export function storedContentOf(content: LabelContent): StoredContent {
  return {
    answers: Object.entries(content.answers)
      .map(([finding, answer]) => ({ finding, ...answer }))
      .toSorted((a, b) => (a.finding < b.finding ? -1 : 1)),
    rois: content.rois.map(storedOf),
    measurements: content.measurements.map((one) => ({
      measurement_id: one.measurementId,
      finding: one.finding,
      sop_instance_uid: one.sopInstanceUid,
      frame_number: one.frameNumber,
      start: [...one.start],
      end: [...one.end],
      length_mm: null,
    })),
    nothing_found: content.isNothingFound,
    quality: [...content.quality],
    unreadable: content.isUnreadable,
    unreadable_reason: content.unreadableReason,
    comment: content.comment,
  };
}

export function isSameContent(a: LabelContent, b: LabelContent): boolean {
  return (
    a === b ||
    (a.isNothingFound === b.isNothingFound &&
      a.isUnreadable === b.isUnreadable &&
      a.unreadableReason === b.unreadableReason &&
      a.comment === b.comment &&
      a.quality.join() === b.quality.join() &&
      isSameAnswers(a.answers, b.answers) &&
      isSameList(a.rois, b.rois, isSameRoi) &&
      isSameList(a.measurements, b.measurements, isSameMeasurement))
  );
}

function isSameAnswers(a: LabelContent["answers"], b: LabelContent["answers"]): boolean {
  const codes = Object.keys(a);
  return (
    codes.length === Object.keys(b).length &&
    codes.every((code) => {
      const [one, other] = [a[code], b[code]];
      return (
        one?.value === other?.value &&
        one?.grade === other?.grade &&
        one?.confidence === other?.confidence
      );
    })
  );
}

function isSameList<T>(a: readonly T[], b: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i];
      return other !== undefined && (one === other || isSame(one, other));
    })
  );
}

export function isSameMeasurement(a: Measurement, b: Measurement): boolean {
  return (
    a.measurementId === b.measurementId &&
    a.finding === b.finding &&
    a.sopInstanceUid === b.sopInstanceUid &&
    a.frameNumber === b.frameNumber &&
    a.start.join() === b.start.join() &&
    a.end.join() === b.end.join()
  );
}

// --- changes, each giving a new content --------------------------------------------------------------

function withAnswer(
  content: LabelContent,
  finding: string,
  answer: LabelAnswer | undefined,
): LabelContent {
  const { [finding]: _before, ...others } = content.answers;
  const answers = answer ? { ...others, [finding]: answer } : others;
  const isNothingFound = content.isNothingFound && answer?.value === "absent";
  return { ...content, answers, isNothingFound };
}

/** The same value again takes the answer back. A grade is of a finding that is present. */
export function withValue(
  content: LabelContent,
  finding: string,
  value: AnswerValue,
): LabelContent {
  const before = content.answers[finding];
  if (before?.value === value) return withAnswer(content, finding, undefined);
  const grade = value === "present" ? (before?.grade ?? "") : "";
  const confidence = value === "not_assessable" ? null : (before?.confidence ?? null);
  return withAnswer(content, finding, { value, grade, confidence });
}

/** A grade says that the finding is present; the same grade again leaves it without one. */
export function withGrade(content: LabelContent, finding: string, grade: string): LabelContent {
  const before = content.answers[finding];
  return withAnswer(content, finding, {
    value: "present",
    grade: before?.grade === grade ? "" : grade,
    confidence: before?.confidence ?? null,
  });
}

/** Nothing changes for a finding that is unanswered: confidence is in an answer. */
export function withConfidence(
  content: LabelContent,
  finding: string,
  confidence: number,
): LabelContent {
  const before = content.answers[finding];
  if (!before) return content;
  const next = before.confidence === confidence ? null : confidence;
  return {
    ...content,
    answers: { ...content.answers, [finding]: { ...before, confidence: next } },
  };
}

/** Findings whose answer, region or length contradicts "nothing found". */
export function contradictingFindings(findings: Schema, content: LabelContent): string[] {
  return findings
    .map(({ code }) => code)
    .filter((code) => {
      const value = content.answers[code]?.value;
      const isDrawn = [...content.rois, ...content.measurements].some(
        ({ finding }) => finding === code,
      );
      return (value !== undefined && value !== "absent") || isDrawn;
    });
}

/**
 * The reader's word that nothing was found: every finding absent. Said again it is taken back, and the
 * answers with it. Where something was answered otherwise it changes nothing: the reader has to undo that.
 */
export function withNothingFound(findings: Schema, content: LabelContent): LabelContent {
  if (content.isNothingFound) return { ...content, isNothingFound: false, answers: {} };
  if (contradictingFindings(findings, content).length > 0) return content;
  const answers = findings.map(({ code }): [string, LabelAnswer] => [
    code,
    content.answers[code] ?? { value: "absent", grade: "", confidence: null },
  ]);
  return { ...content, isNothingFound: true, answers: Object.fromEntries(answers) };
}

/** What is drawn for a finding says that it is present, unless the reader said otherwise in so many words. */
function drawn(content: LabelContent, finding: string): LabelContent {
  if (content.answers[finding]) return content;
  return withAnswer(content, finding, { value: "present", grade: "", confidence: null });
}

function replaced<T>(list: readonly T[], one: T, idOf: (item: T) => string): readonly T[] {
  const isKnown = list.some((item) => idOf(item) === idOf(one));
  return isKnown ? list.map((item) => (idOf(item) === idOf(one) ? one : item)) : [...list, one];
}

export function withRoi(content: LabelContent, roi: Roi): LabelContent {
  const rois = replaced(content.rois, roi, ({ roiId }) => roiId);
  return { ...drawn(content, roi.finding), rois };
}

export function withoutRoi(content: LabelContent, roiId: string): LabelContent {
  return { ...content, rois: content.rois.filter((roi) => roi.roiId !== roiId) };
}

export function withMeasurement(content: LabelContent, measurement: Measurement): LabelContent {
  const measurements = replaced(
    content.measurements,
    measurement,
    ({ measurementId }) => measurementId,
  );
  return { ...drawn(content, measurement.finding), measurements };
}

export function withoutMeasurement(content: LabelContent, measurementId: string): LabelContent {
  return {
    ...content,
    measurements: content.measurements.filter((one) => one.measurementId !== measurementId),
  };
}

export function withQuality(content: LabelContent, flag: QualityFlag): LabelContent {
  const isOn = content.quality.includes(flag);
  const quality = isOn
    ? content.quality.filter((one) => one !== flag)
    : [...content.quality, flag].toSorted();
  return { ...content, quality };
}

/** The answers stay as they are, so that taking it back loses nothing. */
export function withUnreadable(content: LabelContent, isUnreadable: boolean): LabelContent {
  const unreadableReason = isUnreadable ? content.unreadableReason : "";
  return { ...content, isUnreadable, unreadableReason };
}

// --- what is odd about it --------------------------------------------------------------------------

/** Spacing of the image with this uid; null where it is not known. */
export type SpacingOf = (sopInstanceUid: string) => PixelSpacing | null;

/**
 * The longest measurement of a finding in millimetres; null where none can be evaluated (no measurement,
 * or an image without spacing).
 */
export function longestMm(
  content: LabelContent,
  finding: string,
  spacingOf: SpacingOf,
): number | null {
  const lengths = content.measurements
    .filter((one) => one.finding === finding)
    .flatMap(({ start, end, sopInstanceUid }) => {
      const spacing = spacingOf(sopInstanceUid);
      const length = spacing && measureLength(start, end, spacing);
      return length && length.state !== "not_evaluable" ? [length.lengthMm] : [];
    });
  return lengths.length > 0 ? Math.max(...lengths) : null;
}

/**
 * What a reader should look at before locking, in the schema's order. The server decides at the lock; this
 * is its rule for hints while reading. What blocks cannot be locked at all.
 */
export function oddsOf(findings: Schema, content: LabelContent, spacingOf: SpacingOf): Odd[] {
  if (content.isUnreadable) return [];
  const contradiction = content.isNothingFound && isAnyPresent(content);
  const whole: Odd[] = contradiction
    ? [{ code: "nothing_found_but_present", finding: "", blocks: true }]
    : [];
  return [...whole, ...findings.flatMap((finding) => oddsOfFinding(finding, content, spacingOf))];
}

function isAnyPresent(content: LabelContent): boolean {
  return Object.values(content.answers).some(({ value }) => value === "present");
}

function oddsOfFinding(finding: LabelFinding, content: LabelContent, spacingOf: SpacingOf): Odd[] {
  const { code } = finding;
  const odd = (name: Odd["code"], blocks = false): Odd => ({ code: name, finding: code, blocks });
  const answer = content.answers[code];
  const hasRoi = content.rois.some((roi) => roi.finding === code);
  const hasLength = content.measurements.some((one) => one.finding === code);
  if (!answer) return [odd("unanswered", true)];
  if (answer.value !== "present") return hasRoi || hasLength ? [odd("roi_without_presence")] : [];
  const longest = longestMm(content, code, spacingOf);
  const isBelow =
    finding.minimum_size_mm !== null && longest !== null && longest < finding.minimum_size_mm;
  return [
    ...(finding.kind === "graded" && answer.grade === "" ? [odd("grade_missing", true)] : []),
    ...(finding.needs_roi && !hasRoi ? [odd("roi_missing")] : []),
    ...(finding.needs_measurement && !hasLength ? [odd("measurement_missing")] : []),
    ...(isBelow ? [odd("below_minimum_size")] : []),
  ];
}

/** How many findings are still unanswered. */
export function unansweredFindings(findings: Schema, content: LabelContent): string[] {
  return findings.map(({ code }) => code).filter((code) => content.answers[code] === undefined);
}
