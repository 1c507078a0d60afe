/** What do keys do to the selected region? Arrows go where they point on the screen. */
import type { Affine, Point } from "./coords";
import type { Ring } from "./polygon";
import { growVertices, type ImageSize, moveVertices, type RoiShape, settleVertices } from "./roi";
import { editedItem, itemsOfFrame, type RoiLayerProps } from "./roiScene";
import type { ViewerImage } from "./stack";

/** False when the action is not one of the region's, or there is no selected region on the screen to change. */
export function runRoiKey(
  rois: RoiLayerProps,
  { image, imageToCanvas }: { readonly image: ViewerImage; readonly imageToCanvas: Affine },
  actionId: string,
): boolean {
  if (actionId === "roi.deselect") {
    rois.onSelect(null);
    return true;
  }
  const roi = editedItem(itemsOfFrame(rois.items, image))?.roi;
  if (roi === undefined) {
    return false;
  }
  if (actionId === "roi.delete") {
    rois.onDelete?.(roi.roiId);
    return true;
  }
  const vertices = verticesAfterKey(actionId, roi, { imageToCanvas, size: image });
  if (vertices !== null) {
    rois.onChange(roi.roiId, vertices, "end");
  }
  return vertices !== null;
}

const STEP = /^roi\.by(1|10)(Left|Right|Up|Down|Narrower|Wider|Taller|Shorter)$/;

/** The region after an action of the key map, or null when the action is none of these. */
export function verticesAfterKey(
  actionId: string,
  shape: RoiShape,
  view: { readonly imageToCanvas: Affine; readonly size: ImageSize },
): Ring | null {
  const [, pixels, way] = STEP.exec(actionId) ?? [];
  if (pixels === undefined || way === undefined) {
    return null;
  }
  const { right, down } = screenAxes(view.imageToCanvas);
  const along = (axis: Point, steps: number): Point => [
    axis[0] * steps * Number(pixels) + 0,
    axis[1] * steps * Number(pixels) + 0,
  ];
  const move = (axis: Point, steps: number) =>
    moveVertices(shape.vertices, along(axis, steps), view.size);
  const grow = ([x, y]: Point, steps: number) =>
    growVertices(shape, along([Math.abs(x), Math.abs(y)], steps), view.size);
  const ways: Readonly<Record<string, () => Ring>> = {
    Left: () => move(right, -1),
    Right: () => move(right, 1),
    Up: () => move(down, -1),
    Down: () => move(down, 1),
    Narrower: () => grow(right, -1),
    Wider: () => grow(right, 1),
    Taller: () => grow(down, 1),
    Shorter: () => grow(down, -1),
  };
  const vertices = ways[way]?.() ?? shape.vertices;
  return settleVertices({ ...shape, vertices }) ?? shape.vertices;
}

/** One pixel along the image's own axis that runs most to the right on the screen, and along the other, down. */
export function screenAxes([a, b, , d, e]: Affine): { right: Point; down: Point } {
  const columnSlope = Math.abs(a) / Math.hypot(a, d);
  const rowSlope = Math.abs(b) / Math.hypot(b, e);
  return columnSlope >= rowSlope
    ? { right: [Math.sign(a), 0], down: [0, Math.sign(e)] }
    : { right: [0, Math.sign(b)], down: [Math.sign(d), 0] };
}
