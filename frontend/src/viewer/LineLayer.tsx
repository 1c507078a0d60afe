/** The measured lines above the image: an SVG placed by the matrix of each rendered frame. Props in, events out. */
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Affine, applyAffine, measureLength, type PixelSpacing } from "./coords";
import { LinePointer, type LineScene } from "./LinePointer";
import type { LineItem, LineLayerProps, LineShape } from "./line";
import { millimetres } from "./RoiOutline";
import { HANDLE_TARGET_CSS } from "./roiView";
import type { ViewerImage } from "./stack";
import { useLatest } from "./useLatest";
import type { ViewerState } from "./viewerState";
import "./roi.css";

const LABEL_GAP_CSS = 8;

export function LineLayer(props: {
  readonly lines: LineLayerProps;
  readonly image: ViewerImage;
  readonly state: ViewerState;
  readonly imageToCanvas: Affine;
}) {
  const { lines, image, state, imageToCanvas } = props;
  const { t } = useTranslation("viewer");
  const svg = useRef<SVGSVGElement>(null);
  const pointer = useRef<LinePointer>(null);
  const [preview, setPreview] = useState<LineShape | null>(null);
  const { sopInstanceUid, frameNumber, spacing } = image;
  const shown = lines.items.filter(
    ({ line }) => line.sopInstanceUid === sopInstanceUid && line.frameNumber === frameNumber,
  );
  const isDrawing = state.canDraw && lines.onDraw !== undefined && state.tool === "length";
  const scene: LineScene = {
    ...lines,
    shown: state.canDraw ? shown : [],
    sopInstanceUid,
    frameNumber,
    size: image,
    imageToCanvas,
    isDrawing,
  };
  const latest = useLatest(scene);

  useLayoutEffect(() => {
    const element = svg.current?.parentElement;
    if (!element) {
      return;
    }
    const made = new LinePointer(element, () => latest.current, setPreview);
    pointer.current = made;
    return () => made.destroy();
  }, []);

  // Another image under the hand, or another tool in it, ends the drag where it was.
  // biome-ignore lint/correctness/useExhaustiveDependencies: any change of these ends it
  useEffect(() => () => pointer.current?.end(), [sopInstanceUid, frameNumber, isDrawing]);

  return (
    <svg
      ref={svg}
      className="viewer-rois"
      data-testid="lines"
      data-drawing={isDrawing}
      role="graphics-object"
      aria-label={t("line.label")}
    >
      {isDrawing && <rect className="viewer-roi-surface" width="100%" height="100%" />}
      {shown.map((item) => (
        <LineMark
          key={item.line.lineId}
          item={item}
          canEdit={state.canDraw && !item.isReadOnly}
          imageToCanvas={imageToCanvas}
          spacing={spacing}
        />
      ))}
      {preview !== null && (
        <g className="viewer-roi viewer-roi-own" data-testid="line-preview">
          <Stroke shape={preview} imageToCanvas={imageToCanvas} />
          <Label shape={preview} label="" imageToCanvas={imageToCanvas} spacing={spacing} />
        </g>
      )}
    </svg>
  );
}

function LineMark(props: {
  readonly item: LineItem;
  readonly canEdit: boolean;
  readonly imageToCanvas: Affine;
  readonly spacing: PixelSpacing;
}) {
  const { item, imageToCanvas } = props;
  const { line, tone, isSelected } = item;
  const isHeld = isSelected && props.canEdit;
  const ends = [line.start, line.end].map((end) => applyAffine(imageToCanvas, end));
  return (
    <g
      className={`viewer-roi viewer-roi-${tone}`}
      data-testid="line"
      data-line-id={line.lineId}
      data-selected={isSelected}
      data-readonly={item.isReadOnly}
    >
      <Stroke shape={line} imageToCanvas={imageToCanvas} />
      <Label
        shape={line}
        label={item.label}
        imageToCanvas={imageToCanvas}
        spacing={props.spacing}
      />
      {isHeld &&
        ends.map(([x, y], index) => (
          <g
            // biome-ignore lint/suspicious/noArrayIndexKey: the ends are told apart by their place alone
            key={index}
            className="viewer-roi-handle"
            transform={`translate(${x} ${y})`}
          >
            <circle className="viewer-roi-target" r={HANDLE_TARGET_CSS / 2} />
            <circle className="viewer-roi-knob" r={4} />
          </g>
        ))}
    </g>
  );
}

/** A line with short ticks across its ends, so that they can be seen on any image. */
function Stroke({ shape, imageToCanvas }: { shape: LineShape; imageToCanvas: Affine }) {
  const [startX, startY] = applyAffine(imageToCanvas, shape.start);
  const [endX, endY] = applyAffine(imageToCanvas, shape.end);
  const length = Math.max(Math.hypot(endX - startX, endY - startY), 1);
  const [x, y] = [(-4 * (endY - startY)) / length, (4 * (endX - startX)) / length];
  const path =
    `M${startX} ${startY}L${endX} ${endY}` +
    `M${startX - x} ${startY - y}L${startX + x} ${startY + y}` +
    `M${endX - x} ${endY - y}L${endX + x} ${endY + y}`;
  return (
    <>
      <path className="viewer-roi-halo" d={path} />
      <path className="viewer-roi-line" d={path} />
    </>
  );
}

function Label(props: {
  readonly shape: LineShape;
  readonly label: string;
  readonly imageToCanvas: Affine;
  readonly spacing: PixelSpacing;
}) {
  const { t } = useTranslation("viewer");
  const { shape, imageToCanvas, spacing } = props;
  const ends = [shape.start, shape.end].map((end) => applyAffine(imageToCanvas, end));
  const [x, y] = ends.toSorted((a, b) => b[0] - a[0])[0] ?? [0, 0];
  const length = measureLength(shape.start, shape.end, spacing);
  const text =
    length.state === "not_evaluable"
      ? t("length.not_evaluable")
      : t(`length.${length.state}`, { mm: millimetres(length.lengthMm) });
  return (
    <text className="viewer-roi-label" x={x + LABEL_GAP_CSS} y={y + 4}>
      {[props.label, text].filter(Boolean).join(" · ")}
    </text>
  );
}
