import { describe, expect, it } from "vitest";
import { durationParts, isDiskLow, isSealLate } from "./systemState";

describe("a duration", () => {
  it.each([
    [0.4, { unit: "seconds", count: 0 }],
    [59.4, { unit: "seconds", count: 59 }],
    [60, { unit: "minutes", count: 1 }],
    [3599, { unit: "minutes", count: 59 }],
    [7260, { unit: "hours", count: 2 }],
    [47.9 * 3600, { unit: "hours", count: 47 }],
    [48 * 3600, { unit: "days", count: 2 }],
  ])("of %d s is %j", (seconds, parts) => expect(durationParts(seconds)).toEqual(parts));
});

describe("the disk", () => {
  it("is low below a tenth, before uploads are paused", () => {
    expect(isDiskLow({ free: 9, total: 100 })).toBe(true);
    expect(isDiskLow({ free: 10, total: 100 })).toBe(false);
  });
});

describe("the sealer", () => {
  const now = new Date("2026-11-25T10:00:00Z");
  it("is late when an event has waited for more than five minutes", () => {
    expect(isSealLate("2026-11-25T09:54:59Z", now)).toBe(true);
    expect(isSealLate("2026-11-25T09:55:01Z", now)).toBe(false);
    expect(isSealLate(null, now)).toBe(false);
  });
});
