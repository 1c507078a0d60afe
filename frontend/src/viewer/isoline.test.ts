import { describe, expect, it } from "vitest";
import type { Point } from "./coords";
import type { Grid } from "./heatmap";
import { cellEdges, isolines, outlinePath } from "./isoline";

function grid(rows: readonly (readonly number[])[]): Grid {
  return {
    values: Float32Array.from(rows.flat()),
    columns: rows[0]?.length ?? 0,
    rows: rows.length,
  };
}

/** Shoelace formula; the sign tells the direction. */
function area(ring: readonly Point[]): number {
  return ring.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length] ?? [0, 0];
    return sum + (x * nextY - nextX * y) / 2;
  }, 0);
}

const PEAK = grid([
  [0, 0, 0],
  [0, 4, 0],
  [0, 0, 0],
]);

describe("isolines", () => {
  it("crosses where linear interpolation reaches the level", () => {
    const [ring, ...others] = isolines(PEAK, 1);
    expect(others).toEqual([]);
    // three quarters of the way from the peak at (1.5, 1.5) to its neighbours' centres
    const sorted = [...(ring ?? [])].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    expect(sorted).toEqual([
      [0.75, 1.5],
      [1.5, 0.75],
      [1.5, 2.25],
      [2.25, 1.5],
    ]);
  });

  it("is empty where nothing reaches the level and the whole grid where everything does", () => {
    expect(isolines(PEAK, 5)).toEqual([]);
    const [ring, ...others] = isolines(PEAK, 0);
    expect(others).toEqual([]);
    expect(Math.abs(area(ring ?? []))).toBeCloseTo(9, 12);
  });

  it("closes along the border at the edge of the grid", () => {
    const [ring] = isolines(grid([[4, 0]]), 2);
    expect(Math.abs(area(ring ?? []))).toBeCloseTo(1, 12);
    expect(ring?.every(([x, y]) => x <= 1 && (y === 0 || y === 1 || x === 0 || x === 1))).toBe(
      true,
    );
  });

  it("goes round a hole the other way", () => {
    const rings = isolines(
      grid([
        [4, 4, 4, 4, 4],
        [4, 4, 4, 4, 4],
        [4, 4, 0, 4, 4],
        [4, 4, 4, 4, 4],
        [4, 4, 4, 4, 4],
      ]),
      2,
    );
    const areas = rings.map(area).sort((a, b) => Math.abs(b) - Math.abs(a));
    expect(areas).toHaveLength(2);
    expect(Math.abs(areas[0] ?? 0)).toBeCloseTo(25, 12);
    expect(Math.sign(areas[0] ?? 0)).toBe(-Math.sign(areas[1] ?? 0));
  });

  it("keeps diagonal peaks apart below the level in the middle and joins them above", () => {
    const saddle = grid([
      [4, 0],
      [0, 4],
    ]);
    expect(isolines(saddle, 3)).toHaveLength(2);
    expect(isolines(saddle, 1)).toHaveLength(1);
  });

  it("has as much inside as the cells that reach the level, within their neighbours", () => {
    const noise = grid(
      Array.from({ length: 12 }, (_, j) =>
        Array.from({ length: 12 }, (_, i) => Math.sin(i * 1.7) + Math.cos(j * 2.3 + i)),
      ),
    );
    const total = isolines(noise, 0.5)
      .map(area)
      .reduce((a, b) => a + b, 0);
    const cells = noise.values.filter((value) => value >= 0.5).length;
    expect(Math.abs(total)).toBeGreaterThan(cells * 0.6);
    expect(Math.abs(total)).toBeLessThan(cells * 1.4);
  });
});

describe("edges of true cells", () => {
  it("surrounds one cell with its four sides", () => {
    expect(cellEdges(PEAK, 1)).toEqual([
      [
        [1, 1],
        [2, 1],
      ],
      [
        [1, 1],
        [1, 2],
      ],
      [
        [2, 1],
        [2, 2],
      ],
      [
        [1, 2],
        [2, 2],
      ],
    ]);
  });

  it("draws no line between two cells that both reach the level", () => {
    expect(cellEdges(grid([[1, 1]]), 1)).toHaveLength(6);
    expect(cellEdges(grid([[0, 0]]), 1)).toHaveLength(0);
  });
});

it("writes the outline in image points", () => {
  const gridToImage = [100, 0, 0, 0, 50, 20] as const;
  expect(outlinePath(grid([[1]]), 1, { gridToImage, isSmooth: false })).toBe(
    "M0.00 20.00L100.00 20.00M0.00 20.00L0.00 70.00M100.00 20.00L100.00 70.00M0.00 70.00L100.00 70.00",
  );
  expect(outlinePath(grid([[1]]), 1, { gridToImage, isSmooth: true })).toMatch(/^M.*Z$/);
});
