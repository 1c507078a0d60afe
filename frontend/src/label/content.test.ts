import { describe, expect, it } from "vitest";
import type { LabelFinding } from "../api/labeling";
import type { PixelSpacing } from "../viewer/coords";
import type { Roi } from "../viewer/roi";
import {
  contentOf,
  contradictingFindings,
  EMPTY_CONTENT,
  isSameContent,
  type LabelContent,
  longestMm,
  type Measurement,
  oddsOf,
  storedContentOf,
  unansweredFindings,
  withConfidence,
  withGrade,
  withMeasurement,
  withNothingFound,
  withoutMeasurement,
  withoutRoi,
  withQuality,
  withRoi,
  withUnreadable,
  withValue,
} from "./content";

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
const NODULE = finding("nodule", { needs_roi: true, needs_measurement: true, minimum_size_mm: 3 });
const OEDEMA = finding("oedema", { kind: "graded", grades: ["mild", "severe"] });
const FINDINGS = [NODULE, OEDEMA];

const roi = (over: Partial<Roi> = {}): Roi => ({
  roiId: "r1",
  finding: "nodule",
  sopInstanceUid: "2.25.1",
  frameNumber: 1,
  kind: "rectangle",
  vertices: [
    [1, 1],
    [5, 1],
    [5, 4],
    [1, 4],
  ],
  laterality: "L",
  ...over,
});
const line = (over: Partial<Measurement> = {}): Measurement => ({
  measurementId: "m1",
  finding: "nodule",
  sopInstanceUid: "2.25.1",
  frameNumber: 1,
  start: [0, 0],
  end: [3, 4],
  ...over,
});
/** Rows 2 mm apart, columns 0.5 mm. */
const SPACING: PixelSpacing = { rowMm: 2, columnMm: 0.5, kind: "patient" };
const spacingOf = (uid: string) => (uid === "2.25.1" ? SPACING : null);
const codes = (content: LabelContent) =>
  oddsOf(FINDINGS, content, spacingOf).map((odd) => `${odd.finding}:${odd.code}`);

const complete = withGrade(
  withMeasurement(withRoi(withValue(EMPTY_CONTENT, "nodule", "present"), roi()), line()),
  "oedema",
  "mild",
);

describe("answers", () => {
  it("are given, changed, and taken back by the same value again", () => {
    const present = withValue(EMPTY_CONTENT, "nodule", "present");
    expect(present.answers).toEqual({ nodule: { value: "present", grade: "", confidence: null } });
    const absent = withValue(present, "nodule", "absent");
    expect(absent.answers.nodule?.value).toBe("absent");
    expect(withValue(absent, "nodule", "absent").answers).toEqual({});
    expect(EMPTY_CONTENT.answers).toEqual({});
  });

  it("lose the grade when the finding is not present, and the confidence when it cannot be assessed", () => {
    const graded = withConfidence(withGrade(EMPTY_CONTENT, "oedema", "severe"), "oedema", 4);
    expect(graded.answers.oedema).toEqual({ value: "present", grade: "severe", confidence: 4 });
    expect(withValue(graded, "oedema", "absent").answers.oedema).toEqual({
      value: "absent",
      grade: "",
      confidence: 4,
    });
    expect(withValue(graded, "oedema", "not_assessable").answers.oedema?.confidence).toBeNull();
  });

  it("take a grade back without taking back that the finding is present", () => {
    const graded = withGrade(EMPTY_CONTENT, "oedema", "mild");
    expect(withGrade(graded, "oedema", "mild").answers.oedema).toEqual({
      value: "present",
      grade: "",
      confidence: null,
    });
  });

  it("have a confidence only once there is an answer", () => {
    expect(withConfidence(EMPTY_CONTENT, "nodule", 3)).toBe(EMPTY_CONTENT);
    const sure = withConfidence(withValue(EMPTY_CONTENT, "nodule", "absent"), "nodule", 5);
    expect(sure.answers.nodule?.confidence).toBe(5);
    expect(withConfidence(sure, "nodule", 5).answers.nodule?.confidence).toBeNull();
  });
});

describe("nothing found", () => {
  it("is an act of its own and answers every finding", () => {
    const nothing = withNothingFound(FINDINGS, EMPTY_CONTENT);
    expect(nothing.isNothingFound).toBe(true);
    expect(unansweredFindings(FINDINGS, nothing)).toEqual([]);
    const oneByOne = withValue(withValue(EMPTY_CONTENT, "nodule", "absent"), "oedema", "absent");
    expect(oneByOne.isNothingFound).toBe(false);
    expect(isSameContent(oneByOne, nothing)).toBe(false);
  });

  it("is taken back by itself, by any other answer and by a region", () => {
    const nothing = withNothingFound(FINDINGS, EMPTY_CONTENT);
    expect(withNothingFound(FINDINGS, nothing)).toEqual(EMPTY_CONTENT);
    expect(withValue(nothing, "oedema", "present").isNothingFound).toBe(false);
    expect(withValue(nothing, "oedema", "absent").isNothingFound).toBe(false); // unanswered again
  });

  it("never overrules an answer: it changes nothing and says which findings are in its way", () => {
    const present = withValue(EMPTY_CONTENT, "oedema", "present");
    expect(withNothingFound(FINDINGS, present)).toBe(present);
    expect(contradictingFindings(FINDINGS, present)).toEqual(["oedema"]);
    const drawn = withValue(withRoi(EMPTY_CONTENT, roi()), "nodule", "absent");
    expect(contradictingFindings(FINDINGS, drawn)).toEqual(["nodule"]);
  });

  it("keeps how sure the reader was", () => {
    const sure = withConfidence(withValue(EMPTY_CONTENT, "nodule", "absent"), "nodule", 5);
    expect(withNothingFound(FINDINGS, sure).answers.nodule?.confidence).toBe(5);
  });
});

describe("what is drawn", () => {
  it("says that the finding is present, unless the reader said otherwise", () => {
    expect(withRoi(EMPTY_CONTENT, roi()).answers.nodule?.value).toBe("present");
    expect(withMeasurement(EMPTY_CONTENT, line()).answers.nodule?.value).toBe("present");
    const absent = withValue(EMPTY_CONTENT, "nodule", "absent");
    expect(withRoi(absent, roi()).answers.nodule?.value).toBe("absent");
  });

  it("is replaced by its id and removed by it", () => {
    const two = withRoi(withRoi(EMPTY_CONTENT, roi()), roi({ roiId: "r2" }));
    const moved = withRoi(two, roi({ laterality: "R" }));
    expect(moved.rois.map((one) => one.laterality)).toEqual(["R", "L"]);
    expect(withoutRoi(moved, "r1").rois.map((one) => one.roiId)).toEqual(["r2"]);
    const lines = withMeasurement(withMeasurement(EMPTY_CONTENT, line()), line({ end: [6, 8] }));
    expect(lines.measurements).toHaveLength(1);
    expect(withoutMeasurement(lines, "m1").measurements).toEqual([]);
  });

  it("is measured in the image's own millimetres", () => {
    // 3 columns of 0.5 mm and 4 rows of 2 mm: hypot(1.5, 8)
    expect(longestMm(complete, "nodule", spacingOf)).toBeCloseTo(8.139, 3);
    const both = withMeasurement(complete, line({ measurementId: "m2", end: [0, 10] }));
    expect(longestMm(both, "nodule", spacingOf)).toBe(20);
    expect(longestMm(complete, "nodule", () => null)).toBeNull();
    expect(longestMm(complete, "oedema", spacingOf)).toBeNull();
  });
});

describe("odd things", () => {
  it("are none in a complete read, nor in one of an unreadable case", () => {
    expect(codes(complete)).toEqual([]);
    expect(codes(withUnreadable(EMPTY_CONTENT, true))).toEqual([]);
    expect(codes(withNothingFound(FINDINGS, EMPTY_CONTENT))).toEqual([]);
  });

  it("are named finding by finding, and those that block say so", () => {
    expect(oddsOf(FINDINGS, EMPTY_CONTENT, spacingOf)).toEqual([
      { code: "unanswered", finding: "nodule", blocks: true },
      { code: "unanswered", finding: "oedema", blocks: true },
    ]);
    const bare = withValue(withValue(EMPTY_CONTENT, "nodule", "present"), "oedema", "present");
    expect(codes(bare)).toEqual([
      "nodule:roi_missing",
      "nodule:measurement_missing",
      "oedema:grade_missing",
    ]);
    expect(oddsOf(FINDINGS, bare, spacingOf).map(({ blocks }) => blocks)).toEqual([
      false,
      false,
      true,
    ]);
  });

  it("know the size rule: below 3 mm is odd, 3 mm itself is not, an unknown length is not", () => {
    const of = (column: number, uid = "2.25.1") =>
      codes(withMeasurement(complete, line({ end: [column, 0], sopInstanceUid: uid })));
    expect(of(5.98)).toEqual(["nodule:below_minimum_size"]); // 2.99 mm
    expect(of(6)).toEqual([]); // 3.00 mm
    expect(of(1, "2.25.9")).toEqual([]);
  });

  it("know a region of a finding that is not present, and a present finding among nothing", () => {
    expect(codes(withValue(complete, "nodule", "absent"))).toEqual(["nodule:roi_without_presence"]);
    const contradiction = { ...complete, isNothingFound: true };
    expect(codes(contradiction)).toEqual([":nothing_found_but_present"]);
  });
});

describe("what is stored and sent", () => {
  it("comes back as it went", () => {
    const full = {
      ...withQuality(withQuality(complete, "motion"), "artefact"),
      comment: "rotated 转位",
    };
    const sent = storedContentOf(full);
    expect(sent.quality).toEqual(["artefact", "motion"]);
    expect(sent.answers.map((answer) => answer.finding)).toEqual(["nodule", "oedema"]);
    expect(isSameContent(contentOf(sent), full)).toBe(true);
    expect(contentOf(JSON.parse(JSON.stringify(sent)))).toEqual(full);
  });

  it("is empty for a draft that was never saved", () => {
    expect(contentOf({})).toEqual(EMPTY_CONTENT);
  });

  it("loses the reason with the word that the case is unreadable, and no answer", () => {
    const unreadable = { ...withUnreadable(complete, true), unreadableReason: "black" };
    const readable = withUnreadable(unreadable, false);
    expect(readable.unreadableReason).toBe("");
    expect(isSameContent(readable, complete)).toBe(true);
  });

  it.each([
    ["an answer", withConfidence(complete, "oedema", 2)],
    ["a region", withRoi(complete, roi({ laterality: "R" }))],
    ["a length", withMeasurement(complete, line({ end: [9, 9] }))],
    ["a flag", withQuality(complete, "motion")],
    ["a comment", { ...complete, comment: "." }],
    ["one finding more", withValue(complete, "other", "absent")],
  ])("differs by %s", (_, other) => {
    expect(isSameContent(complete, other)).toBe(false);
  });
});
