/** One draft session a read, with the reader's time and the lease beside it. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { isConflict } from "../api/errors";
import { beatRead, type LabelRead, type LockedRead } from "../api/labeling";
import { useLocalDrafts } from "../reading/useLocalDrafts";
import { formatClock } from "../ui/format";
import { toastDone } from "../ui/toast";
import { useLatest } from "../viewer/useLatest";
import { ActiveTime } from "./activeTime";
import { readQuery } from "./queries";
import { ReadSession } from "./readSession";
import { isLive } from "./steps";

const BEAT_MS = 30_000;
const INPUTS = ["pointerdown", "pointermove", "wheel", "keydown"] as const;

export interface ReadSessionState {
  readonly session: ReadSession | null;
  /** Until when the case is held for the reader, by the server's clock. */
  readonly leaseUntil: string | null;
  /** The reader has done nothing for a minute. */
  readonly isIdle: boolean;
}

interface Options {
  readonly read: LabelRead | undefined;
  /** Changes when the server's version is to be loaded anew. */
  readonly generation: number;
  readonly onLocked: (read: LabelRead, answer: LockedRead) => void;
}

export function useReadSession(options: Options): ReadSessionState {
  const { read, generation } = options;
  const { t } = useTranslation(["labeling", "app"]);
  const client = useQueryClient();
  const local = useLocalDrafts();
  const [lease, setLease] = useState<{ readId: string; until: string }>();
  const latest = useLatest(options);
  const readId = read?.read_id;
  const canEdit = read !== undefined && isLive(read);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a refetched read never replaces the draft in hand
  const made = useMemo(() => {
    if (!read) return null;
    const time = new ActiveTime(performance.now(), read.active_s, !document.hidden);
    const session = new ReadSession({
      read,
      activeSeconds: () => time.seconds(performance.now()),
      onRestored: (keptAt) =>
        toastDone({ message: t("app:review.restored", { time: formatClock(keptAt) }) }),
      onSaved: ({ revision, content, saved_at }) =>
        client.setQueryData(readQuery(read.read_id).queryKey, (before) =>
          before ? { ...before, state: "draft" as const, revision, content, saved_at } : before,
        ),
      onLease: (until) => setLease({ readId: read.read_id, until }),
      onLocked: (answer) => latest.current.onLocked(read, answer),
    });
    return { session, time };
  }, [readId, generation]);
  useEffect(() => made?.session.attach(), [made]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once a session; what may be edited does not change in it
  useEffect(() => {
    if (made && local) void made.session.keepLocally(local, canEdit);
  }, [made, local]);
  const isIdle = useBeat(made, readId, canEdit, setLease);
  const until = lease && lease.readId === readId ? lease.until : read?.lease_until;
  return { session: made?.session ?? null, leaseUntil: canEdit ? (until ?? null) : null, isIdle };
}

/** Keeps the lease while the reader is at it, and only then: a forgotten window holds no case. */
function useBeat(
  made: { session: ReadSession; time: ActiveTime } | null,
  readId: string | undefined,
  canEdit: boolean,
  onLease: (lease: { readId: string; until: string }) => void,
): boolean {
  const [isIdle, setIsIdle] = useState(false);
  useEffect(() => {
    if (!made || !readId || !canEdit) return;
    const { session, time } = made;
    const beat = async () => {
      if (session.get().save.kind === "committed") return;
      try {
        const { lease_until } = await beatRead(readId, time.seconds(performance.now()));
        onLease({ readId, until: lease_until });
      } catch (error) {
        // Without an answer the next beat tries again; a refusal says that the case is gone.
        if (isConflict(error) && session.get().save.kind !== "committed") session.lose(error);
      }
    };
    const onInput = () => {
      const now = performance.now();
      const wasIdle = !time.isActive(now);
      time.input(now);
      if (!wasIdle) return;
      setIsIdle(false);
      void beat();
    };
    const onVisibility = () => time.show(performance.now(), !document.hidden);
    const timer = window.setInterval(() => {
      const isActive = time.isActive(performance.now());
      setIsIdle(!isActive);
      if (isActive) void beat();
    }, BEAT_MS);
    for (const type of INPUTS) window.addEventListener(type, onInput, { passive: true });
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      window.clearInterval(timer);
      for (const type of INPUTS) window.removeEventListener(type, onInput);
      document.removeEventListener("visibilitychange", onVisibility);
    };
  }, [made, readId, canEdit, onLease]);
  return isIdle;
}
