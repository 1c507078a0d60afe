/** The routes of learning: the retraining queue, snapshots and runs. */
import { answer, inProject, server } from "./server";
import type { QueueEntryKind, QueueEntryState, RunAsked } from "./types";

const ofEntry = (entryId: string) => ({ path: { entry_id: entryId } });
const ofSample = (sampleId: string) => ({ path: { sample_id: sampleId } });
const ofRun = (runId: string) => ({ path: { run_id: runId } });

/** What narrows the queue; what is left out does not. */
export interface QueueFilter {
  kind?: QueueEntryKind;
  finding?: string;
  reader?: string;
  ai_visible?: boolean;
  is_new?: boolean;
  created_from?: string;
  created_before?: string;
}

export interface QueueQuery extends QueueFilter {
  state?: QueueEntryState;
  offset: number;
  limit: number;
}

export const fetchQueue = (projectId: string, query: QueueQuery, signal: AbortSignal) =>
  answer(
    server.GET("/api/projects/{project_id}/queue-entries", {
      params: { ...inProject(projectId), query },
      signal,
    }),
  );

export const approveEntry = (entryId: string) =>
  answer(server.POST("/api/queue-entries/{entry_id}/approve", { params: ofEntry(entryId) }));

export const takeBackEntry = (entryId: string) =>
  answer(server.POST("/api/queue-entries/{entry_id}/take-back", { params: ofEntry(entryId) }));

export const excludeEntry = (entryId: string, reason: string) =>
  answer(
    server.POST("/api/queue-entries/{entry_id}/exclude", {
      params: ofEntry(entryId),
      body: { reason },
    }),
  );

/** The generated types ask for what the server would fill in by itself. */
const UNFILTERED = { kind: "", is_new: false } as const;

export interface BulkExclusion extends QueueFilter {
  state: "waiting" | "approved" | "";
  expected: number;
  reason: string;
}

export const excludeMatching = (projectId: string, exclusion: BulkExclusion) =>
  answer(
    server.POST("/api/projects/{project_id}/queue-entries/exclude", {
      params: inProject(projectId),
      body: { ...UNFILTERED, ...exclusion },
    }),
  );

export const drawSample = (projectId: string, filter: QueueFilter) =>
  answer(
    server.POST("/api/projects/{project_id}/queue-samples", {
      params: inProject(projectId),
      body: { ...UNFILTERED, ...filter },
    }),
  );

export const fetchSample = (sampleId: string, signal: AbortSignal) =>
  answer(server.GET("/api/queue-samples/{sample_id}", { params: ofSample(sampleId), signal }));

export const approveRest = (sampleId: string, reason: string) =>
  answer(
    server.POST("/api/queue-samples/{sample_id}/approve-rest", {
      params: ofSample(sampleId),
      body: { reason },
    }),
  );

export const fetchSnapshots = (projectId: string, limit: number, signal: AbortSignal) =>
  answer(
    server.GET("/api/projects/{project_id}/snapshots", {
      params: { ...inProject(projectId), query: { limit } },
      signal,
    }),
  );

export const fetchSnapshot = (snapshotId: string, signal: AbortSignal) =>
  answer(
    server.GET("/api/snapshots/{snapshot_id}", {
      params: { path: { snapshot_id: snapshotId } },
      signal,
    }),
  );

export const fetchSnapshotPreview = (projectId: string, signal: AbortSignal) =>
  answer(
    server.GET("/api/projects/{project_id}/snapshots/preview", {
      params: inProject(projectId),
      signal,
    }),
  );

export const makeSnapshot = (projectId: string) =>
  answer(server.POST("/api/projects/{project_id}/snapshots", { params: inProject(projectId) }));

export const requestRun = (projectId: string, body: RunAsked) =>
  answer(server.POST("/api/projects/{project_id}/runs", { params: inProject(projectId), body }));

export const fetchRuns = (projectId: string, limit: number, signal: AbortSignal) =>
  answer(
    server.GET("/api/projects/{project_id}/runs", {
      params: { ...inProject(projectId), query: { limit } },
      signal,
    }),
  );

export const fetchRun = (runId: string, signal: AbortSignal) =>
  answer(server.GET("/api/runs/{run_id}", { params: ofRun(runId), signal }));

export const cancelRun = (runId: string) =>
  answer(server.POST("/api/runs/{run_id}/cancel", { params: ofRun(runId) }));

export const resumeRun = (runId: string) =>
  answer(server.POST("/api/runs/{run_id}/resume", { params: ofRun(runId) }));
