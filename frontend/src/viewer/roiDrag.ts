/**
 * What does a press, a way and a release make of a region? Everything in image points and of the image the
 * press was on, so that neither zoom nor rotation, nor a slice that changes meanwhile, enters into it. Pure.
 */
import type { Point } from "./coords";
import { boxOf, type Ring } from "./polygon";
import {
  clampPoint,
  handlesOf,
  type ImageSize,
  isSameOutline,
  LEAST_SIDE_PX,
  moveHandle,
  moveVertices,
  type RoiKind,
  type RoiShape,
  settleVertices,
  shapeFromCorners,
  shapeFromPath,
} from "./roi";

export type Drag =
  | { readonly act: "draw"; readonly kind: RoiKind; readonly path: Ring }
  | { readonly act: "move"; readonly shape: RoiShape; readonly from: Point }
  | {
      readonly act: "bend";
      readonly shape: RoiShape;
      readonly handle: number;
      /** Handles shown when it was taken hold of. */
      readonly handleCount: number;
      readonly from: Point;
    };

export type DragEnd =
  | { readonly state: "shape"; readonly shape: RoiShape }
  /** Too small to be meant, or back where it was. */
  | { readonly state: "nothing" }
  | { readonly state: "self_crossing" };

/** The way so far; only a freehand outline needs more than where it began. */
export function extendDrag(drag: Drag, points: readonly Point[]): Drag {
  return drag.act === "draw" && drag.kind === "freehand"
    ? { ...drag, path: [...drag.path, ...points] }
    : drag;
}

/** What is on the screen while the hand is at `to`; null where that is nothing yet. */
export function shapeDuring(drag: Drag, to: Point, size: ImageSize): RoiShape | null {
  if (drag.act === "draw") {
    return drag.kind === "freehand"
      ? { kind: "freehand", vertices: drag.path.map((point) => clampPoint(point, size)) }
      : shapeFromCorners(drag.kind, startOf(drag.path), to, size);
  }
  const { shape, from } = drag;
  const way: Point = [to[0] - from[0], to[1] - from[1]];
  if (drag.act === "move") {
    return { ...shape, vertices: moveVertices(shape.vertices, way, size) };
  }
  const [x, y] = handlesOf(shape, drag.handleCount)[drag.handle] ?? from;
  const target: Point = [x + way[0], y + way[1]];
  return { ...shape, vertices: moveHandle(shape, drag.handle, target, size, drag.handleCount) };
}

/** What is kept when the hand lets go at `to`. */
export function endDrag(drag: Drag, to: Point, size: ImageSize): DragEnd {
  if (drag.act === "draw") {
    const shape =
      drag.kind === "freehand"
        ? shapeFromPath(drag.path, size)
        : shapeFromCorners(drag.kind, startOf(drag.path), to, size);
    if (shape !== null) {
      return { state: "shape", shape };
    }
    return { state: drag.kind === "freehand" && isBroad(drag.path) ? "self_crossing" : "nothing" };
  }
  const moved = shapeDuring(drag, to, size);
  const vertices = moved && settleVertices(moved);
  if (!vertices) {
    return { state: "self_crossing" };
  }
  return isSameOutline(vertices, drag.shape.vertices)
    ? { state: "nothing" }
    : { state: "shape", shape: { ...drag.shape, vertices } };
}

function startOf(path: Ring): Point {
  return path[0] ?? [Number.NaN, Number.NaN];
}

/** Whether somebody who drew this meant a region, and not a line or a click. */
function isBroad(path: Ring): boolean {
  const { left, top, right, bottom } = boxOf(path);
  return Math.min(right - left, bottom - top) >= 4 * LEAST_SIDE_PX;
}
