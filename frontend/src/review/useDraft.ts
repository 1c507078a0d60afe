/** Keeps a draft with the server: autosave, retry, conflict, signature once. */
import { useCallback, useEffect, useReducer, useRef } from "react";
import { saveDraft, signReview } from "../api/endpoints";
import { ApiError, isConflict } from "../api/errors";
import type { ReviewPayload, SignAnswer } from "../api/types";
import { type Draft, type DraftEvent, draftBody, isUnsaved, openDraft, reduceDraft } from "./draft";

const AUTOSAVE_DELAY_MS = 600;
const CLIENT = { renderer: "", pixel_ratio: window.devicePixelRatio, version: "" };
const RETRY_DELAY_MS = 5_000;

interface DraftHandle {
  draft: Draft;
  dispatch: (event: DraftEvent) => void;
  sign: () => Promise<void>;
  /** After a conflict: what is on this screen shall stand, on top of the other window's revision. */
  keepMine: () => void;
}

export function useDraft(
  payload: ReviewPayload,
  onSigned: (answer: SignAnswer) => void,
): DraftHandle {
  const caseId = payload.case_id;
  const [draft, dispatch] = useReducer(reduceDraft, payload, openDraft);
  const shownPrediction = payload.ai?.state === "done" ? payload.ai.case_prediction_id : null;
  const latest = useRef({ draft, shownPrediction });
  useEffect(() => {
    latest.current = { draft, shownPrediction };
  });
  const revision = useRef(payload.draft?.revision ?? 0);
  const saving = useRef<Promise<void>>(Promise.resolve());
  const attempt = useRef({ body: "", key: "" });

  const save = useCallback(
    (keepalive = false): Promise<void> => {
      const { content } = latest.current.draft;
      dispatch({ type: "save_started", sent: content });
      const body = draftBody(content, {
        revision: revision.current,
        casePredictionId: latest.current.shownPrediction,
        client: CLIENT,
      });
      saving.current = saveDraft(caseId, body, keepalive).then(
        (saved) => {
          revision.current = saved.revision;
          dispatch({ type: "save_done", savedAt: saved.saved_at });
        },
        (error: unknown) =>
          dispatch({ type: isConflict(error) ? "conflicted" : "save_failed", error }),
      );
      return saving.current;
    },
    [caseId],
  );

  const { kind } = draft.save;
  const isDue = kind === "dirty" ? draft.content : null;
  useEffect(() => {
    if (!isDue) return;
    const timer = setTimeout(() => void save(), AUTOSAVE_DELAY_MS);
    return () => clearTimeout(timer);
  }, [isDue, save]);

  const willRetry = draft.save.kind === "save_failed" && isTemporary(draft.save.error);
  useEffect(() => {
    if (!willRetry) return;
    const timer = setTimeout(() => void save(), RETRY_DELAY_MS);
    return () => clearTimeout(timer);
  }, [willRetry, save]);

  // Leaving the case or the page: what is not yet sent goes out with a request that outlives the page.
  useEffect(() => {
    const flush = () => {
      if (latest.current.draft.save.kind === "dirty") void save(true);
    };
    const warn = (event: BeforeUnloadEvent) => {
      flush();
      if (isUnsaved(latest.current.draft)) event.preventDefault();
    };
    window.addEventListener("beforeunload", warn);
    return () => {
      window.removeEventListener("beforeunload", warn);
      flush();
    };
  }, [save]);

  const sign = async (): Promise<void> => {
    const { content } = latest.current.draft;
    dispatch({ type: "sign_started", sent: content });
    await saving.current; // its answer brings the revision that the signature must name
    const body = draftBody(content, {
      revision: revision.current,
      casePredictionId: latest.current.shownPrediction,
      client: CLIENT,
    });
    const text = JSON.stringify(body);
    // The same content sent again (after a lost answer) must not become a second signature.
    if (attempt.current.body !== text) attempt.current = { body: text, key: crypto.randomUUID() };
    try {
      const answer = await signReview(caseId, body, attempt.current.key);
      dispatch({ type: "sign_done", signedAt: answer.signed_at });
      onSigned(answer);
    } catch (error) {
      dispatch({ type: isConflict(error) ? "conflicted" : "sign_failed", error });
    }
  };
  const keepMine = () => {
    const { save: state } = draft;
    if (state.kind !== "conflict" || !(state.error instanceof ApiError)) return;
    revision.current = Number(state.error.params.current);
    dispatch({ type: "kept_mine" });
  };
  return { draft, dispatch, sign, keepMine };
}

function isTemporary(error: unknown): boolean {
  return error instanceof ApiError && (error.isOffline || error.status >= 500);
}
