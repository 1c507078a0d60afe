/**
 * The regions above the image: an SVG of our own, placed by the matrix of each rendered frame, so that it
 * follows pan, zoom, rotation and flips and means the same at every pixel ratio. Props in, events out.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Affine, cssMatrix } from "./coords";
import { RoiOutline } from "./RoiOutline";
import { RoiPointer, type RoiPreview } from "./RoiPointer";
import { itemsOfFrame, type RoiLayerProps, type RoiScene } from "./roiScene";
import { pathOf } from "./roiView";
import type { ViewerImage } from "./stack";
import { roiKindOf } from "./tools";
import { useLatest } from "./useLatest";
import type { ViewerState } from "./viewerState";
import "./roi.css";

export function RoiLayer(props: {
  readonly rois: RoiLayerProps;
  readonly image: ViewerImage;
  readonly state: ViewerState;
  readonly imageToCanvas: Affine;
}) {
  const { rois, image, state, imageToCanvas } = props;
  const { t } = useTranslation("viewer");
  const svg = useRef<SVGSVGElement>(null);
  const pointer = useRef<RoiPointer>(null);
  const [preview, setPreview] = useState<RoiPreview | null>(null);
  const [refused, setRefused] = useState<"self_crossing" | "changed" | null>(null);
  const { sopInstanceUid, frameNumber } = image;
  const shown = itemsOfFrame(rois.items, image);
  const drawing = state.canDraw && rois.onDraw ? roiKindOf(state.tool) : null;
  const scene: RoiScene = {
    ...rois,
    shown,
    sopInstanceUid,
    frameNumber,
    size: image,
    imageToCanvas,
    drawing,
  };
  const latest = useLatest(scene);

  useLayoutEffect(() => {
    const element = svg.current?.parentElement;
    if (!element) {
      return;
    }
    const made = new RoiPointer(element, () => latest.current, {
      onPress: () => setRefused(null),
      onPreview: setPreview,
      onRefused: setRefused,
    });
    pointer.current = made;
    return () => made.destroy();
  }, []);

  // Another image under the hand, or another tool in it, ends the drag where it was.
  // biome-ignore lint/correctness/useExhaustiveDependencies: any change of these ends it
  useEffect(() => () => pointer.current?.end(), [sopInstanceUid, frameNumber, drawing]);

  return (
    <>
      <svg
        ref={svg}
        className="viewer-rois"
        data-testid="rois"
        data-drawing={drawing ?? ""}
        role="graphics-object"
        aria-label={t("roi.label")}
      >
        {drawing !== null && <rect className="viewer-roi-surface" width="100%" height="100%" />}
        {shown
          .toSorted((a, b) => Number(a.isSelected) - Number(b.isSelected))
          .map((item) => (
            <RoiOutline
              key={item.roi.roiId}
              item={item}
              vertices={preview?.roiId === item.roi.roiId ? preview.vertices : item.roi.vertices}
              canEdit={state.canDraw && !item.isReadOnly}
              imageToCanvas={imageToCanvas}
              canvasWidth={svg.current?.clientWidth ?? Number.POSITIVE_INFINITY}
              spacing={image.spacing}
            />
          ))}
        {preview?.roiId === null && <Drawing preview={preview} imageToCanvas={imageToCanvas} />}
      </svg>
      {refused !== null && (
        <p className="viewer-roi-refused" role="status" data-testid="roi-refused">
          {t(`roi.refused.${refused}`)}
        </p>
      )}
    </>
  );
}

/** What is being drawn; a freehand line closes when the hand lets go. */
function Drawing(props: { preview: RoiPreview; imageToCanvas: Affine }) {
  const { kind, vertices } = props.preview;
  const path = pathOf(vertices, kind !== "freehand");
  const transform = cssMatrix(props.imageToCanvas);
  return (
    <g data-testid="roi-preview" className="viewer-roi viewer-roi-own">
      <path className="viewer-roi-halo" d={path} transform={transform} />
      <path className="viewer-roi-line" d={path} transform={transform} />
    </g>
  );
}
