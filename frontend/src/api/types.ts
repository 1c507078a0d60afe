/** The shapes of the API that screens speak of. */

export type Role = "radiologist" | "annotator" | "arbitrator" | "admin";
export type Verdict = "accepted" | "rejected";

export interface Finding {
  code: string;
  name_en: string;
  name_zh: string;
  kind: "binary" | "graded";
  grades: unknown[];
  needs_roi: boolean;
  minimum_size_mm: number | null;
  is_urgent: boolean;
  position: number;
}

export interface Project {
  id: string;
  code: string;
  name_en: string;
  name_zh: string;
  findings: Finding[];
  policy: { version: number; ai_display: "from_start" | "on_request" | "after_first_impression" };
  auto_classify: boolean;
}

export interface User {
  id: string;
  username: string;
  display_name: string;
  language: string;
}

export interface Session {
  user: User | null;
  memberships: { project: Project; roles: Role[] }[];
  research_use: boolean;
  version: string;
}

export type Params = Record<string, unknown>;

export interface ModelName {
  name: string;
  version: string;
  hash: string;
}

export type AiState = "none" | "waiting" | "done" | "abstained" | "failed";

export interface AiFinding {
  code: string;
  probability: number;
  threshold: number;
  above: boolean;
}

export interface Ai {
  state: AiState;
  case_prediction_id: string | null;
  reason_code: string;
  reason_params: Params;
  queue_position: number | null;
  model: ModelName | null;
  findings: AiFinding[];
}

export interface Patient {
  name: string;
  name_flag: string;
  patient_id: string;
  sex: string;
  birth_date: string | null;
  age: string;
}

export type PriorityLevel = "stat" | "high" | "normal" | "low";
export type CaseStatus = "unread" | "draft" | "signed";

export interface Priority {
  level: PriorityLevel;
  reason: string;
  finding: string;
}

export interface WorklistRow {
  case_id: string;
  patient: Patient;
  study: {
    study_date: string | null;
    study_time: string | null;
    description: string;
    modalities: string[];
    accession_number: string;
    body_part: string;
    image_count: number;
  };
  ai?: Ai;
  priority?: Priority;
  status: CaseStatus;
  reader: string;
  received_at: string;
  thumbnail_url: string;
}

export interface WorklistFilter {
  search: string;
  status: string[];
  modality: string[];
  finding: string[];
  priority: string[];
  date_from: string | null;
  date_to: string | null;
  ordering: string;
  offset: number;
  limit: number;
}

export interface Worklist {
  count: number;
  unread_count: number;
  signed_today_count: number;
  median_read_s: number | null;
  shows_ai: boolean;
  rows: WorklistRow[];
}

export interface ReviewInstance {
  instance_id: string;
  sop_instance_uid: string;
  instance_number: number | null;
  view_position: string;
  rows: number | null;
  columns: number | null;
  number_of_frames: number;
  row_spacing_mm: number | null;
  column_spacing_mm: number | null;
  spacing_kind: "patient" | "projected" | "none";
  thumbnail_url: string;
  has_pixels: boolean;
  acquisition: Record<string, unknown>;
}

export interface ReviewSeries {
  series_instance_uid: string;
  series_number: number | null;
  modality: string;
  description: string;
  body_part: string;
  laterality: string;
  instances: ReviewInstance[];
}

export interface PredictionOutput {
  code: string;
  finding: string | null;
  logit: number;
  bias: number | null;
  probability: number;
}

export interface PredictionMaps {
  shape: number[];
  image_to_grid: number[];
  evidence_scale: Record<string, number>;
  url: string;
}

export interface FramePrediction {
  prediction_id: string;
  sop_instance_uid: string;
  frame_number: number;
  state: string;
  reason_code: string;
  reason_params: Params;
  outputs: PredictionOutput[];
  exclusive_groups: number[][];
  maps: PredictionMaps | null;
  no_map_reason: string;
  model_hash: string;
  preprocess_hash: string;
  timings_ms: Record<string, number>;
}

export interface Decision {
  finding: string;
  verdict: Verdict;
}

export interface ReviewPayload {
  case_id: string;
  project_id: string;
  status: CaseStatus;
  patient: Patient;
  study: WorklistRow["study"] & {
    study_instance_uid: string;
    referring_physician_name: string;
    indication: string;
  };
  series: ReviewSeries[];
  findings: Finding[];
  ai?: Ai & { predictions: FramePrediction[] };
  draft: {
    revision: number;
    decisions: Decision[];
    comment: string;
    saved_at: string | null;
  } | null;
  reviews: {
    review_id: string;
    version: number;
    reader: string;
    signed_at: string;
    decisions: Decision[];
    comment: string;
  }[];
  next_case_id: string | null;
  permissions: { can_review: boolean };
}

export interface DraftBody {
  revision: number;
  decisions: Decision[];
  comment: string;
  case_prediction_id: string | null;
}

export interface UploadAnswer {
  result: "stored" | "duplicate" | "refused" | "conflict";
  code: string;
  message: string;
  params: Params;
  case_id: string | null;
}

export interface IngestFailure {
  id: string;
  file_name: string;
  code: string;
  message: string;
  params: Params;
  received_at: string;
  uploaded_by: string | null;
  resolved_at: string | null;
}

export interface QueueEntry {
  id: string;
  case_id: string;
  finding: string;
  label: boolean;
  ai_probability: number;
  ai_threshold: number;
  ai_above_threshold: boolean;
  ai_visible: boolean;
  model: string;
  reader: string;
  created_at: string;
  state: "waiting" | "excluded";
}

export interface ServerStatus {
  ai: { state: "ok" | "delayed" | "down"; waiting: number; oldest_s: number };
}

export interface SignAnswer {
  review_id: string;
  signed_at: string;
  version: number;
  next_case_id: string | null;
}

export interface StuckPrediction {
  prediction_id: string;
  case_id: string;
  sop_instance_uid: string;
  frame_number: number;
  attempts: number;
  reason_code: string;
  reason_params: Params;
  message: string;
  model: ModelName;
  failed_at: string;
}

export interface ModelVersion extends ModelName {
  id: string;
  architecture: string;
  findings: string[];
  has_class_maps: boolean;
  applicability: {
    modality: string[];
    body_part: string[];
    view: string[];
    pixel_spacing_mm: number[] | null;
  };
  temperature: number;
  calibrated_on: string;
  licence: string;
  intended_use: string;
  training_data: string;
  created_at: string;
}

export interface Deployment {
  sequence: number;
  kind: "promote" | "rollback";
  model: ModelName;
  actor: string;
  reason: string;
  created_at: string;
}

export interface ModelsAnswer {
  champion: string | null;
  versions: ModelVersion[];
  deployments: Deployment[];
}
