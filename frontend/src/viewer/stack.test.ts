import { describe, expect, it } from "vitest";
import {
  type DicomJson,
  directionsOf,
  imageIdOf,
  imagesNearStart,
  imagesOfSeries,
  type SeriesInput,
} from "./stack";

const ROOT = "https://reading.example/dicomweb";

function instance(sop: string, change: Partial<SeriesInput["instances"][number]> = {}) {
  return {
    sop_instance_uid: sop,
    rows: 20,
    columns: 10,
    number_of_frames: 1,
    row_spacing_mm: 2,
    column_spacing_mm: 0.5,
    spacing_kind: "projected",
    has_pixels: true,
    ...change,
  } as const;
}

function header(sop: string): DicomJson {
  return { "00080018": { vr: "UI", Value: [sop] } };
}

function imagesOf(instances: SeriesInput["instances"], metadata: readonly DicomJson[]) {
  return imagesOfSeries({
    root: ROOT,
    studyInstanceUid: "1.2",
    series: { series_instance_uid: "1.2.3", modality: "DX", instances },
    metadata,
  });
}

describe("images of a series", () => {
  it("addresses a frame by study, series, instance and frame", () => {
    const uids = { study: "1.2", series: "1.2.3", instance: "1.2.3.4", frame: 5 };
    expect(imageIdOf(ROOT, uids)).toBe(
      "wadors:https://reading.example/dicomweb/studies/1.2/series/1.2.3/instances/1.2.3.4/frames/5",
    );
  });

  it("keeps the caller's order and gives every frame its own image", () => {
    const images = imagesOf(
      [instance("b", { number_of_frames: 2 }), instance("a")],
      [header("a"), header("b")],
    );
    expect(images.map(({ sopInstanceUid, frameNumber }) => [sopInstanceUid, frameNumber])).toEqual([
      ["b", 1],
      ["b", 2],
      ["a", 1],
    ]);
    expect(images[1]).toMatchObject({
      columns: 10,
      rows: 20,
      modality: "DX",
      metadata: header("b"),
      spacing: { rowMm: 2, columnMm: 0.5, kind: "projected" },
    });
  });

  it("leaves out what cannot be shown", () => {
    const images = imagesOf(
      [
        instance("a", { has_pixels: false }),
        instance("b", { rows: null }),
        instance("unknown"),
        instance("c"),
      ],
      [header("a"), header("b"), header("c")],
    );
    expect(images.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(["c"]);
  });

  it("takes the images around the start first", () => {
    const images = imagesOf([instance("a", { number_of_frames: 7 })], [header("a")]);
    const near = imagesNearStart({ key: "k", images, startIndex: 3 }, 4);
    expect(near.map(({ frameNumber }) => frameNumber)).toEqual([4, 3, 5, 2]);
  });
});

describe("directions", () => {
  const cosines = { vr: "DS", Value: [0, 1, 0, 0, 0, -1] };
  const letters = { vr: "CS", Value: ["L", "F"] };
  const expected = { kind: "cosines", row: [0, 1, 0], column: [0, 0, -1] };
  const group = { "00209116": { vr: "SQ", Value: [{ "00200037": cosines }] } };

  it("prefers the cosines of the plane to letters", () => {
    const metadata = { "00200037": cosines, "00200020": letters };
    expect(directionsOf({ metadata, frameNumber: 1 })).toEqual(expected);
  });

  it("finds them in the functional groups of an enhanced file", () => {
    const shared = { "52009229": { vr: "SQ", Value: [group] } };
    expect(directionsOf({ metadata: shared, frameNumber: 3 })).toEqual(expected);
    const perFrame = { "52009230": { vr: "SQ", Value: [{}, group] } };
    expect(directionsOf({ metadata: perFrame, frameNumber: 2 })).toEqual(expected);
    expect(directionsOf({ metadata: perFrame, frameNumber: 1 })).toBeNull();
  });

  it("takes the letters of a radiograph, and nothing where the file says nothing", () => {
    expect(directionsOf({ metadata: { "00200020": letters }, frameNumber: 1 })).toEqual({
      kind: "letters",
      row: "L",
      column: "F",
    });
    expect(directionsOf({ metadata: {}, frameNumber: 1 })).toBeNull();
    const half = { "00200020": { vr: "CS", Value: ["L"] } };
    expect(directionsOf({ metadata: half, frameNumber: 1 })).toBeNull();
    const broken = { "00200037": { vr: "DS", Value: [0, 1, 0, "x", 0, -1] } };
    expect(directionsOf({ metadata: broken, frameNumber: 1 })).toBeNull();
  });
});
