/** "Draw" and "measure" of a finding, by key or button: what is there in hand, else its tool, then one placed. */
import { type RefObject, useState } from "react";
import type { Draft } from "../reading/draft";
import type { ViewportHandle } from "../viewer/Viewport";
import type { LabelContent } from "./content";
import type { Marks } from "./useMarks";

type Kind = "draw" | "measure";

const TOOLS: Record<Kind, { readonly action: string; readonly tools: readonly string[] }> = {
  draw: { action: "viewer.toolEllipse", tools: ["rectangle", "ellipse", "freehand"] },
  measure: { action: "viewer.toolLength", tools: ["length"] },
};

interface Place {
  readonly markId: string;
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
}

interface Input {
  readonly viewport: RefObject<ViewportHandle | null>;
  readonly draft: Draft<LabelContent> | null;
  readonly marks: Marks;
  readonly onFinding: (code: string) => void;
  /** Brings the stack of an image onto the screen. */
  readonly onImage: (sopInstanceUid: string) => void;
}

export function useMarkTools({ viewport, draft, marks, onFinding, onImage }: Input) {
  /** For which finding a tool was taken up: the same key again then places one. */
  const [armed, setArmed] = useState("");
  const act = (kind: Kind, code: string) => {
    const handle = viewport.current;
    if (!handle || !draft) return;
    onFinding(code);
    const its = placesOf(kind, code, draft.content);
    const inHand = (kind === "draw" ? marks.roi?.roiId : marks.line?.measurementId) ?? null;
    const { tool, sopInstanceUid } = handle.state();
    const isArmed = armed === `${kind} ${code}` && TOOLS[kind].tools.includes(tool);
    const here = its.find((one) => one.sopInstanceUid === sopInstanceUid) ?? its[0];
    if (isArmed && handle.place()) {
      setArmed("");
    } else if (here && !its.some(({ markId }) => markId === inHand)) {
      marks.select(here.markId);
      onImage(here.sopInstanceUid);
      handle.show(here);
    } else {
      marks.select(null);
      // A tool of the same kind that is in hand already stays: its reader chose it.
      if (!TOOLS[kind].tools.includes(tool)) handle.run(TOOLS[kind].action);
      setArmed(`${kind} ${code}`);
    }
  };
  return {
    draw: (code: string) => act("draw", code),
    measure: (code: string) => act("measure", code),
  };
}

function placesOf(kind: Kind, code: string, { rois, measurements }: LabelContent): Place[] {
  return kind === "draw"
    ? rois
        .filter(({ finding }) => finding === code)
        .map(({ roiId: markId, sopInstanceUid, frameNumber }) => ({
          markId,
          sopInstanceUid,
          frameNumber,
        }))
    : measurements
        .filter(({ finding }) => finding === code)
        .map(({ measurementId: markId, sopInstanceUid, frameNumber }) => ({
          markId,
          sopInstanceUid,
          frameNumber,
        }));
}
