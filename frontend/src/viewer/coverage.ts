/**
 * How much of each cell of the model's grid does a region cover? Exact: the outline is cut to the cell and
 * its area taken. One instance serves one drag: its buffers are used again for every update.
 */
import { type Affine, applyAffine } from "./coords";
import { at, type Ring } from "./polygon";

export interface GridSize {
  readonly columns: number;
  readonly rows: number;
}

/** A ring in typed arrays that are never given back while the drag goes on. */
interface Buffer {
  x: Float64Array;
  y: Float64Array;
  count: number;
}

/** Points that cutting a ring on four sides can make of one. */
const GROWTH = 16;

export class GridCoverage {
  private whole = bufferFor(0);
  private cut = bufferFor(0);
  private band = bufferFor(0);
  private cell = bufferFor(0);

  constructor(private readonly grid: GridSize) {}

  /**
   * Writes the covered share of every cell, row by row, into `shares`, and returns their sum: the covered
   * area in cells. A ring that crosses itself counts a place at most once per cell.
   */
  fill(ring: Ring, imageToGrid: Affine, shares: Float64Array): number {
    this.load(ring, imageToGrid);
    shares.fill(0);
    const { columns, rows } = this.grid;
    const [top, bottom] = rangeOf(this.whole.y, this.whole.count, rows);
    let sum = 0;
    for (let row = top; row < bottom; row += 1) {
      cutAlong("y", this.whole, this.cut, row, 1);
      cutAlong("y", this.cut, this.band, row + 1, -1);
      const [left, right] = rangeOf(this.band.x, this.band.count, columns);
      for (let column = left; column < right; column += 1) {
        cutAlong("x", this.band, this.cut, column, 1);
        cutAlong("x", this.cut, this.cell, column + 1, -1);
        const share = Math.min(Math.abs(areaOf(this.cell, column, row)), 1);
        shares[row * columns + column] = share;
        sum += share;
      }
    }
    return sum;
  }

  private load(ring: Ring, imageToGrid: Affine): void {
    if (this.whole.x.length < ring.length * GROWTH) {
      [this.whole, this.cut, this.band, this.cell] = [
        bufferFor(ring.length),
        bufferFor(ring.length),
        bufferFor(ring.length),
        bufferFor(ring.length),
      ];
    }
    this.whole.count = ring.length;
    for (let i = 0; i < ring.length; i += 1) {
      const [x, y] = applyAffine(imageToGrid, at(ring, i));
      this.whole.x[i] = x;
      this.whole.y[i] = y;
    }
  }
}

function bufferFor(points: number): Buffer {
  const length = points * GROWTH;
  return { x: new Float64Array(length), y: new Float64Array(length), count: 0 };
}

/** The cells from the first to behind the last that the values reach, within the grid. */
function rangeOf(values: Float64Array, count: number, limit: number): readonly [number, number] {
  let least = limit;
  let most = 0;
  for (let i = 0; i < count; i += 1) {
    const value = values[i] ?? 0;
    least = value < least ? value : least;
    most = value > most ? value : most;
  }
  return [Math.max(Math.floor(least), 0), Math.min(Math.ceil(most), limit)];
}

/** Sutherland-Hodgman: what of `from` lies beyond the line (`keep` 1) or before it (-1), into `to`. */
function cutAlong(axis: "x" | "y", from: Buffer, to: Buffer, line: number, keep: 1 | -1): void {
  const across = axis === "x" ? from.x : from.y;
  const along = axis === "x" ? from.y : from.x;
  const toAcross = axis === "x" ? to.x : to.y;
  const toAlong = axis === "x" ? to.y : to.x;
  let count = 0;
  let lastAcross = across[from.count - 1] ?? 0;
  let lastAlong = along[from.count - 1] ?? 0;
  let lastDepth = keep * (lastAcross - line);
  for (let i = 0; i < from.count; i += 1) {
    const hereAcross = across[i] ?? 0;
    const hereAlong = along[i] ?? 0;
    const depth = keep * (hereAcross - line);
    if (depth > 0 !== lastDepth > 0) {
      toAcross[count] = line;
      toAlong[count] = lastAlong + (lastDepth / (lastDepth - depth)) * (hereAlong - lastAlong);
      count += 1;
    }
    if (depth > 0) {
      toAcross[count] = hereAcross;
      toAlong[count] = hereAlong;
      count += 1;
    }
    [lastAcross, lastAlong, lastDepth] = [hereAcross, hereAlong, depth];
  }
  to.count = count;
}

/** Shoelace about a corner of the cell: far from the origin the products would lose digits. */
function areaOf(ring: Buffer, originX: number, originY: number): number {
  let twice = 0;
  let lastX = (ring.x[ring.count - 1] ?? 0) - originX;
  let lastY = (ring.y[ring.count - 1] ?? 0) - originY;
  for (let i = 0; i < ring.count; i += 1) {
    const x = (ring.x[i] ?? 0) - originX;
    const y = (ring.y[i] ?? 0) - originY;
    twice += lastX * y - x * lastY;
    lastX = x;
    lastY = y;
  }
  return twice / 2;
}
