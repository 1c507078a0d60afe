/** Which window does the file bring, and how does Cornerstone go back to it? */
import { Enums, type StackViewport, utilities } from "@cornerstonejs/core";
import type { Window } from "./tools";

interface StoredValues {
  readonly stored: Window;
  readonly minimum: number;
  readonly maximum: number;
}

/** The window of the image on the screen as its file (or the loader, from its values) has it. */
export function valuesOf(viewport: StackViewport): StoredValues | null {
  const image = viewport.getCornerstoneImage();
  return image
    ? {
        stored: { width: firstOf(image.windowWidth), centre: firstOf(image.windowCenter) },
        minimum: image.minPixelValue,
        maximum: image.maxPixelValue,
      }
    : null;
}

/**
 * The stored window and polarity again. Cornerstone's own resetProperties loses the inversion of
 * MONOCHROME1: it keeps the flag and restores the colours from before the image was inverted.
 */
export function resetWindow(viewport: StackViewport, isStoredInverted: boolean): void {
  const values = valuesOf(viewport);
  if (values === null) {
    return;
  }
  const { width, centre } = values.stored;
  const { voiLUTFunction } = viewport.getCornerstoneImage();
  const isExact = voiLUTFunction === Enums.VOILUTFunctionType.LINEAR_EXACT;
  const voiRange = utilities.windowLevel.toLowHighRange(
    width,
    centre,
    isExact ? Enums.VOILUTFunctionType.LINEAR_EXACT : Enums.VOILUTFunctionType.LINEAR,
  );
  viewport.setProperties({ voiRange, invert: isStoredInverted });
  forgetChosenWindow(viewport);
}

/**
 * Lets every slice open in its own window again. Cornerstone remembers for the life of a viewport that a
 * window was once chosen, and would carry the first window of each later series through all its slices.
 */
export function forgetChosenWindow(viewport: StackViewport): void {
  (viewport as unknown as { voiUpdatedWithSetProperties: boolean }).voiUpdatedWithSetProperties =
    false;
}

function firstOf(value: number | number[]): number {
  return Array.isArray(value) ? (value[0] ?? 0) : value;
}
