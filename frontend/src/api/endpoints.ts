/** One function per route of the server; screens call these and nothing else. */
import { fetchWithoutLogin, serverFetch } from "./client";
import { answer, inProject, server } from "./server";
import type { DraftBody, ReportSection, WorklistFilter } from "./types";

const inCase = (caseId: string) => ({ path: { case_id: caseId } });

export const fetchSession = (signal: AbortSignal | null = null) =>
  answer(server.GET("/api/session", { signal }));

export const saveLanguage = (language: "en" | "zh-hans") =>
  answer(server.PATCH("/api/session", { body: { language } }));

export const fetchStatus = (signal: AbortSignal) => answer(server.GET("/api/status", { signal }));

export const fetchWorklist = (projectId: string, filter: WorklistFilter, signal: AbortSignal) =>
  answer(
    server.POST("/api/projects/{project_id}/worklist", {
      params: inProject(projectId),
      body: filter,
      signal,
    }),
  );

export const fetchReview = (caseId: string, signal: AbortSignal) =>
  answer(server.GET("/api/cases/{case_id}/review", { params: inCase(caseId), signal }));

/** `keepalive`: the request outlives the page. */
export const saveDraft = (caseId: string, body: DraftBody, keepalive: boolean) =>
  answer(
    server.PUT("/api/cases/{case_id}/review/draft", { params: inCase(caseId), body, keepalive }),
  );

export const signReview = (caseId: string, body: DraftBody, idempotencyKey: string) =>
  answer(
    server.POST("/api/cases/{case_id}/review/sign", {
      params: { ...inCase(caseId), header: { "Idempotency-Key": idempotencyKey } },
      body,
    }),
  );

const inReview = (caseId: string, reviewId: string) => ({
  path: { case_id: caseId, review_id: reviewId },
});

export const fetchDraftKey = (signal: AbortSignal) =>
  answer(server.GET("/api/session/draft-key", { signal }));

/** The answer names who holds the case, which may be somebody else. */
export const claimCase = (caseId: string, takeOver: boolean) =>
  answer(
    server.POST("/api/cases/{case_id}/claim", {
      params: inCase(caseId),
      body: { take_over: takeOver },
    }),
  );

/** `keepalive`: the page may be closing. */
export const endClaim = (caseId: string) =>
  answer(server.DELETE("/api/cases/{case_id}/claim", { params: inCase(caseId), keepalive: true }));

export const revealAi = (caseId: string, body: DraftBody) =>
  answer(server.POST("/api/cases/{case_id}/ai/reveal", { params: inCase(caseId), body }));

export const withdrawReview = (caseId: string, reviewId: string, reason: string) =>
  answer(
    server.POST("/api/cases/{case_id}/reviews/{review_id}/withdraw", {
      params: inReview(caseId, reviewId),
      body: { reason },
    }),
  );

export const openAddendum = (caseId: string, reason: string) =>
  answer(
    server.POST("/api/cases/{case_id}/review/addendum", {
      params: inCase(caseId),
      body: { reason },
    }),
  );

export const signSecond = (caseId: string, reviewId: string, contentSha256: string) =>
  answer(
    server.POST("/api/cases/{case_id}/reviews/{review_id}/second-signature", {
      params: inReview(caseId, reviewId),
      body: { content_sha256: contentSha256 },
    }),
  );

export const acknowledgeCritical = (
  caseId: string,
  reviewId: string,
  body: { informed: string; note: string },
) =>
  answer(
    server.POST("/api/cases/{case_id}/reviews/{review_id}/acknowledge", {
      params: inReview(caseId, reviewId),
      body,
    }),
  );

export const fetchPrior = (caseId: string, signal: AbortSignal) =>
  answer(server.GET("/api/cases/{case_id}/prior", { params: inCase(caseId), signal }));

export const fetchHistory = (caseId: string, signal: AbortSignal) =>
  answer(server.GET("/api/cases/{case_id}/history", { params: inCase(caseId), signal }));

export const fetchPhrases = (projectId: string, signal: AbortSignal) =>
  answer(
    server.GET("/api/projects/{project_id}/phrases", { params: inProject(projectId), signal }),
  );

export const addPhrase = (
  projectId: string,
  body: { section: ReportSection; title: string; text: string; is_shared: boolean },
) =>
  answer(server.POST("/api/projects/{project_id}/phrases", { params: inProject(projectId), body }));

export const deletePhrase = (projectId: string, phraseId: string) =>
  answer(
    server.DELETE("/api/projects/{project_id}/phrases/{phrase_id}", {
      params: { path: { project_id: projectId, phrase_id: phraseId } },
    }),
  );

export const predictCase = (caseId: string) =>
  answer(server.POST("/api/cases/{case_id}/predict", { params: inCase(caseId) }));

export const predictProject = (projectId: string) =>
  answer(server.POST("/api/projects/{project_id}/predict", { params: inProject(projectId) }));

export interface FailureFilter {
  state: "open" | "all";
  offset: number;
  limit: number;
}

export const fetchIngestFailures = (projectId: string, query: FailureFilter, signal: AbortSignal) =>
  answer(
    server.GET("/api/projects/{project_id}/ingest-failures", {
      params: { ...inProject(projectId), query },
      signal,
    }),
  );

export const resolveIngestFailure = (projectId: string, failureId: string) =>
  answer(
    server.POST("/api/projects/{project_id}/ingest-failures/{failure_id}/resolve", {
      params: { path: { project_id: projectId, failure_id: failureId } },
    }),
  );

export const fetchStuckPredictions = (projectId: string, limit: number, signal: AbortSignal) =>
  answer(
    server.GET("/api/projects/{project_id}/stuck-predictions", {
      params: { ...inProject(projectId), query: { limit } },
      signal,
    }),
  );

export const retryPrediction = (predictionId: string) =>
  answer(
    server.POST("/api/predictions/{prediction_id}/retry", {
      params: { path: { prediction_id: predictionId } },
    }),
  );

export const fetchModels = (projectId: string, signal: AbortSignal) =>
  answer(server.GET("/api/projects/{project_id}/models", { params: inProject(projectId), signal }));

export const promoteModel = (projectId: string, modelId: string, reason: string) =>
  answer(
    server.POST("/api/projects/{project_id}/models/{model_id}/promote", {
      params: { path: { project_id: projectId, model_id: modelId } },
      body: { reason },
    }),
  );

export const rollbackModel = (projectId: string, reason: string) =>
  answer(
    server.POST("/api/projects/{project_id}/models/rollback", {
      params: inProject(projectId),
      body: { reason },
    }),
  );

/** Sent by XMLHttpRequest, for its progress events (see worklist/upload/send.ts). */
export const uploadPath = (projectId: string): string => `/api/projects/${projectId}/uploads`;

/** Class maps: raw float16, at the address that the review names. */
export async function fetchMaps(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
  return (await serverFetch(new Request(url, { signal }))).arrayBuffer();
}

/** DICOMweb has its own description (PS3.18), not ours. */
export async function fetchSeriesMetadata(
  studyInstanceUid: string,
  seriesInstanceUid: string,
  signal: AbortSignal,
): Promise<unknown> {
  const path = `/dicomweb/studies/${studyInstanceUid}/series/${seriesInstanceUid}/metadata`;
  const headers = { Accept: "application/dicom+json" };
  return (await serverFetch(new Request(path, { headers, signal }))).json();
}

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
    const body = (await response.json()) as { errors?: { code: string }[] };
    const codes = body.errors?.map((error) => error.code) ?? [];
    return codes.includes("too_many_login_attempts") ? "too_many" : "wrong";
  } catch {
    return "offline";
  }
}

/** allauth answers 401 to say "nobody is logged in any more": that is the success. */
export async function logOut(): Promise<void> {
  await fetchWithoutLogin("/_allauth/browser/v1/auth/session", { method: "DELETE" });
}
