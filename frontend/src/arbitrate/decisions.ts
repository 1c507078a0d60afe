/** What an arbitrator decides, as pure values: how it is changed, stored, sent, and what is still open. */
import type {
  Arbitration,
  ArbitrationDecision,
  ConflictReason,
  DecisionChoice,
  DecisionReason,
  ReaderLetter,
  StoredContent,
} from "../api/labeling";
import { roiOf, storedOf } from "../reading/storedRoi";
import { isSameRoi, type Laterality, type Roi } from "../viewer/roi";
import { unionOf } from "../viewer/union";

export type Choice = Exclude<DecisionChoice, "agreed">;
/** The case as a whole is among the conflicts under this name: could it be read? */
export const WHOLE_CASE = "";
export const LONGEST_COMMENT = 500;

export interface Decision {
  readonly choice: Choice;
  /** Null until one is given. */
  readonly reason: Exclude<DecisionReason, "none"> | null;
  readonly comment: string;
  /** Of the merged region; kept when another choice is tried, so that nothing drawn is lost. */
  readonly rois: readonly Roi[];
}

/** By finding; a conflict without an entry is undecided. */
export type Decisions = Readonly<Record<string, Decision>>;

export const NO_DECISIONS: Decisions = {};

export type Conflict = Arbitration["conflicts"][number];
type Case = Pick<Arbitration, "conflicts" | "readers" | "own">;

// --- stored and sent -------------------------------------------------------------------------------

export function decisionsOf(stored: readonly ArbitrationDecision[]): Decisions {
  return Object.fromEntries(
    stored.flatMap(({ finding, choice, reason, comment, rois }): [string, Decision][] =>
      choice === "agreed"
        ? []
        : [
            [
              finding,
              {
                choice,
                reason: reason === "none" ? null : reason,
                comment,
                rois: (rois ?? []).map(roiOf),
              },
            ],
          ],
    ),
  );
}

/** In the order of the conflicts; a reason not yet given is "none". */
export function storedDecisionsOf(
  { conflicts }: Pick<Case, "conflicts">,
  decisions: Decisions,
): ArbitrationDecision[] {
  return conflicts.flatMap(({ finding }) => {
    const decision = decisions[finding];
    if (!decision) return [];
    const { choice, reason, comment, rois } = decision;
    return [
      {
        finding,
        choice,
        reason: reason ?? ("none" as const),
        comment,
        rois: choice === "merged" ? rois.map(storedOf) : [],
      },
    ];
  });
}

export function isSameDecisions(a: Decisions, b: Decisions): boolean {
  const findings = Object.keys(a);
  return (
    a === b ||
    (findings.length === Object.keys(b).length &&
      findings.every((finding) => isSameDecision(a[finding], b[finding])))
  );
}

function isSameDecision(a: Decision | undefined, b: Decision | undefined): boolean {
  return (
    a === b ||
    (a !== undefined &&
      b !== undefined &&
      a.choice === b.choice &&
      a.reason === b.reason &&
      a.comment === b.comment &&
      a.rois.length === b.rois.length &&
      a.rois.every((roi, i) => isSame(roi, b.rois[i])))
  );
}

function isSame(roi: Roi, other: Roi | undefined): boolean {
  return other !== undefined && (roi === other || isSameRoi(roi, other));
}

// --- changes, each giving new decisions --------------------------------------------------------------

/** The same choice again takes the decision back. Merged begins with what the readers drew. */
export function withChoice(
  decisions: Decisions,
  finding: string,
  choice: Choice,
  merged: () => readonly Roi[],
): Decisions {
  const before = decisions[finding];
  if (before?.choice === choice) return without(decisions, finding);
  const drawn = before?.rois ?? [];
  const rois = choice === "merged" && drawn.length === 0 ? merged() : drawn;
  const kept = { reason: before?.reason ?? null, comment: before?.comment ?? "" };
  return { ...decisions, [finding]: { ...kept, choice, rois } };
}

function without(decisions: Decisions, finding: string): Decisions {
  const { [finding]: _gone, ...others } = decisions;
  return others;
}

/** A reason and a comment are of a decision; without one nothing changes. The same reason again takes it back. */
export function withReason(
  decisions: Decisions,
  finding: string,
  reason: Exclude<DecisionReason, "none">,
): Decisions {
  const before = decisions[finding];
  if (!before) return decisions;
  const next = before.reason === reason ? null : reason;
  return { ...decisions, [finding]: { ...before, reason: next } };
}

export function withComment(decisions: Decisions, finding: string, comment: string): Decisions {
  const before = decisions[finding];
  return before ? { ...decisions, [finding]: { ...before, comment } } : decisions;
}

export function withRoi(decisions: Decisions, roi: Roi): Decisions {
  const before = decisions[roi.finding];
  if (before?.choice !== "merged") return decisions;
  const isKnown = before.rois.some(({ roiId }) => roiId === roi.roiId);
  const rois = isKnown
    ? before.rois.map((one) => (one.roiId === roi.roiId ? roi : one))
    : [...before.rois, roi];
  return { ...decisions, [roi.finding]: { ...before, rois } };
}

export function withoutRoi(decisions: Decisions, roiId: string): Decisions {
  return Object.fromEntries(
    Object.entries(decisions).map(([finding, decision]) => [
      finding,
      decision.rois.some((roi) => roi.roiId === roiId)
        ? { ...decision, rois: decision.rois.filter((roi) => roi.roiId !== roiId) }
        : decision,
    ]),
  );
}

// --- what was drawn ----------------------------------------------------------------------------------

export function roisOf({ rois }: Pick<StoredContent, "rois">, finding: string): Roi[] {
  return rois.filter((roi) => roi.finding === finding).map(roiOf);
}

/** What the readers drew of a finding, as one: outlines that overlap on an image are joined. */
export function mergedRois(
  { readers }: Pick<Case, "readers">,
  finding: string,
  newId: () => string,
): Roi[] {
  const drawn = readers.flatMap(({ content }) => roisOf(content, finding));
  const frames = new Map<string, Roi[]>();
  for (const roi of drawn) {
    const frame = `${roi.sopInstanceUid} ${roi.frameNumber}`;
    frames.set(frame, [...(frames.get(frame) ?? []), roi]);
  }
  return [...frames.values()].flatMap((onFrame) => mergedOnFrame(onFrame, newId));
}

function mergedOnFrame(rois: readonly Roi[], newId: () => string): Roi[] {
  const [first] = rois;
  if (!first) return [];
  if (rois.length === 1) return [{ ...first, roiId: newId() }]; // it stays a rectangle or an ellipse
  const sides = new Set(rois.map(({ laterality }) => laterality));
  const laterality: Laterality = sides.size === 1 ? first.laterality : "";
  return unionOf(rois.map(({ vertices }) => vertices)).map((vertices) => ({
    ...first,
    roiId: newId(),
    kind: "freehand",
    vertices,
    laterality,
  }));
}

// --- what can be chosen and what is open ---------------------------------------------------------------

export function letterChoice(letter: ReaderLetter): Lowercase<ReaderLetter> {
  return letter.toLowerCase() as Lowercase<ReaderLetter>;
}

/** Whose word a choice about the whole case takes: it cannot be merged, nor left open. */
export function choicesFor({ readers }: Pick<Case, "readers">, finding: string): readonly Choice[] {
  const words: Choice[] = [...readers.map(({ letter }) => letterChoice(letter)), "own"];
  return finding === WHOLE_CASE ? words : [...words, "merged", "indeterminate"];
}

export function contentFor(
  { readers, own }: Pick<Case, "readers" | "own">,
  choice: Choice,
): StoredContent | null {
  if (choice === "own") return own.content;
  return readers.find(({ letter }) => letterChoice(letter) === choice)?.content ?? null;
}

/** The case is decided to be unreadable: its findings need no decision. */
export function isUnreadable(arbitration: Case, decisions: Decisions): boolean {
  const choice = decisions[WHOLE_CASE]?.choice;
  return choice !== undefined && contentFor(arbitration, choice)?.unreadable === true;
}

export type OpenCode = "choice" | "reason" | "region";

export interface OpenEnd {
  readonly finding: string;
  readonly code: OpenCode;
}

/** What keeps the case from being decided, in the order of the conflicts. */
export function openEndsOf(arbitration: Case, decisions: Decisions): OpenEnd[] {
  const findings = arbitration.conflicts.map(({ finding }) => finding);
  const needed = isUnreadable(arbitration, decisions)
    ? findings.filter((finding) => finding === WHOLE_CASE)
    : findings;
  return needed.flatMap((finding): OpenEnd[] => {
    const code = openCodeOf(decisions[finding]);
    return code === null ? [] : [{ finding, code }];
  });
}

export function openCodeOf(decision: Decision | undefined): OpenCode | null {
  if (!decision) return "choice";
  if (decision.choice === "merged" && decision.rois.length === 0) return "region";
  return decision.reason === null ? "reason" : null;
}

/**
 * Everything that is in conflict, decided. In a case that is unreadable the findings not decided are
 * indeterminate, for the reason of the case.
 */
export function decidedOf(arbitration: Case, decisions: Decisions): ArbitrationDecision[] {
  const whole = decisions[WHOLE_CASE];
  const implied: Decision | null =
    whole && isUnreadable(arbitration, decisions)
      ? { choice: "indeterminate", reason: whole.reason, comment: "", rois: [] }
      : null;
  const all = arbitration.conflicts.map(({ finding }): [string, Decision | null | undefined] => [
    finding,
    openCodeOf(decisions[finding]) === null ? decisions[finding] : implied,
  ]);
  const decided = all.flatMap(([finding, decision]): [string, Decision][] =>
    decision ? [[finding, decision]] : [],
  );
  return storedDecisionsOf(arbitration, Object.fromEntries(decided));
}

/** The conflict to look at next: the first open one after this, round the end; this one where none is open. */
export function nextOpen(arbitration: Case, decisions: Decisions, finding: string): string {
  const open = new Set(openEndsOf(arbitration, decisions).map((end) => end.finding));
  const findings = arbitration.conflicts.map((conflict) => conflict.finding);
  const here = findings.indexOf(finding);
  const onwards = [...findings.slice(here + 1), ...findings.slice(0, here)];
  return onwards.find((one) => open.has(one)) ?? finding;
}

export function stepConflict(
  { conflicts }: Pick<Case, "conflicts">,
  finding: string | null,
  step: 1 | -1,
): string | null {
  const here = conflicts.findIndex((conflict) => conflict.finding === finding);
  const next = here < 0 ? 0 : (here + step + conflicts.length) % conflicts.length;
  return conflicts[next]?.finding ?? null;
}

/** A conflict that is only there because the round asks for every positive case. */
export function isAgreedPositive({ reasons }: { readonly reasons: readonly ConflictReason[] }) {
  return reasons.every((reason) => reason === "positive");
}
