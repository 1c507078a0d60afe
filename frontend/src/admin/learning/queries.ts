/** Learning's questions to the server, and the acts that make their answers old. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  approveEntry,
  cancelRun,
  excludeEntry,
  fetchQueue,
  fetchRun,
  fetchRuns,
  fetchSample,
  fetchSnapshot,
  fetchSnapshotPreview,
  fetchSnapshots,
  type QueueQuery,
  resumeRun,
  takeBackEntry,
} from "../../api/learning";
import type { Run } from "../../api/types";
import { adminKey } from "../queries";

const CALM_POLL_MS = 15_000;
const LIVE_POLL_MS = 1_500;
export const LISTED = 100;

const isOver = (run: Run): boolean =>
  run.state === "evaluated" || run.state === "failed" || run.state === "cancelled";

export const queueKey = (projectId: string) => adminKey(projectId, "queue");
export const snapshotsKey = (projectId: string) => adminKey(projectId, "snapshots");
export const runsKey = (projectId: string) => adminKey(projectId, "runs");

export function useQueue(projectId: string, query: QueueQuery) {
  return useQuery({
    queryKey: [...queueKey(projectId), "page", query],
    queryFn: ({ signal }) => fetchQueue(projectId, query, signal),
    placeholderData: keepPreviousData,
    refetchInterval: CALM_POLL_MS,
  });
}

export function useSample(projectId: string, sampleId: string) {
  return useQuery({
    queryKey: [...queueKey(projectId), "sample", sampleId],
    queryFn: ({ signal }) => fetchSample(sampleId, signal),
  });
}

export function useSnapshots(projectId: string) {
  return useQuery({
    queryKey: [...snapshotsKey(projectId), "list"],
    queryFn: ({ signal }) => fetchSnapshots(projectId, LISTED, signal),
  });
}

export function useSnapshotPreview(projectId: string) {
  return useQuery({
    queryKey: [...snapshotsKey(projectId), "preview"],
    queryFn: ({ signal }) => fetchSnapshotPreview(projectId, signal),
  });
}

export function useSnapshot(projectId: string, snapshotId: string | undefined) {
  return useQuery({
    queryKey: [...snapshotsKey(projectId), snapshotId],
    queryFn: ({ signal }) => fetchSnapshot(snapshotId ?? "", signal),
    enabled: snapshotId !== undefined,
  });
}

/** Asked often while a run is going, calmly otherwise. */
export function useRuns(projectId: string) {
  return useQuery({
    queryKey: [...runsKey(projectId), "list"],
    queryFn: ({ signal }) => fetchRuns(projectId, LISTED, signal),
    refetchInterval: ({ state }) =>
      state.data?.rows.every(isOver) === false ? LIVE_POLL_MS : CALM_POLL_MS,
  });
}

export function useRun(projectId: string, runId: string) {
  return useQuery({
    queryKey: [...runsKey(projectId), runId],
    queryFn: ({ signal }) => fetchRun(runId, signal),
    refetchInterval: ({ state }) => (state.data && isOver(state.data) ? false : LIVE_POLL_MS),
  });
}

export type EntryAct =
  | { verb: "approve" | "take_back"; entryId: string }
  | { verb: "exclude"; entryId: string; reason: string };

function sendAct(act: EntryAct) {
  if (act.verb === "exclude") return excludeEntry(act.entryId, act.reason);
  return act.verb === "approve" ? approveEntry(act.entryId) : takeBackEntry(act.entryId);
}

/** A decision on one entry; the queue and the next snapshot are asked for anew, also if refused. */
export function useEntryAct(
  projectId: string,
  on: { done: () => void; failed: (error: unknown) => void },
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: sendAct,
    onSuccess: on.done,
    onError: on.failed,
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: queueKey(projectId) });
      await client.invalidateQueries({ queryKey: snapshotsKey(projectId) });
    },
  });
}

export function useRunAct(projectId: string, failed: (error: unknown) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ run, verb }: { run: Run; verb: "cancel" | "resume" }) =>
      verb === "cancel" ? cancelRun(run.id) : resumeRun(run.id),
    onError: failed,
    onSettled: () => client.invalidateQueries({ queryKey: runsKey(projectId) }),
  });
}
