/** What the sections of rounds ask the server for, and the acts that make the answers old. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { fetchWorklist } from "../../api/endpoints";
import {
  fetchRoundCertificate,
  fetchRoundStatistics,
  type RoundStatisticsAnswer,
} from "../../api/roundResults";
import {
  fetchProgress,
  fetchQuestions,
  fetchRoundCases,
  fetchRoundSetup,
  fetchRounds,
  type RoundCasesQuery,
} from "../../api/rounds";
import { errorSentence } from "../../cases/words";
import { toastDone, toastFailed } from "../../ui/toast";
import { adminKey } from "../queries";

const CALM_POLL_MS = 15_000;
const REPORT_POLL_MS = 2_000;

export const roundsKey = (projectId: string) => adminKey(projectId, "rounds");
const roundKey = (roundId: string) => ["round", roundId];

export function useRounds(projectId: string) {
  return useQuery({
    queryKey: roundsKey(projectId),
    queryFn: ({ signal }) => fetchRounds(projectId, signal),
    refetchInterval: CALM_POLL_MS,
  });
}

export function useRoundSetup(roundId: string) {
  return useQuery({
    queryKey: [...roundKey(roundId), "setup"],
    queryFn: ({ signal }) => fetchRoundSetup(roundId, signal),
  });
}

export function useProgress(roundId: string) {
  return useQuery({
    queryKey: [...roundKey(roundId), "progress"],
    queryFn: ({ signal }) => fetchProgress(roundId, signal),
    refetchInterval: CALM_POLL_MS,
  });
}

export function useQuestions(roundId: string) {
  return useQuery({
    queryKey: [...roundKey(roundId), "questions"],
    queryFn: ({ signal }) => fetchQuestions(roundId, signal),
    refetchInterval: CALM_POLL_MS,
  });
}

export function useRoundCases(roundId: string, query: RoundCasesQuery) {
  return useQuery({
    queryKey: [...roundKey(roundId), "cases", query],
    queryFn: ({ signal }) => fetchRoundCases(roundId, query, signal),
    placeholderData: keepPreviousData,
  });
}

const FOUND_AT_ONCE = 20;

/** Cases of the project by the worklist's own search; what is typed can be a name, so it is not kept. */
export function useCaseSearch(projectId: string, search: string) {
  return useQuery({
    queryKey: [...adminKey(projectId, "case-search"), search],
    queryFn: ({ signal }) =>
      fetchWorklist(
        projectId,
        {
          search,
          status: [],
          modality: [],
          finding: [],
          priority: [],
          date_from: null,
          date_to: null,
          ordering: "patient",
          offset: 0,
          limit: FOUND_AT_ONCE,
        },
        signal,
      ),
    gcTime: 0,
    placeholderData: keepPreviousData,
  });
}

const isPending = (answer: RoundStatisticsAnswer | undefined) => answer?.pending === true;

export function useStatistics(roundId: string) {
  return useQuery({
    queryKey: [...roundKey(roundId), "statistics"],
    queryFn: ({ signal }) => fetchRoundStatistics(roundId, signal),
    refetchInterval: (query) => (isPending(query.state.data) ? REPORT_POLL_MS : false),
  });
}

/** Issued when it is asked for: it walks the audit chain, and goes on record. */
export function useCertificate(roundId: string, isAsked: boolean) {
  return useQuery({
    queryKey: [...roundKey(roundId), "certificate"],
    queryFn: ({ signal }) => fetchRoundCertificate(roundId, signal),
    enabled: isAsked,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

interface Act<V> {
  readonly projectId: string;
  readonly roundId: string;
  readonly act: (value: V) => Promise<unknown>;
  readonly done: (value: V) => string;
  readonly failed: string;
  readonly onDone?: () => void;
  /** The screen itself says what is wrong. */
  readonly isTold?: (error: unknown) => boolean;
}

/** One act on a round; what is known of it is asked for anew. */
export function useRoundAct<V>({ projectId, roundId, act, done, failed, onDone, isTold }: Act<V>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: async (_answer, value) => {
      await Promise.all([
        client.invalidateQueries({ queryKey: roundKey(roundId) }),
        client.invalidateQueries({ queryKey: roundsKey(projectId) }),
      ]);
      const words = done(value);
      if (words) toastDone({ message: words });
      onDone?.();
    },
    onError: (error) => {
      if (!isTold?.(error)) toastFailed({ message: failed, detail: errorSentence(error) });
    },
  });
}
