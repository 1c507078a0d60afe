/** The region or line in hand as numbers, for whoever cannot drag. */
import type { LabelFinding } from "../api/labeling";
import { useNameOf } from "../cases/words";
import { LineFields } from "../viewer/LineFields";
import { RoiFields } from "../viewer/RoiFields";
import type { MeasuredImage } from "./steps";
import type { Marks } from "./useMarks";

interface SelectedMarkProps {
  finding: LabelFinding;
  marks: Marks;
  images: ReadonlyMap<string, MeasuredImage>;
}

export function SelectedMark({ finding, marks, images }: SelectedMarkProps) {
  const nameOf = useNameOf();
  const { roi, line } = marks;
  const mark = roi ?? line;
  const image = mark && images.get(mark.sopInstanceUid);
  if (!image || mark.finding !== finding.code) return null;
  const shared = { label: nameOf(finding), image, isReadOnly: false };
  if (roi) {
    return (
      <RoiFields
        {...shared}
        key={roi.roiId}
        roi={roi}
        minimumMm={null}
        onChange={(vertices) => marks.changeRoi({ ...roi, vertices })}
        onLaterality={(laterality) => marks.changeRoi({ ...roi, laterality })}
        onDelete={() => marks.removeRoi(roi.roiId)}
      />
    );
  }
  if (!line) return null;
  return (
    <LineFields
      {...shared}
      key={line.measurementId}
      line={{ ...line, lineId: line.measurementId }}
      minimumMm={finding.minimum_size_mm}
      onChange={({ start, end }) => marks.changeLine({ ...line, start, end })}
      onDelete={() => marks.removeLine(line.measurementId)}
    />
  );
}
