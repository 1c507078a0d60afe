import { describe, expect, it } from "vitest";
import type { LabelFinding } from "../api/labeling";
import { EMPTY_CONTENT, withGrade, withRoi, withValue } from "./content";
import { confidenceTarget, findingAfterAnswer, firstFinding, isLive, stepFinding } from "./steps";

const finding = (code: string, over: Partial<LabelFinding> = {}): LabelFinding => ({
  code,
  name_en: code,
  name_zh: code,
  kind: "binary",
  grades: [],
  needs_roi: false,
  needs_measurement: false,
  minimum_size_mm: null,
  ...over,
});
const FINDINGS = [
  finding("nodule", { needs_roi: true }),
  finding("oedema", { kind: "graded", grades: ["mild", "severe"] }),
  finding("fracture"),
];
const ROI = {
  roiId: "r",
  finding: "nodule",
  sopInstanceUid: "1",
  frameNumber: 1,
  kind: "rectangle",
  vertices: [],
  laterality: "",
} as const;

describe("the selected finding", () => {
  it("is the first that is unanswered", () => {
    expect(firstFinding(FINDINGS, EMPTY_CONTENT)).toBe("nodule");
    expect(firstFinding(FINDINGS, withValue(EMPTY_CONTENT, "nodule", "absent"))).toBe("oedema");
    expect(firstFinding([], EMPTY_CONTENT)).toBeNull();
  });

  it("steps round the end", () => {
    expect(stepFinding(FINDINGS, "fracture", 1)).toBe("nodule");
    expect(stepFinding(FINDINGS, "nodule", -1)).toBe("fracture");
    expect(stepFinding([], null, 1)).toBeNull();
  });

  it("moves on after an answer, but stays where a region, a grade or the answer itself is missing", () => {
    const absent = withValue(EMPTY_CONTENT, "nodule", "absent");
    expect(findingAfterAnswer(FINDINGS, absent, "nodule")).toBe("oedema");
    const present = withValue(EMPTY_CONTENT, "nodule", "present");
    expect(findingAfterAnswer(FINDINGS, present, "nodule")).toBe("nodule");
    expect(findingAfterAnswer(FINDINGS, withRoi(present, ROI), "nodule")).toBe("oedema");
    const ungraded = withValue(EMPTY_CONTENT, "oedema", "present");
    expect(findingAfterAnswer(FINDINGS, ungraded, "oedema")).toBe("oedema");
    expect(findingAfterAnswer(FINDINGS, withGrade(ungraded, "oedema", "mild"), "oedema")).toBe(
      "fracture",
    );
    expect(findingAfterAnswer(FINDINGS, EMPTY_CONTENT, "fracture")).toBe("fracture");
  });

  it("goes back for what was passed over", () => {
    const last = withValue(EMPTY_CONTENT, "fracture", "absent");
    expect(findingAfterAnswer(FINDINGS, last, "fracture")).toBe("nodule");
  });
});

describe("the confidence key", () => {
  it("means the selected finding once it is answered, else the one answered last", () => {
    const content = withValue(EMPTY_CONTENT, "nodule", "absent");
    expect(confidenceTarget(content, "oedema", "nodule")).toBe("nodule");
    expect(confidenceTarget(content, "nodule", "fracture")).toBe("nodule");
    expect(confidenceTarget(content, "oedema", null)).toBeNull();
  });
});

describe("a read", () => {
  it("is live until it is locked or over", () => {
    expect(
      ["offered", "opened", "draft"].every((state) => isLive({ state: state as "draft" })),
    ).toBe(true);
    expect(isLive({ state: "locked" })).toBe(false);
    expect(isLive({ state: "expired" })).toBe(false);
  });
});
