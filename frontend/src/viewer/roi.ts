/**
 * What is a region of interest, how is it made, and how is it changed? Vertices are image points (column,
 * row; 0,0 at the outer corner of the first pixel), a closed outline without the first point again, to a
 * hundredth of a pixel. Rectangles and ellipses stay parallel to the image's own axes, however the view is
 * turned. Pure: the layer on the screen, the fields and the keys all come through here.
 */
import type { Point } from "./coords";
import { mendRing } from "./mend";
import {
  at,
  type Box,
  boxOf,
  isSamePoint,
  type Ring,
  roundRing,
  roundTo,
  simplifyRing,
} from "./polygon";

export type RoiKind = "rectangle" | "ellipse" | "freehand";
export const ROI_KINDS: readonly RoiKind[] = ["rectangle", "ellipse", "freehand"];

/** "": not given, B: both sides. */
export type Laterality = "" | "L" | "R" | "B";
export const LATERALITIES: readonly Laterality[] = ["", "R", "L", "B"];

export interface RoiShape {
  readonly kind: RoiKind;
  readonly vertices: Ring;
}

export interface Roi extends RoiShape {
  readonly roiId: string;
  readonly finding: string;
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
  readonly laterality: Laterality;
}

/** What has just been drawn, on the frame it was drawn on. */
export interface RoiDraft extends RoiShape {
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
}

export interface ImageSize {
  readonly columns: number;
  readonly rows: number;
}

/** The numbers of the fields: centre and extent in pixels. */
export interface RoiExtent {
  readonly centreColumn: number;
  readonly centreRow: number;
  readonly width: number;
  readonly height: number;
}

export const MAX_VERTICES = 400;
/** No stored point lies farther from what was drawn; a hundredth is left for rounding. */
export const TOLERANCE_PX = 0.25;
const SIMPLIFY_PX = TOLERANCE_PX - 0.01;
/** An ellipse is smoother than it must be, so that it looks round when zoomed in. */
const ELLIPSE_CHORD_PX = 0.1;
const FEWEST_ELLIPSE_VERTICES = 24;
/** Thinner than a pixel is a slip, not a region. */
export const LEAST_SIDE_PX = 1;
export const MOST_FREEHAND_HANDLES = 24;

// --- made ------------------------------------------------------------------------------------------

/** From two opposite corners; null when it would be thinner than a pixel. */
export function shapeFromCorners(
  kind: "rectangle" | "ellipse",
  from: Point,
  to: Point,
  size: ImageSize,
): RoiShape | null {
  const box = boxOf([clampPoint(from, size), clampPoint(to, size)]);
  return isThin(box) ? null : { kind, vertices: verticesOfBox(kind, box) };
}

/**
 * From the way the hand went; null when it is thinner than a pixel, or crosses itself so that no one
 * outline was meant (see mend.ts).
 */
export function shapeFromPath(path: Ring, size: ImageSize): RoiShape | null {
  const inside = path.map((point) => clampPoint(point, size));
  const vertices = tidyOutline(inside);
  return vertices === null || isThin(boxOf(vertices)) ? null : { kind: "freehand", vertices };
}

/** Few vertices, rounded, not crossing itself; null where that cannot be. */
export function tidyOutline(outline: Ring): Point[] | null {
  // An outline of many hundred wiggles gives up precision before it gives up being storable.
  return mendedOutline(simplifyRing(outline, SIMPLIFY_PX, MAX_VERTICES));
}

/** Mending adds the points where the outline crossed itself; a scrawl of hundreds is refused. */
function mendedOutline(outline: Ring): Point[] | null {
  const mended = mendRing(outline);
  return mended === null || mended.length > MAX_VERTICES ? null : mended;
}

export function verticesOfBox(kind: "rectangle" | "ellipse", box: Box): Point[] {
  const { left, top, right, bottom } = box;
  if (kind === "ellipse") {
    return ellipseVertices(box);
  }
  return roundRing([
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ]);
}

/**
 * Equal steps of the angle: the chord's error is at most (1 - cos(pi/n)) of the longer radius. n divides by
 * four, so that the ends of both axes are vertices and the box gives the ellipse back.
 */
function ellipseVertices({ left, top, right, bottom }: Box): Point[] {
  const [radiusX, radiusY] = [(right - left) / 2, (bottom - top) / 2];
  const share = Math.min(ELLIPSE_CHORD_PX / Math.max(radiusX, radiusY), 1);
  const enough = Math.max(Math.PI / Math.acos(1 - share), FEWEST_ELLIPSE_VERTICES);
  const count = Math.min(Math.ceil(enough / 4) * 4, MAX_VERTICES);
  return roundRing(
    Array.from({ length: count }, (_, i): Point => {
      const angle = (2 * Math.PI * i) / count;
      return [left + radiusX * (1 + Math.cos(angle)), top + radiusY * (1 + Math.sin(angle))];
    }),
  );
}

// --- read ------------------------------------------------------------------------------------------

export function extentOf(vertices: Ring): RoiExtent {
  const { left, top, right, bottom } = boxOf(vertices);
  return {
    centreColumn: roundTo((left + right) / 2),
    centreRow: roundTo((top + bottom) / 2),
    width: roundTo(right - left),
    height: roundTo(bottom - top),
  };
}

export function isSameOutline(a: Ring, b: Ring): boolean {
  return a.length === b.length && a.every((point, i) => isSamePoint(point, at(b, i)));
}

export function isSameRoi(a: Roi, b: Roi): boolean {
  return (
    a.roiId === b.roiId &&
    a.finding === b.finding &&
    a.sopInstanceUid === b.sopInstanceUid &&
    a.frameNumber === b.frameNumber &&
    a.kind === b.kind &&
    a.laterality === b.laterality &&
    isSameOutline(a.vertices, b.vertices)
  );
}

// --- changed ---------------------------------------------------------------------------------------

export function clampPoint([column, row]: Point, { columns, rows }: ImageSize): Point {
  return [Math.min(Math.max(column, 0), columns), Math.min(Math.max(row, 0), rows)];
}

/** The whole shape by (dx, dy), stopped at the edge of the image: moving never changes its form. */
export function moveVertices(vertices: Ring, [dx, dy]: Point, size: ImageSize): Point[] {
  const { left, top, right, bottom } = boxOf(vertices);
  const x = Math.min(Math.max(dx, -left), size.columns - right);
  const y = Math.min(Math.max(dy, -top), size.rows - bottom);
  return vertices.map(([column, row]): Point => [roundTo(column + x), roundTo(row + y)]);
}

/** To another centre and extent, kept within the image and not thinner than a pixel. */
export function resizeVertices(shape: RoiShape, extent: RoiExtent, size: ImageSize): Point[] {
  const [left, right] = spanWithin(extent.centreColumn, extent.width, size.columns);
  const [top, bottom] = spanWithin(extent.centreRow, extent.height, size.rows);
  return fitToBox(shape, { left, top, right, bottom });
}

function spanWithin(centre: number, extent: number, limit: number): readonly [number, number] {
  const length = Math.min(Math.max(extent, LEAST_SIDE_PX), limit);
  const start = Math.min(Math.max(centre - length / 2, 0), limit - length);
  return [start, start + length];
}

/** A freehand outline is stretched with its box. */
function fitToBox({ kind, vertices }: RoiShape, box: Box): Point[] {
  if (kind !== "freehand") {
    return verticesOfBox(kind, box);
  }
  const before = boxOf(vertices);
  const scaleX = (box.right - box.left) / (before.right - before.left);
  const scaleY = (box.bottom - box.top) / (before.bottom - before.top);
  return roundRing(
    vertices.map(([x, y]) => [
      box.left + (x - before.left) * scaleX,
      box.top + (y - before.top) * scaleY,
    ]),
  );
}

/** Wider or taller by whole pixels about its centre. */
export function growVertices(shape: RoiShape, [dx, dy]: Point, size: ImageSize): Point[] {
  const { width, height, ...centre } = extentOf(shape.vertices);
  return resizeVertices(shape, { ...centre, width: width + dx, height: height + dy }, size);
}

/**
 * Where the outline can be taken hold of, in image points, in a fixed order. A freehand outline has at most
 * `most` handles: fewer when it is small on the screen.
 */
export function handlesOf({ kind, vertices }: RoiShape, most = MOST_FREEHAND_HANDLES): Point[] {
  return kind === "freehand"
    ? handleIndices(vertices, most).map((index) => at(vertices, index))
    : BOX_HANDLES.map(([x, y]) => {
        const { left, top, right, bottom } = boxOf(vertices);
        return [left + ((right - left) * (x + 1)) / 2, top + ((bottom - top) * (y + 1)) / 2];
      });
}

/** Corners and edges of a box, clockwise from the top left: -1 is left or top, 1 right or bottom. */
const BOX_HANDLES: readonly Point[] = [
  [-1, -1],
  [0, -1],
  [1, -1],
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
];

/** Vertices of a freehand outline that carry a handle, evenly along its length. */
function handleIndices(vertices: Ring, most: number): number[] {
  const lengths: number[] = [];
  let total = 0;
  for (let i = 0; i < vertices.length; i += 1) {
    lengths.push(total);
    const [from, to] = [at(vertices, i), at(vertices, i + 1)];
    total += Math.hypot(to[0] - from[0], to[1] - from[1]);
  }
  const count = Math.min(vertices.length, most);
  const indices = Array.from({ length: count }, (_, handle) => {
    const wanted = (handle * total) / count;
    return lengths.findIndex((_, i) => (lengths[i + 1] ?? total) > wanted);
  });
  return count === vertices.length ? [...vertices.keys()] : [...new Set(indices)];
}

/**
 * One handle to another place. Of a box, the opposite side stays; of a freehand outline, the vertices up to
 * the next handles follow, less and less. The outline may cross itself while the hand is on its way:
 * `settleVertices` says what remains when it stops.
 */
export function moveHandle(
  shape: RoiShape,
  handle: number,
  to: Point,
  size: ImageSize,
  most = MOST_FREEHAND_HANDLES,
): readonly Point[] {
  const target = clampPoint(to, size);
  if (shape.kind !== "freehand") {
    return fitToBox(shape, boxWithHandleAt(boxOf(shape.vertices), handle, target, size));
  }
  return bend(shape.vertices, handleIndices(shape.vertices, most), handle, target, size);
}

function boxWithHandleAt(box: Box, handle: number, [x, y]: Point, size: ImageSize): Box {
  const [sideX, sideY] = BOX_HANDLES[handle] ?? [0, 0];
  const [left, right] = spanTo(sideX, box.left, box.right, x, size.columns);
  const [top, bottom] = spanTo(sideY, box.top, box.bottom, y, size.rows);
  return { left, top, right, bottom };
}

/** One end of a span to a new place, past the other end if the hand goes there, but never onto it. */
function spanTo(
  side: number,
  start: number,
  end: number,
  place: number,
  limit: number,
): readonly [number, number] {
  if (side === 0) {
    return [start, end];
  }
  const fixed = side < 0 ? end : start;
  const isBefore = place === fixed ? side < 0 : place < fixed;
  const reach = Math.max(Math.abs(place - fixed), LEAST_SIDE_PX);
  const direction = (isBefore && fixed >= reach) || fixed + reach > limit ? -1 : 1;
  const other = fixed + direction * reach;
  return [Math.min(fixed, other), Math.max(fixed, other)];
}

function bend(
  vertices: Ring,
  indices: readonly number[],
  handle: number,
  [x, y]: Point,
  size: ImageSize,
): Point[] {
  const index = indices[handle];
  if (index === undefined) {
    return [...vertices];
  }
  const count = vertices.length;
  const next = indices[(handle + 1) % indices.length] ?? index;
  const previous = indices[(handle + indices.length - 1) % indices.length] ?? index;
  const ahead = (next - index + count) % count || count;
  const back = (index - previous + count) % count || count;
  const [startX, startY] = at(vertices, index);
  return vertices.map((point, i) => {
    const after = (i - index + count) % count;
    const before = (index - i + count) % count;
    const share = Math.max(1 - after / ahead, 1 - before / back, 0);
    const moved: Point = [point[0] + share * (x - startX), point[1] + share * (y - startY)];
    const [column, row] = clampPoint(moved, size);
    return [roundTo(column), roundTo(row)];
  });
}

/** The shape when the hand lets go; null where nothing that can be stored is left, so that the old one stays. */
export function settleVertices({ kind, vertices }: RoiShape): readonly Point[] | null {
  const settled = kind === "freehand" ? mendedOutline(vertices) : roundRing(vertices);
  return settled === null || isThin(boxOf(settled)) ? null : settled;
}

function isThin({ left, top, right, bottom }: Box): boolean {
  return !(right - left >= LEAST_SIDE_PX && bottom - top >= LEAST_SIDE_PX);
}
