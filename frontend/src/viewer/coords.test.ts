import { describe, expect, it } from "vitest";
import vectors from "../../../tests/vectors/geometry.json";
import {
  type Affine,
  applyAffine,
  canvasPixelSize,
  chainAffine,
  cssMatrix,
  imageToCanvasAffine,
  imageToPatient,
  invertAffine,
  measureLength,
  type Point,
  patientToImage,
  pixelAt,
  scaleBar,
} from "./coords";

const SPACING = { rowMm: 2, columnMm: 0.5, kind: "patient" } as const;

function expectPoint(actual: readonly number[], expected: readonly number[]) {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of actual.entries()) {
    expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 9);
  }
}

describe("affine maps", () => {
  const turnAndShift: Affine = [0, -2, 10, 3, 0, -4];

  it("does the first map, then the second", () => {
    const scale: Affine = [2, 0, 0, 0, 5, 0];
    expectPoint(applyAffine(chainAffine(scale, turnAndShift), [1, 1]), [0, 2]);
    expectPoint(applyAffine(chainAffine(turnAndShift, scale), [1, 1]), [16, -5]);
  });

  it("comes back through the inverse", () => {
    const there = applyAffine(turnAndShift, [7.25, -3]);
    expectPoint(applyAffine(invertAffine(turnAndShift), there), [7.25, -3]);
  });

  it("refuses to invert a map that flattens the plane", () => {
    expect(() => invertAffine([1, 2, 0, 2, 4, 0])).toThrow(RangeError);
    expect(() => invertAffine([Number.NaN, 0, 0, 0, 1, 0])).toThrow(RangeError);
  });

  it("writes columns first for CSS", () => {
    expect(cssMatrix([1, 2, 3, 4, 5, 6])).toBe("matrix(1, 4, 2, 5, 3, 6)");
  });
});

describe("image and canvas", () => {
  // 100 x 40 pixels of 0.5 mm x 2 mm: 50 x 80 mm, drawn with 4 CSS pixels a millimetre
  const size = { columns: 100, rows: 40 };
  const corners = (topLeft: Point, right: Point, down: Point) =>
    imageToCanvasAffine(
      {
        topLeft,
        topRight: [topLeft[0] + right[0], topLeft[1] + right[1]],
        bottomLeft: [topLeft[0] + down[0], topLeft[1] + down[1]],
      },
      size,
    );

  it("stretches a column and a row by their own spacing", () => {
    const affine = corners([10, 20], [200, 0], [0, 320]);
    expectPoint(applyAffine(affine, [0, 0]), [10, 20]);
    expectPoint(applyAffine(affine, [0.5, 0.5]), [11, 24]);
    expectPoint(applyAffine(affine, [100, 40]), [210, 340]);
    expect(canvasPixelSize(affine)).toEqual({ column: 2, row: 8 });
  });

  it("follows a turn to the right: columns run down, rows to the left", () => {
    const affine = corners([400, 20], [0, 200], [-320, 0]);
    expectPoint(applyAffine(affine, [100, 0]), [400, 220]);
    expectPoint(applyAffine(affine, [0, 40]), [80, 20]);
    expect(canvasPixelSize(affine)).toEqual({ column: 2, row: 8 });
  });

  it("follows a left-right flip", () => {
    const affine = corners([210, 20], [-200, 0], [0, 320]);
    expectPoint(applyAffine(invertAffine(affine), [210, 20]), [0, 0]);
    expectPoint(applyAffine(invertAffine(affine), [10, 340]), [100, 40]);
  });

  it("follows 37 degrees at any zoom and comes back", () => {
    const angle = (37 * Math.PI) / 180;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const affine = corners([300, 40], [200 * c, 200 * s], [-320 * s, 320 * c]);
    for (const point of [
      [0, 0],
      [33.3, 7.9],
      [100, 40],
    ] as Point[]) {
      expectPoint(applyAffine(invertAffine(affine), applyAffine(affine, point)), point);
    }
    expect(canvasPixelSize(affine).column).toBeCloseTo(2, 9);
    expect(canvasPixelSize(affine).row).toBeCloseTo(8, 9);
  });

  it("finds the pixel by its outer corner and nothing outside", () => {
    expect(pixelAt([0, 0], size)).toEqual([0, 0]);
    expect(pixelAt([0.999, 39.999], size)).toEqual([0, 39]);
    expect(pixelAt([100, 3], size)).toEqual([99, 3]);
    expect(pixelAt([100.001, 3], size)).toBeNull();
    expect(pixelAt([-0.001, 3], size)).toBeNull();
  });
});

describe("patient space", () => {
  // sagittal: rows of the picture run from the front to the back, columns from head to foot
  const plane = {
    origin: [-12, 5, 100],
    rowCosines: [0, 1, 0],
    columnCosines: [0, 0, -1],
    rowMm: 2,
    columnMm: 0.5,
  } as const;

  it("has ImagePositionPatient at the centre of the first pixel", () => {
    expectPoint(imageToPatient(plane, [0.5, 0.5]), [-12, 5, 100]);
    expectPoint(imageToPatient(plane, [0, 0]), [-12, 4.75, 101]);
    expectPoint(imageToPatient(plane, [10.5, 4.5]), [-12, 10, 92]);
  });

  it("comes back, also from a point beside the plane", () => {
    expectPoint(patientToImage(plane, [-12, 10, 92]), [10.5, 4.5]);
    expectPoint(patientToImage(plane, [33, 10, 92]), [10.5, 4.5]);
  });
});

describe("lengths", () => {
  it("weighs columns and rows by their own spacing", () => {
    // 6 columns of 0.5 mm and 2 rows of 2 mm: 3 and 4 make 5
    expect(measureLength([1, 1], [7, 3], SPACING)).toEqual({ state: "patient", lengthMm: 5 });
  });

  it("says when the spacing is the detector's", () => {
    const length = measureLength([0, 0], [2, 0], { ...SPACING, kind: "projected" });
    expect(length).toEqual({ state: "projected", lengthMm: 1 });
  });

  it.each([
    { rowMm: null, columnMm: null, kind: "none" },
    { rowMm: 2, columnMm: 0.5, kind: "none" },
    { rowMm: null, columnMm: 0.5, kind: "patient" },
    { rowMm: 0, columnMm: 0.5, kind: "patient" },
    { rowMm: Number.NaN, columnMm: 0.5, kind: "projected" },
  ] as const)("has no millimetres without spacing: $rowMm x $columnMm, $kind", (spacing) => {
    expect(measureLength([0, 0], [10, 10], spacing)).toEqual({ state: "not_evaluable" });
  });

  it("offers the longest round scale bar that fits, whichever way the image is turned", () => {
    const upright: Affine = [2, 0, 0, 0, 8, 0]; // 4 CSS pixels a millimetre
    const turned: Affine = [0, -8, 0, 2, 0, 0];
    for (const affine of [upright, turned]) {
      expect(scaleBar(affine, SPACING, 100)).toEqual({
        lengthMm: 20,
        lengthCss: 80,
        projected: false,
      });
    }
    expect(scaleBar(upright, { ...SPACING, kind: "projected" }, 399)).toMatchObject({
      lengthMm: 50,
      projected: true,
    });
    expect(scaleBar(upright, { rowMm: null, columnMm: null, kind: "none" }, 100)).toBeNull();
  });
});

// The same numbers as the server's geometry is tested with.
describe("shared vectors", () => {
  const pointOf = ([x = Number.NaN, y = Number.NaN]: readonly number[]): Point => [x, y];

  it.each(vectors.lengths)("length $start to $end, $row_spacing_mm x $column_spacing_mm", (one) => {
    const spacing = {
      rowMm: one.row_spacing_mm,
      columnMm: one.column_spacing_mm,
      kind: "patient",
    } as const;
    const length = measureLength(pointOf(one.start), pointOf(one.end), spacing);
    expect(length).toEqual(
      one.length_mm === null
        ? { state: "not_evaluable" }
        : { state: "patient", lengthMm: one.length_mm },
    );
  });

  it.each(vectors.pixels)("pixel under $point", ({ point, index, ...size }) => {
    expect(pixelAt(pointOf(point), size)).toEqual(index);
  });

  it.each(vectors.patient)("$name", ({ plane, point, patient }) => {
    const vector = ([x = Number.NaN, y = Number.NaN, z = Number.NaN]: readonly number[]) =>
      [x, y, z] as const;
    const imagePlane = {
      origin: vector(plane.position),
      rowCosines: vector(plane.row_cosine),
      columnCosines: vector(plane.column_cosine),
      rowMm: plane.row_spacing_mm,
      columnMm: plane.column_spacing_mm,
    };
    expectPoint(imageToPatient(imagePlane, pointOf(point)), patient);
    expectPoint(patientToImage(imagePlane, vector(patient)), point);
  });

  it.each(vectors.displays)("$point flipped and turned $quarter_turns times", (one) => {
    const { columns, rows } = one;
    let corners: Point[] = [
      [0, 0],
      [columns, 0],
      [0, rows],
    ];
    if (one.flip_horizontal) {
      corners = corners.map(([x, y]) => [columns - x, y]);
    }
    if (one.flip_vertical) {
      corners = corners.map(([x, y]) => [x, rows - y]);
    }
    for (let turn = 0; turn < one.quarter_turns; turn += 1) {
      const height = turn % 2 === 0 ? rows : columns;
      corners = corners.map(([x, y]) => [height - y, x]);
    }
    const [topLeft = [0, 0], topRight = [0, 0], bottomLeft = [0, 0]] = corners;
    const affine = imageToCanvasAffine({ topLeft, topRight, bottomLeft }, { columns, rows });
    expectPoint(applyAffine(affine, pointOf(one.point)), one.displayed);
    expectPoint(applyAffine(invertAffine(affine), pointOf(one.displayed)), one.point);
  });
});
