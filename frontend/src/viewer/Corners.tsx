/** Text on the image: the caller's lines, window, zoom and slice, the patient's directions, a scale bar. */
import { useTranslation } from "react-i18next";
import { scaleBar } from "./coords";
import { edgeLetters } from "./orientation";
import { directionsOf, type ViewerImage } from "./stack";
import type { ViewerState } from "./viewerState";

/** Plain text, already composed and translated by the caller: names are shown as text, never as markup. */
export interface CornerText {
  readonly topLeft: readonly string[];
  readonly topRight: readonly string[];
  readonly bottomLeft: readonly string[];
}

const LONGEST_SCALE_BAR_CSS = 160;

export function Corners(props: {
  readonly text: CornerText;
  readonly state: ViewerState;
  readonly image: ViewerImage;
}) {
  const { t } = useTranslation("viewer");
  const { state, image, text } = props;
  const position = { slice: state.sliceIndex + 1, count: state.sliceCount };
  const window_ = {
    width: Math.round(state.windowWidth),
    centre: Math.round(state.windowCentre),
  };
  return (
    <div className="viewer-corners">
      <CornerLines className="viewer-corner-top-left" lines={text.topLeft} />
      <CornerLines className="viewer-corner-top-right" lines={text.topRight} />
      <CornerLines className="viewer-corner-bottom-left" lines={text.bottomLeft} />
      <CornerLines
        className="viewer-corner-bottom-right"
        lines={[
          t("viewport.window", window_),
          t("viewport.zoom", { percent: Math.round(state.zoom * 100) }),
          // A single radiograph has no slices to count.
          ...(position.count > 1 ? [t("viewport.slice", position)] : []),
        ]}
      />
      <Directions state={state} image={image} />
      <Scale state={state} image={image} />
    </div>
  );
}

function CornerLines({ className, lines }: { className: string; lines: readonly string[] }) {
  return (
    <div className={`viewer-corner ${className}`}>
      {lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place
        <div key={i}>{line}</div>
      ))}
    </div>
  );
}

function Directions({ state, image }: { state: ViewerState; image: ViewerImage }) {
  const { t } = useTranslation("viewer");
  const directions = directionsOf(image);
  if (directions === null || state.imageToCanvas === null) {
    return null;
  }
  const { rowMm, columnMm } = image.spacing;
  const letters = edgeLetters(directions, state.imageToCanvas, {
    rowMm: rowMm ?? 1,
    columnMm: columnMm ?? 1,
  });
  return (["left", "right", "top", "bottom"] as const).map((side) => (
    <span
      key={side}
      className={`viewer-edge viewer-edge-${side}`}
      data-testid={`edge-${side}`}
      role="img"
      aria-label={t(`viewport.edge.${side}`, { letters: letters[side] })}
    >
      {letters[side]}
    </span>
  ));
}

function Scale({ state, image }: { state: ViewerState; image: ViewerImage }) {
  const { t } = useTranslation("viewer");
  const bar =
    state.imageToCanvas && scaleBar(state.imageToCanvas, image.spacing, LONGEST_SCALE_BAR_CSS);
  if (!bar) {
    return null;
  }
  return (
    <div className="viewer-scale" data-testid="scale-bar">
      <div className="viewer-scale-bar" style={{ width: `${bar.lengthCss}px` }} />
      {t(bar.projected ? "scale.projected" : "scale.patient", { mm: bar.lengthMm })}
    </div>
  );
}
