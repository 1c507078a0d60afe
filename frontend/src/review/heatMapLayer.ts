/** One finding's heat map on one image, built from the prediction as the server sends it. */
import type { FramePrediction } from "../api/types";
import type { Affine } from "../viewer/coords";
import { decodeMaps, evidenceGrid, type HeatMapLayer, thresholdEvidence } from "../viewer/heatmap";

interface LayerInput {
  prediction: FramePrediction;
  bytes: ArrayBuffer;
  finding: { code: string; label: string };
  /** Of the case: calibrated probability threshold, and whether the finding reaches it. */
  threshold: number;
  isAboveThreshold: boolean;
}

export function affineOf(numbers: readonly number[]): Affine {
  const [a = 1, b = 0, c = 0, d = 0, e = 1, f = 0] = numbers;
  return [a, b, c, d, e, f];
}

/** Null where the model has no output for the finding or no maps. */
export function buildHeatMapLayer(input: LayerInput): HeatMapLayer | null {
  const { prediction, bytes, finding } = input;
  const { maps, outputs, exclusive_groups: groups } = prediction;
  const output = outputs.findIndex((one) => one.finding === finding.code);
  const code = outputs[output]?.code;
  if (!maps || code === undefined) return null;
  const [outputCount = 0, rows = 0, columns = 0] = maps.shape;
  const biases = outputs.map((one) => one.bias);
  return {
    sopInstanceUid: prediction.sop_instance_uid,
    frameNumber: prediction.frame_number,
    label: finding.label,
    grid: evidenceGrid(decodeMaps(bytes, [outputCount, rows, columns]), output, groups),
    imageToGrid: affineOf(maps.image_to_grid),
    scale: maps.evidence_scale[code] ?? null,
    threshold: biases.every((bias) => bias !== null)
      ? thresholdEvidence(input.threshold, biases, output, groups)
      : null,
    isAboveThreshold: input.isAboveThreshold,
  };
}
