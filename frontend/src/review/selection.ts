/** Which finding is selected: the one the reader chose, else the first that asks for a decision. */
import type { ReviewPayload } from "../api/types";
import { type DraftContent, undecidedFindings } from "./draft";

type Schema = Pick<ReviewPayload, "ai" | "findings">;

export function firstSelection(payload: Schema, content: DraftContent): string | null {
  return undecidedFindings(payload, content)[0] ?? payload.findings[0]?.code ?? null;
}

/** The finding `step` places further in the schema's order, round the end. */
export function stepSelection(
  payload: Schema,
  selected: string | null,
  step: 1 | -1,
): string | null {
  const codes = payload.findings.map((finding) => finding.code);
  if (codes.length === 0) return null;
  const index = codes.indexOf(selected ?? "");
  return codes[(index + step + codes.length) % codes.length] ?? null;
}

/** After a decision the next finding that asks for one; the same one where none is left. */
export function selectionAfterDecision(
  payload: Schema,
  content: DraftContent,
  decided: string,
): string {
  const open = undecidedFindings(payload, content).filter((code) => code !== decided);
  const codes = payload.findings.map((finding) => finding.code);
  const later = open.find((code) => codes.indexOf(code) > codes.indexOf(decided));
  return later ?? open[0] ?? decided;
}
