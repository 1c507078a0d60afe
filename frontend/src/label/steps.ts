/** Where the reader's hand goes next: which finding is selected, and what the keys of a finding mean. Pure. */
import type { LabelFinding, LabelRead, ReadState } from "../api/labeling";
import type { PixelSpacing } from "../viewer/coords";
import type { ImageSize } from "../viewer/roi";
import { type LabelContent, type SpacingOf, unansweredFindings } from "./content";

const LIVE: ReadonlySet<ReadState> = new Set<ReadState>(["offered", "opened", "draft"]);

/** Still to be read by the person it was given to. */
export function isLive({ state }: Pick<LabelRead, "state">): boolean {
  return LIVE.has(state);
}

type Schema = readonly LabelFinding[];

export function firstFinding(findings: Schema, content: LabelContent): string | null {
  return unansweredFindings(findings, content)[0] ?? findings[0]?.code ?? null;
}

/** The finding `step` places further, round the end. */
export function stepFinding(
  findings: Schema,
  selected: string | null,
  step: 1 | -1,
): string | null {
  const index = findings.findIndex(({ code }) => code === selected);
  return findings[(index + step + findings.length) % findings.length]?.code ?? null;
}

/** A finding that is present and still lacks what the round asks of it keeps the reader. */
function isIncomplete(finding: LabelFinding, content: LabelContent): boolean {
  const answer = content.answers[finding.code];
  if (answer?.value !== "present") return false;
  const isOf = (one: { readonly finding: string }) => one.finding === finding.code;
  return (
    (finding.kind === "graded" && answer.grade === "") ||
    (finding.needs_roi && !content.rois.some(isOf)) ||
    (finding.needs_measurement && !content.measurements.some(isOf))
  );
}

/** After an answer: the next one that is unanswered; the same where it was taken back or lacks something. */
export function findingAfterAnswer(
  findings: Schema,
  content: LabelContent,
  answered: string,
): string {
  const finding = findings.find(({ code }) => code === answered);
  if (!finding || !content.answers[answered] || isIncomplete(finding, content)) return answered;
  const open = unansweredFindings(findings, content);
  const place = (code: string) => findings.findIndex((one) => one.code === code);
  return open.find((code) => place(code) > place(answered)) ?? open[0] ?? answered;
}

/**
 * Whose confidence a key means: the selected finding's or, where that has no answer yet, that of the one
 * answered last, since an answer moves the selection on.
 */
export function confidenceTarget(
  content: LabelContent,
  selected: string | null,
  answeredLast: string | null,
): string | null {
  const of = (code: string | null) => (code !== null && content.answers[code] ? code : null);
  return of(selected) ?? of(answeredLast);
}

export type MeasuredImage = ImageSize & { readonly spacing: PixelSpacing };

/** Size and spacing of each image of a read, by its uid. */
export function imagesOf({ series }: Pick<LabelRead, "series">): Map<string, MeasuredImage> {
  return new Map(
    series
      .flatMap(({ instances }) => instances)
      .map((instance) => [
        instance.sop_instance_uid,
        {
          columns: instance.columns ?? 0,
          rows: instance.rows ?? 0,
          spacing: {
            rowMm: instance.row_spacing_mm,
            columnMm: instance.column_spacing_mm,
            kind: instance.spacing_kind,
          },
        },
      ]),
  );
}

export function spacingIn(images: ReadonlyMap<string, MeasuredImage>): SpacingOf {
  return (uid) => images.get(uid)?.spacing ?? null;
}
