import { describe, expect, it } from "vitest";
import type { Point } from "./coords";
import { at, boxOf, distanceToSegment, isSimple, type Ring, signedArea } from "./polygon";
import {
  clampPoint,
  extentOf,
  growVertices,
  handlesOf,
  isSameRoi,
  MAX_VERTICES,
  moveHandle,
  moveVertices,
  type Roi,
  type RoiShape,
  resizeVertices,
  settleVertices,
  shapeFromCorners,
  shapeFromPath,
} from "./roi";
import { areaPx2, checkMinimum, longestDiameter, measureArea, measureSize } from "./roiMeasure";

const SIZE = { columns: 200, rows: 100 };
const SPACING = { rowMm: 2, columnMm: 0.5, kind: "patient" } as const;
const UNSCALED = { rowMm: null, columnMm: null, kind: "none" } as const;

function made(shape: RoiShape | null): RoiShape {
  if (shape === null) throw new Error("nothing was made");
  return shape;
}

const rectangle = made(shapeFromCorners("rectangle", [20, 10], [60, 30], SIZE));
const ellipse = made(shapeFromCorners("ellipse", [20, 10], [60, 30], SIZE));

function circlePath(centre: Point, radius: number, count: number): Point[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    return [centre[0] + radius * Math.cos(angle), centre[1] + radius * Math.sin(angle)];
  });
}

describe("made from two corners", () => {
  it("a rectangle has its four corners, whichever corner came first", () => {
    const corners = [
      [20, 10],
      [60, 10],
      [60, 30],
      [20, 30],
    ];
    expect(rectangle).toEqual({ kind: "rectangle", vertices: corners });
    expect(shapeFromCorners("rectangle", [60, 10], [20, 30], SIZE)?.vertices).toEqual(corners);
  });

  it.each([2, 3.33, 21.37, 480, 3000])("an ellipse of radius %d is round to 0.25 px", (radius) => {
    const large = { columns: 8000, rows: 8000 };
    const [x, y] = [4000.25, 3999.5];
    const { vertices } = made(
      shapeFromCorners(
        "ellipse",
        [x - radius, y - radius / 2],
        [x + radius, y + radius / 2],
        large,
      ),
    );
    const { centreColumn, centreRow, width, height } = extentOf(vertices);
    expect(vertices.length).toBeLessThanOrEqual(MAX_VERTICES);
    for (let i = 0; i < 1000; i += 1) {
      const angle = (2 * Math.PI * i) / 1000;
      const onEllipse: Point = [
        centreColumn + (width / 2) * Math.cos(angle),
        centreRow + (height / 2) * Math.sin(angle),
      ];
      const off = Math.min(
        ...vertices.map((_, k) =>
          distanceToSegment(onEllipse, at(vertices, k), at(vertices, k + 1)),
        ),
      );
      expect(off).toBeLessThanOrEqual(0.25);
    }
  });

  it("an ellipse gives back its centre and radii", () => {
    expect(extentOf(ellipse.vertices)).toEqual({
      centreColumn: 40,
      centreRow: 20,
      width: 40,
      height: 20,
    });
  });

  it("stops at the edge of the image", () => {
    const over = made(shapeFromCorners("rectangle", [180, 90], [300, -40], SIZE));
    expect(boxOf(over.vertices)).toEqual({ left: 180, top: 0, right: 200, bottom: 90 });
    expect(clampPoint([-3, 400], SIZE)).toEqual([0, 100]);
  });

  it("is nothing when it is thinner than a pixel", () => {
    expect(shapeFromCorners("rectangle", [20, 10], [20, 10], SIZE)).toBeNull();
    expect(shapeFromCorners("ellipse", [20, 10], [60, 10.9], SIZE)).toBeNull();
    expect(shapeFromCorners("rectangle", [250, 10], [300, 40], SIZE)).toBeNull();
  });
});

describe("made from a path", () => {
  it("has few vertices, none of the way farther off than 0.25 px, rounded to a hundredth", () => {
    const path = circlePath([100, 50], 40, 1400);
    const { vertices } = made(shapeFromPath(path, SIZE));
    expect(vertices.length).toBeLessThan(60);
    for (const point of path) {
      const off = Math.min(
        ...vertices.map((_, k) => distanceToSegment(point, at(vertices, k), at(vertices, k + 1))),
      );
      expect(off).toBeLessThanOrEqual(0.25);
    }
    for (const [x, y] of vertices) {
      expect([x, y]).toEqual([Number(x.toFixed(2)), Number(y.toFixed(2))]);
    }
  });

  it("never has more than 400 vertices", () => {
    const saw = circlePath([2000, 2000], 1800, 6000).map(([x, y], i): Point => {
      const share = 1 + 0.02 * (i % 2);
      return [2000 + (x - 2000) * share, 2000 + (y - 2000) * share];
    });
    const { vertices } = made(shapeFromPath(saw, { columns: 4000, rows: 4000 }));
    expect(vertices.length).toBeLessThanOrEqual(MAX_VERTICES);
    expect(isSimple(vertices)).toBe(true);
  });

  it("is nothing for a click, a line or a figure of eight", () => {
    expect(shapeFromPath([[10, 10]], SIZE)).toBeNull();
    expect(shapeFromPath([], SIZE)).toBeNull();
    expect(
      shapeFromPath(
        [
          [10, 10],
          [50, 10],
          [90, 10.1],
        ],
        SIZE,
      ),
    ).toBeNull();
    expect(
      shapeFromPath(
        [
          [0, 0],
          [40, 40],
          [40, 0],
          [0, 40],
        ],
        SIZE,
      ),
    ).toBeNull();
  });
});

describe("changed", () => {
  it("moves without changing its form, and stops at the edge", () => {
    expect(boxOf(moveVertices(ellipse.vertices, [3, -4], SIZE))).toEqual({
      left: 23,
      top: 6,
      right: 63,
      bottom: 26,
    });
    const atEdge = moveVertices(ellipse.vertices, [-1000, 1000], SIZE);
    expect(boxOf(atEdge)).toEqual({ left: 0, top: 80, right: 40, bottom: 100 });
    expect(signedArea(atEdge)).toBeCloseTo(signedArea(ellipse.vertices), 6);
  });

  it("takes numbers, kept within the image and at least a pixel", () => {
    const to = { centreColumn: 100, centreRow: 50, width: 30, height: 0 };
    expect(extentOf(resizeVertices(rectangle, to, SIZE))).toEqual({ ...to, height: 1 });
    const over = { centreColumn: 195, centreRow: 50, width: 40, height: 400 };
    expect(extentOf(resizeVertices(ellipse, over, SIZE))).toEqual({
      centreColumn: 180,
      centreRow: 50,
      width: 40,
      height: 100,
    });
  });

  it("stretches a freehand outline with its box", () => {
    const shape = { kind: "freehand", vertices: [...rectangle.vertices, [10, 20]] } as const;
    // box 10..60 x 10..30 to 0..100 x 10..30
    const wide = { centreColumn: 50, centreRow: 20, width: 100, height: 20 };
    expect(resizeVertices(shape, wide, SIZE)).toEqual([
      [20, 10],
      [100, 10],
      [100, 30],
      [20, 30],
      [0, 20],
    ]);
  });

  it("grows about its centre by whole pixels", () => {
    expect(boxOf(growVertices(rectangle, [1, 0], SIZE))).toEqual({
      left: 19.5,
      top: 10,
      right: 60.5,
      bottom: 30,
    });
    expect(boxOf(growVertices(rectangle, [0, -10], SIZE))).toMatchObject({ top: 15, bottom: 25 });
  });

  it("has handles at corners and edges; the opposite side stays", () => {
    expect(handlesOf(rectangle)).toEqual([
      [20, 10],
      [40, 10],
      [60, 10],
      [60, 20],
      [60, 30],
      [40, 30],
      [20, 30],
      [20, 20],
    ]);
    expect(boxOf(moveHandle(rectangle, 4, [70, 50], SIZE))).toEqual({
      left: 20,
      top: 10,
      right: 70,
      bottom: 50,
    });
    // the right edge ignores the row
    expect(boxOf(moveHandle(rectangle, 3, [70, 99], SIZE))).toEqual({
      left: 20,
      top: 10,
      right: 70,
      bottom: 30,
    });
    expect(boxOf(moveHandle(ellipse, 1, [0, 5], SIZE))).toMatchObject({ top: 5, bottom: 30 });
  });

  it("goes through its opposite side and never becomes thinner than a pixel", () => {
    expect(boxOf(moveHandle(rectangle, 3, [5, 0], SIZE))).toMatchObject({ left: 5, right: 20 });
    expect(boxOf(moveHandle(rectangle, 3, [20.3, 0], SIZE))).toMatchObject({ left: 20, right: 21 });
    const atLeftEdge = {
      kind: "rectangle",
      vertices: moveVertices(rectangle.vertices, [-20, 0], SIZE),
    };
    expect(boxOf(moveHandle(atLeftEdge as RoiShape, 3, [-50, 0], SIZE))).toMatchObject({
      left: 0,
      right: 1,
    });
  });

  it("bends a freehand outline between the neighbouring handles only", () => {
    const drawn = made(shapeFromPath(circlePath([100, 50], 40, 900), SIZE));
    const handles = handlesOf(drawn);
    expect(handles.length).toBeLessThanOrEqual(24);
    expect(handles.length).toBeGreaterThan(12);
    const moved = moveHandle(drawn, 0, [at(handles, 0)[0] + 7, at(handles, 0)[1]], SIZE);
    expect(moved).toHaveLength(drawn.vertices.length);
    expect(at(handlesOf({ ...drawn, vertices: moved }), 0)).toEqual([
      at(handles, 0)[0] + 7,
      at(handles, 0)[1],
    ]);
    for (const handle of handles.slice(1)) {
      expect(moved).toContainEqual(handle);
    }
  });

  it("is mended when the hand lets go, or refused", () => {
    expect(settleVertices(rectangle)).toEqual(rectangle.vertices);
    const eight: Ring = [
      [0, 0],
      [40, 40],
      [40, 0],
      [0, 40],
    ];
    expect(settleVertices({ kind: "freehand", vertices: eight })).toBeNull();
  });
});

it("two regions are the same when everything is", () => {
  const roi: Roi = {
    ...rectangle,
    roiId: "1",
    finding: "nodule",
    sopInstanceUid: "1.2",
    frameNumber: 1,
    laterality: "L",
  };
  expect(isSameRoi(roi, { ...roi, vertices: [...roi.vertices] })).toBe(true);
  expect(isSameRoi(roi, { ...roi, laterality: "" })).toBe(false);
  expect(isSameRoi(roi, { ...roi, vertices: roi.vertices.slice(1) })).toBe(false);
  expect(isSameRoi(roi, { ...roi, vertices: moveVertices(roi.vertices, [0.01, 0], SIZE) })).toBe(
    false,
  );
});

describe("measured", () => {
  it("weighs columns and rows by their own spacing", () => {
    // 40 columns of 0.5 mm, 20 rows of 2 mm
    expect(areaPx2(rectangle.vertices)).toBe(800);
    expect(measureArea(rectangle.vertices, SPACING)).toEqual({ state: "patient", areaMm2: 800 });
    expect(measureSize(rectangle.vertices, SPACING)).toEqual({
      state: "patient",
      widthMm: 20,
      heightMm: 40,
    });
    // the diagonal: 20 mm and 40 mm
    expect(longestDiameter(rectangle.vertices, SPACING)).toEqual({
      state: "patient",
      lengthMm: Math.hypot(20, 40),
    });
  });

  it("takes the longest diameter in millimetres, not in pixels", () => {
    const flat: Ring = [
      [0, 50],
      [40, 50],
      [20, 56],
      [20, 44],
    ];
    // 40 columns are 20 mm, 12 rows are 24 mm
    expect(longestDiameter(flat, SPACING)).toEqual({ state: "patient", lengthMm: 24 });
  });

  it("holds it against the least diameter of the schema", () => {
    const six: Ring = [
      [0, 0],
      [6, 0],
      [6, 1],
    ]; // hypot(3 mm, 2 mm) = 3.606 mm
    expect(checkMinimum(six, SPACING, 3.6)).toBe("ok");
    expect(checkMinimum(six, SPACING, 3.7)).toBe("below_minimum");
    expect(checkMinimum(six, { ...SPACING, kind: "projected" }, 3.7)).toBe("below_minimum");
    expect(checkMinimum(six, UNSCALED, 3)).toBe("not_evaluable");
    expect(checkMinimum(six, UNSCALED, null)).toBe("ok");
  });

  it("has no millimetres without spacing", () => {
    expect(measureArea(rectangle.vertices, UNSCALED)).toEqual({ state: "not_evaluable" });
    expect(measureSize(rectangle.vertices, UNSCALED)).toEqual({ state: "not_evaluable" });
    expect(longestDiameter(rectangle.vertices, UNSCALED)).toEqual({ state: "not_evaluable" });
  });
});
