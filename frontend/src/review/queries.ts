/** What the review asks of the server, and what it asks ahead for the next case. */
import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { fetchMaps, fetchReview, fetchSeriesMetadata } from "../api/endpoints";
import { stackChoices } from "../reading/stacks";
import type { DicomJson, ViewerStack } from "../viewer/stack";
import { caseStack } from "./caseStack";

const AI_POLL_MS = 2_000;
const NEWER_POLL_MS = 30_000;

export function reviewQuery(caseId: string) {
  return queryOptions({
    queryKey: ["review", caseId],
    queryFn: ({ signal }) => fetchReview(caseId, signal),
  });
}

/** Polls while the AI's answer is on its way, and now and then for a newer one. */
export function useReview(caseId: string) {
  return useQuery({
    ...reviewQuery(caseId),
    refetchInterval: (query) =>
      query.state.data?.ai?.state === "waiting" ? AI_POLL_MS : NEWER_POLL_MS,
  });
}

export function metadataQuery(studyInstanceUid: string, seriesInstanceUid: string) {
  return queryOptions({
    queryKey: ["metadata", studyInstanceUid, seriesInstanceUid],
    queryFn: async ({ signal }) =>
      (await fetchSeriesMetadata(studyInstanceUid, seriesInstanceUid, signal)) as DicomJson[],
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function mapsQuery(url: string) {
  return queryOptions({
    queryKey: ["maps", url],
    queryFn: ({ signal }) => fetchMaps(url, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Payload, metadata and maps of a case into the cache; gives the stack that will open first. */
export async function prefetchCase(
  client: QueryClient,
  caseId: string,
): Promise<ViewerStack | null> {
  const payload = await client.fetchQuery(reviewQuery(caseId));
  const [first] = stackChoices(payload);
  if (!first) return null;
  const { study_instance_uid: studyUid } = payload.study;
  const metadata = await client.fetchQuery(
    metadataQuery(studyUid, first.series.series_instance_uid),
  );
  for (const prediction of payload.ai?.predictions ?? []) {
    const isShownFirst = first.instances.some(
      (instance) => instance.sop_instance_uid === prediction.sop_instance_uid,
    );
    if (prediction.maps && isShownFirst) void client.prefetchQuery(mapsQuery(prediction.maps.url));
  }
  return caseStack(payload, first, metadata);
}
