/** The heat map of the selected finding on the image that is on the screen. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { ReviewPayload } from "../api/types";
import { codeSentence, useNameOf } from "../cases/words";
import type { HeatMapLayer } from "../viewer/heatmap";
import type { ViewerState } from "../viewer/viewerState";
import { buildHeatMapLayer } from "./heatMapLayer";
import { mapsQuery } from "./queries";

const NO_LAYERS: readonly HeatMapLayer[] = [];

interface HeatMap {
  layers: readonly HeatMapLayer[];
  /** Why there is no map, as a sentence; empty where there is one or none is expected. */
  note: string;
}

export function useHeatMap(
  payload: ReviewPayload | undefined,
  shown: Pick<ViewerState, "sopInstanceUid" | "frameNumber">,
  selected: string | null,
): HeatMap {
  const nameOf = useNameOf();
  const prediction = payload?.ai?.predictions.find(
    (one) =>
      one.sop_instance_uid === shown.sopInstanceUid && one.frame_number === shown.frameNumber,
  );
  const url = prediction?.maps?.url ?? "";
  const maps = useQuery({ ...mapsQuery(url), enabled: url !== "" });
  const finding = payload?.findings.find((one) => one.code === selected);
  const answer = payload?.ai?.findings.find((one) => one.code === selected);
  const label = finding ? nameOf(finding) : "";
  const bytes = maps.data;
  const layers = useMemo(() => {
    if (!prediction || !bytes || !finding || !answer) return NO_LAYERS;
    const layer = buildHeatMapLayer({
      prediction,
      bytes,
      finding: { code: finding.code, label },
      threshold: answer.threshold,
      isAboveThreshold: answer.above,
    });
    return layer ? [layer] : NO_LAYERS;
  }, [prediction, bytes, finding, answer, label]);
  const note = prediction?.no_map_reason
    ? codeSentence("no_map", prediction.no_map_reason, {})
    : "";
  return { layers, note };
}
