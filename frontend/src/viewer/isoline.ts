/**
 * Around which part of the grid does the evidence reach a level? Either along the edges of the true cells,
 * or, beside a smoothed picture, by marching squares with linear interpolation between cell centres (the
 * border cells reach to the edge of the grid, and every line is closed). Points are grid points (0,0 at the
 * outer corner of the first cell).
 */
import { type Affine, applyAffine, type Point } from "./coords";
import type { Grid } from "./heatmap";

type Ring = readonly Point[];

/** A sampled corner of one marching square. */
interface Sample {
  readonly x: number;
  readonly y: number;
  readonly value: number;
}

/** Edges of a square, clockwise from the top. */
type Edge = 0 | 1 | 2 | 3;

/**
 * Where the line enters and leaves, by which corners (top left 8, top right 4, bottom right 2, bottom
 * left 1) reach the level. The reached side is on the left hand of the direction.
 */
const CROSSINGS: readonly (readonly (readonly [Edge, Edge])[])[] = [
  [],
  [[2, 3]],
  [[1, 2]],
  [[1, 3]],
  [[0, 1]],
  [
    [0, 1],
    [2, 3],
  ],
  [[0, 2]],
  [[0, 3]],
  [[3, 0]],
  [[2, 0]],
  [
    [3, 0],
    [1, 2],
  ],
  [[1, 0]],
  [[3, 1]],
  [[2, 1]],
  [[3, 2]],
  [],
];
/** The two ambiguous squares when the middle does reach the level: the other pair of lines. */
const JOINED: Readonly<Record<number, readonly (readonly [Edge, Edge])[]>> = {
  5: [
    [0, 3],
    [2, 1],
  ],
  10: [
    [1, 0],
    [3, 2],
  ],
};

export function isolines(grid: Grid, level: number): Ring[] {
  const xs = positions(grid.columns);
  const ys = positions(grid.rows);
  const next = new Map<string, { key: string; point: Point }>();
  for (let j = 0; j + 1 < ys.length; j += 1) {
    for (let i = 0; i + 1 < xs.length; i += 1) {
      addSquare(grid, level, { xs, ys, i, j }, next);
    }
  }
  return trace(next);
}

/** The edges between cells that reach the level and cells (or the outside) that do not. */
export function cellEdges(grid: Grid, level: number): Ring[] {
  const reaches = (column: number, row: number): boolean =>
    column >= 0 &&
    row >= 0 &&
    column < grid.columns &&
    row < grid.rows &&
    (grid.values[row * grid.columns + column] ?? 0) >= level;
  const edges: Ring[] = [];
  for (let row = 0; row <= grid.rows; row += 1) {
    for (let column = 0; column <= grid.columns; column += 1) {
      const isIn = reaches(column, row);
      if (isIn !== reaches(column, row - 1)) {
        edges.push([
          [column, row],
          [column + 1, row],
        ]);
      }
      if (isIn !== reaches(column - 1, row)) {
        edges.push([
          [column, row],
          [column, row + 1],
        ]);
      }
    }
  }
  return edges;
}

/** SVG path data of the outline in image points. */
export function outlinePath(
  grid: Grid,
  level: number,
  options: { readonly gridToImage: Affine; readonly isSmooth: boolean },
): string {
  const lines = options.isSmooth ? isolines(grid, level) : cellEdges(grid, level);
  const ending = options.isSmooth ? "Z" : "";
  return lines
    .map((line) => {
      const points = line.map((point) => applyAffine(options.gridToImage, point));
      return `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}${ending}`;
    })
    .join("");
}

/** Cell centres, the two edges with the border cells' value, and outside each edge a place of no evidence. */
function positions(count: number): number[] {
  const centres = Array.from({ length: count }, (_, i) => i + 0.5);
  return [0, 0, ...centres, count, count];
}

interface Square {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly i: number;
  readonly j: number;
}

function sampleAt(grid: Grid, square: Square, di: 0 | 1, dj: 0 | 1): Sample {
  const i = square.i + di;
  const j = square.j + dj;
  const isOutside = i === 0 || j === 0 || i === square.xs.length - 1 || j === square.ys.length - 1;
  const column = Math.min(Math.max(i - 2, 0), grid.columns - 1);
  const row = Math.min(Math.max(j - 2, 0), grid.rows - 1);
  return {
    x: square.xs[i] ?? 0,
    y: square.ys[j] ?? 0,
    value: isOutside ? Number.NEGATIVE_INFINITY : (grid.values[row * grid.columns + column] ?? 0),
  };
}

function addSquare(
  grid: Grid,
  level: number,
  square: Square,
  next: Map<string, { key: string; point: Point }>,
): void {
  const topLeft = sampleAt(grid, square, 0, 0);
  const topRight = sampleAt(grid, square, 1, 0);
  const bottomRight = sampleAt(grid, square, 1, 1);
  const bottomLeft = sampleAt(grid, square, 0, 1);
  const corners = [topLeft, topRight, bottomRight, bottomLeft];
  const index = corners.reduce((bits, { value }) => bits * 2 + (value >= level ? 1 : 0), 0);
  const mean = corners.reduce((sum, { value }) => sum + value, 0) / 4;
  const crossings = (mean >= level ? JOINED[index] : undefined) ?? CROSSINGS[index] ?? [];
  const sides: readonly (readonly [Sample, Sample])[] = [
    [topLeft, topRight],
    [topRight, bottomRight],
    [bottomLeft, bottomRight],
    [topLeft, bottomLeft],
  ];
  const { i, j } = square;
  const keys = [`h${i},${j}`, `v${i + 1},${j}`, `h${i},${j + 1}`, `v${i},${j}`];
  for (const [from, to] of crossings) {
    const side = sides[from];
    const key = keys[from];
    const target = keys[to];
    if (side && key && target) {
      next.set(key, { key: target, point: crossing(side, level) });
    }
  }
}

function crossing([a, b]: readonly [Sample, Sample], level: number): Point {
  if (!Number.isFinite(a.value)) {
    return [b.x, b.y];
  }
  if (!Number.isFinite(b.value)) {
    return [a.x, a.y];
  }
  const share = (level - a.value) / (b.value - a.value);
  return [a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)];
}

function trace(next: Map<string, { key: string; point: Point }>): Ring[] {
  const rings: Ring[] = [];
  for (const start of [...next.keys()]) {
    const ring: Point[] = [];
    let step = next.get(start);
    let key = start;
    while (step !== undefined) {
      next.delete(key);
      ring.push(step.point);
      key = step.key;
      step = next.get(key);
    }
    if (ring.length > 0) {
      rings.push(ring);
    }
  }
  return rings;
}
