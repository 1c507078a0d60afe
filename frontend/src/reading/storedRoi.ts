/** A region as the server stores it, and as the viewer holds it. */
import type { RoiShape } from "../api/types";
import type { Roi } from "../viewer/roi";

export function roiOf(stored: RoiShape): Roi {
  return {
    roiId: stored.roi_id,
    finding: stored.finding,
    sopInstanceUid: stored.sop_instance_uid,
    frameNumber: stored.frame_number,
    kind: stored.kind,
    vertices: stored.vertices.map(([column = 0, row = 0]) => [column, row]),
    laterality: stored.laterality ?? "",
  };
}

export function storedOf(roi: Roi): RoiShape {
  return {
    roi_id: roi.roiId,
    finding: roi.finding,
    sop_instance_uid: roi.sopInstanceUid,
    frame_number: roi.frameNumber,
    kind: roi.kind,
    vertices: roi.vertices.map(([column, row]) => [column, row]),
    laterality: roi.laterality,
  };
}
