/** What the stored class maps say of the selected region while it moves; computed here, stored nowhere. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { FramePrediction, ReviewPayload } from "../api/types";
import { decodeMaps } from "../viewer/heatmap";
import type { Roi } from "../viewer/roi";
import { createWhatIf, type OutputWhatIf, type WhatIf, type WhatIfAnswer } from "../viewer/whatIf";
import { affineOf } from "./heatMapLayer";
import { mapsQuery } from "./queries";

export interface FindingWhatIf {
  state: WhatIfAnswer["state"];
  areaShare: number | null;
  output: OutputWhatIf | null;
}

export function useWhatIf(payload: ReviewPayload | undefined, roi: Roi | null) {
  const prediction = payload?.ai?.predictions.find(
    (one) => one.sop_instance_uid === roi?.sopInstanceUid && one.frame_number === roi?.frameNumber,
  );
  const url = prediction?.maps?.url ?? "";
  const maps = useQuery({ ...mapsQuery(url), enabled: url !== "" });
  const instance = payload?.series
    .flatMap((series) => series.instances)
    .find((one) => one.sop_instance_uid === prediction?.sop_instance_uid);
  const columns = instance?.columns ?? 0;
  const rows = instance?.rows ?? 0;
  const bytes = maps.data;
  const whatIf = useMemo(
    () => (prediction && bytes ? whatIfOf(prediction, bytes, { columns, rows }) : null),
    [prediction, bytes, columns, rows],
  );
  return useMemo(
    () => (roi && prediction && whatIf ? findingWhatIf(whatIf, prediction, roi) : null),
    [roi, prediction, whatIf],
  );
}

function whatIfOf(
  prediction: FramePrediction,
  bytes: ArrayBuffer,
  imageSize: { columns: number; rows: number },
): WhatIf | null {
  const { maps, outputs } = prediction;
  if (!maps) return null;
  const [count = 0, rows = 0, columns = 0] = maps.shape;
  return createWhatIf({
    maps: decodeMaps(bytes, [count, rows, columns]),
    biases: outputs.map((output) => output.bias),
    imageLogits: outputs.map((output) => output.logit),
    temperature: prediction.temperature,
    activation: prediction.activation,
    exclusiveGroups: prediction.exclusive_groups,
    imageToGrid: affineOf(maps.image_to_grid),
    imageSize,
  });
}

/** Null where the model has no output for the region's finding. */
function findingWhatIf(
  whatIf: WhatIf,
  prediction: FramePrediction,
  roi: Roi,
): FindingWhatIf | null {
  const index = prediction.outputs.findIndex((output) => output.finding === roi.finding);
  if (index < 0) return null;
  const answer = whatIf(roi.vertices);
  const isAnswered = answer.state === "ok" || answer.state === "below_resolution";
  return {
    state: answer.state,
    areaShare: isAnswered ? answer.areaShare : null,
    output: answer.state === "ok" ? (answer.outputs[index] ?? null) : null,
  };
}
