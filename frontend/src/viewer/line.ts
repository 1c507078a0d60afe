/**
 * What is a measured line, how is it drawn and changed? Its ends are image points (column, row; 0,0 at the
 * outer corner of the first pixel), to a hundredth of a pixel, on one frame. Pure: the layer on the screen,
 * the fields and the keys all come through here.
 */
import { type Affine, applyAffine, invertAffine, type Point } from "./coords";
import { distanceToSegment, roundPoint } from "./polygon";
import { clampPoint, type ImageSize, LEAST_SIDE_PX, type RoiKind, verticesOfBox } from "./roi";
import { screenAxes } from "./roiKeys";

export interface LineShape {
  readonly start: Point;
  readonly end: Point;
}

export interface Line extends LineShape {
  readonly lineId: string;
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
}

/** What has just been drawn, on the frame it was drawn on. */
export type LineDraft = Omit<Line, "lineId">;

export type LineEnd = "start" | "end";

export interface LineItem {
  readonly line: Line;
  /** The finding's name, translated; the length is added by the layer. */
  readonly label: string;
  readonly tone: "own" | "readonly" | "dim";
  readonly isSelected: boolean;
  readonly isReadOnly: boolean;
}

export interface LineLayerProps {
  /** Of all frames; only those of the frame on the screen are drawn. */
  readonly items: readonly LineItem[];
  /** A line was drawn with the length tool. Without it the tool draws nothing that is kept. */
  readonly onDraw?: ((draft: LineDraft) => void) | undefined;
  /** "end": the hand let go, or a key was pressed. */
  readonly onChange: (lineId: string, shape: LineShape, phase: "drag" | "end") => void;
  readonly onSelect: (lineId: string | null) => void;
  readonly onDelete?: ((lineId: string) => void) | undefined;
}

/** From one point to another within the image; null where it is shorter than a pixel: a slip of the hand. */
export function lineBetween(from: Point, to: Point, size: ImageSize): LineShape | null {
  const start = roundPoint(clampPoint(from, size));
  const end = roundPoint(clampPoint(to, size));
  const lengthPx = Math.hypot(end[0] - start[0], end[1] - start[1]);
  return lengthPx >= LEAST_SIDE_PX ? { start, end } : null;
}

/** The whole line by (dx, dy), stopped at the edge of the image: moving never changes its length. */
export function moveLine({ start, end }: LineShape, [dx, dy]: Point, size: ImageSize): LineShape {
  const within = (way: number, one: number, other: number, limit: number) =>
    Math.min(Math.max(way, -Math.min(one, other)), limit - Math.max(one, other));
  const x = within(dx, start[0], end[0], size.columns);
  const y = within(dy, start[1], end[1], size.rows);
  const moved = ([column, row]: Point): Point => roundPoint([column + x, row + y]);
  return { start: moved(start), end: moved(end) };
}

/** One end to another place; null where hardly anything would be left. */
export function moveLineEnd(
  line: LineShape,
  which: LineEnd,
  to: Point,
  size: ImageSize,
): LineShape | null {
  return which === "start" ? lineBetween(to, line.end, size) : lineBetween(line.start, to, size);
}

const STEP = /^roi\.by(1|10)(Left|Right|Up|Down|Narrower|Wider|Taller|Shorter)$/;
const WAYS: Readonly<Record<string, readonly ["right" | "down", number]>> = {
  Left: ["right", -1],
  Right: ["right", 1],
  Up: ["down", -1],
  Down: ["down", 1],
  Narrower: ["right", -1],
  Wider: ["right", 1],
  Taller: ["down", -1],
  Shorter: ["down", 1],
};

/** The line after a key of the selected region: arrows move it, with Ctrl its second end; null for other keys. */
export function lineAfterKey(
  actionId: string,
  line: LineShape,
  view: { readonly imageToCanvas: Affine; readonly size: ImageSize },
): LineShape | null {
  const [, pixels, name = ""] = STEP.exec(actionId) ?? [];
  const way = WAYS[name];
  if (pixels === undefined || way === undefined) {
    return null;
  }
  const [axis, sign] = way;
  const [x, y] = screenAxes(view.imageToCanvas)[axis];
  const step: Point = [x * sign * Number(pixels) + 0, y * sign * Number(pixels) + 0];
  if (["Left", "Right", "Up", "Down"].includes(name)) {
    return moveLine(line, step, view.size);
  }
  const to: Point = [line.end[0] + step[0], line.end[1] + step[1]];
  return moveLineEnd(line, "end", to, view.size) ?? line;
}

/** The line nearest to a point of the canvas, no farther than `reachCss`; its end where one is that near. */
export function lineUnder(
  items: readonly LineItem[],
  canvasPoint: Point,
  imageToCanvas: Affine,
  reachCss: number,
): { item: LineItem; end: LineEnd | null } | null {
  const near = items
    .filter((item) => !item.isReadOnly)
    .map((item) => {
      const start = applyAffine(imageToCanvas, item.line.start);
      const end = applyAffine(imageToCanvas, item.line.end);
      const toStart = Math.hypot(canvasPoint[0] - start[0], canvasPoint[1] - start[1]);
      const toEnd = Math.hypot(canvasPoint[0] - end[0], canvasPoint[1] - end[1]);
      const distance = distanceToSegment(canvasPoint, start, end);
      const isAtEnd = Math.min(toStart, toEnd) <= reachCss;
      const which: LineEnd = toStart < toEnd ? "start" : "end";
      return { item, distance, end: item.isSelected && isAtEnd ? which : null };
    })
    .filter(({ distance }) => distance <= reachCss)
    .sort(
      (a, b) => a.distance - b.distance || Number(b.item.isSelected) - Number(a.item.isSelected),
    );
  return near[0] ?? null;
}

// --- without a pointer -----------------------------------------------------------------------------

/** A quarter of what can be seen of the image, in its middle: where a region begins that no hand draws. */
export function boxInView(
  imageToCanvas: Affine,
  canvas: { readonly width: number; readonly height: number },
  size: ImageSize,
): { left: number; top: number; right: number; bottom: number } {
  const toImage = invertAffine(imageToCanvas);
  const corners = [
    [0, 0],
    [canvas.width, 0],
    [0, canvas.height],
    [canvas.width, canvas.height],
  ].map(([x = 0, y = 0]) => clampPoint(applyAffine(toImage, [x, y]), size));
  const columns = corners.map(([column]) => column);
  const rows = corners.map(([, row]) => row);
  const [left, right] = [Math.min(...columns), Math.max(...columns)];
  const [top, bottom] = [Math.min(...rows), Math.max(...rows)];
  const half = Math.max(Math.min(right - left, bottom - top) / 8, LEAST_SIDE_PX);
  const centre = clampPoint([(left + right) / 2, (top + bottom) / 2], size);
  const [x, y] = [
    Math.min(Math.max(centre[0], half), size.columns - half),
    Math.min(Math.max(centre[1], half), size.rows - half),
  ];
  return { left: x - half, top: y - half, right: x + half, bottom: y + half };
}

/** A region of this kind in that box; a freehand outline begins as an ellipse. */
export function shapeInBox(kind: RoiKind, box: ReturnType<typeof boxInView>) {
  const drawn = kind === "rectangle" ? "rectangle" : "ellipse";
  return { kind: drawn, vertices: verticesOfBox(drawn, box) } as const;
}
