/** One region on the image: its outline, its name, side and size, and where it is selected its handles. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Affine, cssMatrix, type PixelSpacing } from "./coords";
import type { Ring } from "./polygon";
import { measureSize, type Size } from "./roiMeasure";
import type { RoiItem } from "./roiScene";
import { HANDLE_TARGET_CSS, handleViews, labelPlace, pathOf } from "./roiView";

export function RoiOutline(props: {
  readonly item: RoiItem;
  /** Of the drag while there is one, otherwise the region's own. */
  readonly vertices: Ring;
  readonly canEdit: boolean;
  readonly imageToCanvas: Affine;
  readonly canvasWidth: number;
  readonly spacing: PixelSpacing;
}) {
  const { item, vertices, imageToCanvas } = props;
  const { roi, tone, isSelected } = item;
  const path = useMemo(() => pathOf(vertices), [vertices]);
  const transform = cssMatrix(imageToCanvas);
  const isHeld = isSelected && props.canEdit;
  const { x, y, anchor } = labelPlace(vertices, imageToCanvas, props.canvasWidth, item.labelSide);
  return (
    <g
      className={`viewer-roi viewer-roi-${tone}`}
      data-testid="roi"
      data-roi-id={roi.roiId}
      data-tone={tone}
      data-faint={item.isFaint === true}
      data-selected={isSelected}
      data-readonly={item.isReadOnly}
    >
      <path className="viewer-roi-halo" d={path} transform={transform} />
      <path className="viewer-roi-line" d={path} transform={transform} />
      {isHeld && <path className="viewer-roi-body" data-roi-part d={path} transform={transform} />}
      <text className="viewer-roi-label" x={x} y={y} textAnchor={anchor}>
        <RoiLabel item={item} size={measureSize(vertices, props.spacing)} />
      </text>
      {isHeld &&
        handleViews({ kind: roi.kind, vertices }, imageToCanvas).map((handle) => (
          <g
            key={handle.index}
            className="viewer-roi-handle"
            data-roi-part
            data-handle={handle.index}
            data-handle-count={handle.count}
            style={{ cursor: handle.cursor }}
            transform={`translate(${handle.x} ${handle.y})`}
          >
            <circle className="viewer-roi-target" r={HANDLE_TARGET_CSS / 2} />
            <circle className="viewer-roi-knob" r={4} />
          </g>
        ))}
    </g>
  );
}

function RoiLabel({ item, size }: { item: RoiItem; size: Size }) {
  const { t } = useTranslation("viewer");
  const { laterality } = item.roi;
  const parts = [
    item.label,
    laterality === "" ? "" : t(`roi.side.${laterality}`),
    size.state === "not_evaluable"
      ? t("roi.size.not_evaluable")
      : t(`roi.size.${size.state}`, {
          width: millimetres(size.widthMm),
          height: millimetres(size.heightMm),
        }),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** As exact as a hand draws. */
export function millimetres(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}
