/** Blinded reading and arbitration: one function per route, for the annotator and the arbitrator. */
import { serverFetch } from "./client";
import type { ReviewSeries, RoiShape } from "./types";

// --- what a read says ------------------------------------------------------------------------------

export type AnswerValue = "present" | "absent" | "not_assessable";

export const QUALITY_FLAGS = [
  "rotation",
  "motion",
  "exposure",
  "coverage",
  "artefact",
  "foreign_object",
] as const;
export type QualityFlag = (typeof QUALITY_FLAGS)[number];

/** Of one finding; a finding without an entry is unanswered. */
export interface StoredAnswer {
  finding: string;
  value: AnswerValue;
  grade: string;
  /** 1 to 5; null where the reader gave none. */
  confidence: number | null;
}

/** A line on an image, in image points (column, row); the server reckons its length. */
export interface StoredMeasurement {
  measurement_id: string;
  finding: string;
  sop_instance_uid: string;
  frame_number: number;
  start: number[];
  end: number[];
  length_mm: number | null;
}

export interface StoredContent {
  answers: StoredAnswer[];
  rois: RoiShape[];
  measurements: StoredMeasurement[];
  nothing_found: boolean;
  quality: QualityFlag[];
  unreadable: boolean;
  unreadable_reason: string;
  comment: string;
}

// --- rounds and the own queue ----------------------------------------------------------------------

export interface LabelRound {
  round_id: string;
  name: string;
  project: { id: string; name_en: string; name_zh: string };
  role: "annotator" | "arbitrator";
  state: "open" | "closed";
  is_paused: boolean;
  locked: number;
  locked_today: number;
  cap: number | null;
  daily_cap: number | null;
  qualification: { done: number; of: number; passed: boolean } | null;
  guideline_version: number;
  waiting_read_id: string | null;
}

export type NoNextReason =
  | "nothing_now"
  | "cap"
  | "daily_cap"
  | "paused"
  | "closed"
  | "not_qualified";

export interface NextRead {
  read_id: string | null;
  /** Of an arbitrator's blind read. */
  arbitration_id: string | null;
  reason: "" | NoNextReason;
  /** Where it was asked for and can be read on; the one in hand was opened by it, one ahead was not. */
  read: LabelRead | null;
}

export type ReadState =
  | "offered"
  | "opened"
  | "draft"
  | "locked"
  | "final"
  | "expired"
  | "skipped"
  | "recused"
  | "withdrawn";

export interface OwnRead {
  read_id: string;
  pseudonym: string;
  state: ReadState;
  locked_at: string | null;
  take_back_until: string | null;
  active_s: number;
  has_result: boolean;
}

export interface OwnReads {
  count: number;
  rows: OwnRead[];
}

export interface Guideline {
  version: number;
  text: string;
  pictures: { sha256: string; caption: string; url: string }[];
  changes: { version: number; change: string; created_at: string }[];
}

// --- one read --------------------------------------------------------------------------------------

export interface LabelFinding {
  code: string;
  name_en: string;
  name_zh: string;
  kind: "binary" | "graded";
  grades: string[];
  needs_roi: boolean;
  needs_measurement: boolean;
  minimum_size_mm: number | null;
}

/** What the viewer needs to show the images of a read; every uid is a pseudonym. */
export interface ReadImages {
  read_id: string;
  study_instance_uid: string;
  dicomweb_root: string;
  series: ReviewSeries[];
}

export interface LabelRead extends ReadImages {
  round_id: string;
  pseudonym: string;
  kind: "annotator" | "arbitrator";
  state: ReadState;
  revision: number;
  content: StoredContent;
  saved_at: string | null;
  lease_until: string;
  locked_at: string | null;
  take_back_until: string | null;
  is_qualification: boolean;
  findings: LabelFinding[];
  guideline: { version: number };
  facts: {
    modality: string;
    body_part_examined: string;
    view_position: string;
    patient_sex: string;
    patient_age: string;
  };
  active_s: number;
}

export interface ReadBody {
  revision: number;
  content: StoredContent;
  active_s: number;
}

export interface SavedRead {
  revision: number;
  saved_at: string;
  lease_until: string;
  content: StoredContent;
}

export type OddCode =
  | "unanswered"
  | "roi_missing"
  | "measurement_missing"
  | "below_minimum_size"
  | "grade_missing"
  | "nothing_found_but_present"
  | "roi_without_presence"
  /** Of a case that is called unreadable. */
  | "reason_missing";

/** What is odd about a read that shall be locked; one that blocks cannot be confirmed. */
export interface Odd {
  code: OddCode;
  finding: string;
  blocks: boolean;
}

export interface QualificationFeedback {
  is_correct: boolean;
  findings: {
    code: string;
    value: AnswerValue;
    expected: AnswerValue;
    is_correct: boolean;
  }[];
  explanation: string;
  expected_content: StoredContent;
}

export interface LockedRead {
  state: "locked" | "final";
  take_back_until: string | null;
  content_sha256: string;
  feedback: QualificationFeedback | null;
}

export interface ConsensusFinding {
  finding: string;
  value: AnswerValue | "indeterminate";
  grade: string;
  rois: Pick<RoiShape, "sop_instance_uid" | "frame_number" | "vertices">[];
}

export interface ReadResult {
  mine: StoredContent;
  consensus: ConsensusFinding[];
}

// --- an arbitration, from the reveal on --------------------------------------------------------------

export type ConflictReason =
  | "value"
  | "grade"
  | "roi_unmatched"
  | "length"
  | "unreadable"
  | "positive";

export const DECISION_REASONS = [
  "overlooked",
  "overcalled",
  "normal_variant",
  "artefact",
  "below_size",
  "extent",
  "grade",
  "ambiguous",
  "guideline",
] as const;
export type DecisionReason = (typeof DECISION_REASONS)[number] | "none";

/** Readers in the order drawn for the seat; a round has nine readers of a case at most. */
export type ReaderLetter = "A" | "B" | "C" | "D" | "E" | "F" | "G" | "H" | "I";
export type DecisionChoice =
  | Lowercase<ReaderLetter>
  | "own"
  | "merged"
  | "indeterminate"
  | "agreed";

export interface ArbitrationDecision {
  /** "" is the case as a whole. */
  finding: string;
  choice: DecisionChoice;
  /** Only of a merged region. */
  rois: RoiShape[];
  reason: DecisionReason;
  comment: string;
}

export interface Arbitration extends ReadImages {
  arbitration_id: string;
  round_id: string;
  pseudonym: string;
  state: "revealed" | "decided";
  seat: number;
  seats: 1 | 3;
  revision: number;
  draft: { decisions: ArbitrationDecision[] };
  saved_at: string | null;
  lease_until: string | null;
  decided_at: string | null;
  findings: LabelFinding[];
  facts: LabelRead["facts"];
  readers: { letter: ReaderLetter; content: StoredContent }[];
  own: { content: StoredContent };
  conflicts: { finding: string; reasons: ConflictReason[]; worst_iou: number | null }[];
  agreed: { finding: string; value: AnswerValue; grade: string }[];
}

// --- routes ----------------------------------------------------------------------------------------

interface Sent {
  body?: unknown;
  signal?: AbortSignal;
  /** The request outlives the page. */
  keepalive?: boolean;
  idempotencyKey?: string;
}

async function ask<T>(method: "GET" | "POST" | "PUT", path: string, sent: Sent = {}): Promise<T> {
  const headers = new Headers({ Accept: "application/json" });
  if (sent.body !== undefined) headers.set("Content-Type", "application/json");
  if (sent.idempotencyKey) headers.set("Idempotency-Key", sent.idempotencyKey);
  const request = new Request(path, {
    method,
    headers,
    body: sent.body === undefined ? null : JSON.stringify(sent.body),
    signal: sent.signal ?? null,
    keepalive: sent.keepalive ?? false,
    credentials: "same-origin",
  });
  const response = await serverFetch(request);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

const ofRound = (roundId: string, rest = "") => `/api/label-rounds/${roundId}${rest}`;
const ofRead = (readId: string, rest = "") => `/api/reads/${readId}${rest}`;
const ofArbitration = (id: string, rest = "") => `/api/arbitrations/${id}${rest}`;

export const fetchLabelRounds = (signal: AbortSignal) =>
  ask<LabelRound[]>("GET", "/api/label-rounds", { signal });

/** `ahead`: the read after the one in hand, so that its images can be loaded. `load`: with the read itself. */
export const nextRead = (roundId: string, { ahead = false, load = false } = {}) =>
  ask<NextRead>("POST", ofRound(roundId, "/next"), { body: { ahead, load } });

export const fetchOwnReads = (
  roundId: string,
  { offset, limit }: { offset: number; limit: number },
  signal: AbortSignal,
) =>
  ask<OwnReads>("GET", ofRound(roundId, `/my-reads?offset=${offset}&limit=${limit}`), { signal });

export const fetchGuideline = (roundId: string, signal: AbortSignal) =>
  ask<Guideline>("GET", ofRound(roundId, "/guideline"), { signal });

/** Opens a read that was offered; any other comes as it stands. */
export const openRead = (readId: string, signal: AbortSignal) =>
  ask<LabelRead>("POST", ofRead(readId, "/open"), { signal });

/** DICOM JSON of all images of a read (PS3.18). */
export async function fetchReadMetadata(
  { dicomweb_root, study_instance_uid }: Pick<ReadImages, "dicomweb_root" | "study_instance_uid">,
  signal: AbortSignal,
): Promise<unknown> {
  const path = `${dicomweb_root}/studies/${study_instance_uid}/metadata`;
  const headers = { Accept: "application/dicom+json" };
  return (await serverFetch(new Request(path, { headers, signal }))).json();
}

export const saveRead = (readId: string, body: ReadBody, keepalive: boolean) =>
  ask<SavedRead>("PUT", ofRead(readId, "/draft"), { body, keepalive });

export const lockRead = (
  readId: string,
  body: ReadBody & { confirmed: boolean },
  idempotencyKey: string,
) => ask<LockedRead>("POST", ofRead(readId, "/lock"), { body, idempotencyKey });

export const takeBackRead = (readId: string) =>
  ask<SavedRead>("POST", ofRead(readId, "/take-back"), { body: {} });

export const skipRead = (readId: string, reason: string) =>
  ask<{ state: ReadState }>("POST", ofRead(readId, "/skip"), { body: { reason } });

export const recuseRead = (readId: string, reason: string) =>
  ask<{ state: ReadState }>("POST", ofRead(readId, "/recuse"), { body: { reason } });

export const askQuestion = (readId: string, text: string) =>
  ask<undefined>("POST", ofRead(readId, "/question"), { body: { text } });

export const beatRead = (readId: string, active_s: number) =>
  ask<{ lease_until: string }>("POST", ofRead(readId, "/heartbeat"), { body: { active_s } });

export const fetchReadResult = (readId: string, signal: AbortSignal) =>
  ask<ReadResult>("GET", ofRead(readId, "/result"), { signal });

export const fetchArbitration = (arbitrationId: string, signal: AbortSignal) =>
  ask<Arbitration>("GET", ofArbitration(arbitrationId), { signal });

export const saveArbitration = (
  arbitrationId: string,
  body: { revision: number; draft: { decisions: ArbitrationDecision[] } },
  keepalive: boolean,
) =>
  ask<Pick<SavedRead, "revision" | "saved_at" | "lease_until">>(
    "PUT",
    ofArbitration(arbitrationId, "/draft"),
    { body, keepalive },
  );

export const decideArbitration = (
  arbitrationId: string,
  body: { revision: number; decisions: ArbitrationDecision[] },
  idempotencyKey: string,
) =>
  ask<{ state: "decided"; next: string | null }>("POST", ofArbitration(arbitrationId, "/decide"), {
    body,
    idempotencyKey,
  });
