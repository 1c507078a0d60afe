/** An unsigned review as one pure reducer: what the reader decided, and how far the server has it. */
import type { Decision, DraftBody, ReviewPayload, Verdict } from "../api/types";

export interface DraftContent {
  verdicts: Readonly<Record<string, Verdict>>;
  comment: string;
}

/** Where the content stands with the server; `saving` and `signing` hold what was sent. */
export type SaveState =
  | { kind: "clean" }
  | { kind: "dirty" }
  | { kind: "saving"; sent: DraftContent }
  | { kind: "saved"; savedAt: string }
  | { kind: "save_failed"; error: unknown }
  | { kind: "conflict"; error: unknown }
  | { kind: "signing"; sent: DraftContent }
  | { kind: "sign_failed"; error: unknown }
  | { kind: "signed"; signedAt: string };

export interface Draft {
  content: DraftContent;
  save: SaveState;
}

export type DraftEvent =
  | { type: "decided"; finding: string; verdict: Verdict }
  | { type: "commented"; comment: string }
  | { type: "save_started"; sent: DraftContent }
  | { type: "save_done"; savedAt: string }
  | { type: "save_failed"; error: unknown }
  | { type: "conflicted"; error: unknown }
  | { type: "kept_mine" }
  | { type: "sign_started"; sent: DraftContent }
  | { type: "sign_done"; signedAt: string }
  | { type: "sign_failed"; error: unknown };

export function openDraft({ draft }: Pick<ReviewPayload, "draft">): Draft {
  const verdicts = Object.fromEntries(
    (draft?.decisions ?? []).map((decision) => [decision.finding, decision.verdict]),
  );
  return {
    content: { verdicts, comment: draft?.findings_text ?? "" },
    save: draft?.saved_at ? { kind: "saved", savedAt: draft.saved_at } : { kind: "clean" },
  };
}

/** Signed, being signed, or overtaken by another window: nothing may be changed here now. */
export function isClosed({ save }: Draft): boolean {
  return save.kind === "signing" || save.kind === "signed" || save.kind === "conflict";
}

/** There is something here that the server has not confirmed. */
export function isUnsaved({ save }: Draft): boolean {
  return ["dirty", "saving", "save_failed", "conflict", "signing", "sign_failed"].includes(
    save.kind,
  );
}

function withContent(draft: Draft, content: DraftContent): Draft {
  if (isClosed(draft)) return draft;
  // A save on its way keeps its state; save_done sees that the content has moved on.
  return { ...draft, content, save: draft.save.kind === "saving" ? draft.save : { kind: "dirty" } };
}

/** The same verdict again takes it back. */
function withVerdict(content: DraftContent, finding: string, verdict: Verdict): DraftContent {
  const { [finding]: current, ...others } = content.verdicts;
  return { ...content, verdicts: current === verdict ? others : { ...others, [finding]: verdict } };
}

export function reduceDraft(draft: Draft, event: DraftEvent): Draft {
  switch (event.type) {
    case "decided":
      return withContent(draft, withVerdict(draft.content, event.finding, event.verdict));
    case "commented":
      return withContent(draft, { ...draft.content, comment: event.comment });
    case "save_started":
      return isClosed(draft) ? draft : { ...draft, save: { kind: "saving", sent: event.sent } };
    case "save_done": {
      if (draft.save.kind !== "saving") return draft;
      const save: SaveState =
        draft.save.sent === draft.content
          ? { kind: "saved", savedAt: event.savedAt }
          : { kind: "dirty" };
      return { ...draft, save };
    }
    case "save_failed":
      if (draft.save.kind !== "saving") return draft;
      return { ...draft, save: { kind: "save_failed", error: event.error } };
    case "conflicted":
      return { ...draft, save: { kind: "conflict", error: event.error } };
    case "kept_mine":
      return { ...draft, save: { kind: "dirty" } };
    case "sign_started":
      return isClosed(draft) ? draft : { ...draft, save: { kind: "signing", sent: event.sent } };
    case "sign_done":
      return { ...draft, save: { kind: "signed", signedAt: event.signedAt } };
    case "sign_failed":
      return { ...draft, save: { kind: "sign_failed", error: event.error } };
  }
}

export function draftBody(
  content: DraftContent,
  revision: number,
  casePredictionId: string | null,
): DraftBody {
  const decisions: Decision[] = Object.entries(content.verdicts)
    .map(([finding, verdict]) => ({ finding, verdict }))
    .toSorted((a, b) => (a.finding < b.finding ? -1 : 1));
  return {
    revision,
    decisions,
    findings_text: content.comment,
    case_prediction_id: casePredictionId,
  };
}

/** Findings the AI puts at or above their threshold and the reader has not judged, in schema order. */
export function undecidedFindings(
  payload: Pick<ReviewPayload, "ai" | "findings">,
  content: DraftContent,
): string[] {
  const above = new Set(
    payload.ai?.findings.filter((answer) => answer.above).map((answer) => answer.code),
  );
  return payload.findings
    .map((finding) => finding.code)
    .filter((code) => above.has(code) && content.verdicts[code] === undefined);
}
