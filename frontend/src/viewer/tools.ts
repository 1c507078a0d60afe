/** Which windows does a modality offer, and which tools has the left button? Pure tables and arithmetic. */
import { ROI_KINDS, type RoiKind } from "./roi";

/** What Cornerstone does with the left button; regions are drawn by the layer above it. */
export type ImageTool = "window" | "pan" | "zoom" | "scroll" | "length";
/** Names are also the i18n keys under `tools`. */
export type PrimaryTool = ImageTool | RoiKind;

export function roiKindOf(tool: string): RoiKind | null {
  return ROI_KINDS.find((kind) => kind === tool) ?? null;
}

export interface Window {
  readonly width: number;
  readonly centre: number;
}

/**
 * A preset is either a fixed window in the units of the pixels (Hounsfield units for CT) or relative to
 * the image, where the units mean nothing.
 */
export type WindowPreset = { readonly name: string } & (
  | { readonly kind: "fixed"; readonly window: Window }
  | { readonly kind: "stored"; readonly widthFactor: number }
  | { readonly kind: "full" }
);

function fixed(name: string, width: number, centre: number): WindowPreset {
  return { name, kind: "fixed", window: { width, centre } };
}

const RELATIVE: readonly WindowPreset[] = [
  { name: "stored", kind: "stored", widthFactor: 1 },
  { name: "full", kind: "full" },
  { name: "high_contrast", kind: "stored", widthFactor: 0.6 },
  { name: "low_contrast", kind: "stored", widthFactor: 1.6 },
];

const CT: readonly WindowPreset[] = [
  fixed("soft_tissue", 400, 40),
  fixed("lung", 1500, -600),
  fixed("bone", 2000, 500),
  fixed("brain", 80, 40),
  fixed("mediastinum", 350, 50),
  fixed("liver", 150, 90),
  { name: "stored", kind: "stored", widthFactor: 1 },
  { name: "full", kind: "full" },
];

/** The n-th preset is on digit n. */
export function presetsOf(modality: string): readonly WindowPreset[] {
  return modality === "CT" ? CT : RELATIVE;
}

export function windowOfPreset(
  preset: WindowPreset,
  image: { readonly stored: Window; readonly minimum: number; readonly maximum: number },
): Window {
  switch (preset.kind) {
    case "fixed":
      return preset.window;
    case "stored":
      return { width: image.stored.width * preset.widthFactor, centre: image.stored.centre };
    case "full":
      return windowOfRange({ lower: image.minimum, upper: image.maximum });
  }
}

/**
 * Lower and upper edge of Cornerstone's linear ramp and back. Cornerstone follows PS3.3 C.11.2.1.2: the
 * window of width w at centre c runs from c - 0.5 - (w - 1) / 2 to c - 0.5 + (w - 1) / 2.
 */
export function rangeOfWindow({ width, centre }: Window): { lower: number; upper: number } {
  const half = (Math.max(width, 1) - 1) / 2;
  return { lower: centre - 0.5 - half, upper: centre - 0.5 + half };
}

export function windowOfRange({ lower, upper }: { lower: number; upper: number }): Window {
  return { width: Math.abs(upper - lower) + 1, centre: (lower + upper + 1) / 2 };
}
