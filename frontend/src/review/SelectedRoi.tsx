/** The region in hand: its numbers, whether it is large enough, and what the model makes of it. */
import { useTranslation } from "react-i18next";
import type { Finding, ReviewPayload } from "../api/types";
import { RoiFields } from "../viewer/RoiFields";
import type { Roi } from "../viewer/roi";
import { checkMinimum } from "../viewer/roiMeasure";
import styles from "./SelectedRoi.module.css";
import { useWhatIf } from "./useWhatIf";
import { WhatIfPanel } from "./WhatIfPanel";

interface SelectedRoiProps {
  payload: ReviewPayload;
  finding: Finding;
  roi: Roi;
  onChange: (roi: Roi) => void;
  onRemove: (roiId: string) => void;
}

export function SelectedRoi({ payload, finding, roi, onChange, onRemove }: SelectedRoiProps) {
  const { t } = useTranslation();
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
  const minimumMm = finding.minimum_size_mm;
  const check = checkMinimum(roi.vertices, spacing, minimumMm);
  return (
    <div className={styles.roi}>
      <RoiFields
        roi={roi}
        size={{ columns: instance.columns ?? 0, rows: instance.rows ?? 0 }}
        spacing={spacing}
        onChange={onChange}
        onDelete={() => onRemove(roi.roiId)}
      />
      {minimumMm !== null && check !== "ok" && (
        <p className={styles.warning} role="status">
          {t(`review.size_${check}`, { minimum: minimumMm })}
        </p>
      )}
      {whatIf && <WhatIfPanel whatIf={whatIf} />}
    </div>
  );
}
