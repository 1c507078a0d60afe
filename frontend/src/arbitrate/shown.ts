/** Whose outlines and lines lie on an image: each reader's, the arbitrator's own, and what is made of them. */
import type { Arbitration, ReaderLetter, StoredContent } from "../api/labeling";
import { roiOf } from "../reading/storedRoi";
import type { LineItem } from "../viewer/line";
import type { Roi } from "../viewer/roi";
import type { RoiItem, RoiTone } from "../viewer/roiScene";

/** Whose read is looked at; all of them on one image, or the image alone. */
export type Shown = ReaderLetter | "own" | "all" | "none";

const TONES: Partial<Record<ReaderLetter, RoiTone>> = { A: "reader-a", B: "reader-b" };

export interface Source {
  readonly content: StoredContent;
  readonly label: string;
  readonly tone: RoiTone;
  readonly isBelow: boolean;
}

/** The reads to draw, the readers first; a third reader and on are dashed, and named like all. */
export function sourcesOf(
  { readers, own }: Pick<Arbitration, "readers" | "own">,
  shown: Shown,
  words: { reader: (letter: ReaderLetter) => string; own: string },
): Source[] {
  const its = readers
    .filter(({ letter }) => shown === "all" || shown === letter)
    .map(({ letter, content }) => ({
      content,
      label: words.reader(letter),
      tone: TONES[letter] ?? "readonly",
      isBelow: letter !== "A",
    }));
  const isOwnShown = shown === "all" || shown === "own";
  return isOwnShown
    ? [...its, { content: own.content, label: words.own, tone: "blind", isBelow: true }]
    : its;
}

/** Of the finding that is looked at; everything where it is the case as a whole. */
function isOf(finding: string, code: string): boolean {
  return finding === "" || finding === code;
}

export function roiItemsOf(sources: readonly Source[], finding: string): RoiItem[] {
  return sources.flatMap(({ content, label, tone, isBelow }, place) =>
    content.rois
      .filter((roi) => isOf(finding, roi.finding))
      .map((stored) => ({
        // Two readers may have drawn on copies of one outline: ids are made unique on the screen.
        roi: { ...roiOf(stored), roiId: `${place} ${stored.roi_id}` },
        label,
        tone,
        labelSide: isBelow ? ("below" as const) : undefined,
        isSelected: false,
        isReadOnly: true,
      })),
  );
}

export function mergedItemsOf(
  rois: readonly Roi[],
  options: { label: string; selectedId: string | null; isReadOnly: boolean },
): RoiItem[] {
  return rois.map((roi) => ({
    roi,
    label: options.label,
    tone: "merged",
    labelSide: "below",
    isSelected: roi.roiId === options.selectedId,
    isReadOnly: options.isReadOnly,
  }));
}

export function lineItemsOf(sources: readonly Source[], finding: string): LineItem[] {
  return sources.flatMap(({ content, label }, place) =>
    content.measurements
      .filter((line) => isOf(finding, line.finding))
      .map(
        ({ measurement_id, sop_instance_uid, frame_number, start, end }): LineItem => ({
          line: {
            lineId: `${place} ${measurement_id}`,
            sopInstanceUid: sop_instance_uid,
            frameNumber: frame_number,
            start: [start[0] ?? 0, start[1] ?? 0],
            end: [end[0] ?? 0, end[1] ?? 0],
          },
          label,
          tone: "readonly",
          isSelected: false,
          isReadOnly: true,
        }),
      ),
  );
}
