/**
 * What did the hand mean by an outline that crosses itself? Its outer outline, where that is nearly all of
 * it; a figure of eight is not guessed at. Pure.
 */
import type { Point } from "./coords";
import {
  at,
  indexOfLeast,
  isBetween,
  isSamePoint,
  isSimple,
  type Ring,
  roundRing,
  signedArea,
  turn,
} from "./polygon";

/** Of an outline that crosses itself, more than this share beside the main part is not a slip of the hand. */
const LARGEST_SLIP = 0.1;

/**
 * A ring that crosses itself, mended to its outer outline: the little loop where the end of a hand-drawn
 * line overshoots its start is taken in or cut off. Null where that would lose more than a tenth (a figure
 * of eight) or nothing simple is left: then it has to be drawn again.
 */
export function mendRing(ring: Ring): Point[] | null {
  let mended = roundRing(ring);
  for (let attempt = 0; attempt < 4; attempt += 1) {
    if (isSimple(mended)) {
      return mended;
    }
    const loops = outerLoops([mended]);
    const areas = loops.map((loop) => Math.abs(signedArea(loop)));
    const largest = areas.indexOf(Math.max(...areas));
    const lost = areas.reduce((sum, area) => sum + area, 0) - (areas[largest] ?? 0);
    if (largest < 0 || lost > LARGEST_SLIP * (areas[largest] ?? 0)) {
      return null;
    }
    mended = roundRing(loops[largest] ?? []); // rounding a crossing can make another one, smaller
  }
  return null;
}

/**
 * The outside of a set of rings, part by part, as loops that do not come through a point twice: one loop a
 * part, and more only where it hangs together in single points. Holes, and parts inside others, are not told.
 */
export function outerLoops(rings: readonly Ring[]): Point[][] {
  return partsOf(junctionsOf(rings)).flatMap((part) => loopsOf(outerWalk(part)));
}

interface Junction {
  readonly point: Point;
  readonly neighbours: Set<string>;
}

/** Once round the outside of what hangs together, from junction to junction, along the outermost line. */
function outerWalk(junctions: ReadonlyMap<string, Junction>): Point[] {
  const points = [...junctions.values()].map(({ point }) => point);
  const start = at(
    points,
    indexOfLeast(points, (a, b) => a[0] - b[0] || a[1] - b[1]),
  );
  const walk: Point[] = [];
  let here = start;
  let behind: Point = [start[0] - 1, start[1]]; // outside: nothing is farther left
  for (let step = 0; step <= 4 * points.length; step += 1) {
    const next = firstAround(here, behind, junctions);
    if (next === null || (walk.length > 1 && isSamePoint(here, start) && next === walk[1])) {
      return walk.slice(0, -1);
    }
    if (walk.length === 0) {
      walk.push(here);
    }
    walk.push(next);
    [behind, here] = [here, next];
  }
  return [];
}

/** The neighbour met first when turning from the way back towards the outside. */
function firstAround(
  here: Point,
  behind: Point,
  junctions: ReadonlyMap<string, Junction>,
): Point | null {
  const back = Math.atan2(behind[1] - here[1], behind[0] - here[0]);
  let best: Point | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const key of junctions.get(keyOf(here))?.neighbours ?? []) {
    const point = junctions.get(key)?.point;
    if (point !== undefined) {
      const angle = Math.atan2(point[1] - here[1], point[0] - here[0]) - back;
      const positive = angle > 1e-12 ? angle : angle + 2 * Math.PI;
      if (positive < least) {
        [best, least] = [point, positive];
      }
    }
  }
  return best;
}

/** The rings' edges cut where they meet, as a graph. */
function junctionsOf(rings: readonly Ring[]): Map<string, Junction> {
  const junctions = new Map<string, Junction>();
  const junctionAt = (point: Point): Junction => {
    const key = keyOf(point);
    const junction = junctions.get(key) ?? { point, neighbours: new Set<string>() };
    junctions.set(key, junction);
    return junction;
  };
  const edges = rings.flatMap((ring) => ring.map((start, i) => [start, at(ring, i + 1)] as const));
  for (const [i, [a, b]] of edges.entries()) {
    const cuts = edges.flatMap(([c, d], j) => (j === i ? [] : crossings(a, b, c, d)));
    const line = [a, b, ...cuts]
      .sort((p, q) => distance(a, p) - distance(a, q))
      .map((point) => junctionAt(point));
    for (const [k, junction] of line.entries()) {
      const next = line[k + 1];
      if (next !== undefined && next !== junction) {
        junction.neighbours.add(keyOf(next.point));
        next.neighbours.add(keyOf(junction.point));
      }
    }
  }
  return junctions;
}

/** The junctions that lines lead to from one another, together. */
function partsOf(junctions: ReadonlyMap<string, Junction>): Map<string, Junction>[] {
  const parts: Map<string, Junction>[] = [];
  const seen = new Set<string>();
  for (const start of junctions.keys()) {
    const part = new Map<string, Junction>();
    const waiting = seen.has(start) ? [] : [start];
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      const junction = junctions.get(key);
      if (junction !== undefined && !seen.has(key)) {
        seen.add(key);
        part.set(key, junction);
        waiting.push(...junction.neighbours);
      }
    }
    if (part.size > 0) {
      parts.push(part);
    }
  }
  return parts;
}

/** Where c-d cuts or touches a-b. */
function crossings(a: Point, b: Point, c: Point, d: Point): Point[] {
  const [cSide, dSide] = [turn(a, b, c), turn(a, b, d)];
  const touching = [c, d].filter(
    (point, i) => (i === 0 ? cSide : dSide) === 0 && isBetween(point, a, b),
  );
  if (cSide === 0 || dSide === 0 || cSide > 0 === dSide > 0) {
    return touching;
  }
  const [aSide, bSide] = [turn(c, d, a), turn(c, d, b)];
  if (aSide === 0 || bSide === 0 || aSide > 0 === bSide > 0) {
    return []; // a touch at a or b is a cut of c-d alone
  }
  // Both edges must come to the very same point, so one of the two always reckons.
  const isFirst = a[0] - c[0] || a[1] - c[1] || b[0] - d[0] || b[1] - d[1];
  const [from, to, t] =
    isFirst < 0 ? [a, b, aSide / (aSide - bSide)] : [c, d, cSide / (cSide - dSide)];
  return [[from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])]];
}

/** A closed walk that comes through a point more than once, as loops that do not. */
function loopsOf(walk: Ring): Point[][] {
  const loops: Point[][] = [];
  const open: Point[] = [];
  for (const point of walk) {
    const before = open.findIndex((one) => keyOf(one) === keyOf(point));
    if (before >= 0) {
      loops.push(open.splice(before));
    }
    open.push(point);
  }
  return [...loops, open].filter((loop) => loop.length > 2);
}

function keyOf([x, y]: Point): string {
  return `${Math.round(x * 1e6)},${Math.round(y * 1e6)}`;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(b[0] - a[0], b[1] - a[1]);
}
