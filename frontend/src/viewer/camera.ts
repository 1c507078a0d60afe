/**
 * Where does Cornerstone show the image, and how is the view moved? Everything that speaks of its camera
 * or of its index convention (the centre of the first pixel) stands here; image points leave this file.
 */
import { getShouldUseCPURendering, type StackViewport, type Types } from "@cornerstonejs/core";
import {
  type Affine,
  canvasPixelSize,
  type ImagePlane,
  imageToCanvasAffine,
  type Length,
  measureLength,
  type PixelSpacing,
  type Point,
  patientToImage,
} from "./coords";
import { isStoredInverted, type ViewerImage } from "./stack";
import { windowOfRange } from "./tools";

interface ImageSize {
  readonly columns: number;
  readonly rows: number;
}

/** Image points to CSS pixels of the canvas, asked from Cornerstone for the outer corners of the image. */
export function imageToCanvasOf(viewport: StackViewport, size: ImageSize): Affine {
  const { origin, spacing, direction, dimensions } = viewport.getImageData();
  const edge = getShouldUseCPURendering() ? 0 : -0.5;
  const at = (i: number, j: number): Point => {
    const axis = (k: 0 | 1 | 2) =>
      origin[k] + i * spacing[0] * direction[k] + j * spacing[1] * (direction[3 + k] ?? 0);
    return viewport.worldToCanvas([axis(0), axis(1), axis(2)]);
  };
  return imageToCanvasAffine(
    {
      topLeft: at(edge, edge),
      topRight: at(dimensions[0] + edge, edge),
      bottomLeft: at(edge, dimensions[1] + edge),
    },
    size,
  );
}

/** The plane in Cornerstone's own units: to turn its points into image points, not to measure with. */
function worldPlaneOf(viewport: StackViewport): ImagePlane | null {
  const data = viewport.getImageData();
  if (!data) {
    return null;
  }
  const direction = Array.from(data.direction);
  return {
    origin: tripleOf(data.origin),
    rowCosines: tripleOf(direction.slice(0, 3)),
    columnCosines: tripleOf(direction.slice(3, 6)),
    columnMm: data.spacing[0],
    rowMm: data.spacing[1],
  };
}

/** The length between two of Cornerstone's world points, measured in the image; null without both. */
export function lengthOf(
  viewport: StackViewport,
  { spacing }: { readonly spacing: PixelSpacing },
  points: readonly (readonly number[])[],
): Length | null {
  const plane = worldPlaneOf(viewport);
  const [from, to] = points.map((point) => plane && patientToImage(plane, tripleOf(point)));
  return from && to ? measureLength(from, to, spacing) : null;
}

/** What the viewport shows of the image on the screen now, in the words of the viewer's state. */
export function shownState(viewport: StackViewport, image: ViewerImage) {
  const { voiRange, invert } = viewport.getProperties();
  const window_ = voiRange ? windowOfRange(voiRange) : { width: 0, centre: 0 };
  const imageToCanvas = imageToCanvasOf(viewport, image);
  return {
    sopInstanceUid: image.sopInstanceUid,
    frameNumber: image.frameNumber,
    windowWidth: window_.width,
    windowCentre: window_.centre,
    zoom: canvasPixelSize(imageToCanvas).column * window.devicePixelRatio,
    rotation: viewport.getRotation(),
    isInverted: (invert === true) !== isStoredInverted(image),
    imageToCanvas,
  };
}

/** Turns the picture clockwise on the screen, whether it is flipped or not. */
export function rotateView(viewport: StackViewport, degrees: number): void {
  const rotation = (viewport.getRotation() + degrees + 360) % 360;
  viewport.setViewPresentation({ ...viewport.getViewPresentation(), rotation });
}

/** Mirrors the picture on the screen, whether it is turned or not. */
export function flipView(viewport: StackViewport, axis: "horizontal" | "vertical"): void {
  const { flipHorizontal, flipVertical } = viewport.getCamera();
  viewport.setCamera(
    axis === "horizontal"
      ? { flipHorizontal: flipHorizontal !== true }
      : { flipVertical: flipVertical !== true },
  );
}

export function zoomView(viewport: StackViewport, factor: number): void {
  viewport.setZoom(viewport.getZoom() * factor);
}

export function panView(viewport: StackViewport, [x, y]: Point): void {
  const [panX, panY] = viewport.getPan();
  viewport.setPan([panX + x, panY + y]);
}

/** One image pixel (along the finer axis) on one pixel of the screen. */
export function zoomToOneToOne(viewport: StackViewport, size: ImageSize): void {
  const { column, row } = canvasPixelSize(imageToCanvasOf(viewport, size));
  zoomView(viewport, 1 / (Math.min(column, row) * window.devicePixelRatio));
}

/** The whole image in the middle; rotation and flips stay. */
export function fitView(viewport: StackViewport, size: ImageSize): void {
  const [a, b, , d, e] = imageToCanvasOf(viewport, size);
  const width = Math.abs(a) * size.columns + Math.abs(b) * size.rows;
  const height = Math.abs(d) * size.columns + Math.abs(e) * size.rows;
  const { clientWidth, clientHeight } = viewport.element;
  zoomView(viewport, Math.min(clientWidth / width, clientHeight / height));
  viewport.setPan([0, 0]);
}

/** Cornerstone draws a frame of too few bytes without a word, and it looks like an image. */
export function isComplete(decoded: Types.IImage, { columns, rows }: ImageSize): boolean {
  const values = decoded.voxelManager?.getScalarDataLength() ?? 0;
  return values >= columns * rows * decoded.numberOfComponents;
}

function tripleOf(numbers: ArrayLike<number>): [number, number, number] {
  return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];
}
