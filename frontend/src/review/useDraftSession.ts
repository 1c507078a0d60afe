/** One draft session a case, made when the case is there and attached for as long as it is on the screen. */
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { DraftBody, ReviewPayload, SignAnswer } from "../api/types";
import { useLocalDrafts } from "../reading/useLocalDrafts";
import { useSession } from "../session/context";
import { formatClock } from "../ui/format";
import { toastDone } from "../ui/toast";
import { useLatest } from "../viewer/useLatest";
import { DraftSession } from "./draftSession";

/** In what a region was drawn: stored beside it, so that a fault of one renderer can be found later. */
function clientFacts(version: string, canDraw: boolean): DraftBody["client"] {
  return {
    renderer: canDraw ? "webgl" : "cpu",
    pixel_ratio: window.devicePixelRatio,
    version,
  };
}

export interface DraftSessionOptions {
  readonly payload: ReviewPayload | undefined;
  /** Changes when the server's version is to be loaded anew. */
  readonly generation: number;
  readonly shownPrediction: string | null;
  readonly canDraw: boolean;
  readonly onSigned: (answer: SignAnswer) => void;
}

export function useDraftSession(options: DraftSessionOptions): DraftSession | null {
  const { payload, generation, shownPrediction } = options;
  const { t } = useTranslation();
  const { version } = useSession();
  const local = useLocalDrafts();
  const latest = useLatest(options);
  const caseId = payload?.case_id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a refetched payload never replaces the draft in hand
  const session = useMemo(
    () =>
      payload
        ? new DraftSession({
            payload,
            shownPrediction,
            client: clientFacts(version, options.canDraw),
            onSigned: (answer) => latest.current.onSigned(answer),
            onRestored: (keptAt) =>
              toastDone({ message: t("review.restored", { time: formatClock(keptAt) }) }),
          })
        : null,
    [caseId, generation],
  );
  useEffect(() => session?.attach(), [session]);
  useEffect(() => session?.showPrediction(shownPrediction), [session, shownPrediction]);
  const canEdit = payload?.permissions.can_review ?? false;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once a session; what may be edited does not change in it
  useEffect(() => {
    if (session && local) void session.keepLocally(local, canEdit);
  }, [session, local]);
  return session;
}
