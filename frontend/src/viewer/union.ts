/**
 * Several outlines as one: what lies in any of them. Outlines that overlap become one; those that lie apart,
 * or touch in a single point, stay apart. A region has no holes, so a gap closed all round is taken in. Pure.
 */
import { outerLoops } from "./mend";
import { at, isInside, type Ring, roundRing } from "./polygon";
import { tidyOutline } from "./roi";

/** Outlines that can be stored, none inside another, which cover the given ones to a quarter of a pixel. */
export function unionOf(rings: readonly Ring[]): Ring[] {
  const loops = outerLoops(rings.map(roundRing));
  const outer = loops.filter((loop) => !loops.some((other) => encloses(other, loop)));
  return outer.flatMap((loop) => {
    const outline = tidyOutline(loop);
    return outline === null ? [] : [outline];
  });
}

/** Loops never cross, so one point tells; where they touch it is a point that both have. */
function encloses(outer: Ring, inner: Ring): boolean {
  if (outer === inner) {
    return false;
  }
  const free = inner.find(([x, y]) => !outer.some(([u, v]) => u === x && v === y));
  return isInside(outer, free ?? at(inner, 0));
}

/**
 * How much two sets of outlines overlap: the area they share divided by the area of both together (0 to 1);
 * 0 where there is nothing. Reckoned on `lines` scan lines, exact along each of them.
 */
export function overlapOf(first: readonly Ring[], second: readonly Ring[], lines = 1024): number {
  const rows = [...first, ...second].flatMap((ring) => ring.map(([, row]) => row));
  const top = Math.min(...rows);
  const step = (Math.max(...rows) - top) / lines;
  let shared = 0;
  let together = 0;
  for (let i = 0; i < lines && step > 0; i += 1) {
    const row = top + (i + 0.5) * step;
    const [a, b] = [spansAt(first, row), spansAt(second, row)];
    const all = lengthOf(mergeSpans([...a, ...b]));
    together += all;
    shared += lengthOf(a) + lengthOf(b) - all;
  }
  return together > 0 ? shared / together : 0;
}

type Span = readonly [from: number, to: number];

/** Where the row runs through any of the outlines. */
function spansAt(rings: readonly Ring[], row: number): Span[] {
  return mergeSpans(
    rings.flatMap((ring) => {
      const cuts = cutsAt(ring, row);
      return cuts.flatMap((from, i): Span[] => {
        const to = cuts[i + 1];
        return i % 2 === 0 && to !== undefined ? [[from, to]] : [];
      });
    }),
  );
}

function cutsAt(ring: Ring, row: number): number[] {
  return ring
    .flatMap(([x, y], i) => {
      const [nextX, nextY] = at(ring, i + 1);
      return y > row !== nextY > row ? [x + ((row - y) / (nextY - y)) * (nextX - x)] : [];
    })
    .sort((a, b) => a - b);
}

function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) {
      last[1] = Math.max(last[1], to);
    } else {
      merged.push([from, to]);
    }
  }
  return merged;
}

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, [from, to]) => sum + to - from, 0);
}
