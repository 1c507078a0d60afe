import { describe, expect, it } from "vitest";
import type { Affine } from "./coords";
import {
  boxInView,
  type LineItem,
  lineAfterKey,
  lineBetween,
  lineUnder,
  moveLine,
  moveLineEnd,
  shapeInBox,
} from "./line";

const SIZE = { columns: 100, rows: 50 };
/** Two screen pixels a column, four a row, the image's corner at (10, 20). */
const VIEW: Affine = [2, 0, 10, 0, 4, 20];
/** The same image turned a quarter clockwise: columns run down, rows to the left. */
const TURNED: Affine = [0, -1, 50, 1, 0, 0];
const LINE = { start: [10, 10], end: [20, 10] } as const;

describe("a line", () => {
  it("is kept within the image and to a hundredth of a pixel", () => {
    expect(lineBetween([-5, 3.3333], [120, 60], SIZE)).toEqual({
      start: [0, 3.33],
      end: [100, 50],
    });
  });

  it("is none when it is shorter than a pixel", () => {
    expect(lineBetween([10, 10], [10.6, 10.6], SIZE)).toBeNull();
    expect(lineBetween([10, 10], [11, 10], SIZE)).not.toBeNull();
  });

  it("stops at the edge as a whole, so that moving never changes its length", () => {
    expect(moveLine(LINE, [-40, 3], SIZE)).toEqual({ start: [0, 13], end: [10, 13] });
    expect(moveLine(LINE, [500, 500], SIZE)).toEqual({ start: [90, 50], end: [100, 50] });
  });

  it("is changed end by end, and never to nothing", () => {
    expect(moveLineEnd(LINE, "start", [12, 40], SIZE)).toEqual({ start: [12, 40], end: [20, 10] });
    expect(moveLineEnd(LINE, "end", [10, 10.4], SIZE)).toBeNull();
  });
});

describe("keys on a line", () => {
  const afterKey = (id: string, imageToCanvas = VIEW) =>
    lineAfterKey(id, LINE, { imageToCanvas, size: SIZE });

  it("move it where the arrow points on the screen", () => {
    expect(afterKey("roi.by1Right")).toEqual({ start: [11, 10], end: [21, 10] });
    expect(afterKey("roi.by10Down")).toEqual({ start: [10, 20], end: [20, 20] });
    // Turned a quarter clockwise, right on the screen is towards the first row.
    expect(afterKey("roi.by1Right", TURNED)).toEqual({ start: [10, 9], end: [20, 9] });
  });

  it("move its second end with Ctrl", () => {
    expect(afterKey("roi.by10Wider")).toEqual({ start: [10, 10], end: [30, 10] });
    expect(afterKey("roi.by1Taller")).toEqual({ start: [10, 10], end: [20, 9] });
    expect(afterKey("roi.by10Narrower")).toEqual(LINE); // nothing would be left
  });

  it("are none of its business otherwise", () => {
    expect(afterKey("roi.delete")).toBeNull();
    expect(afterKey("viewer.fit")).toBeNull();
  });
});

describe("the line under a press", () => {
  const item = (over: Partial<LineItem> = {}): LineItem => ({
    line: { ...LINE, lineId: "a", sopInstanceUid: "1", frameNumber: 1 },
    label: "Nodule",
    tone: "own",
    isSelected: true,
    isReadOnly: false,
    ...over,
  });
  // On the screen the line runs from (30, 60) to (50, 60).

  it("is found by either end or by its middle", () => {
    expect(lineUnder([item()], [31, 66], VIEW, 8)?.end).toBe("start");
    expect(lineUnder([item()], [52, 60], VIEW, 8)?.end).toBe("end");
    expect(lineUnder([item()], [40, 64], VIEW, 8)?.end).toBeNull();
    expect(lineUnder([item()], [40, 69], VIEW, 8)).toBeNull();
  });

  it("has no ends before it is selected, and is not found when it cannot be changed", () => {
    expect(lineUnder([item({ isSelected: false })], [30, 60], VIEW, 8)?.end).toBeNull();
    expect(lineUnder([item({ isReadOnly: true })], [30, 60], VIEW, 8)).toBeNull();
  });

  it("is the nearest of several", () => {
    const other = item({
      line: { start: [10, 12], end: [20, 12], lineId: "b", sopInstanceUid: "1", frameNumber: 1 },
    });
    expect(lineUnder([item(), other], [40, 66], VIEW, 12)?.item.line.lineId).toBe("b");
  });
});

describe("what is placed without a hand", () => {
  it("lies in the middle of what can be seen, a quarter of it wide", () => {
    // All of the image can be seen: 100 by 50 pixels, so a quarter of the lesser side.
    expect(boxInView(VIEW, { width: 400, height: 400 }, SIZE)).toEqual({
      left: 43.75,
      top: 18.75,
      right: 56.25,
      bottom: 31.25,
    });
    // Only columns 0 to 20 and rows 0 to 10 can be seen.
    expect(boxInView(VIEW, { width: 50, height: 60 }, SIZE)).toEqual({
      left: 8.75,
      top: 3.75,
      right: 11.25,
      bottom: 6.25,
    });
  });

  it("stays within the image where none of it can be seen", () => {
    const { left, top, right, bottom } = boxInView(
      [2, 0, 900, 0, 2, 900],
      { width: 9, height: 9 },
      SIZE,
    );
    expect([left, top, right, bottom]).toEqual([0, 0, 2, 2]);
  });

  it("is of the kind of the tool, an ellipse for a freehand outline", () => {
    const box = { left: 10, top: 10, right: 20, bottom: 20 };
    expect(shapeInBox("rectangle", box).vertices).toHaveLength(4);
    expect(shapeInBox("freehand", box).kind).toBe("ellipse");
  });
});
