/** How is the heat map shown now? Off when a case opens; one key shows it, the outline first. */

export type HeatMapMode = "outline" | "fill" | "both";

export interface HeatMapView {
  readonly isVisible: boolean;
  readonly mode: HeatMapMode;
  /** Of the fill, 0 to 1. */
  readonly opacity: number;
  /** Interpolated between cells instead of true cells. */
  readonly isSmooth: boolean;
}

export type HeatMapAction =
  | { readonly type: "case_opened" }
  | { readonly type: "toggled" }
  | { readonly type: "mode_advanced" }
  | { readonly type: "mode_chosen"; readonly mode: HeatMapMode }
  | { readonly type: "opacity_set"; readonly opacity: number }
  | { readonly type: "opacity_stepped"; readonly steps: number }
  | { readonly type: "smoothing_toggled" };

export const HEAT_MAP_MODES: readonly HeatMapMode[] = ["outline", "fill", "both"];
export const CLOSED_HEAT_MAP: HeatMapView = {
  isVisible: false,
  mode: "outline",
  opacity: 0.45,
  isSmooth: false,
};

const OPACITY_STEP = 0.05;
const LEAST_OPACITY = 0.1;

export function heatMapViewReducer(view: HeatMapView, action: HeatMapAction): HeatMapView {
  switch (action.type) {
    case "case_opened":
      return { ...view, isVisible: false, mode: CLOSED_HEAT_MAP.mode };
    case "toggled":
      return { ...view, isVisible: !view.isVisible };
    case "mode_advanced":
      return { ...view, isVisible: true, mode: modeAfter(view) };
    case "mode_chosen":
      return { ...view, isVisible: true, mode: action.mode };
    case "opacity_set":
      return { ...view, opacity: opacityWithin(action.opacity) };
    case "opacity_stepped":
      return { ...view, opacity: opacityWithin(view.opacity + action.steps * OPACITY_STEP) };
    case "smoothing_toggled":
      return { ...view, isSmooth: !view.isSmooth };
  }
}

function modeAfter({ isVisible, mode }: HeatMapView): HeatMapMode {
  const next = HEAT_MAP_MODES[(HEAT_MAP_MODES.indexOf(mode) + 1) % HEAT_MAP_MODES.length];
  return isVisible && next !== undefined ? next : mode;
}

function opacityWithin(opacity: number): number {
  return Math.round(Math.min(Math.max(opacity, LEAST_OPACITY), 1) * 100) / 100;
}
