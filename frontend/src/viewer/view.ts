/** How a viewport looks at its stack, as a value that another viewport of the same stack can take over. */
import type { StackViewport } from "@cornerstonejs/core";

type Camera = Pick<
  ReturnType<StackViewport["getCamera"]>,
  | "viewUp"
  | "viewPlaneNormal"
  | "position"
  | "focalPoint"
  | "parallelScale"
  | "flipHorizontal"
  | "flipVertical"
>;

export interface StackView {
  readonly stackKey: string;
  readonly tool: string;
  /** Where it is going, not what has arrived. */
  readonly sliceIndex: number;
  /** Of the slice above, once that is on the screen; null on the way to it. */
  readonly shown: { readonly camera: Camera; readonly window: readonly number[] } | null;
  readonly isInverted: boolean;
}

export function viewOf(
  viewport: StackViewport,
  { stackKey, tool }: { readonly stackKey: string; readonly tool: string },
): StackView {
  const sliceIndex = viewport.getTargetImageIdIndex();
  const { voiRange, invert } = viewport.getProperties();
  const isThere = sliceIndex === viewport.getCurrentImageIdIndex();
  return {
    stackKey,
    tool,
    sliceIndex,
    shown:
      isThere && voiRange
        ? { camera: cameraOf(viewport), window: [voiRange.lower, voiRange.upper] }
        : null,
    isInverted: invert === true,
  };
}

function cameraOf(viewport: StackViewport): Camera {
  const camera = viewport.getCamera();
  return {
    ...(camera.viewUp ? { viewUp: [...camera.viewUp] } : {}),
    ...(camera.viewPlaneNormal ? { viewPlaneNormal: [...camera.viewPlaneNormal] } : {}),
    ...(camera.position ? { position: [...camera.position] } : {}),
    ...(camera.focalPoint ? { focalPoint: [...camera.focalPoint] } : {}),
    ...(camera.parallelScale === undefined ? {} : { parallelScale: camera.parallelScale }),
    flipHorizontal: camera.flipHorizontal === true,
    flipVertical: camera.flipVertical === true,
  };
}

/**
 * Window, polarity and camera of another view onto this viewport, without drawing; the slice must be the
 * view's. Two viewports that differ in height show the same place at the same share of their height.
 */
export function takeView(viewport: StackViewport, view: StackView): void {
  if (view.shown === null) {
    return;
  }
  const [lower = 0, upper = 0] = view.shown.window;
  viewport.setProperties({ voiRange: { lower, upper }, invert: view.isInverted });
  viewport.setCamera(view.shown.camera);
}

/** Alike to the eye: what comes back from the graphics differs from what was given in its last digits. */
export function isSameView(a: StackView, b: StackView): boolean {
  return (
    a.stackKey === b.stackKey &&
    a.tool === b.tool &&
    a.sliceIndex === b.sliceIndex &&
    a.isInverted === b.isInverted &&
    isNear(numbersOf(a), numbersOf(b))
  );
}

function numbersOf({ shown }: StackView): number[] {
  return shown === null ? [] : [shown.window, ...Object.values(shown.camera)].flat().map(Number);
}

function isNear(a: readonly number[], b: readonly number[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i] ?? Number.NaN;
      return Math.abs(one - other) <= 1e-6 * Math.max(1, Math.abs(one), Math.abs(other));
    })
  );
}
