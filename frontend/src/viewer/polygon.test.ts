import { describe, expect, it } from "vitest";
import vectors from "../../../tests/vectors/geometry.json";
import type { Point } from "./coords";
import { mendRing } from "./mend";
import {
  at,
  boxOf,
  convexHull,
  distanceToSegment,
  isInside,
  isSimple,
  type Ring,
  roundRing,
  roundTo,
  signedArea,
  simplifyRing,
} from "./polygon";

const SQUARE: Ring = [
  [0, 0],
  [4, 0],
  [4, 4],
  [0, 4],
];

function pointsOf(rows: readonly (readonly number[])[]): Point[] {
  return rows.map(([x = Number.NaN, y = Number.NaN]) => [x, y]);
}

/** Distance of a point from a closed outline. */
function distanceTo(ring: Ring, point: Point): number {
  return Math.min(...ring.map((_, i) => distanceToSegment(point, at(ring, i), at(ring, i + 1))));
}

function circle(radius: number, count: number): Point[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    return [100 + radius * Math.cos(angle), 80 + radius * Math.sin(angle)];
  });
}

describe("a ring", () => {
  it("has an area, positive when it runs clockwise on the screen", () => {
    expect(signedArea(SQUARE)).toBe(16);
    expect(signedArea(SQUARE.toReversed())).toBe(-16);
  });

  it.each(vectors.areas)("has the area of the shared vectors: $area_mm2 mm2", (one) => {
    const { row_spacing_mm: row, column_spacing_mm: column } = one;
    if (row === null || column === null || one.area_mm2 === null) {
      return;
    }
    expect(Math.abs(signedArea(pointsOf(one.polygon))) * row * column).toBeCloseTo(one.area_mm2);
  });

  it("has bounds and an inside", () => {
    const notched: Ring = [...SQUARE.slice(0, 3), [2, 1], [0, 4]];
    expect(boxOf(notched)).toEqual({ left: 0, top: 0, right: 4, bottom: 4 });
    expect(isInside(notched, [1, 1])).toBe(true);
    expect(isInside(notched, [2, 3])).toBe(false); // in the notch
    expect(isInside(notched, [5, 1])).toBe(false);
  });

  it("has a convex hull without the points between its corners", () => {
    const points: Ring = [[2, 2], ...SQUARE, [2, 0], [1, 3]];
    expect(new Set(convexHull(points).map(String))).toEqual(new Set(SQUARE.map(String)));
  });

  it("is rounded to a hundredth and loses points that fall together", () => {
    expect(roundRing([...SQUARE, [0.001, 3.999], [0, 0.004]])).toEqual(SQUARE);
    expect(Object.is(roundTo(-0.001), 0)).toBe(true);
  });
});

describe("simplifying", () => {
  it("keeps what lies farther off than the tolerance and nothing else", () => {
    const bumpy: Ring = [
      [0, 0],
      [1, 0.2],
      [2, 0.3],
      [3, 0],
      [4, 0],
      [4, 4],
      [0, 4],
    ];
    // (1, 0.2) lies 0.2 px off the line 0,0 - 2,0.3 at most; (2, 0.3) is 0.3 px off 0,0 - 4,0
    expect(simplifyRing(bumpy, 0.25)).toEqual([
      [0, 0],
      [2, 0.3],
      [4, 0],
      [4, 4],
      [0, 4],
    ]);
  });

  it("leaves no point of the drawing farther away than the tolerance", () => {
    const drawn = circle(60, 1500).map(([x, y], i): Point => [x + 0.3 * Math.sin(i / 20), y]);
    const simple = simplifyRing(drawn, 0.25);
    expect(simple.length).toBeLessThan(100);
    for (const point of drawn) {
      expect(distanceTo(simple, point)).toBeLessThanOrEqual(0.25);
    }
  });

  it("changes nothing the second time", () => {
    const once = simplifyRing(circle(60, 900), 0.25);
    expect(once.length).toBeLessThan(70);
    expect(simplifyRing(once, 0.25)).toEqual(once);
  });
});

describe("crossing itself", () => {
  it("is told from touching nothing", () => {
    expect(isSimple(SQUARE)).toBe(true);
    expect(isSimple([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]] as Ring)).toBe(false); // bow tie
    expect(isSimple([...SQUARE, [2, 0]])).toBe(false); // a corner on another edge
    expect(isSimple([...SQUARE, [0, 4.5], [0, 4]])).toBe(false); // there and back
    expect(isSimple(SQUARE.slice(0, 2))).toBe(false);
  });

  it("at the end of a hand-drawn line is mended: the overshoot is cut off", () => {
    // a square of 100 whose end runs past its start: 0,0 is left at 10 px, crossing the first edge
    const overshot: Ring = [
      [0, 0],
      [100, 0],
      [100, 100],
      [10, 100],
      [10, -3],
      [7, -3],
    ];
    const mended = mendRing(overshot);
    expect(mended).not.toBeNull();
    expect(isSimple(mended ?? [])).toBe(true);
    // 90 x 100, and what the overshoot encloses outside of it: triangle (0,0) (10,0) and up to y = -3
    expect(Math.abs(signedArea(mended ?? []))).toBeCloseTo(9000, -2);
    expect(boxOf(mended ?? []).right).toBe(100);
  });

  it("as a fold over itself becomes the outer outline", () => {
    // a loop inside: the line turns once round a small circle before it goes on
    const looped: Ring = [
      [0, 0],
      [60, 0],
      [60, 10],
      [40, 10],
      [40, -2],
      [100, -2],
      [100, 50],
      [0, 50],
    ];
    const mended = mendRing(looped) ?? [];
    expect(isSimple(mended)).toBe(true);
    expect(boxOf(mended)).toEqual({ left: 0, top: -2, right: 100, bottom: 50 });
    expect(isInside(mended, [50, 5])).toBe(true);
  });

  it("along the edge of the image, there and back, loses what encloses nothing", () => {
    const mended = mendRing([
      [100, 20],
      [200, 20],
      [200, 80],
      [200, 60],
      [100, 60],
    ]);
    expect(boxOf(mended ?? [])).toEqual({ left: 100, top: 20, right: 200, bottom: 60 });
    expect(Math.abs(signedArea(mended ?? []))).toBe(4000);
  });

  it("as a figure of eight is not guessed at", () => {
    expect(
      mendRing([
        [0, 0],
        [40, 40],
        [40, 0],
        [0, 40],
      ]),
    ).toBeNull();
  });

  it("leaves a simple outline as it is, and nothing of a line", () => {
    expect(mendRing(SQUARE)).toEqual(SQUARE);
    expect(mendRing([SQUARE[0], SQUARE[1], SQUARE[0]] as Ring)).toBeNull();
    expect(mendRing([])).toBeNull();
  });

  it("is mended for any scrawl or refused, never passed on", () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    let mendedCount = 0;
    for (let round = 0; round < 200; round += 1) {
      const scrawl = circle(40, 24).map(
        ([x, y]): Point => [x + 14 * (random() - 0.5), y + 14 * (random() - 0.5)],
      );
      const mended = mendRing(scrawl);
      mendedCount += mended === null ? 0 : 1;
      expect(mended === null || isSimple(mended)).toBe(true);
    }
    expect(mendedCount).toBeGreaterThan(150);
  });
});
