/** Outlines that are not the reader's own, as the viewer's layer shows them: nothing there can be changed. */
import type { ConsensusFinding, QualificationFeedback } from "../api/labeling";
import { roiOf } from "../reading/storedRoi";
import type { RoiItem } from "../viewer/roiScene";

export function expectedItems(
  { expected_content }: QualificationFeedback,
  label: string,
): RoiItem[] {
  return expected_content.rois.map((stored) => ({
    roi: roiOf(stored),
    label,
    tone: "merged",
    labelSide: "below",
    isSelected: false,
    isReadOnly: true,
  }));
}

/** The consensus has outlines only; they need a name of their own on the screen. */
export function consensusItems(findings: readonly ConsensusFinding[], label: string): RoiItem[] {
  return findings.flatMap(({ finding, rois }) =>
    rois.map(
      (outline, i): RoiItem => ({
        roi: roiOf({
          ...outline,
          roi_id: `consensus ${finding} ${i}`,
          finding,
          kind: "freehand",
          laterality: "",
        }),
        label,
        tone: "merged",
        labelSide: "below",
        isSelected: false,
        isReadOnly: true,
      }),
    ),
  );
}
