/** What the label screens ask the server for, and what they load ahead. */
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import {
  fetchGuideline,
  fetchLabelRounds,
  fetchOwnReads,
  fetchReadResult,
  type NextRead,
  nextRead,
  openRead,
} from "../api/labeling";
import { prefetchImages } from "../viewer/engine";
import { imagesNearStart } from "../viewer/stack";
import { loadReadStack } from "./useReadStack";

const PREFETCHED_IMAGES = 40;

export const labelRoundsQuery = queryOptions({
  queryKey: ["label-rounds"],
  queryFn: ({ signal }) => fetchLabelRounds(signal),
});

/** Opens the read. Kept in step by the draft's own saves: fetched anew only where something else changed the read. */
export function readQuery(readId: string) {
  return queryOptions({
    queryKey: ["read", readId],
    queryFn: ({ signal }) => openRead(readId, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function guidelineQuery(roundId: string) {
  return queryOptions({
    queryKey: ["guideline", roundId],
    queryFn: ({ signal }) => fetchGuideline(roundId, signal),
  });
}

export function ownReadsQuery(roundId: string, offset: number, limit: number) {
  return queryOptions({
    queryKey: ["own-reads", roundId, offset, limit],
    queryFn: ({ signal }) => fetchOwnReads(roundId, { offset, limit }, signal),
  });
}

export function readResultQuery(readId: string) {
  return queryOptions({
    queryKey: ["read-result", readId],
    queryFn: ({ signal }) => fetchReadResult(readId, signal),
  });
}

/** The read after this one, its images loaded; null where there is none now. */
export async function loadAhead(
  client: QueryClient,
  { roundId, readId }: { roundId: string; readId: string },
): Promise<string | null> {
  const { read } = await nextRead(roundId, { ahead: true, load: true });
  if (!read || read.read_id === readId) return null;
  const stack = await loadReadStack(client, read);
  if (stack) void prefetchImages(imagesNearStart(stack, PREFETCHED_IMAGES));
  return read.read_id;
}

/** What comes next in a round; a read is opened by it, and is there before its screen is. */
export async function openNext(client: QueryClient, roundId: string): Promise<NextRead> {
  const next = await nextRead(roundId, { load: true });
  if (next.read) client.setQueryData(readQuery(next.read.read_id).queryKey, next.read);
  return next;
}
