/** Where a reader goes from a read: to the next one at once where it was loaded ahead, or to what there is. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type LabelRead, nextRead } from "../api/labeling";
import { arbitrationPath, LABEL_PATH, ownReadsPath, readPath } from "../cases/paths";
import { errorSentence } from "../cases/words";
import { toastDone, toastFailed } from "../ui/toast";
import { labelRoundsQuery, loadAhead, openNext } from "./queries";

export function useNextRead(read: LabelRead | undefined, isPainted: boolean) {
  const { t } = useTranslation("labeling");
  const navigate = useNavigate();
  const client = useQueryClient();
  const ahead = useRef<{ after: string; readId: string } | null>(null);
  /** Whoever locks before the answer is there waits for it: asked twice, the last case would be missed. */
  const pending = useRef<Promise<unknown>>(Promise.resolve());
  const seat = useRef<{ readId: string; arbitrationId: string } | null>(null);
  const readId = read?.read_id;
  const roundId = read?.round_id;
  const kind = read?.kind;
  const isLive = read !== undefined && ["offered", "opened", "draft"].includes(read.state);
  useEffect(() => {
    if (!readId || !roundId || !isPainted || !isLive) return;
    // A failure costs nothing but time: what comes next is asked for again at the lock.
    const loading =
      kind === "arbitrator"
        ? nextRead(roundId).then(({ arbitration_id }) => {
            if (arbitration_id) seat.current = { readId, arbitrationId: arbitration_id };
          })
        : loadAhead(client, { roundId, readId }).then((next) => {
            ahead.current = next ? { after: readId, readId: next } : null;
          });
    pending.current = loading.catch(() => undefined);
  }, [client, readId, roundId, kind, isPainted, isLive]);

  /** Asks what comes next in the round of the read that is over. */
  const ask = async (round: string) => {
    void client.invalidateQueries(labelRoundsQuery);
    try {
      const next = await openNext(client, round);
      if (next.read_id) void navigate(readPath(round, next.read_id));
      else if (next.arbitration_id) void navigate(arbitrationPath(round, next.arbitration_id));
      else {
        if (next.reason) toastDone({ message: t(`why.${next.reason}`) });
        // There the last lock can still be taken back.
        void navigate(ownReadsPath(round));
      }
    } catch (error) {
      toastFailed({ message: t("read.no_next"), detail: errorSentence(error) });
      void navigate(LABEL_PATH);
    }
  };
  const go = async (from: LabelRead) => {
    await pending.current;
    const loaded = ahead.current;
    const own = seat.current;
    if (from.kind === "arbitrator" && own?.readId === from.read_id) {
      void navigate(arbitrationPath(from.round_id, own.arbitrationId));
    } else if (loaded?.after === from.read_id) {
      void client.invalidateQueries(labelRoundsQuery);
      void navigate(readPath(from.round_id, loaded.readId));
    } else {
      await ask(from.round_id);
    }
  };
  return { go: (from: LabelRead) => void go(from) };
}
