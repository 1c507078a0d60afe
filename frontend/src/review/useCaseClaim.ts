/** Tells colleagues that the case is being read, for as long as it is on the screen. */
import { useCallback, useEffect, useState } from "react";
import { isRetryable } from "../api/client";
import { claimCase, endClaim } from "../api/endpoints";
import type { Claim } from "../api/types";

/** A third of the lease, so that one lost renewal frees nothing. */
const RENEW_MS = 30_000;

export interface CaseClaim {
  claim: Claim | null;
  takeOver: () => Promise<void>;
}

export function useCaseClaim(caseId: string, isReading: boolean): CaseClaim {
  const [held, setHeld] = useState<{ caseId: string; claim: Claim }>();
  const renew = useCallback(
    async (takeOver: boolean) => {
      const claim = await claimCase(caseId, takeOver);
      setHeld({ caseId, claim });
    },
    [caseId],
  );
  useEffect(() => {
    if (!isReading) return;
    const renewQuietly = () =>
      // Without a network nobody learns of the claim; the next renewal tells.
      renew(false).catch((error: unknown) => {
        if (!isRetryable(error)) throw error;
      });
    void renewQuietly();
    const timer = setInterval(() => void renewQuietly(), RENEW_MS);
    const leave = () => void endClaim(caseId).catch(() => undefined); // it lapses by itself
    window.addEventListener("pagehide", leave);
    return () => {
      clearInterval(timer);
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, [caseId, isReading, renew]);
  const claim = held?.caseId === caseId ? held.claim : null;
  return { claim, takeOver: () => renew(true) };
}
