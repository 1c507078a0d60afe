/** The administrator's questions to the server. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import {
  type FailureFilter,
  fetchIngestFailures,
  fetchModels,
  fetchStatus,
  fetchStuckPredictions,
} from "../api/endpoints";

const POLL_MS = 15_000;
const PROGRESS_POLL_MS = 1_000;
export const ROWS_AT_ONCE = 100;

export const adminKey = (projectId: string, section: string) => ["admin", projectId, section];

export function useModels(projectId: string) {
  return useQuery({
    queryKey: adminKey(projectId, "models"),
    queryFn: ({ signal }) => fetchModels(projectId, signal),
  });
}

export function useIngestFailures(projectId: string, filter: FailureFilter) {
  return useQuery({
    queryKey: [...adminKey(projectId, "ingest"), filter],
    queryFn: ({ signal }) => fetchIngestFailures(projectId, filter, signal),
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });
}

export function useStuckPredictions(projectId: string) {
  return useQuery({
    queryKey: adminKey(projectId, "stuck"),
    queryFn: ({ signal }) => fetchStuckPredictions(projectId, ROWS_AT_ONCE, signal),
    refetchInterval: POLL_MS,
  });
}

/** How many images wait for the AI, asked often while somebody watches a bulk request. */
export function useWaitingImages(isWatching: boolean) {
  return useQuery({
    queryKey: ["status", "bulk"],
    queryFn: ({ signal }) => fetchStatus(signal),
    enabled: isWatching,
    refetchInterval: PROGRESS_POLL_MS,
    select: (status) => status.ai.waiting,
  });
}
