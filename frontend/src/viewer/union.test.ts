import { describe, expect, it } from "vitest";
import type { Point } from "./coords";
import { isInside, isSimple, type Ring, signedArea } from "./polygon";
import { MAX_VERTICES, verticesOfBox } from "./roi";
import { overlapOf, unionOf } from "./union";

const box = (left: number, top: number, right: number, bottom: number): Ring => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
];
const area = (rings: readonly Ring[]) =>
  rings.reduce((sum, ring) => sum + Math.abs(signedArea(ring)), 0);

describe("the union of outlines", () => {
  it("of two that overlap is one outline with their common area once", () => {
    const union = unionOf([box(0, 0, 10, 10), box(5, 5, 15, 15)]);
    expect(union).toHaveLength(1);
    expect(area(union)).toBe(175);
    expect(union[0]).toHaveLength(8);
  });

  it("of two that lie apart is both", () => {
    const union = unionOf([box(0, 0, 10, 10), box(20, 0, 30, 10)]);
    expect(union).toHaveLength(2);
    expect(area(union)).toBe(200);
  });

  it("leaves out what lies inside another", () => {
    expect(area(unionOf([box(0, 0, 20, 20), box(5, 5, 10, 10)]))).toBe(400);
    expect(area(unionOf([box(5, 5, 10, 10), box(0, 0, 20, 20)]))).toBe(400);
  });

  it("of the same outline twice, whichever way it runs, is that outline", () => {
    const once = box(3, 4, 9, 12);
    for (const twice of [once, once.toReversed(), [...once.slice(2), ...once.slice(0, 2)]]) {
      expect(area(unionOf([once, twice]))).toBe(48);
      expect(unionOf([once, twice])).toHaveLength(1);
    }
  });

  it("joins outlines that share an edge, and keeps apart those that share a point", () => {
    expect(unionOf([box(0, 0, 10, 10), box(10, 2, 20, 8)])).toHaveLength(1);
    const corner = unionOf([box(0, 0, 10, 10), box(10, 10, 20, 20)]);
    expect(corner).toHaveLength(2);
    expect(area(corner)).toBe(200);
  });

  it("takes in a gap that is closed all round, with what lies in it", () => {
    const opening: Ring = [
      [0, 0],
      [30, 0],
      [30, 10],
      [10, 10],
      [10, 20],
      [30, 20],
      [30, 30],
      [0, 30],
    ];
    const closed = unionOf([opening, box(25, 0, 35, 30), box(15, 13, 18, 16)]);
    expect(closed).toHaveLength(1);
    expect(area(closed)).toBe(35 * 30);
  });

  it("chains: one that bridges two makes all three one", () => {
    const union = unionOf([box(0, 0, 10, 10), box(20, 0, 30, 10), box(8, 4, 22, 6)]);
    expect(union).toHaveLength(1);
    expect(area(union)).toBe(220);
  });

  it("of nothing is nothing, and of one is that one", () => {
    expect(unionOf([])).toEqual([]);
    expect(area(unionOf([box(0, 0, 4, 4)]))).toBe(16);
  });

  it("of round outlines holds every point that either holds, and no other", () => {
    const random = generator(7);
    for (let round = 0; round < 40; round += 1) {
      const rings = Array.from({ length: 2 + (round % 3) }, () => blob(random));
      const union = unionOf(rings);
      for (const ring of union) {
        expect(isSimple(ring)).toBe(true);
        expect(ring.length).toBeLessThanOrEqual(MAX_VERTICES);
      }
      // Each point well clear of every outline is judged alike; gaps closed all round may be taken in.
      for (let probe = 0; probe < 60; probe += 1) {
        const point: Point = [random() * 120, random() * 120];
        if (rings.some((ring) => isInside(shrunk(ring), point))) {
          expect(union.some((ring) => isInside(ring, point))).toBe(true);
        }
      }
      expect(area(union)).toBeLessThan(area(rings) + 1e-6 + 0.25 * 400);
      expect(area(union)).toBeGreaterThan(Math.max(...rings.map((ring) => area([ring]))) - 100);
      expect(union.filter((a) => union.some((b) => a !== b && overlapOf([a], [b]) > 0.01))).toEqual(
        [],
      );
    }
  });
});

describe("the overlap of outlines", () => {
  it("is their common area divided by all of it", () => {
    expect(overlapOf([box(0, 0, 2, 2)], [box(1, 0, 3, 2)])).toBeCloseTo(1 / 3, 10);
    expect(overlapOf([box(0, 0, 20, 20)], [box(5, 5, 15, 15)])).toBeCloseTo(0.25, 2);
    expect(overlapOf([box(0, 0, 2, 2)], [box(0, 0, 2, 2)])).toBe(1);
    expect(overlapOf([box(0, 0, 2, 2)], [box(5, 5, 9, 9)])).toBe(0);
    expect(overlapOf([], [])).toBe(0);
    expect(overlapOf([box(0, 0, 2, 2)], [])).toBe(0);
  });

  it("counts what several outlines of one reader cover once", () => {
    const twice = [box(0, 0, 10, 10), box(5, 0, 15, 10)];
    expect(overlapOf(twice, [box(0, 0, 15, 10)])).toBe(1);
  });

  it("of two circles is that of the lens between them", () => {
    const circle = (left: number) =>
      verticesOfBox("ellipse", { left, top: 0, right: left + 200, bottom: 200 });
    // Equal circles of radius r, centres d = r apart: the lens is r^2 (2 pi / 3 - sqrt(3) / 2).
    const lens = 100 ** 2 * ((2 * Math.PI) / 3 - Math.sqrt(3) / 2);
    const expected = lens / (2 * Math.PI * 100 ** 2 - lens);
    expect(overlapOf([circle(0)], [circle(100)])).toBeCloseTo(expected, 3);
  });
});

/** Park and Miller's numbers: the same every time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A star-shaped outline: simple by construction. */
function blob(random: () => number): Ring {
  const [x, y, count] = [30 + random() * 60, 30 + random() * 60, 5 + Math.floor(random() * 40)];
  return Array.from({ length: count }, (_, i): Point => {
    const angle = (2 * Math.PI * i) / count;
    const radius = 8 + random() * 20;
    const round = (value: number) => Math.round(value * 100) / 100;
    return [round(x + radius * Math.cos(angle)), round(y + radius * Math.sin(angle))];
  });
}

/** Towards the middle of its points by a twentieth. */
function shrunk(ring: Ring): Ring {
  const middle = (axis: 0 | 1) => ring.reduce((sum, point) => sum + point[axis], 0) / ring.length;
  const [x, y] = [middle(0), middle(1)];
  return ring.map(([u, v]): Point => [x + (u - x) * 0.95, y + (v - y) * 0.95]);
}
