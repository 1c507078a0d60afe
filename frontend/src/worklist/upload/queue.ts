/** What is being uploaded, file by file, as one pure reducer; sending happens in UploadProvider. */
import type { Params, UploadAnswer } from "../../api/types";

export const CONCURRENT_UPLOADS = 3;

export type FileState =
  | { kind: "waiting" }
  | { kind: "sending"; sentBytes: number }
  | { kind: "answered"; answer: UploadAnswer }
  | { kind: "failed"; code: string; params: Params }
  | { kind: "cancelled" };

export interface UploadFile {
  id: string;
  name: string;
  sizeBytes: number;
  state: FileState;
}

export interface UploadQueue {
  order: readonly string[];
  files: Readonly<Record<string, UploadFile>>;
}

export type UploadEvent =
  | { type: "added"; files: { id: string; name: string; sizeBytes: number }[] }
  | { type: "started"; id: string }
  | { type: "progressed"; id: string; sentBytes: number }
  | { type: "answered"; id: string; answer: UploadAnswer }
  | { type: "failed"; id: string; code: string; params: Params }
  | { type: "cancelled_all" }
  | { type: "retried_failed" }
  | { type: "cleared_finished" };

export const EMPTY_QUEUE: UploadQueue = { order: [], files: {} };

const isOpen = ({ state }: UploadFile): boolean =>
  state.kind === "waiting" || state.kind === "sending";

/** A file that the server never judged: sending it again can help. */
const canRetry = ({ state }: UploadFile): boolean =>
  state.kind === "failed" || state.kind === "cancelled";

function setState(queue: UploadQueue, id: string, state: FileState): UploadQueue {
  const file = queue.files[id];
  if (!file) return queue;
  return { ...queue, files: { ...queue.files, [id]: { ...file, state } } };
}

function setEvery(
  queue: UploadQueue,
  applies: (file: UploadFile) => boolean,
  state: FileState,
): UploadQueue {
  const files = Object.fromEntries(
    Object.entries(queue.files).map(([id, file]) => [
      id,
      applies(file) ? { ...file, state } : file,
    ]),
  );
  return { ...queue, files };
}

export function reduceUpload(queue: UploadQueue, event: UploadEvent): UploadQueue {
  switch (event.type) {
    case "added": {
      const added = event.files.map((file): [string, UploadFile] => [
        file.id,
        { ...file, state: { kind: "waiting" } },
      ]);
      return {
        order: [...queue.order, ...event.files.map((file) => file.id)],
        files: { ...queue.files, ...Object.fromEntries(added) },
      };
    }
    case "started":
      return setState(queue, event.id, { kind: "sending", sentBytes: 0 });
    case "progressed":
      // A late progress event must not reopen a file that was cancelled or answered.
      return queue.files[event.id]?.state.kind === "sending"
        ? setState(queue, event.id, { kind: "sending", sentBytes: event.sentBytes })
        : queue;
    case "answered":
      return setState(queue, event.id, { kind: "answered", answer: event.answer });
    case "failed":
      return queue.files[event.id]?.state.kind === "sending"
        ? setState(queue, event.id, { kind: "failed", code: event.code, params: event.params })
        : queue;
    case "cancelled_all":
      return setEvery(queue, isOpen, { kind: "cancelled" });
    case "retried_failed":
      return setEvery(queue, canRetry, { kind: "waiting" });
    case "cleared_finished": {
      const order = queue.order.filter((id) => {
        const file = queue.files[id];
        return file !== undefined && isOpen(file);
      });
      const files = Object.fromEntries(
        order.flatMap((id) => {
          const file = queue.files[id];
          return file ? [[id, file]] : [];
        }),
      );
      return { order, files };
    }
  }
}

export interface UploadTotals {
  files: number;
  open: number;
  stored: number;
  duplicate: number;
  refused: number;
  failed: number;
  bytes: number;
  sentBytes: number;
}

export function totalsOf(queue: UploadQueue): UploadTotals {
  const totals: UploadTotals = {
    files: queue.order.length,
    open: 0,
    stored: 0,
    duplicate: 0,
    refused: 0,
    failed: 0,
    bytes: 0,
    sentBytes: 0,
  };
  for (const file of Object.values(queue.files)) {
    totals.bytes += file.sizeBytes;
    if (isOpen(file)) totals.open += 1;
    if (canRetry(file)) totals.failed += 1;
    if (file.state.kind === "sending") totals.sentBytes += file.state.sentBytes;
    else if (file.state.kind !== "waiting") totals.sentBytes += file.sizeBytes;
    if (file.state.kind === "answered") {
      const { result } = file.state.answer;
      if (result === "stored") totals.stored += 1;
      else if (result === "duplicate") totals.duplicate += 1;
      else totals.refused += 1;
    }
  }
  return totals;
}

/** The files to start now, so that never more than CONCURRENT_UPLOADS are on the way. */
export function nextToStart(queue: UploadQueue): string[] {
  const sending = Object.values(queue.files).filter(({ state }) => state.kind === "sending").length;
  const waiting = queue.order.filter((id) => queue.files[id]?.state.kind === "waiting");
  return waiting.slice(0, Math.max(0, CONCURRENT_UPLOADS - sending));
}

const ATTENTION_ORDER: Record<FileState["kind"], number> = {
  failed: 0,
  sending: 2,
  waiting: 3,
  answered: 4,
  cancelled: 5,
};

function attention({ state }: UploadFile): number {
  const isRefused =
    state.kind === "answered" &&
    (state.answer.result === "refused" || state.answer.result === "conflict");
  return isRefused ? 1 : ATTENTION_ORDER[state.kind];
}

/** What needs a look comes first; of thousands only the first `limit` are drawn. */
export function filesToShow(queue: UploadQueue, limit: number): UploadFile[] {
  return queue.order
    .flatMap((id) => queue.files[id] ?? [])
    .toSorted((a, b) => attention(a) - attention(b))
    .slice(0, limit);
}
