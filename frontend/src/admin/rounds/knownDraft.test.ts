import { describe, expect, it } from "vitest";
import {
  type AskedFinding,
  emptyDraft,
  sentOf,
  unansweredIn,
  withGrade,
  withRestAbsent,
  withValue,
} from "./knownDraft";

const finding = (code: string, grades: string[] = []): AskedFinding => ({
  code,
  name_en: code,
  name_zh: code,
  grades,
});
const ASKED = [finding("nodule"), finding("effusion", ["small", "large"])];
const codes = (found: readonly AskedFinding[]) => found.map(({ code }) => code);

describe("a known case", () => {
  it("is whole once every finding has its answer and what is present its grade", () => {
    let draft = emptyDraft("gold");
    expect(codes(unansweredIn(draft, ASKED))).toEqual(["nodule", "effusion"]);
    draft = withValue(withValue(draft, "nodule", "absent"), "effusion", "present");
    expect(codes(unansweredIn(draft, ASKED))).toEqual(["effusion"]);
    draft = withGrade(draft, "effusion", "large");
    expect(unansweredIn(draft, ASKED)).toEqual([]);
    expect(sentOf(draft, ASKED).answers).toEqual([
      { finding: "nodule", value: "absent", grade: "" },
      { finding: "effusion", value: "present", grade: "large" },
    ]);
  });

  it("has a grade only where the finding is present", () => {
    const graded = withGrade(emptyDraft("gold"), "effusion", "small");
    expect(withValue(graded, "effusion", "present").answers.effusion?.grade).toBe("small");
    expect(withValue(graded, "effusion", "absent").answers.effusion?.grade).toBe("");
  });

  it("gives the rest as absent and leaves what was answered", () => {
    const draft = withRestAbsent(withGrade(emptyDraft("gold"), "effusion", "small"), ASKED);
    expect(draft.answers).toEqual({
      nodule: { value: "absent", grade: "" },
      effusion: { value: "present", grade: "small" },
    });
  });

  it("sends no answers of an image that cannot be read, and keeps them", () => {
    const draft = { ...withValue(emptyDraft("gold"), "nodule", "present"), isUnreadable: true };
    expect(unansweredIn(draft, ASKED)).toEqual([]);
    expect(sentOf(draft, ASKED)).toMatchObject({ answers: [], unreadable: true });
    expect(draft.answers.nodule?.value).toBe("present");
  });

  it("sends nothing of a finding that is not asked any more", () => {
    const draft = withRestAbsent(emptyDraft("gold"), ASKED);
    expect(sentOf(draft, ASKED.slice(0, 1)).answers).toHaveLength(1);
  });
});
