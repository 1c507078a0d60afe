import { describe, expect, it } from "vitest";
import { EMPTY_CONTENT } from "./draft";
import { firstSelection, selectionAfterDecision, stepSelection } from "./selection";

const codes = ["pneumonia", "nodule", "effusion"];
const schema = (above: string[]) =>
  ({
    findings: codes.map((code) => ({ code })),
    ai: { findings: codes.map((code) => ({ code, above: above.includes(code) })) },
  }) as unknown as Parameters<typeof firstSelection>[0];
const content = (verdicts: Record<string, "accepted" | "rejected">) => ({
  ...EMPTY_CONTENT,
  verdicts,
});

describe("the selected finding", () => {
  it("is at first the first that asks for a decision", () => {
    expect(firstSelection(schema(["nodule", "effusion"]), content({}))).toBe("nodule");
    expect(firstSelection(schema(["nodule"]), content({ nodule: "rejected" }))).toBe("pneumonia");
    expect(firstSelection({ findings: [] }, content({}))).toBeNull();
  });

  it("moves round the schema in both directions", () => {
    expect(stepSelection(schema([]), "pneumonia", 1)).toBe("nodule");
    expect(stepSelection(schema([]), "effusion", 1)).toBe("pneumonia");
    expect(stepSelection(schema([]), "pneumonia", -1)).toBe("effusion");
    expect(stepSelection({ findings: [] }, null, 1)).toBeNull();
  });

  it("goes on to the next open finding after a decision, later ones first", () => {
    const all = schema(codes);
    expect(selectionAfterDecision(all, content({ nodule: "accepted" }), "nodule")).toBe("effusion");
    const two = content({ nodule: "accepted", effusion: "accepted" });
    expect(selectionAfterDecision(all, two, "effusion")).toBe("pneumonia");
  });

  it("stays where nothing is left to decide, so that the same key takes the verdict back", () => {
    expect(
      selectionAfterDecision(schema(["nodule"]), content({ nodule: "accepted" }), "nodule"),
    ).toBe("nodule");
  });
});
