import { describe, expect, it } from "vitest";
import {
  EMPTY_QUEUE,
  filesToShow,
  nextToStart,
  reduceUpload,
  totalsOf,
  type UploadEvent,
  type UploadQueue,
} from "./queue";

const run = (queue: UploadQueue, ...events: UploadEvent[]) => events.reduce(reduceUpload, queue);
const added = (...ids: string[]): UploadEvent => ({
  type: "added",
  files: ids.map((id) => ({ id, name: `${id}.dcm`, sizeBytes: 100 })),
});
const answered = (id: string, result: "stored" | "duplicate" | "refused"): UploadEvent => ({
  type: "answered",
  id,
  answer: { result, code: "", message: "", params: {}, case_id: null },
});
const started = (id: string): UploadEvent => ({ type: "started", id });
const failed = (id: string): UploadEvent => ({ type: "failed", id, code: "offline", params: {} });

describe("the upload queue", () => {
  it("starts three at a time, in the order they were given", () => {
    const queue = run(EMPTY_QUEUE, added("a", "b", "c", "d", "e"));
    expect(nextToStart(queue)).toEqual(["a", "b", "c"]);
    const busy = run(queue, started("a"), started("b"), started("c"));
    expect(nextToStart(busy)).toEqual([]);
    expect(nextToStart(run(busy, answered("b", "stored")))).toEqual(["d"]);
  });

  it("counts every file once and bytes as they go", () => {
    const queue = run(
      EMPTY_QUEUE,
      added("a", "b", "c", "d", "e"),
      started("a"),
      answered("a", "stored"),
      started("b"),
      answered("b", "duplicate"),
      started("c"),
      answered("c", "refused"),
      started("d"),
      { type: "progressed", id: "d", sentBytes: 40 },
    );
    expect(totalsOf(queue)).toEqual({
      files: 5,
      open: 2,
      stored: 1,
      duplicate: 1,
      refused: 1,
      failed: 0,
      bytes: 500,
      sentBytes: 340,
    });
  });

  it("sends again what was never judged, and only that", () => {
    const queue = run(
      EMPTY_QUEUE,
      added("a", "b"),
      started("a"),
      failed("a"),
      started("b"),
      answered("b", "refused"),
    );
    expect(nextToStart(queue)).toEqual([]);
    expect(nextToStart(run(queue, { type: "retried_failed" }))).toEqual(["a"]);
  });

  it("leaves a cancelled file cancelled when its request ends late", () => {
    const queue = run(EMPTY_QUEUE, added("a"), started("a"), { type: "cancelled_all" });
    const late = run(queue, { type: "progressed", id: "a", sentBytes: 50 }, failed("a"));
    expect(late.files.a?.state).toEqual({ kind: "cancelled" });
  });

  it("believes the server's answer even after a cancel: the file is stored", () => {
    const queue = run(EMPTY_QUEUE, added("a"), started("a"), { type: "cancelled_all" });
    expect(totalsOf(run(queue, answered("a", "stored"))).stored).toBe(1);
  });

  it("shows what needs a look first and no more than asked", () => {
    const queue = run(
      EMPTY_QUEUE,
      added("a", "b", "c", "d"),
      started("a"),
      answered("a", "stored"),
      started("b"),
      answered("b", "refused"),
      started("c"),
      failed("c"),
    );
    expect(filesToShow(queue, 3).map((file) => file.id)).toEqual(["c", "b", "d"]);
  });

  it("forgets only what is finished", () => {
    const queue = run(EMPTY_QUEUE, added("a", "b"), started("a"), answered("a", "stored"));
    const cleared = run(queue, { type: "cleared_finished" });
    expect(cleared.order).toEqual(["b"]);
    expect(Object.keys(cleared.files)).toEqual(["b"]);
  });
});
