/** The region in hand: its numbers, whether it is large enough, and what the model makes of it. */
import type { Finding, ReviewPayload } from "../api/types";
import { useNameOf } from "../cases/words";
import { RoiFields } from "../viewer/RoiFields";
import type { Roi } from "../viewer/roi";
import styles from "./SelectedRoi.module.css";
import { useWhatIf } from "./useWhatIf";
import { WhatIfPanel } from "./WhatIfPanel";

interface SelectedRoiProps {
  payload: ReviewPayload;
  finding: Finding;
  roi: Roi;
  isReadOnly: boolean;
  onChange: (roi: Roi) => void;
  onRemove: (roiId: string) => void;
}

export function SelectedRoi(props: SelectedRoiProps) {
  const { payload, finding, roi, onChange } = props;
  const nameOf = useNameOf();
  const whatIf = useWhatIf(payload, roi);
  const instance = payload.series
    .flatMap((series) => series.instances)
    .find((one) => one.sop_instance_uid === roi.sopInstanceUid);
  if (!instance) return null;
  const spacing = {
    rowMm: instance.row_spacing_mm,
    columnMm: instance.column_spacing_mm,
    kind: instance.spacing_kind,
  };
  return (
    <div className={styles.roi}>
      <RoiFields
        roi={roi}
        label={nameOf(finding)}
        image={{ columns: instance.columns ?? 0, rows: instance.rows ?? 0, spacing }}
        minimumMm={finding.minimum_size_mm}
        isReadOnly={props.isReadOnly}
        onChange={(vertices) => onChange({ ...roi, vertices })}
        onLaterality={(laterality) => onChange({ ...roi, laterality })}
        onDelete={() => props.onRemove(roi.roiId)}
      />
      {whatIf && <WhatIfPanel whatIf={whatIf} />}
    </div>
  );
}
