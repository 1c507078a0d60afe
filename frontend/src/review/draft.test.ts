import { describe, expect, it } from "vitest";
import {
  type Draft,
  type DraftEvent,
  draftBody,
  isClosed,
  isUnsaved,
  openDraft,
  reduceDraft,
  undecidedFindings,
} from "./draft";

const EMPTY = openDraft({ draft: null });
const run = (draft: Draft, ...events: DraftEvent[]): Draft => events.reduce(reduceDraft, draft);
const accept = (finding: string): DraftEvent => ({ type: "decided", finding, verdict: "accepted" });
const reject = (finding: string): DraftEvent => ({ type: "decided", finding, verdict: "rejected" });

describe("verdicts", () => {
  it("are taken back by the same verdict and replaced by the other", () => {
    expect(run(EMPTY, accept("nodule")).content.verdicts).toEqual({ nodule: "accepted" });
    expect(run(EMPTY, accept("nodule"), accept("nodule")).content.verdicts).toEqual({});
    expect(run(EMPTY, accept("nodule"), reject("nodule")).content.verdicts).toEqual({
      nodule: "rejected",
    });
  });

  it("of one finding leave the other alone", () => {
    const draft = run(EMPTY, accept("nodule"), reject("effusion"), accept("nodule"));
    expect(draft.content.verdicts).toEqual({ effusion: "rejected" });
  });
});

describe("saving", () => {
  it("is the server's word, with its time", () => {
    const dirty = run(EMPTY, accept("nodule"));
    expect(dirty.save.kind).toBe("dirty");
    const saved = run(
      dirty,
      { type: "save_started", sent: dirty.content },
      { type: "save_done", savedAt: "2026-11-22T10:42:07Z" },
    );
    expect(saved.save).toEqual({ kind: "saved", savedAt: "2026-11-22T10:42:07Z" });
    expect(isUnsaved(saved)).toBe(false);
  });

  it("does not call content saved that changed while it was on the way", () => {
    const dirty = run(EMPTY, accept("nodule"));
    const changed = run(dirty, { type: "save_started", sent: dirty.content }, reject("effusion"), {
      type: "save_done",
      savedAt: "2026-11-22T10:42:07Z",
    });
    expect(changed.save.kind).toBe("dirty");
    expect(changed.content.verdicts).toEqual({ nodule: "accepted", effusion: "rejected" });
  });

  it("keeps what was entered when it fails", () => {
    const dirty = run(EMPTY, accept("nodule"), { type: "commented", comment: "left base" });
    const failed = run(
      dirty,
      { type: "save_started", sent: dirty.content },
      { type: "save_failed", error: "offline" },
    );
    expect(failed.save).toEqual({ kind: "save_failed", error: "offline" });
    expect(failed.content).toEqual({ verdicts: { nodule: "accepted" }, comment: "left base" });
    expect(isUnsaved(failed)).toBe(true);
  });
});

describe("a closed draft", () => {
  const content = run(EMPTY, accept("nodule")).content;
  const closed: DraftEvent[][] = [
    [{ type: "sign_started", sent: content }],
    [{ type: "sign_done", signedAt: "2026-11-22T10:43:00Z" }],
    [{ type: "conflicted", error: "stale" }],
  ];

  it.each(closed)("takes no verdict, no comment and no save (%o)", (event) => {
    const before = run(EMPTY, accept("nodule"), event);
    expect(isClosed(before)).toBe(true);
    const after = run(
      before,
      reject("nodule"),
      { type: "commented", comment: "late" },
      { type: "save_started", sent: content },
    );
    expect(after).toEqual(before);
  });

  it("opens again when this screen's version shall stand", () => {
    const draft = run(EMPTY, accept("nodule"), { type: "conflicted", error: "stale" });
    const kept = run(draft, { type: "kept_mine" });
    expect(kept.save.kind).toBe("dirty");
    expect(kept.content.verdicts).toEqual({ nodule: "accepted" });
  });

  it("opens again when the signature failed, without saving by itself", () => {
    const failed = run(
      EMPTY,
      accept("nodule"),
      { type: "sign_started", sent: content },
      { type: "sign_failed", error: "offline" },
    );
    expect(isClosed(failed)).toBe(false);
    expect(failed.save.kind).toBe("sign_failed");
  });

  it("hears a late answer of a save without losing its own state", () => {
    const signing = run(EMPTY, accept("nodule"), { type: "sign_started", sent: content });
    expect(run(signing, { type: "save_done", savedAt: "2026-11-22T10:42:07Z" })).toEqual(signing);
    expect(run(signing, { type: "save_failed", error: "offline" })).toEqual(signing);
  });
});

describe("draftBody", () => {
  it("is the same text for the same content, whatever the order of decisions", () => {
    const one = run(EMPTY, accept("nodule"), reject("effusion")).content;
    const two = run(EMPTY, reject("effusion"), accept("nodule")).content;
    expect(JSON.stringify(draftBody(one, 3, null))).toBe(JSON.stringify(draftBody(two, 3, null)));
    expect(draftBody(one, 3, "p")).toEqual({
      revision: 3,
      findings_text: "",
      case_prediction_id: "p",
      decisions: [
        { finding: "effusion", verdict: "rejected" },
        { finding: "nodule", verdict: "accepted" },
      ],
    });
  });

  it("gives back what the server's draft held", () => {
    const draft = openDraft({
      draft: {
        revision: 7,
        findings_text: "seen",
        saved_at: "2026-11-22T10:00:00Z",
        decisions: [{ finding: "nodule", verdict: "rejected" }],
      },
    });
    expect(draftBody(draft.content, 7, null).decisions).toEqual([
      { finding: "nodule", verdict: "rejected" },
    ]);
    expect(draft.save).toEqual({ kind: "saved", savedAt: "2026-11-22T10:00:00Z" });
  });
});

describe("undecidedFindings", () => {
  const finding = (code: string) => ({ code }) as never;
  const answer = (code: string, above: boolean) => ({ code, above }) as never;
  const payload = {
    findings: [finding("pneumonia"), finding("nodule"), finding("effusion")],
    ai: {
      findings: [answer("effusion", true), answer("nodule", false), answer("pneumonia", true)],
    },
  } as unknown as Parameters<typeof undecidedFindings>[0];

  it("lists what is above threshold and not judged, in the schema's order", () => {
    expect(undecidedFindings(payload, EMPTY.content)).toEqual(["pneumonia", "effusion"]);
    const judged = run(EMPTY, reject("pneumonia")).content;
    expect(undecidedFindings(payload, judged)).toEqual(["effusion"]);
  });

  it("is empty for a normal case, so that one key signs it", () => {
    const ai = { ...payload.ai, findings: [answer("nodule", false)] } as typeof payload.ai;
    const normal = { ...payload, ai } as typeof payload;
    expect(undecidedFindings(normal, EMPTY.content)).toEqual([]);
  });
});
