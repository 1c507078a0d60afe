/**
 * The smallest owner of regions: holds them, logs what the layer says (`window.roiEvents`) and gives the
 * stored form (`window.rois`), so that a test can draw, read back, and start again from what was stored.
 */
import { useCallback, useEffect, useMemo, useState } from "react";
import { RoiFields } from "../src/viewer/RoiFields";
import type { Roi } from "../src/viewer/roi";
import type { RoiItem, RoiLayerProps } from "../src/viewer/roiScene";
import type { ViewerImage } from "../src/viewer/stack";

interface StoredRoi extends Roi {
  readonly tone?: RoiItem["tone"];
}

const events: unknown[][] = [];

export function useRoiBench(stored: string | null, image: ViewerImage | undefined) {
  const [rois, setRois] = useState<readonly StoredRoi[]>(stored ? JSON.parse(stored) : []);
  const [selectedId, select] = useState<string | null>(null);
  useEffect(() => Object.assign(window, { rois, roiEvents: events }) && undefined, [rois]);

  const change = useCallback((roiId: string, part: Partial<Roi>) => {
    setRois((all) => all.map((roi) => (roi.roiId === roiId ? { ...roi, ...part } : roi)));
  }, []);
  const remove = useCallback((roiId: string) => {
    setRois((all) => all.filter((roi) => roi.roiId !== roiId));
    select(null);
  }, []);

  const props = useMemo((): RoiLayerProps | undefined => {
    if (stored === null) {
      return undefined;
    }
    return {
      items: rois.map((roi) => ({
        roi,
        label: roi.finding,
        tone: roi.tone ?? "own",
        isSelected: roi.roiId === selectedId,
        isReadOnly: roi.tone === "readonly" || roi.tone === "prior",
      })),
      onDraw: (draft) => {
        const roiId = `roi-${events.length}`;
        events.push(["draw", draft.kind]);
        setRois((all) => [...all, { ...draft, roiId, finding: "Nodule", laterality: "" }]);
        select(roiId);
      },
      onChange: (roiId, vertices, phase) => {
        events.push(["change", phase]);
        change(roiId, { vertices });
      },
      onSelect: (roiId) => {
        events.push(["select", roiId]);
        select(roiId);
      },
      onDelete: remove,
    };
  }, [stored, rois, selectedId, change, remove]);

  const selected = rois.find(({ roiId }) => roiId === selectedId);
  const fields = stored !== null && (
    <aside style={{ width: 260, flexShrink: 0, padding: 12, background: "var(--panel)" }}>
      {selected && image && (
        <RoiFields
          roi={selected}
          label={selected.finding}
          image={image}
          minimumMm={6}
          isReadOnly={false}
          onChange={(vertices) => change(selected.roiId, { vertices })}
          onLaterality={(laterality) => change(selected.roiId, { laterality })}
          onDelete={() => remove(selected.roiId)}
        />
      )}
    </aside>
  );
  return { props, selected, fields };
}
