/** The worklist's questions to the server. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { fetchWorklist } from "../api/endpoints";
import type { WorklistFilter } from "../api/types";

const FAST_POLL_MS = 3_000;
const SLOW_POLL_MS = 30_000;

export const worklistKey = (projectId: string) => ["worklist", projectId] as const;

/** Polls quickly while the AI works on a listed case, slowly otherwise. */
export function useWorklist(projectId: string, filter: WorklistFilter) {
  return useQuery({
    queryKey: [...worklistKey(projectId), filter],
    queryFn: ({ signal }) => fetchWorklist(projectId, filter, signal),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => {
      const isAiBusy = query.state.data?.rows.some((row) => row.ai?.state === "waiting");
      return isAiBusy ? FAST_POLL_MS : SLOW_POLL_MS;
    },
  });
}
