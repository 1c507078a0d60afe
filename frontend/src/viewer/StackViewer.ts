/**
 * One viewport, imperative: it shows a stack, answers commands and says what is on the screen. The image
 * of the last case is hidden the moment another is asked for, and nothing is called painted before the
 * right image has been drawn.
 */
import { Enums, eventTarget, type StackViewport } from "@cornerstonejs/core";
import {
  fitView,
  flipView,
  isComplete,
  lengthOf,
  panView,
  rotateView,
  shownState,
  zoomToOneToOne,
  zoomView,
} from "./camera";
import { applyAffine, invertAffine, type Point } from "./coords";
import { forgetImage, registerImages, startRenderer } from "./engine";
import { CLOSED_HEAT_MAP, type HeatMapView } from "./heatMapView";
import type { HeatMapLayer } from "./heatmap";
import { HeatMapOverlay } from "./overlay";
import { isStoredInverted, longestSideOf, type ViewerImage, type ViewerStack } from "./stack";
import { deleteLengths, scrollStack, ViewportTools } from "./toolGroup";
import { type PrimaryTool, presetsOf, rangeOfWindow, roiKindOf, windowOfPreset } from "./tools";
import { type StackView, takeView, viewOf } from "./view";
import {
  EMPTY_STATE,
  heatMapOf,
  stateOfRequest,
  type ViewerCallbacks,
  type ViewerFailure,
  type ViewerState,
  ViewerStore,
} from "./viewerState";
import { forgetChosenWindow, resetWindow, valuesOf } from "./voi";

/** An image that has not come after this long is given up; the reader may ask again. */
const LOAD_TIMEOUT_MS = 20_000;

let viewportsMade = 0;

export class StackViewer {
  private readonly viewport: StackViewport;
  private readonly tools: ViewportTools;
  private readonly overlay: HeatMapOverlay;
  private readonly resizer: ResizeObserver;
  private readonly renderer = startRenderer();
  private readonly viewportId: string;
  private readonly store: ViewerStore;
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
    this.store = new ViewerStore({ ...EMPTY_STATE, canDraw, largestSide });
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

  readonly subscribe = (listener: () => void): (() => void) => this.store.subscribe(listener);

  readonly getState = (): ViewerState => this.store.get();

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
  }

  // --- what is shown -------------------------------------------------------------------------------

  setStack(stack: ViewerStack | null): void {
    this.stopWaiting();
    this.hideImage();
    this.stack = stack;
    this.isOpened = false;
    this.requestedAt = performance.now();
    this.isFirstPaintDue = stack !== null;
    this.store.update(stateOfRequest(stack, this.state));
    if (stack !== null && stack.images.length > 0) {
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
      this.store.update({ status: "loading", failure: null });
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

  // --- beside another viewport of the same stack ---------------------------------------------------

  getView(): StackView | null {
    const { stackKey, tool, isPainted } = this.state;
    const isThere = this.isOpened && isPainted && stackKey !== null;
    return isThere ? viewOf(this.viewport, { stackKey, tool }) : null;
  }

  /** Does nothing for another stack, or before this one can be seen. */
  follow(view: StackView): void {
    const own = this.getView();
    if (own?.stackKey !== view.stackKey) {
      return;
    }
    this.setTool(view.tool as PrimaryTool);
    this.showSlice(view.sliceIndex);
    if (own.shown !== null && own.sliceIndex === view.sliceIndex) {
      takeView(this.viewport, view);
      this.viewport.render();
    }
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
    const isDrawing = tool === "length" || roiKindOf(tool) !== null;
    if (!isDrawing || this.renderer.canDraw) {
      this.tools.activate(tool);
      this.store.update({ tool });
    }
  }

  setWindow(width: number, centre: number): void {
    this.change(() => this.viewport.setProperties({ voiRange: rangeOfWindow({ width, centre }) }));
  }

  applyPreset(position: number): void {
    const preset = presetsOf(this.currentImage()?.modality ?? "")[position - 1];
    const values = valuesOf(this.viewport);
    if (preset && values) {
      const { width, centre } = windowOfPreset(preset, values);
      this.setWindow(width, centre);
    }
  }

  invert(): void {
    this.change(() =>
      this.viewport.setProperties({ invert: this.viewport.getProperties().invert !== true }),
    );
  }

  /** Turns the picture clockwise on the screen. */
  rotateBy(degrees: number): void {
    this.change(() => rotateView(this.viewport, degrees));
  }

  flip(axis: "horizontal" | "vertical"): void {
    this.change(() => flipView(this.viewport, axis));
  }

  zoomBy(factor: number): void {
    this.change(() => zoomView(this.viewport, factor));
  }

  panBy(distance: Point): void {
    this.change(() => panView(this.viewport, distance));
  }

  oneToOne(): void {
    this.change((image) => zoomToOneToOne(this.viewport, image));
  }

  fit(): void {
    this.change((image) => fitView(this.viewport, image));
  }

  reset(): void {
    this.change((image) => {
      this.viewport.resetCamera();
      resetWindow(this.viewport, isStoredInverted(image));
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

  private change(act: (image: ViewerImage) => void): void {
    const image = this.currentImage();
    if (this.isOpened && this.state.isPainted && image) {
      act(image);
      this.viewport.render();
    }
  }

  private open(stack: ViewerStack, index: number): void {
    const images = stack.images;
    if (longestSideOf(images) > this.renderer.largestSide) {
      this.fail("too_large");
      return;
    }
    const ids = images.map(({ imageId }) => imageId);
    const isStillWanted = () => this.stack === stack && !this.isDestroyed;
    this.viewport.setStack(ids, index).then(
      () => isStillWanted() && this.opened(),
      () => isStillWanted() && this.fail("load_error"),
    );
  }

  /** The first image of a stack is decoded: every stack starts unturned, fitted and in its own window. */
  private opened(): void {
    if (this.currentImage() === null) {
      return;
    }
    this.viewport.resetCamera();
    forgetChosenWindow(this.viewport);
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
    this.store.update({
      status: "shown",
      failure: null,
      isPainted: true,
      sliceIndex: this.stack.images.indexOf(image),
      ...shownState(this.viewport, image),
    });
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

  private lengthText(imageId: string, points: readonly (readonly number[])[]): string {
    const image = this.stack?.images.find((one) => one.imageId === imageId);
    const length = image ? lengthOf(this.viewport, image, points) : null;
    return length ? this.callbacks.formatLength(length) : "";
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
    this.store.update({
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

  private get state(): ViewerState {
    return this.store.get();
  }
}

function preventDefault(event: Event): void {
  event.preventDefault();
}
