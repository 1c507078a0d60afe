/** Where on the screen do outline, handles and label of a region stand? Pure: image points in, CSS pixels out. */
import { type Affine, applyAffine, type Point } from "./coords";
import { at, boxOf, type Ring } from "./polygon";
import { handlesOf, MOST_FREEHAND_HANDLES, type RoiShape } from "./roi";

/** WCAG 2.5.8: a handle can be hit within this circle, and no two circles of one region overlap much. */
export const HANDLE_TARGET_CSS = 24;
/** Handles of a region smaller than this on the screen stand outside of it, so that it can still be moved. */
const SMALL_CSS = 3 * HANDLE_TARGET_CSS;
const LABEL_HEIGHT_CSS = 16;
const LABEL_WIDTH_CSS = 240;
const LABEL_GAP_CSS = 8;

export interface HandleView {
  readonly index: number;
  /** How many handles the region has now: what `index` counts in. */
  readonly count: number;
  readonly x: number;
  readonly y: number;
  readonly cursor: string;
}

export function pathOf(vertices: Ring, isClosed = true): string {
  const points = vertices.map(([x, y]) => `${x} ${y}`);
  return points.length === 0 ? "" : `M${points.join("L")}${isClosed ? "Z" : ""}`;
}

export function handleViews(shape: RoiShape, imageToCanvas: Affine): HandleView[] {
  const outline = shape.vertices.map((vertex) => applyAffine(imageToCanvas, vertex));
  const box = boxOf(outline);
  const centre: Point = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  const isSmall = Math.min(box.right - box.left, box.bottom - box.top) < SMALL_CSS;
  const count = shape.kind === "freehand" ? freehandCount(outline) : 8;
  return handlesOf(shape, count).flatMap((handle, index): HandleView[] => {
    const isEdge = shape.kind !== "freehand" && index % 2 === 1;
    if (isEdge && isSmall) {
      return [];
    }
    const [x, y] = applyAffine(imageToCanvas, handle);
    const [dx, dy] = [x - centre[0], y - centre[1]];
    const out = isSmall ? HANDLE_TARGET_CSS / 2 / Math.max(Math.hypot(dx, dy), 1) : 0;
    const cursor = shape.kind === "freehand" ? "grab" : resizeCursor(dx, dy);
    return [{ index, count, x: x + out * dx, y: y + out * dy, cursor }];
  });
}

/** As many as stand a target apart along the outline. */
function freehandCount(outline: Ring): number {
  const length = outline.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = at(outline, i + 1);
    return sum + Math.hypot(nextX - x, nextY - y);
  }, 0);
  const room = Math.floor(length / (1.5 * HANDLE_TARGET_CSS));
  return Math.min(Math.max(room, 4), MOST_FREEHAND_HANDLES);
}

/** The two-headed arrow nearest to the way out from the centre, as it is on the screen now. */
function resizeCursor(dx: number, dy: number): string {
  const eighth = Math.round((Math.atan2(dy, dx) / Math.PI) * 4 + 8) % 4;
  return ["ew-resize", "nwse-resize", "ns-resize", "nesw-resize"][eighth] ?? "move";
}

export interface LabelPlace {
  readonly x: number;
  readonly y: number;
  readonly anchor: "start" | "end";
}

export type LabelSide = "above" | "below";

/**
 * Above the outline and its handles; where there is no room, within it or below; never out of the viewport.
 * Below where that is asked for.
 */
export function labelPlace(
  vertices: Ring,
  imageToCanvas: Affine,
  canvasWidth: number,
  side: LabelSide = "above",
): LabelPlace {
  const { left, top, right, bottom } = boxOf(
    vertices.map((vertex) => applyAffine(imageToCanvas, vertex)),
  );
  const isSmall = Math.min(right - left, bottom - top) < SMALL_CSS;
  const gap = isSmall ? HANDLE_TARGET_CSS : LABEL_GAP_CSS;
  const isEnd = left > canvasWidth - LABEL_WIDTH_CSS;
  const x = isEnd ? Math.min(right, canvasWidth - LABEL_GAP_CSS) : Math.max(left, LABEL_GAP_CSS);
  const anchor = isEnd ? "end" : "start";
  if (side === "below") {
    return { x, y: bottom + gap + LABEL_HEIGHT_CSS / 2, anchor };
  }
  if (top >= gap + LABEL_HEIGHT_CSS) {
    return { x, y: top - gap, anchor };
  }
  const below = isSmall
    ? bottom + gap + LABEL_HEIGHT_CSS / 2
    : Math.max(top, 0) + gap + LABEL_HEIGHT_CSS;
  return { x: isSmall ? x : x + (isEnd ? -gap : gap), y: below, anchor };
}
