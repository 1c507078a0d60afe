/** One function per route of the server; screens call these and nothing else. */
import { fetchWithoutLogin, serverFetch } from "./client";
import type {
  DraftBody,
  IngestFailure,
  ModelsAnswer,
  QueueEntry,
  ReviewPayload,
  ServerStatus,
  Session,
  SignAnswer,
  StuckPrediction,
  Worklist,
  WorklistFilter,
} from "./types";

interface Call {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  keepalive?: boolean;
}

function requestFor(
  path: string,
  { method = "GET", body, headers, signal, keepalive }: Call,
): Request {
  const init: RequestInit = { method, credentials: "same-origin", headers: { ...headers } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...headers, "Content-Type": "application/json" };
  }
  if (signal) init.signal = signal;
  if (keepalive) init.keepalive = true;
  return new Request(path, init);
}

async function call<T>(path: string, options: Call = {}): Promise<T> {
  const response = await serverFetch(requestFor(path, options));
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export const fetchSession = (signal?: AbortSignal) => call<Session>("/api/session", { signal });

export const saveLanguage = (language: string) =>
  call<Session>("/api/session", { method: "PATCH", body: { language } });

export const fetchStatus = (signal?: AbortSignal) => call<ServerStatus>("/api/status", { signal });

export const fetchWorklist = (projectId: string, filter: WorklistFilter, signal?: AbortSignal) =>
  call<Worklist>(`/api/projects/${projectId}/worklist`, { method: "POST", body: filter, signal });

export const fetchReview = (caseId: string, signal?: AbortSignal) =>
  call<ReviewPayload>(`/api/cases/${caseId}/review`, { signal });

export const saveDraft = (caseId: string, body: DraftBody, keepalive = false) =>
  call<{ revision: number; saved_at: string }>(`/api/cases/${caseId}/review/draft`, {
    method: "PUT",
    body,
    keepalive,
  });

export const signReview = (caseId: string, body: DraftBody, idempotencyKey: string) =>
  call<SignAnswer>(`/api/cases/${caseId}/review/sign`, {
    method: "POST",
    body,
    headers: { "Idempotency-Key": idempotencyKey },
  });

export const predictCase = (caseId: string) =>
  call<{ state: string }>(`/api/cases/${caseId}/predict`, { method: "POST", body: {} });

export const predictProject = (projectId: string) =>
  call<{ requested: number }>(`/api/projects/${projectId}/predict`, { method: "POST", body: {} });

export async function fetchMaps(url: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await serverFetch(requestFor(url, { signal }))).arrayBuffer();
}

export const fetchSeriesMetadata = (
  studyInstanceUid: string,
  seriesInstanceUid: string,
  signal?: AbortSignal,
) =>
  call<Record<string, unknown>[]>(
    `/dicomweb/studies/${studyInstanceUid}/series/${seriesInstanceUid}/metadata`,
    { headers: { Accept: "application/dicom+json" }, signal },
  );

export interface QueueFilter {
  state: string;
  finding: string;
  offset: number;
  limit: number;
}

export function fetchQueueEntries(projectId: string, filter: QueueFilter, signal?: AbortSignal) {
  const query = new URLSearchParams({
    state: filter.state,
    finding: filter.finding,
    offset: String(filter.offset),
    limit: String(filter.limit),
  });
  return call<{ count: number; rows: QueueEntry[]; counts: Record<string, number> }>(
    `/api/projects/${projectId}/queue-entries?${query}`,
    { signal },
  );
}

export const fetchIngestFailures = (
  projectId: string,
  page: { offset: number; limit: number },
  signal?: AbortSignal,
) =>
  call<{ count: number; rows: IngestFailure[] }>(
    `/api/projects/${projectId}/ingest-failures?offset=${page.offset}&limit=${page.limit}`,
    { signal },
  );

export const resolveIngestFailure = (projectId: string, failureId: string) =>
  call<void>(`/api/projects/${projectId}/ingest-failures/${failureId}/resolve`, {
    method: "POST",
    body: {},
  });

export const fetchStuckPredictions = (projectId: string, signal?: AbortSignal) =>
  call<{ count: number; rows: StuckPrediction[] }>(`/api/projects/${projectId}/stuck-predictions`, {
    signal,
  });

export const retryPrediction = (predictionId: string) =>
  call<void>(`/api/predictions/${predictionId}/retry`, { method: "POST", body: {} });

export const fetchModels = (projectId: string, signal?: AbortSignal) =>
  call<ModelsAnswer>(`/api/projects/${projectId}/models`, { signal });

export const promoteModel = (projectId: string, modelId: string, reason: string) =>
  call<void>(`/api/projects/${projectId}/models/${modelId}/promote`, {
    method: "POST",
    body: { reason },
  });

export const rollbackModel = (projectId: string, reason: string) =>
  call<void>(`/api/projects/${projectId}/models/rollback`, { method: "POST", body: { reason } });

export const uploadPath = (projectId: string): string => `/api/projects/${projectId}/uploads`;

export type LoginResult = "ok" | "wrong" | "too_many" | "offline" | "failed";

/** django-allauth's browser client; its answers have their own shape, so they end here. */
export async function logIn(username: string, password: string): Promise<LoginResult> {
  try {
    const response = await fetchWithoutLogin("/_allauth/browser/v1/auth/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ username, password }),
    });
    if (response.ok || response.status === 409) return "ok"; // 409: this browser is logged in already
    if (response.status === 429) return "too_many";
    if (response.status !== 400 && response.status !== 401) return "failed";
    const answer = (await response.json()) as { errors?: { code: string }[] };
    const codes = answer.errors?.map((error) => error.code) ?? [];
    return codes.includes("too_many_login_attempts") ? "too_many" : "wrong";
  } catch {
    return "offline";
  }
}

/** allauth answers 401 to say "nobody is logged in any more": that is the success. */
export async function logOut(): Promise<void> {
  await fetchWithoutLogin("/_allauth/browser/v1/auth/session", { method: "DELETE" });
}
