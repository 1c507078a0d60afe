import { describe, expect, it } from "vitest";
import type { FramePrediction } from "../api/types";
import { buildHeatMapLayer } from "./heatMapLayer";

// Two outputs of one exclusive group on a 1 x 2 grid, as float16: normal [1, 2], pneumonia [3, -1].
const bytes = new Uint16Array([0x3c00, 0x4000, 0x4200, 0xbc00]).buffer;
const prediction = {
  sop_instance_uid: "1.2",
  frame_number: 1,
  exclusive_groups: [[0, 1]],
  outputs: [
    { code: "NORMAL", finding: null, logit: 1.5, bias: 0.25, probability: 0.4 },
    { code: "PNEUMONIA", finding: "pneumonia", logit: 1.9, bias: 0.75, probability: 0.6 },
  ],
  maps: {
    shape: [2, 1, 2],
    image_to_grid: [0.01, 0, 0, 0, 0.005, 0],
    evidence_scale: { PNEUMONIA: 4 },
    url: "/api/predictions/x/maps",
  },
} as unknown as FramePrediction;
const input = {
  prediction,
  bytes,
  finding: { code: "pneumonia", label: "Pneumonia" },
  threshold: 0.5,
  isAboveThreshold: true,
};

describe("buildHeatMapLayer", () => {
  it("shows the evidence against the other class, with the model's scale and affine", () => {
    const layer = buildHeatMapLayer(input);
    // pneumonia minus normal: 3 - 1 = 2 and -1 - 2 = -3
    expect([...(layer?.grid.values ?? [])]).toEqual([2, -3]);
    expect(layer?.scale).toBe(4);
    expect(layer?.imageToGrid).toEqual([0.01, 0, 0, 0, 0.005, 0]);
  });

  it("puts the outline where the mean evidence would reach the probability threshold", () => {
    // logit(0.5) - (0.75 - 0.25) = -0.5
    expect(buildHeatMapLayer(input)?.threshold).toBeCloseTo(-0.5, 12);
  });

  it("has no threshold where the head gives no bias", () => {
    const outputs = prediction.outputs.map((output) => ({ ...output, bias: null }));
    const layer = buildHeatMapLayer({ ...input, prediction: { ...prediction, outputs } });
    expect(layer?.threshold).toBeNull();
  });

  it("is nothing for a finding the model does not speak of, or a model without maps", () => {
    const other = { code: "nodule", label: "Nodule" };
    expect(buildHeatMapLayer({ ...input, finding: other })).toBeNull();
    expect(buildHeatMapLayer({ ...input, prediction: { ...prediction, maps: null } })).toBeNull();
  });
});
