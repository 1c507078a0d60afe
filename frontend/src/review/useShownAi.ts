/** An open case keeps the AI answer it was opened with; a newer one is offered, never put under the hands. */
import { useState } from "react";
import type { ReviewPayload } from "../api/types";

type Answer = NonNullable<ReviewPayload["ai"]>;

export interface ShownAi {
  /** The payload with the answer that is on the screen. */
  payload: ReviewPayload | undefined;
  /** Of the answer that came later; null where there is none. */
  newer: { casePredictionId: string; model: Answer["model"] } | null;
  /** The reader wants the newer answer. */
  accept: () => void;
}

export function useShownAi(payload: ReviewPayload | undefined, generation: number): ShownAi {
  const key = payload ? `${payload.case_id} ${generation}` : "";
  const [kept, setKept] = useState<{ key: string; ai: Answer }>();
  const arrived = payload?.ai;
  if (arrived?.state === "done" && kept?.key !== key) setKept({ key, ai: arrived });
  const shown = kept?.key === key ? kept.ai : arrived;
  return {
    payload: payload && shown ? { ...payload, ai: shown } : payload,
    newer: newerOf(payload, shown),
    accept: () => setKept(undefined),
  };
}

function newerOf(payload: ReviewPayload | undefined, shown: Answer | undefined): ShownAi["newer"] {
  const { ai, newer_ai: newer } = payload ?? {};
  if (newer) return { casePredictionId: newer.case_prediction_id, model: newer.model };
  const isOther = ai?.state === "done" && ai.case_prediction_id !== shown?.case_prediction_id;
  return isOther && ai.case_prediction_id
    ? { casePredictionId: ai.case_prediction_id, model: ai.model }
    : null;
}
