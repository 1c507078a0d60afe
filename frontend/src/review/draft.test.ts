import { describe, expect, it } from "vitest";
import { isClosed, isUnsaved } from "../reading/draft";
import {
  type Draft,
  type DraftContent,
  type DraftEvent,
  draftBody,
  EMPTY_CONTENT,
  incompleteFindings,
  openDraft,
  reduceDraft,
  undecidedFindings,
  withAllAbsent,
  withGrade,
  withoutRoi,
  withRoi,
  withText,
  withVerdict,
} from "./draft";

const EMPTY = openDraft({ draft: null });
type Step = DraftEvent | ((content: DraftContent) => DraftContent);
const run = (draft: Draft, ...steps: Step[]): Draft =>
  steps.reduce<Draft>(
    (before, step) =>
      reduceDraft(
        before,
        typeof step === "function" ? { type: "edited", content: step(before.content) } : step,
      ),
    draft,
  );
const accept = (finding: string) => (content: DraftContent) =>
  withVerdict(content, finding, "accepted");
const reject = (finding: string) => (content: DraftContent) =>
  withVerdict(content, finding, "rejected");
const write = (text: string) => (content: DraftContent) => withText(content, "findings", text);
const SHOWN = {
  revision: 3,
  casePredictionId: "p",
  client: { renderer: "webgl", pixel_ratio: 1, version: "1" },
};
const ROI = {
  roiId: "r1",
  finding: "nodule",
  sopInstanceUid: "1.2",
  frameNumber: 1,
  kind: "rectangle",
  vertices: [
    [1, 1],
    [3, 1],
    [3, 4],
  ],
  laterality: "L",
} as const;

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
    const dirty = run(EMPTY, accept("nodule"), write("left base"));
    const failed = run(
      dirty,
      { type: "save_started", sent: dirty.content },
      { type: "save_failed", error: "offline" },
    );
    expect(failed.save).toEqual({ kind: "save_failed", error: "offline" });
    expect(failed.content.verdicts).toEqual({ nodule: "accepted" });
    expect(failed.content.findingsText).toBe("left base");
    expect(isUnsaved(failed)).toBe(true);
  });
});

describe("a closed draft", () => {
  const content = run(EMPTY, accept("nodule")).content;
  const closed: DraftEvent[][] = [
    [{ type: "commit_started", sent: content }],
    [{ type: "commit_done", at: "2026-11-22T10:43:00Z" }],
    [{ type: "conflicted", error: "stale" }],
  ];

  it.each(closed)("takes no verdict, no comment and no save (%o)", (event) => {
    const before = run(EMPTY, accept("nodule"), event);
    expect(isClosed(before)).toBe(true);
    const after = run(before, reject("nodule"), write("late"), {
      type: "save_started",
      sent: content,
    });
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
      { type: "commit_started", sent: content },
      { type: "commit_failed", error: "offline" },
    );
    expect(isClosed(failed)).toBe(false);
    expect(failed.save.kind).toBe("commit_failed");
  });

  it("hears a late answer of a save without losing its own state", () => {
    const signing = run(EMPTY, accept("nodule"), { type: "commit_started", sent: content });
    expect(run(signing, { type: "save_done", savedAt: "2026-11-22T10:42:07Z" })).toEqual(signing);
    expect(run(signing, { type: "save_failed", error: "offline" })).toEqual(signing);
  });
});

describe("undo and redo", () => {
  const moved = (column: number, isEnd = false): DraftEvent => ({
    type: "moved",
    key: "drag r1",
    isEnd,
    content: withRoi(run(EMPTY, accept("nodule")).content, {
      ...ROI,
      vertices: [[column, 1], ROI.vertices[1], ROI.vertices[2]],
    }),
  });

  it("go back over verdicts and regions alike, and forward again", () => {
    const drawn = run(EMPTY, accept("effusion"), (content) => withRoi(content, ROI));
    const undone = run(drawn, { type: "undone" });
    expect(undone.content.rois).toEqual([]);
    expect(undone.content.verdicts).toEqual({ effusion: "accepted" });
    expect(run(undone, { type: "undone" }).content).toEqual(EMPTY_CONTENT);
    expect(run(undone, { type: "redone" }).content).toEqual(drawn.content);
    expect(undone.save.kind).toBe("dirty");
  });

  it("take a whole drag as one step", () => {
    const dragged = run(EMPTY, accept("nodule"), moved(1), moved(2), moved(3, true));
    expect(dragged.content.rois[0]?.vertices[0]).toEqual([3, 1]);
    expect(run(dragged, { type: "undone" }).content.rois).toEqual([]);
  });

  it("do nothing where there is nothing to go back to, and leave a saved draft saved", () => {
    expect(run(EMPTY, { type: "undone" })).toEqual(EMPTY);
  });
});

describe("regions", () => {
  it("say that their finding is present, unless it was rejected", () => {
    expect(withRoi(EMPTY_CONTENT, ROI).verdicts).toEqual({ nodule: "accepted" });
    const rejected = withVerdict(EMPTY_CONTENT, "nodule", "rejected");
    expect(withRoi(rejected, ROI).verdicts).toEqual({ nodule: "rejected" });
  });

  it("are replaced by their identity and taken away by it", () => {
    const one = withRoi(EMPTY_CONTENT, ROI);
    const turned = withRoi(one, { ...ROI, laterality: "R" });
    expect(turned.rois).toEqual([{ ...ROI, laterality: "R" }]);
    expect(withoutRoi(turned, "r1").rois).toEqual([]);
  });
});

describe("one key for a normal study", () => {
  const findings = [{ code: "nodule" }, { code: "effusion" }] as never[];

  it("calls absent what is undecided and nothing else", () => {
    const before = withVerdict(EMPTY_CONTENT, "nodule", "accepted");
    const after = withAllAbsent({ findings }, before);
    expect(after.verdicts).toEqual({ nodule: "accepted", effusion: "rejected" });
    expect(withAllAbsent({ findings }, after)).toBe(after);
  });
});

describe("what the schema asks for", () => {
  const findings = [
    { code: "nodule", needs_roi: true, kind: "binary" },
    { code: "density", needs_roi: false, kind: "graded" },
  ] as never[];

  it("is missing only of findings that are present", () => {
    expect(incompleteFindings({ findings }, EMPTY_CONTENT)).toEqual({
      missingRoi: [],
      missingGrade: [],
    });
    const both = run(EMPTY, accept("nodule"), accept("density")).content;
    expect(incompleteFindings({ findings }, both)).toEqual({
      missingRoi: ["nodule"],
      missingGrade: ["density"],
    });
    const whole = withGrade(withRoi(both, ROI), "density", "C");
    expect(incompleteFindings({ findings }, whole)).toEqual({ missingRoi: [], missingGrade: [] });
  });
});

describe("draftBody", () => {
  it("is the same text for the same content, whatever the order of decisions", () => {
    const one = run(EMPTY, accept("nodule"), reject("effusion")).content;
    const two = run(EMPTY, reject("effusion"), accept("nodule")).content;
    expect(JSON.stringify(draftBody(one, SHOWN))).toBe(JSON.stringify(draftBody(two, SHOWN)));
    expect(draftBody(one, SHOWN)).toEqual({
      revision: 3,
      findings_text: "",
      impression_text: "",
      is_critical: false,
      critical_note: "",
      rois: [],
      client: SHOWN.client,
      case_prediction_id: "p",
      decisions: [
        { finding: "effusion", verdict: "rejected", grade: "" },
        { finding: "nodule", verdict: "accepted", grade: "" },
      ],
    });
  });

  it("gives back what the server's draft held", () => {
    const draft = openDraft({
      draft: {
        revision: 7,
        findings_text: "seen",
        impression_text: "normal",
        is_critical: true,
        critical_note: "called",
        addendum_to_version: null,
        addendum_reason: "",
        saved_at: "2026-11-22T10:00:00Z",
        decisions: [{ finding: "nodule", verdict: "accepted", grade: "B" }],
        rois: [
          {
            roi_id: "r1",
            finding: "nodule",
            sop_instance_uid: "1.2",
            frame_number: 1,
            kind: "rectangle",
            vertices: [
              [1, 1],
              [3, 1],
              [3, 4],
            ],
            laterality: "L",
            area_mm2: 3,
            diameter_mm: 2,
            spacing_kind: "patient",
          },
        ],
      },
    });
    const body = draftBody(draft.content, SHOWN);
    expect(body.decisions).toEqual([{ finding: "nodule", verdict: "accepted", grade: "B" }]);
    expect(draft.content.rois).toEqual([ROI]);
    expect(body.rois[0]?.vertices).toEqual([
      [1, 1],
      [3, 1],
      [3, 4],
    ]);
    expect([body.impression_text, body.is_critical, body.critical_note]).toEqual([
      "normal",
      true,
      "called",
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
