/** The arithmetic of a line chart: round ticks, a linear scale, a path with gaps; pure. */

export type Point = readonly [x: number, y: number | null];

export interface Series {
  name: string;
  points: readonly Point[];
}

export interface Range {
  low: number;
  high: number;
}

/** The range of all numbers, never empty: a single value gets room around it. */
export function rangeOf(values: readonly (number | null)[]): Range {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return { low: 0, high: 1 };
  const low = Math.min(...known);
  const high = Math.max(...known);
  if (low < high) return { low, high };
  const room = Math.abs(low) > 0 ? Math.abs(low) * 0.1 : 1;
  return { low: low - room, high: high + room };
}

/** Steps of 1, 2 or 5 times a power of ten that give about as many ticks as wanted. */
function stepOf({ low, high }: Range, wanted: number): number {
  const raw = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const share = raw / power;
  if (share <= 1) return power;
  if (share <= 2) return 2 * power;
  return share <= 5 ? 5 * power : 10 * power;
}

/** Round numbers inside of the range. */
export function ticksOf(range: Range, wanted: number): number[] {
  const step = stepOf(range, wanted);
  const first = Math.ceil(range.low / step - 1e-9);
  const last = Math.floor(range.high / step + 1e-9);
  const count = Math.max(0, last - first + 1);
  // Products of whole numbers, cut where floating point would show: 3 * 0.1 is 0.30000000000000004.
  return Array.from({ length: count }, (_, place) =>
    Number(((first + place) * step).toPrecision(12)),
  );
}

/** As many decimals as the ticks differ by. */
export function decimalsOf(ticks: readonly number[]): number {
  const [first, second] = ticks;
  if (first === undefined || second === undefined) return 2;
  return Math.max(0, Math.min(6, -Math.floor(Math.log10(second - first) + 1e-9)));
}

export function scaleOf(range: Range, from: number, to: number): (value: number) => number {
  return (value) => from + ((value - range.low) / (range.high - range.low)) * (to - from);
}

/** An SVG path through the points; where a value is missing, the line has a gap. */
export function pathOf(
  points: readonly Point[],
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  let isOpen = false;
  const parts: string[] = [];
  for (const [at, value] of points) {
    if (value === null) {
      isOpen = false;
      continue;
    }
    parts.push(`${isOpen ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`);
    isOpen = true;
  }
  return parts.join("");
}
