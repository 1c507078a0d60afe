import { describe, expect, it } from "vitest";
import { decimalsOf, pathOf, rangeOf, scaleOf, ticksOf } from "./lineChart";

describe("a line chart", () => {
  it.each([
    [{ low: 0, high: 1 }, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [{ low: 0.21, high: 0.94 }, 5, [0.4, 0.6, 0.8]],
    [{ low: 1, high: 10 }, 5, [2, 4, 6, 8, 10]],
    [{ low: 1, high: 300 }, 4, [100, 200, 300]],
    [{ low: 0, high: 0.3 }, 3, [0, 0.1, 0.2, 0.3]],
  ])("has round ticks in %o", (range, wanted, ticks) => {
    expect(ticksOf(range, wanted)).toEqual(ticks);
  });

  it("writes ticks with as many decimals as they differ by", () => {
    expect(decimalsOf([0, 0.2])).toBe(1);
    expect(decimalsOf([0.05, 0.1])).toBe(2);
    expect(decimalsOf([100, 200])).toBe(0);
  });

  it("gives a single value room, and nothing at all a range", () => {
    expect(rangeOf([2, null])).toEqual({ low: 1.8, high: 2.2 });
    expect(rangeOf([0])).toEqual({ low: -1, high: 1 });
    expect(rangeOf([null])).toEqual({ low: 0, high: 1 });
  });

  it("turns the vertical axis upside down, as screens count", () => {
    const y = scaleOf({ low: 0, high: 2 }, 100, 0);
    expect([y(0), y(1), y(2)]).toEqual([100, 50, 0]);
  });

  it("breaks the line where a value is missing", () => {
    const same = (value: number) => value;
    const points = [
      [1, 1],
      [2, 2],
      [3, null],
      [4, 3],
    ] as const;
    expect(pathOf(points, same, same)).toBe("M1.0 1.0L2.0 2.0M4.0 3.0");
  });
});
