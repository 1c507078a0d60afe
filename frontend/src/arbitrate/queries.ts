/** What the arbitrator's screen asks the server for. */
import { queryOptions } from "@tanstack/react-query";
import { fetchArbitration } from "../api/labeling";

/** Never fetched anew by itself: the draft in hand is newer. */
export function arbitrationQuery(arbitrationId: string) {
  return queryOptions({
    queryKey: ["arbitration", arbitrationId],
    queryFn: ({ signal }) => fetchArbitration(arbitrationId, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}
