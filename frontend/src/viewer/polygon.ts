/**
 * What is the shape of a closed outline? Area, bounds, inside, hull, fewer vertices, and whether it crosses
 * itself. A ring is a list of image points whose last joins the first again. Pure.
 */
import type { Point } from "./coords";

export type Ring = readonly Point[];

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Vertices are kept to a hundredth of a pixel; in these units every vertex is a whole number. */
const STEPS_PER_PIXEL = 100;

export function roundPoint([x, y]: Point): Point {
  return [roundTo(x), roundTo(y)];
}

export function roundTo(value: number): number {
  const rounded = Math.round(value * STEPS_PER_PIXEL) / STEPS_PER_PIXEL;
  return rounded === 0 ? 0 : rounded; // no negative zero: it does not survive JSON
}

/** Rounded, and without a point that lies on the one before it. */
export function roundRing(ring: Ring): Point[] {
  const rounded = ring.map(roundPoint);
  const kept = rounded.filter((point, i) => i === 0 || !isSamePoint(point, at(rounded, i - 1)));
  while (kept.length > 1 && isSamePoint(at(kept, -1), at(kept, 0))) {
    kept.pop();
  }
  return kept;
}

export function isSamePoint(a: Point, b: Point): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** The vertex at any index, counted round the ring. */
export function at(ring: Ring, index: number): Point {
  const count = ring.length;
  return ring[((index % count) + count) % count] ?? [Number.NaN, Number.NaN];
}

/** Positive where the outline runs clockwise on the screen (rows grow downwards). */
export function signedArea(ring: Ring): number {
  const [originX, originY] = at(ring, 0);
  let twice = 0;
  for (let i = 0; i < ring.length; i += 1) {
    const [x, y] = at(ring, i);
    const [nextX, nextY] = at(ring, i + 1);
    twice += (x - originX) * (nextY - originY) - (nextX - originX) * (y - originY);
  }
  return twice / 2;
}

export function boxOf(ring: Ring): Box {
  const columns = ring.map(([x]) => x);
  const rows = ring.map(([, y]) => y);
  return {
    left: Math.min(...columns),
    top: Math.min(...rows),
    right: Math.max(...columns),
    bottom: Math.max(...rows),
  };
}

/** Even-odd rule; a point on the outline itself may go either way. */
export function isInside(ring: Ring, [x, y]: Point): boolean {
  let inside = false;
  for (let i = 0; i < ring.length; i += 1) {
    const [ax, ay] = at(ring, i);
    const [bx, by] = at(ring, i + 1);
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) {
      inside = !inside;
    }
  }
  return inside;
}

/** Andrew's monotone chain. */
export function convexHull(points: Ring): Point[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const chain = (ordered: readonly Point[]) => {
    const hull: Point[] = [];
    for (const point of ordered) {
      while (hull.length > 1 && turn(at(hull, -2), at(hull, -1), point) <= 0) {
        hull.pop();
      }
      hull.push(point);
    }
    return hull.slice(0, -1);
  };
  return sorted.length < 3 ? sorted : [...chain(sorted), ...chain(sorted.toReversed())];
}

/** Twice the signed area of the triangle: 0 on one line. */
export function turn(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
}

export function distanceToSegment([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [alongX, alongY] = [bx - ax, by - ay];
  const squared = alongX * alongX + alongY * alongY;
  const share = squared === 0 ? 0 : ((x - ax) * alongX + (y - ay) * alongY) / squared;
  const t = Math.min(Math.max(share, 0), 1);
  return Math.hypot(x - ax - t * alongX, y - ay - t * alongY);
}

/** A part of a ring between two vertices that stay, and the vertex farthest from the line between them. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly farthest: number;
  readonly distance: number;
}

/**
 * Douglas-Peucker for a closed ring: no point of it lies farther than `tolerance` from the result, unless
 * that takes more than `most` vertices; then those that matter most are kept. It starts from the leftmost
 * point and the one farthest from it, so that doing it twice changes nothing.
 */
export function simplifyRing(
  ring: Ring,
  tolerance: number,
  most = Number.POSITIVE_INFINITY,
): Point[] {
  if (ring.length < 4) {
    return [...ring];
  }
  const start = indexOfLeast(ring, ([x, y], [otherX, otherY]) => x - otherX || y - otherY);
  const [startX, startY] = at(ring, start);
  const fromStart = ring.map((_, i) => {
    const [x, y] = at(ring, start + i);
    return Math.hypot(x - startX, y - startY);
  });
  const opposite = start + fromStart.indexOf(Math.max(...fromStart));
  const kept = [start, opposite];
  const parts = [partOf(ring, start, opposite), partOf(ring, opposite, start + ring.length)];
  while (kept.length < most) {
    const worst = parts.reduce((a, b) => (b.distance > a.distance ? b : a));
    if (worst.distance <= tolerance) {
      break;
    }
    kept.push(worst.farthest);
    parts.splice(
      parts.indexOf(worst),
      1,
      partOf(ring, worst.from, worst.farthest),
      partOf(ring, worst.farthest, worst.to),
    );
  }
  return kept.sort((a, b) => a - b).map((index) => at(ring, index));
}

function partOf(ring: Ring, from: number, to: number): Part {
  const [start, end] = [at(ring, from), at(ring, to)];
  let farthest = from;
  let distance = 0;
  for (let i = from + 1; i < to; i += 1) {
    const here = distanceToSegment(at(ring, i), start, end);
    if (here > distance) {
      farthest = i;
      distance = here;
    }
  }
  return { from, to, farthest, distance };
}

export function indexOfLeast(ring: Ring, compare: (a: Point, b: Point) => number): number {
  let least = 0;
  for (let i = 1; i < ring.length; i += 1) {
    least = compare(at(ring, i), at(ring, least)) < 0 ? i : least;
  }
  return least;
}

/** Whether the outline neither crosses nor touches itself and encloses something. Exact for rounded rings. */
export function isSimple(ring: Ring): boolean {
  const whole = ring.map(
    ([x, y]): Point => [Math.round(x * STEPS_PER_PIXEL), Math.round(y * STEPS_PER_PIXEL)],
  );
  const count = whole.length;
  if (count < 3 || signedArea(whole) === 0) {
    return false;
  }
  for (let i = 0; i < count; i += 1) {
    const [a, b] = [at(whole, i), at(whole, i + 1)];
    if (isSamePoint(a, b) || foldsBack(a, b, at(whole, i + 2))) {
      return false;
    }
    const last = i === 0 ? count - 1 : count; // the edge before the first is its neighbour
    for (let j = i + 2; j < last; j += 1) {
      if (doMeet(a, b, at(whole, j), at(whole, j + 1))) {
        return false;
      }
    }
  }
  return true;
}

function foldsBack(a: Point, b: Point, c: Point): boolean {
  const along = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]);
  return turn(a, b, c) === 0 && along < 0;
}

function doMeet(a: Point, b: Point, c: Point, d: Point): boolean {
  const [cSide, dSide] = [Math.sign(turn(a, b, c)), Math.sign(turn(a, b, d))];
  const [aSide, bSide] = [Math.sign(turn(c, d, a)), Math.sign(turn(c, d, b))];
  if (cSide !== dSide && aSide !== bSide) {
    return true;
  }
  return (
    (cSide === 0 && isBetween(c, a, b)) ||
    (dSide === 0 && isBetween(d, a, b)) ||
    (aSide === 0 && isBetween(a, c, d)) ||
    (bSide === 0 && isBetween(b, c, d))
  );
}

/** Of three points on one line: is the first within the box of the other two? */
export function isBetween([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): boolean {
  return (
    x >= Math.min(ax, bx) && x <= Math.max(ax, bx) && y >= Math.min(ay, by) && y <= Math.max(ay, by)
  );
}
