import { describe, expect, it } from "vitest";
import type { ReviewInstance, ReviewSeries } from "../api/types";
import { isStackOf, stackChoices, stackKey } from "./stacks";

const instance = (uid: string, over: Partial<ReviewInstance> = {}) =>
  ({
    sop_instance_uid: uid,
    number_of_frames: 1,
    has_pixels: true,
    view_position: "",
    thumbnail_url: "",
    ...over,
  }) as ReviewInstance;
const series = (uid: string, modality: string, instances: ReviewInstance[]) =>
  ({
    series_instance_uid: uid,
    modality,
    laterality: "",
    description: "",
    instances,
  }) as unknown as ReviewSeries;

describe("stackChoices", () => {
  it("shows a volume as one stack and each radiograph by itself", () => {
    const choices = stackChoices({
      series: [
        series("s.ct", "CT", [instance("1"), instance("2")]),
        series("s.dx", "DX", [
          instance("3", { view_position: "PA" }),
          instance("4", { view_position: "LL" }),
        ]),
      ],
    });
    expect(choices.map(({ key, imageCount, label }) => [key, imageCount, label])).toEqual([
      ["s.ct", 2, "CT"],
      ["3", 1, "PA"],
      ["4", 1, "LL"],
    ]);
  });

  it("counts the frames of a clip and leaves out what has no pixels", () => {
    const choices = stackChoices({
      series: [
        series("s.us", "US", [instance("5", { number_of_frames: 30 })]),
        series("s.sr", "SR", [instance("6", { has_pixels: false })]),
      ],
    });
    expect(choices.map(({ key, imageCount }) => [key, imageCount])).toEqual([["5", 30]]);
  });

  it("names the case in the key, so that another case's stack is never taken for this one's", () => {
    const [choice] = stackChoices({ series: [series("s", "CT", [instance("1")])] });
    if (!choice) throw new Error("a choice was expected");
    expect(isStackOf(stackKey("case-1", choice), "case-1")).toBe(true);
    expect(isStackOf(stackKey("case-12", choice), "case-1")).toBe(false);
    expect(isStackOf(null, "case-1")).toBe(false);
  });
});
