/** One draft session an arbitration; what was left unsaved on this workstation comes back. */
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Arbitration } from "../api/labeling";
import { useLocalDrafts } from "../reading/useLocalDrafts";
import { formatClock } from "../ui/format";
import { toastDone } from "../ui/toast";
import { useLatest } from "../viewer/useLatest";
import { ArbitrationSession } from "./arbitrationSession";

/** For as long as the component that asks is mounted: it is mounted anew for another arbitration. */
export function useArbitrationSession(
  arbitration: Arbitration,
  onDecided: () => void,
): ArbitrationSession {
  const { t } = useTranslation("app");
  const local = useLocalDrafts();
  const latest = useLatest(onDecided);
  const canEdit = arbitration.state === "revealed";
  // biome-ignore lint/correctness/useExhaustiveDependencies: a refetched arbitration never replaces the draft in hand
  const session = useMemo(
    () =>
      new ArbitrationSession({
        arbitration,
        onRestored: (keptAt) =>
          toastDone({ message: t("review.restored", { time: formatClock(keptAt) }) }),
        onDecided: () => latest.current(),
      }),
    [],
  );
  useEffect(() => session.attach(), [session]);
  useEffect(() => {
    if (local) void session.keepLocally(local, canEdit);
  }, [session, local, canEdit]);
  return session;
}
