import { describe, expect, it } from "vitest";
import { type Affine, applyAffine } from "./coords";
import {
  colourOf,
  DEFAULT_EVIDENCE_SCALE,
  decodeMaps,
  evidenceGrid,
  type Grid,
  gridToCanvas,
  halfToNumber,
  imageOutlineOnGrid,
  legendOf,
  outlineLevel,
  paintGrid,
  smoothGrid,
  thresholdEvidence,
  valueAt,
} from "./heatmap";
import { INFERNO } from "./inferno";

function grid(rows: readonly (readonly number[])[]): Grid {
  return {
    values: Float32Array.from(rows.flat()),
    columns: rows[0]?.length ?? 0,
    rows: rows.length,
  };
}

describe("float16", () => {
  // numbers from IEEE 754-2019, table of binary16
  it.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x03ff, (1023 / 1024) * 2 ** -14],
    [0x0400, 2 ** -14],
    [0x7c00, Number.POSITIVE_INFINITY],
  ])("%i is %d", (bits, value) => {
    expect(halfToNumber(bits)).toBe(value);
  });

  it("keeps the sign of zero and knows NaN", () => {
    expect(Object.is(halfToNumber(0x8000), -0)).toBe(true);
    expect(halfToNumber(0x7e00)).toBeNaN();
  });

  it("reads outputs, rows and columns in the server's order", () => {
    const bytes = Uint16Array.from([
      0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0xbc00, 0xc000, 0xc200, 0xc400, 0xc500,
      0xc600,
    ]).buffer;
    const [first, second] = decodeMaps(bytes, [2, 2, 3]);
    expect(first).toMatchObject({ columns: 3, rows: 2 });
    expect([...(first?.values ?? [])]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(second?.values ?? [])]).toEqual([-1, -2, -3, -4, -5, -6]);
  });

  it("refuses bytes that do not fill the shape and values that are not numbers", () => {
    expect(() => decodeMaps(new ArrayBuffer(10), [1, 2, 3])).toThrow("need 12 bytes, got 10");
    expect(() => decodeMaps(new ArrayBuffer(0), [1, 0, 0])).toThrow(RangeError);
    expect(() => decodeMaps(Uint16Array.from([0x7e00]).buffer, [1, 1, 1])).toThrow("not finite");
  });
});

describe("evidence", () => {
  const maps = [grid([[1, 5]]), grid([[3, 1]]), grid([[8, 0]])];

  it("is the class map itself outside exclusive groups", () => {
    expect([...evidenceGrid(maps, 1, []).values]).toEqual([3, 1]);
    expect([...evidenceGrid(maps, 0, [[1, 2]]).values]).toEqual([1, 5]);
  });

  it("is the class map minus the mean of the others in a group", () => {
    expect([...evidenceGrid(maps, 0, [[0, 1, 2]]).values]).toEqual([1 - 5.5, 5 - 0.5]);
    expect([...evidenceGrid(maps, 1, [[0, 1]]).values]).toEqual([2, -4]);
  });

  it("does not change when all maps of the group get the same constant", () => {
    const raised = maps.map((map) => ({ ...map, values: map.values.map((value) => value + 7) }));
    expect(evidenceGrid(raised, 2, [[0, 1, 2]])).toEqual(evidenceGrid(maps, 2, [[0, 1, 2]]));
  });

  it("has no output beyond the last", () => {
    expect(() => evidenceGrid(maps, 3, [])).toThrow(RangeError);
  });

  it("reaches the probability threshold where evidence and bias do", () => {
    expect(thresholdEvidence(0.5, [1.5], 0, [])).toBe(-1.5);
    // two classes: p = sigmoid(evidence + b1 - b0), so 0.8 needs log 4 - (b1 - b0)
    expect(thresholdEvidence(0.8, [0.25, 1], 1, [[0, 1]])).toBeCloseTo(Math.log(4) - 0.75, 12);
  });
});

describe("colour", () => {
  it("is absolute: the same value has the same colour whatever else is in the grid", () => {
    const alone = paintGrid(grid([[2]]), 4);
    const beside = paintGrid(grid([[2, 400]]), 4);
    expect([...beside.slice(0, 4)]).toEqual([...alone]);
  });

  it("shows nothing at or below zero and saturates above the scale", () => {
    expect(colourOf(0, 4)[3]).toBe(0);
    expect(colourOf(-9, 4)[3]).toBe(0);
    expect(colourOf(4, 4)).toEqual([252, 255, 164, 255]);
    expect(colourOf(99, 4)).toEqual(colourOf(4, 4));
  });

  it("grows lighter all the way: it can be read without colour vision", () => {
    const lightness = Array.from({ length: 256 }, (_, i) => {
      const [red = 0, green = 0, blue = 0] = INFERNO.slice(i * 3, i * 3 + 3);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    });
    expect(INFERNO).toHaveLength(768);
    lightness.slice(1).forEach((value, i) => {
      expect(value).toBeGreaterThan((lightness[i] ?? 0) - 0.4); // 8-bit rounding
    });
  });

  it("has a legend in the same units, with the outline's level on it", () => {
    expect(legendOf({ scale: 8, threshold: 2 })).toMatchObject({
      maximum: 8,
      threshold: 2,
      thresholdShare: 0.25,
    });
    expect(legendOf({ scale: 8, threshold: -1 }).thresholdShare).toBeNull();
    expect(legendOf({ scale: null, threshold: null })).toMatchObject({
      maximum: DEFAULT_EVIDENCE_SCALE,
      threshold: DEFAULT_EVIDENCE_SCALE / 2,
    });
    expect(outlineLevel({ scale: 6, threshold: null })).toBe(3);
  });
});

describe("smoothing", () => {
  const peak = grid([
    [0, 0, 0],
    [0, 9, 0],
    [0, 0, -3],
  ]);

  it("keeps the value at the centre of every cell and covers the same area", () => {
    const smooth = smoothGrid(peak, 3);
    expect([smooth.columns, smooth.rows]).toEqual([9, 9]);
    peak.values.forEach((value, cell) => {
      const column = (cell % 3) * 3 + 1;
      const row = Math.floor(cell / 3) * 3 + 1;
      expect(smooth.values[row * 9 + column]).toBeCloseTo(value, 5);
    });
  });

  it("invents no value above the highest or below the lowest cell", () => {
    const { values } = smoothGrid(peak, 16);
    expect(Math.max(...values)).toBeLessThanOrEqual(9);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-3);
  });

  it("leaves a constant grid constant", () => {
    const { values } = smoothGrid(grid([[2.5, 2.5]]), 5);
    expect(new Set(values)).toEqual(new Set([2.5]));
  });
});

describe("place", () => {
  // an image of 400 x 200, letterboxed into a square of 400 for a grid of 4 x 4: 100 rows of padding
  const imageToGrid: Affine = [0.01, 0, 0, 0, 0.01, 1];
  const map = grid([
    [0, 0, 0, 0],
    [1, 2, 3, 4],
    [5, 6, 7, 8],
    [0, 0, 0, 0],
  ]);

  it("gives the true value of the cell under an image point", () => {
    const layer = { grid: map, imageToGrid };
    expect(valueAt(layer, [0, 0])).toBe(1);
    expect(valueAt(layer, [399.9, 199.9])).toBe(8);
    expect(valueAt(layer, [150, 99])).toBe(2);
    expect(valueAt(layer, [150, 101])).toBe(6);
    expect(valueAt(layer, [-0.1, 50])).toBeNull();
    expect(valueAt(layer, [400, 50])).toBeNull();
  });

  it("puts grid points where the image points of the same place are", () => {
    const imageToCanvas: Affine = [0, -2, 500, 0.5, 0, 30]; // turned, rows four times as high as columns
    const placed = gridToCanvas(imageToGrid, imageToCanvas);
    const imagePoint = [123, 45] as const;
    const [x, y] = applyAffine(placed, applyAffine(imageToGrid, imagePoint));
    expect(x).toBeCloseTo(500 - 90, 9);
    expect(y).toBeCloseTo(30 + 61.5, 9);
  });

  it("knows which part of the grid is image", () => {
    const outline = imageOutlineOnGrid(imageToGrid, { columns: 400, rows: 200 });
    expect(outline).toEqual([
      [0, 1],
      [4, 1],
      [4, 3],
      [0, 3],
    ]);
  });
});
