/** What does the layer of regions get and tell? The types of its props, and what it makes of them per frame. */
import type { Affine } from "./coords";
import type { Ring } from "./polygon";
import type { ImageSize, Roi, RoiDraft, RoiKind } from "./roi";
import type { LabelSide } from "./roiView";

/**
 * own: of the selected finding; dim: of another one; readonly: signed; prior: of an earlier study or version.
 * In an arbitration: what A, B and the arbitrator drew when they read alone, and what is made of it.
 */
export type RoiTone =
  | "own"
  | "readonly"
  | "dim"
  | "prior"
  | "reader-a"
  | "reader-b"
  | "blind"
  | "merged";

export interface RoiItem {
  readonly roi: Roi;
  /** The finding's name, translated; side and size are added by the layer. */
  readonly label: string;
  readonly tone: RoiTone;
  /** Not what is looked at now; its colour stays. */
  readonly isFaint?: boolean | undefined;
  /** Where its name stands when another outline may lie in the same place; above unless said. */
  readonly labelSide?: LabelSide | undefined;
  readonly isSelected: boolean;
  /** Cannot be selected or dragged: a press on it goes to the active tool. */
  readonly isReadOnly: boolean;
}

/** "drag": on its way, at most once per animation frame. "end": the hand let go, or a key was pressed. */
export type RoiPhase = "drag" | "end";

export interface RoiLayerProps {
  /** Of all frames; only those of the frame on the screen are drawn. */
  readonly items: readonly RoiItem[];
  /** A region was drawn. Without it the drawing tools are not offered. */
  readonly onDraw?: ((draft: RoiDraft) => void) | undefined;
  /**
   * Every drag ends with one "end", also one that is interrupted; one taken back with Escape ends with the
   * vertices it began with.
   */
  readonly onChange: (roiId: string, vertices: Ring, phase: RoiPhase) => void;
  /** Never for a read-only region. */
  readonly onSelect: (roiId: string | null) => void;
  readonly onDelete?: ((roiId: string) => void) | undefined;
}

/** The layer's props together with the image on the screen. */
export interface RoiScene extends RoiLayerProps {
  /** The items of the frame on the screen. */
  readonly shown: readonly RoiItem[];
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
  readonly size: ImageSize;
  readonly imageToCanvas: Affine;
  /** What the left button draws now. */
  readonly drawing: RoiKind | null;
}

export function itemsOfFrame(
  items: readonly RoiItem[],
  frame: { readonly sopInstanceUid: string; readonly frameNumber: number },
): RoiItem[] {
  return items.filter(
    ({ roi }) =>
      roi.sopInstanceUid === frame.sopInstanceUid && roi.frameNumber === frame.frameNumber,
  );
}

/** The selected region that keys and hands may change. */
export function editedItem(items: readonly RoiItem[]): RoiItem | undefined {
  return items.find(({ isSelected, isReadOnly }) => isSelected && !isReadOnly);
}
