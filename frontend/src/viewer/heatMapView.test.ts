import { describe, expect, it } from "vitest";
import { CLOSED_HEAT_MAP, type HeatMapAction, heatMapViewReducer } from "./heatMapView";
import type { HeatMapLayer } from "./heatmap";
import { EMPTY_STATE, heatMapOf } from "./viewerState";

function viewAfter(...actions: HeatMapAction[]) {
  return actions.reduce(heatMapViewReducer, CLOSED_HEAT_MAP);
}

describe("the heat map on the screen", () => {
  it("is off at first, comes as an outline, then as fill, then both", () => {
    expect(CLOSED_HEAT_MAP).toMatchObject({ isVisible: false, mode: "outline", opacity: 0.45 });
    expect(viewAfter({ type: "toggled" })).toMatchObject({ isVisible: true, mode: "outline" });
    const advance = { type: "mode_advanced" } as const;
    expect(viewAfter(advance)).toMatchObject({ isVisible: true, mode: "outline" });
    expect(viewAfter(advance, advance).mode).toBe("fill");
    expect(viewAfter(advance, advance, advance).mode).toBe("both");
    expect(viewAfter(advance, advance, advance, advance).mode).toBe("outline");
  });

  it("is off and an outline again when another case opens; the reader's opacity stays", () => {
    const view = viewAfter(
      { type: "mode_chosen", mode: "both" },
      { type: "opacity_set", opacity: 0.7 },
      { type: "smoothing_toggled" },
      { type: "case_opened" },
    );
    expect(view).toEqual({ isVisible: false, mode: "outline", opacity: 0.7, isSmooth: true });
  });

  it("stays visible when shown and never fully opaque beyond 1", () => {
    expect(viewAfter({ type: "opacity_stepped", steps: 1 }).opacity).toBe(0.5);
    expect(viewAfter({ type: "opacity_stepped", steps: 99 }).opacity).toBe(1);
    expect(viewAfter({ type: "opacity_stepped", steps: -99 }).opacity).toBe(0.1);
  });
});

describe("which map is drawn", () => {
  const layer = { sopInstanceUid: "1.2", frameNumber: 3 } as HeatMapLayer;
  const shown = { ...EMPTY_STATE, sopInstanceUid: "1.2", frameNumber: 3, isPainted: true };

  it("only that of the frame on the screen", () => {
    expect(heatMapOf([layer], shown)).toBe(layer);
    expect(heatMapOf([layer], { ...shown, frameNumber: 4 })).toBeNull();
    expect(heatMapOf([layer], { ...shown, sopInstanceUid: "1.3" })).toBeNull();
  });

  it("none before the image is painted", () => {
    expect(heatMapOf([layer], { ...shown, isPainted: false })).toBeNull();
  });
});
