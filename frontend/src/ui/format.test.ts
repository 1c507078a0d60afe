import { describe, expect, it } from "vitest";
import { elapsedSince, formatBytes, formatProbability, minutesAndSeconds } from "./format";

describe("formatProbability", () => {
  it.each([
    [0.5, "0.50"],
    [0.944, "0.94"],
    [0.9949, "0.99"],
    [0.997, ">0.99"],
    [1, "1.00"],
    [0.004, "<0.01"],
    [0.006, "0.01"],
    [0, "0.00"],
  ])("never rounds %d to certainty: %s", (value, text) => {
    expect(formatProbability(value)).toBe(text);
  });
});

describe("elapsedSince", () => {
  const now = new Date("2026-11-22T12:00:00Z");
  it.each([
    ["2026-11-22T11:48:30Z", { unit: "minutes", count: 11 }],
    ["2026-11-22T11:00:00Z", { unit: "hours", count: 1 }],
    ["2026-11-20T13:00:00Z", { unit: "hours", count: 47 }],
    ["2026-11-20T12:00:00Z", { unit: "days", count: 2 }],
    ["2026-11-22T12:00:05Z", { unit: "minutes", count: 0 }], // a server clock slightly ahead
  ])("says %s in one unit", (iso, elapsed) => {
    expect(elapsedSince(iso, now)).toEqual(elapsed);
  });
});

describe("sizes and durations", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [50_331_648, "50.3 MB"],
    [123_456_789_000, "123 GB"],
  ])("writes %d bytes as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it("rounds before it splits, so that 119.6 s is two minutes and not 1 min 60 s", () => {
    expect(minutesAndSeconds(112.4)).toEqual({ minutes: 1, seconds: 52 });
    expect(minutesAndSeconds(119.6)).toEqual({ minutes: 2, seconds: 0 });
  });
});
