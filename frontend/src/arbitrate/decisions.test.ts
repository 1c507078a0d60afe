import { describe, expect, it } from "vitest";
import type { StoredContent } from "../api/labeling";
import type { RoiShape } from "../api/types";
import {
  type Choice,
  type Decisions,
  decidedOf,
  decisionsOf,
  isSameDecisions,
  isUnreadable,
  mergedRois,
  NO_DECISIONS,
  nextOpen,
  openEndsOf,
  stepConflict,
  storedDecisionsOf,
  WHOLE_CASE,
  withChoice,
  withComment,
  withoutRoi,
  withReason,
  withRoi,
} from "./decisions";

const square = (id: string, left: number, over: Partial<RoiShape> = {}): RoiShape => ({
  roi_id: id,
  finding: "nodule",
  sop_instance_uid: "2.25.1",
  frame_number: 1,
  kind: "rectangle",
  vertices: [
    [left, 0],
    [left + 10, 0],
    [left + 10, 10],
    [left, 10],
  ],
  laterality: "R",
  ...over,
});

const content = (over: Partial<StoredContent> = {}): StoredContent => ({
  answers: [],
  rois: [],
  measurements: [],
  nothing_found: false,
  quality: [],
  unreadable: false,
  unreadable_reason: "",
  comment: "",
  ...over,
});

const conflict = (finding: string) => ({ finding, reasons: ["value" as const], worst_iou: null });
const CASE = {
  conflicts: [conflict("nodule"), conflict("effusion"), conflict("fracture")],
  readers: [
    { letter: "A" as const, content: content({ rois: [square("a1", 0), square("a2", 50)] }) },
    { letter: "B" as const, content: content({ rois: [square("b1", 5)] }) },
  ],
  own: { content: content() },
};
const noRegions = () => [];

let ids = 0;
const newId = () => {
  ids += 1;
  return `new-${ids}`;
};

function decided(...choices: [string, Choice][]): Decisions {
  return choices.reduce<Decisions>(
    (all, [finding, choice]) =>
      withReason(withChoice(all, finding, choice, noRegions), finding, "overlooked"),
    NO_DECISIONS,
  );
}

describe("a decision", () => {
  it("is taken back by the same choice, and keeps reason and comment through another", () => {
    const chosen = decided(["nodule", "a"]);
    const worded = withComment(chosen, "nodule", "rib end");
    const other = withChoice(worded, "nodule", "b", noRegions);
    expect(other.nodule).toMatchObject({ choice: "b", reason: "overlooked", comment: "rib end" });
    expect(withChoice(other, "nodule", "b", noRegions)).toEqual({});
  });

  it("takes neither reason nor comment before there is a choice", () => {
    expect(withReason(NO_DECISIONS, "nodule", "extent")).toBe(NO_DECISIONS);
    expect(withComment(NO_DECISIONS, "nodule", "x")).toBe(NO_DECISIONS);
  });

  it("keeps what was drawn of a merged region when another choice is tried", () => {
    const merged = withChoice(NO_DECISIONS, "nodule", "merged", () =>
      mergedRois(CASE, "nodule", newId),
    );
    const [roi] = merged.nodule?.rois ?? [];
    if (!roi) throw new Error("a region was expected");
    const edited = withRoi(merged, { ...roi, laterality: "L" });
    const back = withChoice(
      withChoice(edited, "nodule", "a", noRegions),
      "nodule",
      "merged",
      noRegions,
    );
    expect(back.nodule?.rois).toEqual(edited.nodule?.rois);
    expect(storedDecisionsOf(CASE, withChoice(edited, "nodule", "a", noRegions))[0]?.rois).toEqual(
      [],
    );
  });

  it("comes back from the server as it was sent", () => {
    const before = withComment(
      withChoice(decided(["effusion", "own"]), "nodule", "merged", () =>
        mergedRois(CASE, "nodule", newId),
      ),
      "effusion",
      "small",
    );
    const stored = storedDecisionsOf(CASE, before);
    expect(stored.map(({ finding, reason }) => [finding, reason])).toEqual([
      ["nodule", "none"],
      ["effusion", "overlooked"],
    ]);
    expect(isSameDecisions(decisionsOf(JSON.parse(JSON.stringify(stored))), before)).toBe(true);
    expect(isSameDecisions(before, withComment(before, "effusion", "large"))).toBe(false);
    expect(isSameDecisions(before, withoutRoi(before, before.nodule?.rois[0]?.roiId ?? ""))).toBe(
      false,
    );
  });

  it("of what is agreed is not the arbitrator's", () => {
    const stored = {
      finding: "mass",
      choice: "agreed",
      reason: "none",
      comment: "",
      rois: [],
    } as const;
    expect(decisionsOf([{ ...stored, rois: [] }])).toEqual({});
  });
});

describe("the merged region", () => {
  it("joins what overlaps, keeps apart what does not, and has new names", () => {
    const merged = mergedRois(CASE, "nodule", newId);
    expect(merged.map(({ vertices }) => Math.max(...vertices.map(([x]) => x)))).toEqual([15, 60]);
    expect(merged.every(({ roiId }) => roiId.startsWith("new-"))).toBe(true);
    expect(merged.every(({ laterality }) => laterality === "R")).toBe(true);
  });

  it("is of one finding, and of each image by itself", () => {
    const elsewhere = { sop_instance_uid: "2.25.2", laterality: "L" as const };
    const readers = [
      {
        letter: "A" as const,
        content: content({ rois: [square("a", 0), square("x", 0, { finding: "mass" })] }),
      },
      { letter: "B" as const, content: content({ rois: [square("b", 0, elsewhere)] }) },
    ];
    const merged = mergedRois({ readers }, "nodule", newId);
    expect(merged.map((roi) => [roi.sopInstanceUid, roi.kind, roi.laterality])).toEqual([
      ["2.25.1", "rectangle", "R"],
      ["2.25.2", "rectangle", "L"],
    ]);
  });

  it("says no side where the readers name two", () => {
    const readers = [
      { letter: "A" as const, content: content({ rois: [square("a", 0)] }) },
      { letter: "B" as const, content: content({ rois: [square("b", 4, { laterality: "L" })] }) },
    ];
    expect(mergedRois({ readers }, "nodule", newId)).toMatchObject([{ laterality: "" }]);
  });
});

describe("what is still open", () => {
  it("is named finding by finding: a choice, a reason, a region", () => {
    const half = withChoice(
      withChoice(decided(["effusion", "b"]), "nodule", "a", noRegions),
      "fracture",
      "merged",
      noRegions,
    );
    expect(openEndsOf(CASE, NO_DECISIONS).map(({ code }) => code)).toEqual([
      "choice",
      "choice",
      "choice",
    ]);
    expect(openEndsOf(CASE, half)).toEqual([
      { finding: "nodule", code: "reason" },
      { finding: "fracture", code: "region" },
    ]);
  });

  it("leads from a decided finding to the next open one, round the end", () => {
    const some = decided(["effusion", "a"], ["fracture", "own"]);
    expect(nextOpen(CASE, some, "effusion")).toBe("nodule");
    expect(nextOpen(CASE, decided(["nodule", "a"]), "nodule")).toBe("effusion");
    const all = decided(["nodule", "a"], ["effusion", "a"], ["fracture", "a"]);
    expect(nextOpen(CASE, all, "fracture")).toBe("fracture");
  });

  it("is stepped through in both ways", () => {
    expect(stepConflict(CASE, "fracture", 1)).toBe("nodule");
    expect(stepConflict(CASE, "nodule", -1)).toBe("fracture");
    expect(stepConflict(CASE, null, 1)).toBe("nodule");
    expect(stepConflict({ conflicts: [] }, null, 1)).toBeNull();
  });
});

describe("a case that one reader could not read", () => {
  const SPLIT = {
    ...CASE,
    conflicts: [conflict(WHOLE_CASE), conflict("nodule")],
    readers: [
      { letter: "A" as const, content: content({ unreadable: true, unreadable_reason: "motion" }) },
      { letter: "B" as const, content: content() },
    ],
  };

  it("needs no finding decided once it is decided to be unreadable", () => {
    const unreadable = decided([WHOLE_CASE, "a"]);
    expect(isUnreadable(SPLIT, unreadable)).toBe(true);
    expect(openEndsOf(SPLIT, unreadable)).toEqual([]);
    expect(
      decidedOf(SPLIT, unreadable).map(({ finding, choice, reason }) => [finding, choice, reason]),
    ).toEqual([
      [WHOLE_CASE, "a", "overlooked"],
      ["nodule", "indeterminate", "overlooked"],
    ]);
  });

  it("needs them where it is decided to be readable", () => {
    const readable = decided([WHOLE_CASE, "own"]);
    expect(isUnreadable(SPLIT, readable)).toBe(false);
    expect(openEndsOf(SPLIT, readable)).toEqual([{ finding: "nodule", code: "choice" }]);
  });
});
