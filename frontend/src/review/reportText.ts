/** The report as plain text, for a system that takes nothing else. It names no patient: that system knows. */
import type { ExplicitVerdict, Finding, ReportSection } from "../api/types";
import type { DraftContent } from "./draft";

interface Words {
  nameOf: (finding: Finding) => string;
  verdictOf: (verdict: ExplicitVerdict) => string;
  titleOf: (section: ReportSection) => string;
  critical: string;
}

export function reportText(
  findings: readonly Finding[],
  content: DraftContent,
  words: Words,
): string {
  const decided = findings.flatMap((finding) => {
    const verdict = content.verdicts[finding.code];
    if (!verdict) return [];
    const grade = content.grades[finding.code];
    return [`- ${words.nameOf(finding)}: ${words.verdictOf(verdict)}${grade ? ` (${grade})` : ""}`];
  });
  const blocks = [
    [words.titleOf("findings"), ...decided, content.findingsText.trim()],
    [words.titleOf("impression"), content.impressionText.trim()],
    content.isCritical ? [words.critical, content.criticalNote.trim()] : [],
  ];
  return blocks
    .map((lines) => lines.filter((line) => line !== ""))
    .filter((lines) => lines.length > 1 || lines[0] === words.critical)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}
