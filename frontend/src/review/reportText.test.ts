import { describe, expect, it } from "vitest";
import { EMPTY_CONTENT } from "./draft";
import { reportText } from "./reportText";

const FINDINGS = [
  { code: "nodule", name_en: "Nodule" },
  { code: "density", name_en: "Density" },
  { code: "effusion", name_en: "Effusion" },
] as never[];
const WORDS = {
  nameOf: (finding: { name_en: string }) => finding.name_en,
  verdictOf: (verdict: string) => verdict,
  titleOf: (section: string) => section.toUpperCase(),
  critical: "CRITICAL",
} as never;

describe("reportText", () => {
  it("is empty for an empty report", () => {
    expect(reportText(FINDINGS, EMPTY_CONTENT, WORDS)).toBe("");
  });

  it("lists what was decided in the schema's order, then what was written", () => {
    const content = {
      ...EMPTY_CONTENT,
      verdicts: { effusion: "rejected", density: "accepted" } as const,
      grades: { density: "C" },
      findingsText: "Dense on both sides.\n",
      impressionText: "Follow up.",
    };
    expect(reportText(FINDINGS, content, WORDS)).toBe(
      [
        "FINDINGS",
        "- Density: accepted (C)",
        "- Effusion: rejected",
        "Dense on both sides.",
        "",
        "IMPRESSION",
        "Follow up.",
      ].join("\n"),
    );
  });

  it("says that a result is critical, with or without a note", () => {
    const content = { ...EMPTY_CONTENT, isCritical: true };
    expect(reportText(FINDINGS, content, WORDS)).toBe("CRITICAL");
    expect(reportText(FINDINGS, { ...content, criticalNote: "Ward 3" }, WORDS)).toBe(
      "CRITICAL\nWard 3",
    );
  });
});
