/** What is on the screen now: the one value that React, the data attributes and the tests read. */
import type { Affine, Length } from "./coords";
import type { HeatMapLayer } from "./heatmap";
import type { ViewerStack } from "./stack";

export type ViewerFailure = "load_error" | "timeout" | "too_large";

export interface ViewerState {
  readonly status: "empty" | "loading" | "shown" | "failed";
  readonly failure: ViewerFailure | null;
  readonly stackKey: string | null;
  readonly sliceIndex: number;
  readonly sliceCount: number;
  readonly sopInstanceUid: string | null;
  readonly frameNumber: number | null;
  /** An image of this stack is on the screen (a later slice may still be on its way). */
  readonly isPainted: boolean;
  readonly canDraw: boolean;
  /** The longest side of an image, in pixels, that the graphics can draw. */
  readonly largestSide: number;
  readonly windowWidth: number;
  readonly windowCentre: number;
  /** Screen pixels (device pixels) per image column. */
  readonly zoom: number;
  readonly rotation: number;
  readonly isInverted: boolean;
  readonly tool: string;
  readonly imageToCanvas: Affine | null;
}

/** Times in milliseconds of performance.now(). */
export interface FirstPaint {
  readonly stackKey: string;
  readonly requestedAt: number;
  readonly loadedAt: number;
  readonly paintedAt: number;
}

/** What a viewer tells its page, and asks it to put into words. */
export interface ViewerCallbacks {
  readonly onFirstPaint: (timing: FirstPaint) => void;
  readonly formatLength: (length: Length) => string;
}

export const EMPTY_STATE: ViewerState = {
  status: "empty",
  failure: null,
  stackKey: null,
  sliceIndex: 0,
  sliceCount: 0,
  sopInstanceUid: null,
  frameNumber: null,
  isPainted: false,
  canDraw: true,
  largestSide: Number.POSITIVE_INFINITY,
  windowWidth: 0,
  windowCentre: 0,
  zoom: 1,
  rotation: 0,
  isInverted: false,
  tool: "window",
  imageToCanvas: null,
};

/** The heat map that belongs to the frame on the screen, never to the one before or after it. */
export function heatMapOf(
  layers: readonly HeatMapLayer[],
  { sopInstanceUid, frameNumber, isPainted }: ViewerState,
): HeatMapLayer | null {
  const layer = layers.find(
    (one) => one.sopInstanceUid === sopInstanceUid && one.frameNumber === frameNumber,
  );
  return isPainted ? (layer ?? null) : null;
}

/** The state of a stack that has just been asked for: what belonged to the last one is gone. */
export function stateOfRequest(stack: ViewerStack | null, before: ViewerState): ViewerState {
  const { canDraw, largestSide, tool } = before;
  const sliceCount = stack?.images.length ?? 0;
  return {
    ...EMPTY_STATE,
    canDraw,
    largestSide,
    tool,
    status: sliceCount === 0 ? "empty" : "loading",
    stackKey: stack?.key ?? null,
    sliceIndex: stack?.startIndex ?? 0,
    sliceCount,
  };
}

/** Holds the state and tells who listens: the shape that React's useSyncExternalStore asks for. */
export class ViewerStore {
  private readonly listeners = new Set<() => void>();

  constructor(private state: ViewerState) {}

  readonly get = (): ViewerState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  update(change: Partial<ViewerState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) {
      listener();
    }
  }
}
