/**
 * One viewport, imperative: it shows a stack, answers commands and says what is on the screen. The image
 * of the last case is hidden the moment another is asked for, and nothing is called painted before the
 * right image has been drawn.
 */
import {
  Enums,
  eventTarget,
  getShouldUseCPURendering,
  type StackViewport,
  type Types,
} from "@cornerstonejs/core";
import {
  type Affine,
  applyAffine,
  canvasPixelSize,
  imageToCanvasAffine,
  invertAffine,
  type Length,
  measureLength,
  type Point,
  patientToImage,
} from "./coords";
import { forgetImage, registerImages, startRenderer } from "./engine";
import { CLOSED_HEAT_MAP, type HeatMapView } from "./heatMapView";
import type { HeatMapLayer } from "./heatmap";
import { HeatMapOverlay } from "./overlay";
import type { ViewerImage, ViewerStack } from "./stack";
import { deleteLengths, scrollStack, ViewportTools } from "./toolGroup";
import { type PrimaryTool, presetsOf, rangeOfWindow, windowOfPreset, windowOfRange } from "./tools";
import {
  EMPTY_STATE,
  type FirstPaint,
  heatMapOf,
  type ViewerFailure,
  type ViewerState,
} from "./viewerState";

/** An image that has not come after this long is given up; the reader may ask again. */
const LOAD_TIMEOUT_MS = 20_000;

export interface ViewerCallbacks {
  readonly onFirstPaint: (timing: FirstPaint) => void;
  readonly formatLength: (length: Length) => string;
}

let viewportsMade = 0;

export class StackViewer {
  private readonly viewport: StackViewport;
  private readonly tools: ViewportTools;
  private readonly overlay: HeatMapOverlay;
  private readonly resizer: ResizeObserver;
  private readonly listeners = new Set<() => void>();
  private readonly renderer = startRenderer();
  private readonly viewportId: string;
  private state: ViewerState;
  private stack: ViewerStack | null = null;
  private requestedAt = 0;
  private isFirstPaintDue = false;
  private isOpened = false;
  private loading: { imageId: string; timer: number } | null = null;
  private heatMaps: readonly HeatMapLayer[] = [];
  private heatMapView: HeatMapView = CLOSED_HEAT_MAP;
  private isDestroyed = false;

  constructor(
    private readonly element: HTMLDivElement,
    private readonly callbacks: ViewerCallbacks,
  ) {
    const { engine, canDraw, largestSide } = this.renderer;
    viewportsMade += 1;
    this.viewportId = `viewport-${viewportsMade}`;
    engine.enableElement({
      viewportId: this.viewportId,
      type: Enums.ViewportType.STACK,
      element,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.viewport = engine.getViewport(this.viewportId) as StackViewport;
    this.state = { ...EMPTY_STATE, canDraw, largestSide };
    this.tools = new ViewportTools(this.viewportId, engine.id, {
      canDraw,
      lengthText: (imageId, points) => this.lengthText(imageId, points),
    });
    this.overlay = new HeatMapOverlay(this.viewport.canvas);
    this.hideImage();
    this.resizer = new ResizeObserver(() => engine.resize(true, true));
    this.resizer.observe(element);
    element.addEventListener("contextmenu", preventDefault); // the right button zooms
    element.addEventListener(Enums.Events.IMAGE_RENDERED, this.onRendered);
    element.addEventListener(Enums.Events.PRE_STACK_NEW_IMAGE, this.onImageRequested);
    eventTarget.addEventListener(Enums.Events.IMAGE_LOAD_ERROR, this.onLoadError);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getState = (): ViewerState => this.state;

  destroy(): void {
    this.isDestroyed = true;
    this.stopWaiting();
    this.resizer.disconnect();
    this.element.removeEventListener("contextmenu", preventDefault);
    this.element.removeEventListener(Enums.Events.IMAGE_RENDERED, this.onRendered);
    this.element.removeEventListener(Enums.Events.PRE_STACK_NEW_IMAGE, this.onImageRequested);
    eventTarget.removeEventListener(Enums.Events.IMAGE_LOAD_ERROR, this.onLoadError);
    this.overlay.destroy();
    this.tools.destroy();
    this.renderer.engine.disableElement(this.viewportId);
    this.listeners.clear();
  }

  // --- what is shown -------------------------------------------------------------------------------

  setStack(stack: ViewerStack | null): void {
    this.stopWaiting();
    this.hideImage();
    this.stack = stack;
    this.isOpened = false;
    this.requestedAt = performance.now();
    this.isFirstPaintDue = stack !== null;
    const isEmpty = stack === null || stack.images.length === 0;
    this.update({
      ...EMPTY_STATE,
      canDraw: this.renderer.canDraw,
      largestSide: this.renderer.largestSide,
      tool: this.state.tool,
      status: isEmpty ? "empty" : "loading",
      stackKey: stack?.key ?? null,
      sliceIndex: stack?.startIndex ?? 0,
      sliceCount: stack?.images.length ?? 0,
    });
    if (stack !== null && !isEmpty) {
      registerImages(stack.images);
      this.open(stack, stack.startIndex);
    }
  }

  /** Asks again for the image that could not be shown. */
  retry(): void {
    const image = this.stack?.images[this.state.sliceIndex];
    if (this.stack && image && this.state.status === "failed") {
      forgetImage(image.imageId);
      this.hideImage();
      this.update({ status: "loading", failure: null });
      this.open(this.stack, this.state.sliceIndex);
    }
  }

  setHeatMaps(layers: readonly HeatMapLayer[], view: HeatMapView): void {
    this.heatMaps = layers;
    this.heatMapView = view;
    this.drawHeatMap();
  }

  currentImage(): ViewerImage | null {
    const shownId = this.viewport.getCornerstoneImage()?.imageId;
    return this.stack?.images.find(({ imageId }) => imageId === shownId) ?? null;
  }

  /** The image point under a point of the element (CSS pixels from its top left corner). */
  imagePointAt(canvasPoint: Point): Point | null {
    const { imageToCanvas, isPainted } = this.state;
    return isPainted && imageToCanvas
      ? applyAffine(invertAffine(imageToCanvas), canvasPoint)
      : null;
  }

  // --- commands ------------------------------------------------------------------------------------

  showSlice(index: number): void {
    const last = this.state.sliceCount - 1;
    const target = Math.min(Math.max(index, 0), last);
    if (last >= 0) {
      this.scrollBy(target - this.viewport.getTargetImageIdIndex());
    }
  }

  scrollBy(slices: number): void {
    if (slices !== 0 && this.state.sliceCount > 0) {
      scrollStack(this.viewport, slices);
    }
  }

  setTool(tool: PrimaryTool): void {
    if (tool !== "length" || this.renderer.canDraw) {
      this.tools.activate(tool);
      this.update({ tool });
    }
  }

  setWindow(width: number, centre: number): void {
    this.change(() => this.viewport.setProperties({ voiRange: rangeOfWindow({ width, centre }) }));
  }

  applyPreset(position: number): void {
    const image = this.viewport.getCornerstoneImage();
    const preset = presetsOf(this.currentImage()?.modality ?? "")[position - 1];
    if (!image || !preset) {
      return;
    }
    const { width, centre } = windowOfPreset(preset, {
      stored: { width: firstOf(image.windowWidth), centre: firstOf(image.windowCenter) },
      minimum: image.minPixelValue,
      maximum: image.maxPixelValue,
    });
    this.setWindow(width, centre);
  }

  invert(): void {
    this.change(() =>
      this.viewport.setProperties({ invert: this.viewport.getProperties().invert !== true }),
    );
  }

  /** Turns the picture clockwise on the screen. */
  rotateBy(degrees: number): void {
    this.change(() => {
      const rotation = (this.viewport.getRotation() + degrees + 360) % 360;
      this.viewport.setViewPresentation({ ...this.viewport.getViewPresentation(), rotation });
    });
  }

  flip(axis: "horizontal" | "vertical"): void {
    this.change(() => {
      const camera = this.viewport.getCamera();
      this.viewport.setCamera(
        axis === "horizontal"
          ? { flipHorizontal: camera.flipHorizontal !== true }
          : { flipVertical: camera.flipVertical !== true },
      );
    });
  }

  zoomBy(factor: number): void {
    this.change(() => this.viewport.setZoom(this.viewport.getZoom() * factor));
  }

  panBy([x, y]: Point): void {
    this.change(() => {
      const [panX, panY] = this.viewport.getPan();
      this.viewport.setPan([panX + x, panY + y]);
    });
  }

  /** One image pixel (along the finer axis) on one pixel of the screen. */
  oneToOne(): void {
    const { imageToCanvas } = this.state;
    if (imageToCanvas) {
      const { column, row } = canvasPixelSize(imageToCanvas);
      this.zoomBy(1 / (Math.min(column, row) * window.devicePixelRatio));
    }
  }

  /** The whole image in the middle; rotation and flips stay. */
  fit(): void {
    const { imageToCanvas } = this.state;
    const image = this.currentImage();
    if (!imageToCanvas || !image) {
      return;
    }
    const [a, b, , d, e] = imageToCanvas;
    const width = Math.abs(a) * image.columns + Math.abs(b) * image.rows;
    const height = Math.abs(d) * image.columns + Math.abs(e) * image.rows;
    this.change(() => {
      const { clientWidth, clientHeight } = this.element;
      const factor = Math.min(clientWidth / width, clientHeight / height);
      this.viewport.setZoom(this.viewport.getZoom() * factor);
      this.viewport.setPan([0, 0]);
    });
  }

  reset(): void {
    this.change(() => {
      this.viewport.resetCamera();
      this.viewport.resetProperties();
    });
  }

  deleteLength(): void {
    const image = this.currentImage();
    if (image) {
      deleteLengths(image.imageId);
      this.viewport.render();
    }
  }

  // --- inside --------------------------------------------------------------------------------------

  private change(act: () => void): void {
    if (this.isOpened && this.state.isPainted) {
      act();
      this.viewport.render();
    }
  }

  private open(stack: ViewerStack, index: number): void {
    const images = stack.images;
    const tooLarge = images.some(
      ({ columns, rows }) => Math.max(columns, rows) > this.renderer.largestSide,
    );
    if (tooLarge) {
      this.fail("too_large");
      return;
    }
    const ids = images.map(({ imageId }) => imageId);
    this.viewport.setStack(ids, index).then(
      () => {
        if (this.stack === stack && !this.isDestroyed) {
          this.opened();
        }
      },
      () => {
        if (this.stack === stack && !this.isDestroyed) {
          this.fail("load_error");
        }
      },
    );
  }

  /** The first image of a stack is decoded: every stack starts unturned, fitted and in its own window. */
  private opened(): void {
    if (this.currentImage() === null) {
      return;
    }
    this.viewport.resetCamera();
    this.isOpened = true;
    this.viewport.render();
  }

  private readonly onImageRequested = (event: Event): void => {
    const { imageId } = (event as CustomEvent<{ imageId: string }>).detail;
    this.stopWaiting();
    const timer = window.setTimeout(() => this.fail("timeout"), LOAD_TIMEOUT_MS);
    this.loading = { imageId, timer };
  };

  private readonly onLoadError = (event: Event): void => {
    const { imageId } = (event as CustomEvent<{ imageId?: string }>).detail;
    if (imageId !== undefined && imageId === this.loading?.imageId) {
      this.fail("load_error");
    }
  };

  private readonly onRendered = (): void => {
    const image = this.currentImage();
    if (!this.stack || !image || this.isOtherAwaited(image)) {
      return;
    }
    if (!isComplete(this.viewport.getCornerstoneImage(), image)) {
      this.fail("load_error");
      return;
    }
    if (!this.isOpened) {
      this.opened();
      return;
    }
    if (this.loading !== null && this.loading.imageId === image.imageId) {
      this.stopWaiting();
    }
    this.viewport.canvas.style.visibility = "visible";
    this.update(this.stateOf(this.stack, image));
    this.drawHeatMap();
    if (this.isFirstPaintDue) {
      this.isFirstPaintDue = false;
      this.reportFirstPaint(this.stack, performance.now());
    }
  };

  /** After a failure only the image asked for may appear; a slice on its way leaves the last one up. */
  private isOtherAwaited(shown: ViewerImage): boolean {
    const isHidden = this.state.status !== "shown";
    return isHidden && shown.imageId !== this.viewport.getCurrentImageId();
  }

  private stateOf(stack: ViewerStack, image: ViewerImage): Partial<ViewerState> {
    const { voiRange, invert } = this.viewport.getProperties();
    const window_ = voiRange ? windowOfRange(voiRange) : { width: 0, centre: 0 };
    const imageToCanvas = this.imageToCanvas(image);
    return {
      status: "shown",
      failure: null,
      isPainted: true,
      sliceIndex: stack.images.indexOf(image),
      sopInstanceUid: image.sopInstanceUid,
      frameNumber: image.frameNumber,
      windowWidth: window_.width,
      windowCentre: window_.centre,
      zoom: canvasPixelSize(imageToCanvas).column * window.devicePixelRatio,
      rotation: this.viewport.getRotation(),
      isInverted: invert === true,
      imageToCanvas,
    };
  }

  /** The corners are asked from Cornerstone in its own index convention; ours starts there. */
  private imageToCanvas(image: ViewerImage): Affine {
    const { origin, spacing, direction, dimensions } = this.viewport.getImageData();
    const edge = getShouldUseCPURendering() ? 0 : -0.5;
    const at = (i: number, j: number): Point =>
      this.viewport.worldToCanvas(indexToWorld({ origin, spacing, direction }, i, j));
    return imageToCanvasAffine(
      {
        topLeft: at(edge, edge),
        topRight: at(dimensions[0] + edge, edge),
        bottomLeft: at(edge, dimensions[1] + edge),
      },
      image,
    );
  }

  private lengthText(imageId: string, points: readonly (readonly number[])[]): string {
    const image = this.stack?.images.find((one) => one.imageId === imageId);
    const data = this.viewport.getImageData();
    const [from, to] = points;
    if (!image || !data || !from || !to) {
      return "";
    }
    const plane = {
      origin: tripleOf(data.origin),
      rowCosines: tripleOf(Array.from(data.direction).slice(0, 3)),
      columnCosines: tripleOf(Array.from(data.direction).slice(3, 6)),
      columnMm: data.spacing[0],
      rowMm: data.spacing[1],
    };
    return this.callbacks.formatLength(
      measureLength(
        patientToImage(plane, tripleOf(from)),
        patientToImage(plane, tripleOf(to)),
        image.spacing,
      ),
    );
  }

  private drawHeatMap(): void {
    const layer = heatMapOf(this.heatMaps, this.state);
    const image = this.currentImage();
    const { imageToCanvas } = this.state;
    this.overlay.show(
      layer && image && imageToCanvas
        ? { layer, view: this.heatMapView, imageToCanvas, size: image }
        : null,
    );
  }

  private reportFirstPaint(stack: ViewerStack, loadedAt: number): void {
    requestAnimationFrame(() => {
      const paintedAt = performance.now();
      const { requestedAt } = this;
      performance.measure("coread.first-image", { start: requestedAt, end: paintedAt });
      this.callbacks.onFirstPaint({ stackKey: stack.key, requestedAt, loadedAt, paintedAt });
    });
  }

  private fail(failure: ViewerFailure): void {
    const index = this.stack?.images.findIndex(({ imageId }) => imageId === this.loading?.imageId);
    this.stopWaiting();
    this.hideImage();
    this.update({
      status: "failed",
      failure,
      isPainted: false,
      ...(index !== undefined && index >= 0 ? { sliceIndex: index } : {}),
    });
  }

  private hideImage(): void {
    this.viewport.canvas.style.visibility = "hidden";
    this.overlay.show(null);
  }

  private stopWaiting(): void {
    window.clearTimeout(this.loading?.timer);
    this.loading = null;
  }

  private update(change: Partial<ViewerState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) {
      listener();
    }
  }
}

function indexToWorld(
  { origin, spacing, direction }: Pick<Types.IImageData, "origin" | "spacing" | "direction">,
  i: number,
  j: number,
): Types.Point3 {
  const axis = (k: 0 | 1 | 2) =>
    origin[k] + i * spacing[0] * direction[k] + j * spacing[1] * (direction[3 + k] ?? 0);
  return [axis(0), axis(1), axis(2)];
}

/** Cornerstone draws a frame of too few bytes without a word, and it looks like an image. */
function isComplete(decoded: Types.IImage, { columns, rows }: ViewerImage): boolean {
  const values = decoded.voxelManager?.getScalarDataLength() ?? 0;
  return values >= columns * rows * decoded.numberOfComponents;
}

function tripleOf(numbers: ArrayLike<number>): [number, number, number] {
  return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];
}

function firstOf(value: number | number[]): number {
  return Array.isArray(value) ? (value[0] ?? 0) : value;
}

function preventDefault(event: Event): void {
  event.preventDefault();
}
