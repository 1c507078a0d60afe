/**
 * The mouse, pen or finger on measured lines, imperative: it takes the presses that are meant for a line
 * before regions and Cornerstone's tools see them. Whatever interrupts a drag ends it where the hand was.
 */
import { type Affine, applyAffine, invertAffine, type Point } from "./coords";
import {
  type LineEnd,
  type LineItem,
  type LineLayerProps,
  type LineShape,
  lineBetween,
  lineUnder,
  moveLine,
  moveLineEnd,
} from "./line";
import type { ImageSize } from "./roi";

/** A press that goes no farther than this (CSS pixels) is a click. */
const CLICK_CSS = 3;
/** Half of a target of 24 pixels (WCAG 2.5.8). */
const REACH_CSS = 12;

/** The layer's props together with the image on the screen. */
export interface LineScene extends LineLayerProps {
  readonly shown: readonly LineItem[];
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
  readonly size: ImageSize;
  readonly imageToCanvas: Affine;
  /** The left button draws lines now. */
  readonly isDrawing: boolean;
}

interface Active {
  readonly pointerId: number;
  readonly scene: LineScene;
  readonly pressedAt: Point;
  readonly from: Point;
  /** What is changed; null for a line being drawn. */
  readonly item: LineItem | null;
  readonly end: LineEnd | null;
  to: Point;
  hasMoved: boolean;
}

export class LinePointer {
  private active: Active | null = null;
  private readonly stop = new AbortController();

  /** `element` is the one Cornerstone listens on; `onPreview` tells the line being drawn, null when it is over. */
  constructor(
    private readonly element: HTMLElement,
    private readonly scene: () => LineScene,
    private readonly onPreview: (shape: LineShape | null) => void,
  ) {
    const { signal } = this.stop;
    element.addEventListener("pointerdown", this.onDown, { signal, capture: true });
    element.addEventListener("pointermove", this.onMove, { signal });
    element.addEventListener("pointerup", this.onUp, { signal });
    element.addEventListener("pointercancel", this.onLost, { signal });
    element.addEventListener("lostpointercapture", this.onLost, { signal });
    for (const type of ["mousedown", "touchstart"]) {
      element.addEventListener(type, this.onCompatible, { signal, capture: true });
    }
    window.addEventListener("keydown", this.onKey, { signal, capture: true });
  }

  destroy(): void {
    this.end();
    this.stop.abort();
  }

  /** The drag is over where the hand is now. */
  readonly end = (): void => {
    const { active } = this;
    if (active === null) {
      return;
    }
    this.active = null;
    if (active.hasMoved) {
      this.report(active);
    }
    this.onPreview(null);
    if (this.element.hasPointerCapture(active.pointerId)) {
      this.element.releasePointerCapture(active.pointerId);
    }
  };

  private readonly onDown = (event: PointerEvent): void => {
    const scene = this.scene();
    const isOnRoi = event.target instanceof Element && event.target.closest("[data-roi-part]");
    if (this.active !== null || event.button !== 0 || !event.isPrimary || isOnRoi) {
      return;
    }
    const canvasPoint = this.canvasPoint(event);
    const hit = lineUnder(scene.shown, canvasPoint, scene.imageToCanvas, REACH_CSS);
    if (hit === null && !scene.isDrawing) {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    this.element.setPointerCapture(event.pointerId);
    this.element.focus({ preventScroll: true });
    const from = this.imagePoint(scene, event);
    this.active = {
      pointerId: event.pointerId,
      scene,
      pressedAt: [event.clientX, event.clientY],
      from,
      item: hit?.item ?? null,
      end: hit?.end ?? null,
      to: from,
      hasMoved: false,
    };
  };

  private readonly onMove = (event: PointerEvent): void => {
    const { active } = this;
    if (active === null || event.pointerId !== active.pointerId) {
      return;
    }
    const [x, y] = active.pressedAt;
    active.to = this.imagePoint(this.viewOf(active), event);
    active.hasMoved ||= Math.hypot(event.clientX - x, event.clientY - y) > CLICK_CSS;
    if (!active.hasMoved) {
      return;
    }
    const shape = shapeDuring(active);
    if (active.item === null) {
      this.onPreview(shape);
    } else if (shape !== null) {
      this.change(active.item, shape, "drag");
    }
  };

  private readonly onUp = (event: PointerEvent): void => {
    const { active } = this;
    if (active === null || event.pointerId !== active.pointerId) {
      return;
    }
    active.to = this.imagePoint(this.viewOf(active), event);
    this.end();
    if (!active.hasMoved && active.item !== null) {
      this.scene().onSelect(active.item.line.lineId);
    }
  };

  private readonly onLost = (event: PointerEvent): void => {
    if (this.active?.pointerId === event.pointerId) {
      this.end();
    }
  };

  /** Where a browser sends mouse or touch events although the pointer event was answered. */
  private readonly onCompatible = (event: Event): void => {
    if (this.active !== null && (!(event instanceof MouseEvent) || event.button === 0)) {
      event.stopImmediatePropagation();
      event.preventDefault();
    }
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    const { active } = this;
    if (active === null || event.code !== "Escape") {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (active.item !== null && active.hasMoved) {
      this.change(active.item, active.item.line, "end");
    }
    active.hasMoved = false; // nothing more to report
    this.end();
  };

  private report(active: Active): void {
    const shape = shapeDuring(active);
    if (active.item !== null) {
      this.change(active.item, shape ?? active.item.line, "end");
    } else if (shape !== null) {
      const { sopInstanceUid, frameNumber } = active.scene;
      this.scene().onDraw?.({ ...shape, sopInstanceUid, frameNumber });
    }
  }

  private change({ line }: LineItem, { start, end }: LineShape, phase: "drag" | "end"): void {
    const { items, onChange } = this.scene();
    const now = items.find((item) => item.line.lineId === line.lineId);
    if (now !== undefined && !now.isReadOnly) {
      onChange(line.lineId, { start, end }, phase);
    }
  }

  /** The view may move under the hand (wheel, keys) as long as the image is the same. */
  private viewOf({ scene }: Active): LineScene {
    const now = this.scene();
    const isSame =
      now.sopInstanceUid === scene.sopInstanceUid && now.frameNumber === scene.frameNumber;
    return isSame ? now : scene;
  }

  private canvasPoint(event: { clientX: number; clientY: number }): Point {
    const { left, top } = this.element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  private imagePoint(scene: LineScene, event: { clientX: number; clientY: number }): Point {
    return applyAffine(invertAffine(scene.imageToCanvas), this.canvasPoint(event));
  }
}

function shapeDuring({ item, end, from, to, scene }: Active): LineShape | null {
  if (item === null) {
    return lineBetween(from, to, scene.size);
  }
  return end === null
    ? moveLine(item.line, [to[0] - from[0], to[1] - from[1]], scene.size)
    : moveLineEnd(item.line, end, to, scene.size);
}
