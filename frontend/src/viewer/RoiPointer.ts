/**
 * The mouse, pen or finger on regions, imperative: it takes the presses that are meant for a region before
 * Cornerstone's tools see them, and tells what comes of them, at most once per animation frame. Whatever
 * interrupts a drag (another window, a lost pointer, a slice that changes) ends it where the hand was.
 */
import { applyAffine, invertAffine, type Point } from "./coords";
import { at, distanceToSegment, isInside, type Ring, signedArea } from "./polygon";
import type { RoiKind } from "./roi";
import { type Drag, endDrag, extendDrag, shapeDuring } from "./roiDrag";
import { editedItem, type RoiItem, type RoiPhase, type RoiScene } from "./roiScene";

/** A press that goes no farther than this (CSS pixels) is a click. */
const CLICK_CSS = 3;
/** Farthest from an outline that a click on it may be. */
const REACH_CSS = 8;

export interface RoiPreview {
  /** The region being changed; null for one being drawn. */
  readonly roiId: string | null;
  readonly kind: RoiKind;
  readonly vertices: Ring;
}

export interface RoiPointerEvents {
  readonly onPress: () => void;
  /** The drag as it stands; null when it is over. */
  readonly onPreview: (preview: RoiPreview | null) => void;
  readonly onRefused: (reason: "self_crossing" | "changed") => void;
}

interface Active {
  readonly pointerId: number;
  /** Of the region being changed. */
  readonly roiId: string | null;
  /** The scene the press was on. */
  readonly scene: RoiScene;
  readonly pressedAt: Point;
  drag: Drag;
  to: Point;
  hasMoved: boolean;
  frame: number;
}

export class RoiPointer {
  private active: Active | null = null;
  /** A press left to the active tool; without movement it selects. */
  private press: { readonly pointerId: number; readonly at: Point } | null = null;
  private readonly stop = new AbortController();

  /** `element` is the one Cornerstone listens on; `scene` gives what is on the screen now. */
  constructor(
    private readonly element: HTMLElement,
    private readonly scene: () => RoiScene,
    private readonly events: RoiPointerEvents,
  ) {
    const { signal } = this.stop;
    element.addEventListener("pointerdown", this.onDown, { signal });
    element.addEventListener("pointermove", this.onMove, { signal });
    element.addEventListener("pointerup", this.onUp, { signal });
    element.addEventListener("pointercancel", this.onLost, { signal });
    element.addEventListener("lostpointercapture", this.onLost, { signal });
    for (const type of ["mousedown", "touchstart"]) {
      element.addEventListener(type, this.onCompatible, { signal, capture: true });
    }
    window.addEventListener("blur", this.end, { signal });
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
    cancelAnimationFrame(active.frame);
    if (active.hasMoved) {
      this.report(active);
    }
    this.events.onPreview(null);
    if (this.element.hasPointerCapture(active.pointerId)) {
      this.element.releasePointerCapture(active.pointerId);
    }
  };

  private readonly onDown = (event: PointerEvent): void => {
    const scene = this.scene();
    if (this.active !== null || event.button !== 0 || !event.isPrimary) {
      return;
    }
    this.events.onPress();
    const point = this.imagePoint(scene, event);
    const begun = dragOf(scene, event.target, point);
    if (begun === null) {
      this.press = { pointerId: event.pointerId, at: [event.clientX, event.clientY] };
      return;
    }
    event.preventDefault(); // no compatible mouse events: Cornerstone must not window or pan with this press
    this.element.setPointerCapture(event.pointerId);
    this.element.focus({ preventScroll: true });
    this.active = {
      pointerId: event.pointerId,
      roiId: begun.roiId,
      scene,
      pressedAt: [event.clientX, event.clientY],
      drag: begun.drag,
      to: point,
      hasMoved: false,
      frame: 0,
    };
  };

  private readonly onMove = (event: PointerEvent): void => {
    const { active } = this;
    if (active === null || event.pointerId !== active.pointerId) {
      return;
    }
    this.follow(active, event);
    if (active.hasMoved && active.frame === 0) {
      active.frame = requestAnimationFrame(() => {
        active.frame = 0;
        this.show(active);
      });
    }
  };

  private readonly onUp = (event: PointerEvent): void => {
    const { active, press } = this;
    this.press = null;
    if (active?.pointerId === event.pointerId) {
      this.follow(active, event);
      this.end();
      if (!active.hasMoved) {
        this.select(event);
      }
    } else if (press?.pointerId === event.pointerId && isNear(press.at, event)) {
      this.select(event);
    }
  };

  private readonly onLost = (event: PointerEvent): void => {
    if (this.press?.pointerId === event.pointerId) {
      this.press = null;
    }
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
    const { drag } = active;
    if (drag.act !== "draw" && active.hasMoved) {
      this.change(active, drag.shape.vertices, "end");
    }
    active.hasMoved = false; // nothing more to report
    this.end();
  };

  private follow(active: Active, event: PointerEvent): void {
    const coalesced = event.getCoalescedEvents();
    const view = this.viewOf(active);
    const points = (coalesced.length > 0 ? coalesced : [event]).map((one) =>
      this.imagePoint(view, one),
    );
    active.drag = extendDrag(active.drag, points);
    active.to = points.at(-1) ?? active.to;
    active.hasMoved ||= !isNear(active.pressedAt, event);
  }

  private show(active: Active): void {
    const shape = shapeDuring(active.drag, active.to, active.scene.size);
    if (this.active !== active || shape === null) {
      return;
    }
    this.events.onPreview({ roiId: active.roiId, ...shape });
    this.change(active, shape.vertices, "drag");
  }

  private report(active: Active): void {
    const { scene, drag } = active;
    const result = endDrag(drag, active.to, scene.size);
    if (drag.act !== "draw") {
      const kept = result.state === "shape" ? result.shape : drag.shape;
      this.change(active, kept.vertices, "end");
    } else if (result.state === "shape") {
      const { sopInstanceUid, frameNumber } = scene;
      this.scene().onDraw?.({ ...result.shape, sopInstanceUid, frameNumber });
    }
    if (result.state === "self_crossing") {
      this.events.onRefused(drag.act === "draw" ? "self_crossing" : "changed");
    }
  }

  /** A region that is gone or signed in the middle of a drag is not changed any more. */
  private change({ roiId }: Active, vertices: Ring, phase: RoiPhase): void {
    const { items, onChange } = this.scene();
    const item = items.find(({ roi }) => roi.roiId === roiId);
    if (item !== undefined && !item.isReadOnly) {
      onChange(item.roi.roiId, vertices, phase);
    }
  }

  /** The view may move under the hand (wheel, keys) as long as the image is the same. */
  private viewOf({ scene }: Active): RoiScene {
    const now = this.scene();
    const isSame =
      now.sopInstanceUid === scene.sopInstanceUid && now.frameNumber === scene.frameNumber;
    return isSame ? now : scene;
  }

  /** A click: the smallest region under it, or none. */
  private select(event: PointerEvent): void {
    const scene = this.scene();
    const hit = roiUnder(scene, this.imagePoint(scene, event));
    const selected = scene.items.find(({ isSelected }) => isSelected);
    if (hit?.roi.roiId !== selected?.roi.roiId) {
      scene.onSelect(hit?.roi.roiId ?? null);
    }
  }

  private imagePoint(scene: RoiScene, event: { clientX: number; clientY: number }): Point {
    const { left, top } = this.element.getBoundingClientRect();
    const canvasPoint: Point = [event.clientX - left, event.clientY - top];
    return applyAffine(invertAffine(scene.imageToCanvas), canvasPoint);
  }
}

function isNear([x, y]: Point, event: { clientX: number; clientY: number }): boolean {
  return Math.hypot(event.clientX - x, event.clientY - y) <= CLICK_CSS;
}

/** What a press begins: its target says which part of the selected region it is on. */
function dragOf(
  scene: RoiScene,
  target: EventTarget | null,
  from: Point,
): { drag: Drag; roiId: string | null } | null {
  const part = target instanceof Element ? target.closest<SVGElement>("[data-roi-part]") : null;
  const item = editedItem(scene.shown);
  if (part !== null && item !== undefined) {
    const { kind, vertices, roiId } = item.roi;
    const shape = { kind, vertices };
    const { handle, handleCount } = part.dataset;
    const drag: Drag =
      handle === undefined
        ? { act: "move", shape, from }
        : {
            act: "bend",
            shape,
            from,
            handle: Number(handle),
            handleCount: Number(handleCount),
          };
    return { drag, roiId };
  }
  return scene.drawing === null
    ? null
    : { drag: { act: "draw", kind: scene.drawing, path: [from] }, roiId: null };
}

function roiUnder(scene: RoiScene, point: Point): RoiItem | undefined {
  const canvasPoint = applyAffine(scene.imageToCanvas, point);
  const isHit = ({ roi }: RoiItem) =>
    isInside(roi.vertices, point) || distanceCss(scene, roi.vertices, canvasPoint) <= REACH_CSS;
  const area = ({ roi }: RoiItem) => Math.abs(signedArea(roi.vertices));
  return scene.shown
    .filter((item) => !item.isReadOnly && isHit(item))
    .sort((a, b) => area(a) - area(b))[0];
}

function distanceCss({ imageToCanvas }: RoiScene, vertices: Ring, canvasPoint: Point): number {
  const outline = vertices.map((vertex) => applyAffine(imageToCanvas, vertex));
  return Math.min(
    ...outline.map((vertex, i) => distanceToSegment(canvasPoint, vertex, at(outline, i + 1))),
  );
}
