/** The regions of the draft as the viewer's layer wants them, and what drawing and dragging do to the draft. */
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ReviewPayload } from "../api/types";
import { useNameOf } from "../cases/words";
import { roiOf } from "../reading/storedRoi";
import { toastFailed } from "../ui/toast";
import type { Roi } from "../viewer/roi";
import type { RoiItem, RoiLayerProps } from "../viewer/roiScene";
import { type Draft, withoutRoi, withRoi } from "./draft";
import type { DraftSession } from "./draftSession";

export interface Rois {
  layer: RoiLayerProps;
  /** The region that keys, fields and the what-if are about. */
  selected: Roi | null;
  select: (roiId: string | null) => void;
  change: (roi: Roi) => void;
  remove: (roiId: string) => void;
}

interface RoisInput {
  payload: ReviewPayload | undefined;
  session: DraftSession | null;
  draft: Draft | null;
  canEdit: boolean;
  finding: string | null;
  onFinding: (code: string) => void;
}

export function useRois(input: RoisInput): Rois {
  const { payload, session, draft, canEdit, finding, onFinding } = input;
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const [chosen, setChosen] = useState<{ caseId: string; roiId: string | null }>();
  const caseId = payload?.case_id ?? "";
  const chosenId = chosen?.caseId === caseId ? chosen.roiId : null;
  const isReading = payload?.permissions.can_review ?? false;
  const signed = useMemo(() => (payload ? standingRois(payload) : []), [payload]);
  const shown = isReading ? (draft?.content.rois ?? []) : signed;
  const selected = canEdit ? (shown.find((roi) => roi.roiId === chosenId) ?? null) : null;
  const select = (roiId: string | null) => setChosen({ caseId, roiId });
  const change = (roi: Roi) => {
    if (draft) session?.dispatch({ type: "edited", content: withRoi(draft.content, roi) });
  };
  const remove = (roiId: string) => {
    if (!draft) return;
    session?.dispatch({ type: "edited", content: withoutRoi(draft.content, roiId) });
    if (roiId === chosenId) select(null);
  };

  const labelOf = (code: string) => {
    const found = payload?.findings.find((one) => one.code === code);
    return found ? nameOf(found) : code;
  };
  const items = shown.map(
    (roi): RoiItem => ({
      roi,
      label: labelOf(roi.finding),
      tone: !canEdit ? "readonly" : roi.finding === finding ? "own" : "dim",
      isSelected: roi.roiId === selected?.roiId,
      isReadOnly: !canEdit,
    }),
  );
  return {
    selected,
    select,
    change,
    remove,
    layer: {
      items,
      onDraw: canEdit
        ? (drawn) => {
            if (finding === null) {
              toastFailed({ message: t("review.select_finding_first") });
              return;
            }
            const roi: Roi = { ...drawn, roiId: crypto.randomUUID(), finding, laterality: "" };
            change(roi);
            select(roi.roiId);
            onFinding(finding); // accepting it must not move the reader on while the region is in hand
          }
        : undefined,
      onChange: (roiId, vertices, phase) => {
        const roi = draft?.content.rois.find((one) => one.roiId === roiId);
        if (!draft || !roi) return;
        session?.dispatch({
          type: "moved",
          content: withRoi(draft.content, { ...roi, vertices }),
          key: `drag ${roiId}`,
          isEnd: phase === "end",
        });
      },
      onSelect: (roiId) => {
        select(roiId);
        const roi = shown.find((one) => one.roiId === roiId);
        if (roi && roi.finding !== finding) onFinding(roi.finding);
      },
      onDelete: canEdit ? remove : undefined,
    },
  };
}

/** Regions of the version that stands, for whoever only looks. */
function standingRois(payload: ReviewPayload): Roi[] {
  const standing = payload.reviews.findLast((review) => review.state === "signed");
  return standing?.rois.map(roiOf) ?? [];
}
