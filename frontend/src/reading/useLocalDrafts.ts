/** This person's encrypted drafts on this workstation, once the server has given their key. */
import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { fetchDraftKey } from "../api/endpoints";
import { useSession } from "../session/context";
import type { DraftSession } from "./DraftSession";
import type { Draft } from "./draft";
import { LocalDrafts } from "./localDrafts";

/** Null until the key is there, and where the browser cannot keep drafts. */
export function useLocalDrafts(): LocalDrafts | null {
  const { user } = useSession();
  const drafts = useQuery({
    queryKey: ["draft-key", user.id],
    queryFn: async ({ signal }) => LocalDrafts.open(user.id, (await fetchDraftKey(signal)).key),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return drafts.data ?? null;
}

const NOTHING = () => () => undefined;
const NO_DRAFT = () => null;

export function useDraft<C>(session: DraftSession<C> | null): Draft<C> | null {
  return useSyncExternalStore<Draft<C> | null>(
    session?.subscribe ?? NOTHING,
    session?.get ?? NO_DRAFT,
  );
}
