import { describe, expect, it } from "vitest";
import type { Run } from "../../api/types";
import { type Mark, rateOf, remember, secondsLeft, workOf } from "./progress";

const at = (seconds: number, done: number, stage: Mark["stage"] = "features"): Mark => ({
  stage,
  done,
  at_ms: seconds * 1000,
});

const marked = (...marks: Mark[]): Mark[] => marks.reduce(remember, [] as Mark[]);

describe("the rate of a run", () => {
  it("is work over time", () => {
    expect(rateOf(marked(at(0, 0), at(2, 10), at(4, 30)))).toBe(7.5);
  });

  it("is unknown while nothing has moved", () => {
    expect(rateOf(marked(at(0, 5)))).toBeNull();
    expect(rateOf(marked(at(0, 5), at(9, 5)))).toBeNull();
  });

  it("begins anew with every stage and every new attempt", () => {
    expect(rateOf(marked(at(0, 0), at(1, 100), at(2, 1, "training")))).toBeNull();
    expect(rateOf(marked(at(0, 50), at(1, 60), at(2, 0)))).toBeNull();
  });

  it("forgets what is older than half a minute, but keeps one mark to measure from", () => {
    expect(rateOf(marked(at(0, 0), at(40, 40), at(60, 100)))).toBe(3);
    expect(rateOf(marked(at(0, 0), at(100, 50)))).toBe(0.5);
  });
});

it("counts epochs while training and images otherwise", () => {
  const progress = { stage: "training", epoch: 3, epochs: 10, images_done: 7, images_total: 9 };
  expect(workOf({ progress } as Run)).toMatchObject({ unit: "epochs", done: 3, total: 10 });
  const features = { progress: { ...progress, stage: "features" } } as Run;
  expect(workOf(features)).toMatchObject({ unit: "images", done: 7, total: 9 });
});

it("says how long the rest takes", () => {
  const work = { stage: "features", unit: "images", done: 25, total: 100 } as const;
  expect(secondsLeft(work, 2.5)).toBe(30);
  expect(secondsLeft(work, null)).toBeNull();
});
