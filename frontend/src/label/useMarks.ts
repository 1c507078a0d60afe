/** The regions and lines of a read as the viewer's layers want them, and what drawing does to the draft. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LabelRead } from "../api/labeling";
import { useNameOf } from "../cases/words";
import type { Draft } from "../reading/draft";
import { toastFailed } from "../ui/toast";
import type { Line, LineItem, LineLayerProps } from "../viewer/line";
import type { Roi } from "../viewer/roi";
import type { RoiItem, RoiLayerProps } from "../viewer/roiScene";
import {
  type LabelContent,
  type Measurement,
  withMeasurement,
  withoutMeasurement,
  withoutRoi,
  withRoi,
} from "./content";
import type { ReadSession } from "./readSession";

export interface Marks {
  readonly rois: RoiLayerProps;
  readonly lines: LineLayerProps;
  /** What keys and fields are about; at most one of the two. */
  readonly roi: Roi | null;
  readonly line: Measurement | null;
  readonly select: (markId: string | null) => void;
  readonly changeRoi: (roi: Roi) => void;
  readonly changeLine: (line: Measurement) => void;
  readonly removeRoi: (roiId: string) => void;
  readonly removeLine: (measurementId: string) => void;
}

interface Input {
  readonly read: LabelRead | undefined;
  readonly session: ReadSession | null;
  readonly draft: Draft<LabelContent> | null;
  readonly canEdit: boolean;
  readonly finding: string | null;
  readonly onFinding: (code: string) => void;
  /** Regions that are only shown: what is known of a qualification case. */
  readonly shown?: readonly RoiItem[];
}

const lineOf = (one: Measurement): Line => ({
  lineId: one.measurementId,
  sopInstanceUid: one.sopInstanceUid,
  frameNumber: one.frameNumber,
  start: one.start,
  end: one.end,
});

export function useMarks(input: Input): Marks {
  const { read, session, draft, canEdit, finding, onFinding } = input;
  const { t } = useTranslation("labeling");
  const nameOf = useNameOf();
  const [chosen, setChosen] = useState<{ readId: string; markId: string | null }>();
  const readId = read?.read_id ?? "";
  const chosenId = chosen?.readId === readId && canEdit ? chosen.markId : null;
  const content = draft?.content;
  const rois = content?.rois ?? [];
  const measurements = content?.measurements ?? [];
  const roi = rois.find(({ roiId }) => roiId === chosenId) ?? null;
  const line = measurements.find(({ measurementId }) => measurementId === chosenId) ?? null;

  const select = (markId: string | null) => setChosen({ readId, markId });
  const edit = (changed: LabelContent) => session?.dispatch({ type: "edited", content: changed });
  const move = (changed: LabelContent, key: string, isEnd: boolean) =>
    session?.dispatch({ type: "moved", content: changed, key: `drag ${key}`, isEnd });
  const changeRoi = (changed: Roi) => content && edit(withRoi(content, changed));
  const changeLine = (changed: Measurement) => content && edit(withMeasurement(content, changed));
  const removeRoi = (roiId: string) => {
    if (content) edit(withoutRoi(content, roiId));
    if (roiId === chosenId) select(null);
  };
  const removeLine = (measurementId: string) => {
    if (content) edit(withoutMeasurement(content, measurementId));
    if (measurementId === chosenId) select(null);
  };
  /** The finding that is drawn for; it stays selected while what was drawn is in hand. */
  const drawnFor = (): string | null => {
    if (finding === null) toastFailed({ message: t("read.select_finding_first") });
    else onFinding(finding);
    return finding;
  };
  const follow = (code: string | undefined) => {
    if (code !== undefined && code !== finding) onFinding(code);
  };
  const labelOf = (code: string) => {
    const found = read?.findings.find((one) => one.code === code);
    return found ? nameOf(found) : code;
  };
  const toneOf = (code: string) => (!canEdit ? "readonly" : code === finding ? "own" : "dim");

  const roiItems = rois.map(
    (one): RoiItem => ({
      roi: one,
      label: labelOf(one.finding),
      tone: toneOf(one.finding),
      isSelected: one.roiId === roi?.roiId,
      isReadOnly: !canEdit,
    }),
  );
  const lineItems = measurements.map(
    (one): LineItem => ({
      line: lineOf(one),
      label: labelOf(one.finding),
      tone: toneOf(one.finding),
      isSelected: one.measurementId === line?.measurementId,
      isReadOnly: !canEdit,
    }),
  );
  return {
    roi,
    line,
    select,
    changeRoi,
    changeLine,
    removeRoi,
    removeLine,
    rois: {
      items: [...(input.shown ?? []), ...roiItems],
      onDraw: canEdit
        ? (drawn) => {
            const code = drawnFor();
            if (code === null) return;
            const roiId = crypto.randomUUID();
            changeRoi({ ...drawn, roiId, finding: code, laterality: "" });
            select(roiId);
          }
        : undefined,
      onChange: (roiId, vertices, phase) => {
        const changed = rois.find((one) => one.roiId === roiId);
        if (content && changed)
          move(withRoi(content, { ...changed, vertices }), roiId, phase === "end");
      },
      onSelect: (roiId) => {
        select(roiId);
        follow(rois.find((one) => one.roiId === roiId)?.finding);
      },
      onDelete: canEdit ? removeRoi : undefined,
    },
    lines: {
      items: lineItems,
      onDraw: canEdit
        ? (drawn) => {
            const code = drawnFor();
            if (code === null) return;
            const measurementId = crypto.randomUUID();
            changeLine({ ...drawn, measurementId, finding: code });
            select(measurementId);
          }
        : undefined,
      onChange: (lineId, shape, phase) => {
        const changed = measurements.find((one) => one.measurementId === lineId);
        if (content && changed)
          move(withMeasurement(content, { ...changed, ...shape }), lineId, phase === "end");
      },
      onSelect: (lineId) => {
        select(lineId);
        follow(measurements.find((one) => one.measurementId === lineId)?.finding);
      },
      onDelete: canEdit ? removeLine : undefined,
    },
  };
}
