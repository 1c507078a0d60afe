/** Short names for the generated shapes of the API; nothing here is written by hand but the names. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Session = Schemas["Session"];
export type User = NonNullable<Session["user"]>;
export type Membership = Session["memberships"][number];
export type Role = Membership["roles"][number];
export type Project = Membership["project"];

export type Worklist = Schemas["Worklist"];
export type WorklistFilter = Required<Schemas["WorklistQueryRequest"]>;
export type WorklistRow = Worklist["rows"][number];
export type CaseStatus = WorklistRow["status"];
export type Priority = NonNullable<WorklistRow["priority"]>;
export type Ai = NonNullable<WorklistRow["ai"]>;
export type AiFinding = Ai["findings"][number];

export type ReviewPayload = Schemas["CaseReview"];
export type Finding = ReviewPayload["findings"][number];
export type ReviewSeries = ReviewPayload["series"][number];
export type ReviewInstance = ReviewSeries["instances"][number];
export type FramePrediction = NonNullable<ReviewPayload["ai"]>["predictions"][number];
/** What a version holds of a finding; a reader gives only the first two verdicts. */
export type Said = Schemas["Said"];
export type Verdict = Said["verdict"];
export type DraftBody = Required<Schemas["ReadingRequest"]>;
export type Decision = DraftBody["decisions"][number];
export type ExplicitVerdict = Decision["verdict"];
export type StoredRoi = Schemas["Roi"];
/** A region as it is sent, without what the server reckons of it. */
export type RoiShape = Required<Schemas["RoiShapeRequest"]>;
export type SignedReview = ReviewPayload["reviews"][number];
export type CasePolicy = ReviewPayload["policy"];
export type Claim = NonNullable<ReviewPayload["claim"]>;
export type PriorCase = NonNullable<Schemas["Prior"]["prior"]>;
export type CaseHistory = Schemas["History"];
export type Phrase = Schemas["Phrase"];
export type ReportSection = Phrase["section"];
export type SignAnswer = Schemas["Signed"];

export type UploadAnswer = Schemas["Verdict"];
export type ServerStatus = Schemas["Status"];
export type QueueEntry = Schemas["QueueEntry"];
export type QueueEntryState = QueueEntry["state"];
export type QueueEntryKind = QueueEntry["kind"];
export type QueuePage = Schemas["Queue"];
export type QueueSample = Schemas["QueueSample"];
export type Snapshot = Schemas["Snapshot"];
export type SnapshotPreview = Schemas["SnapshotPreview"];
export type FindingCount = Schemas["FindingCount"];
export type LeftOut = Schemas["LeftOut"];
export type Run = Schemas["Run"];
export type RunDetail = Schemas["RunDetail"];
export type RunEvaluation = RunDetail["evaluation"];
export type EvaluatedFinding = Schemas["EvaluatedFinding"];
export type ComparedFinding = Schemas["ComparedFinding"];
export type NotEvaluable = Exclude<ComparedFinding["reason"], "">;
export type RunAsked = Schemas["RunAskedRequest"];
export type IngestFailure = Schemas["IngestFailure"];
export type StuckPrediction = Schemas["StuckPrediction"];
export type ModelVersion = Schemas["ModelVersion"];
export type Deployment = Schemas["Deployment"];

export type Member = Schemas["Member"];
export type Invitation = Schemas["Invitation"];
export type OneTimeLink = Schemas["OneTimeLink"];
export type AdministeredProject = Schemas["AdministeredProject"];
export type ProjectSettings = Schemas["ProjectSettings"];
export type PolicyVersion = ProjectSettings["policies"][number];
export type EditableFinding = ProjectSettings["findings"][number];
export type AiDisplay = PolicyVersion["ai_display"];
export type NewProject = Schemas["NewProjectRequest"];
export type NewFinding = Schemas["NewFindingRequest"];
export type ProjectChanges = Schemas["PatchedProjectEditRequest"];
export type FindingChanges = Schemas["PatchedFindingEditRequest"];
export type AuditPage = Schemas["AuditPage"];
export type AuditRow = Schemas["AuditRow"];
export type ChainWalk = Schemas["Verified"];
export type SystemState = Schemas["System"];

export interface AuditFilter {
  actor?: string;
  action: string;
  target_type: string;
  since?: string;
  until?: string;
  offset: number;
  limit: number;
  choices: boolean;
}

/** What a coded sentence takes its blanks from. */
export type Params = Record<string, unknown>;
