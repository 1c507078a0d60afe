/**
 * Where is this image point on the screen, in the patient, and how long is this line?
 *
 * An image point is (column, row) with 0,0 at the outer corner of the first pixel, so the centre of the
 * first pixel is (0.5, 0.5). Cornerstone and DICOM's ImagePositionPatient count from the centre of the
 * first pixel: their index is the image point minus a half. Everything here is pure; Cornerstone's
 * worldToImageCoords and imageToWorldCoords mix up unequal spacings and are never used.
 */

export type Point = readonly [x: number, y: number];
export type Vector3 = readonly [x: number, y: number, z: number];

/** Row-major 2x3 [a, b, c, d, e, f]: x' = a x + b y + c, y' = d x + e y + f. */
export type Affine = readonly [number, number, number, number, number, number];

export const IDENTITY: Affine = [1, 0, 0, 0, 1, 0];

/** Distance between rows (vertical) and between columns (horizontal); `kind` says of which plane. */
export interface PixelSpacing {
  readonly rowMm: number | null;
  readonly columnMm: number | null;
  readonly kind: "patient" | "projected" | "none";
}

/** A frame in patient space: `origin` is the centre of the first pixel, the cosines are unit vectors. */
export interface ImagePlane {
  readonly origin: Vector3;
  readonly rowCosines: Vector3;
  readonly columnCosines: Vector3;
  readonly rowMm: number;
  readonly columnMm: number;
}

export type Length =
  | { readonly state: "patient" | "projected"; readonly lengthMm: number }
  | { readonly state: "not_evaluable" };

export function applyAffine(m: Affine, [x, y]: Point): Point {
  return [m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]];
}

/** The map that does `first`, then `then`. */
export function chainAffine(first: Affine, then: Affine): Affine {
  const [a, b, c, d, e, f] = first;
  return [
    then[0] * a + then[1] * d,
    then[0] * b + then[1] * e,
    then[0] * c + then[1] * f + then[2],
    then[3] * a + then[4] * d,
    then[3] * b + then[4] * e,
    then[3] * c + then[4] * f + then[5],
  ];
}

/** Raises RangeError for a map that flattens the plane: it has no inverse. */
export function invertAffine(m: Affine): Affine {
  const determinant = m[0] * m[4] - m[1] * m[3];
  if (!Number.isFinite(determinant) || determinant === 0) {
    throw new RangeError("affine map has no inverse");
  }
  const [a, b, d, e] = [
    m[4] / determinant,
    -m[1] / determinant,
    -m[3] / determinant,
    m[0] / determinant,
  ];
  return [a, b, -(a * m[2] + b * m[5]), d, e, -(d * m[2] + e * m[5])];
}

/** CSS writes the same map column by column. */
export function cssMatrix(m: Affine): string {
  return `matrix(${[m[0], m[3], m[1], m[4], m[2], m[5]].join(", ")})`;
}

/** Image points to canvas (CSS pixels), from where the canvas shows three outer corners of the image. */
export function imageToCanvasAffine(
  corners: { topLeft: Point; topRight: Point; bottomLeft: Point },
  size: { columns: number; rows: number },
): Affine {
  const { topLeft, topRight, bottomLeft } = corners;
  return [
    (topRight[0] - topLeft[0]) / size.columns,
    (bottomLeft[0] - topLeft[0]) / size.rows,
    topLeft[0],
    (topRight[1] - topLeft[1]) / size.columns,
    (bottomLeft[1] - topLeft[1]) / size.rows,
    topLeft[1],
  ];
}

/** The pixel under an image point as (column, row) index, or null outside; the far edge is the last pixel's. */
export function pixelAt(
  [column, row]: Point,
  size: { columns: number; rows: number },
): Point | null {
  if (column < 0 || row < 0 || column > size.columns || row > size.rows) {
    return null;
  }
  return [Math.min(Math.floor(column), size.columns - 1), Math.min(Math.floor(row), size.rows - 1)];
}

/** PS3.3 equation C.7.6.2.1-1, with the half pixel between an image point and a pixel index. */
export function imageToPatient(plane: ImagePlane, [column, row]: Point): Vector3 {
  const along = (column - 0.5) * plane.columnMm;
  const down = (row - 0.5) * plane.rowMm;
  const axis = (i: 0 | 1 | 2) =>
    plane.origin[i] + plane.rowCosines[i] * along + plane.columnCosines[i] * down;
  return [axis(0), axis(1), axis(2)];
}

/** The foot of `point` on the plane of the image, as an image point. */
export function patientToImage(plane: ImagePlane, point: Vector3): Point {
  const offset: Vector3 = [
    point[0] - plane.origin[0],
    point[1] - plane.origin[1],
    point[2] - plane.origin[2],
  ];
  return [
    dot(offset, plane.rowCosines) / plane.columnMm + 0.5,
    dot(offset, plane.columnCosines) / plane.rowMm + 0.5,
  ];
}

export function dot(a: Vector3, b: Vector3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/**
 * Length of the line between two image points. "projected": the spacing is that of the detector, the
 * true length in the patient is smaller by an unknown magnification. Without spacing there is no length.
 */
export function measureLength(from: Point, to: Point, spacing: PixelSpacing): Length {
  const { rowMm, columnMm, kind } = spacing;
  if (kind === "none" || !isPositive(rowMm) || !isPositive(columnMm)) {
    return { state: "not_evaluable" };
  }
  const lengthMm = Math.hypot((to[0] - from[0]) * columnMm, (to[1] - from[1]) * rowMm);
  return { state: kind, lengthMm };
}

function isPositive(value: number | null): value is number {
  return value !== null && Number.isFinite(value) && value > 0;
}

/** CSS pixels that one column and one row of the image take on the canvas. */
export function canvasPixelSize(imageToCanvas: Affine): { column: number; row: number } {
  return {
    column: Math.hypot(imageToCanvas[0], imageToCanvas[3]),
    row: Math.hypot(imageToCanvas[1], imageToCanvas[4]),
  };
}

export interface ScaleBar {
  readonly lengthMm: number;
  readonly lengthCss: number;
  readonly projected: boolean;
}

/** The longest 1, 2 or 5 times a power of ten millimetres that fits `maximumCss` along the canvas's x axis. */
export function scaleBar(
  imageToCanvas: Affine,
  spacing: PixelSpacing,
  maximumCss: number,
): ScaleBar | null {
  const canvasToImage = invertAffine(imageToCanvas);
  const step = measureLength([0, 0], [canvasToImage[0], canvasToImage[3]], spacing);
  if (step.state === "not_evaluable") {
    return null;
  }
  const availableMm = step.lengthMm * maximumCss;
  const decade = 10 ** Math.floor(Math.log10(availableMm));
  const lengthMm = ([5, 2].find((digit) => digit * decade <= availableMm) ?? 1) * decade;
  return {
    lengthMm,
    lengthCss: lengthMm / step.lengthMm,
    projected: step.state === "projected",
  };
}
