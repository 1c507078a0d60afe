/**
 * Which images does the viewer show, in which order, and what must it know of each? Built from the study
 * as the caller received it; the viewer itself fetches nothing but the frames named by the image ids.
 */
import type { PixelSpacing, Vector3 } from "./coords";
import type { PatientDirections } from "./orientation";

/** One attribute of the DICOM JSON model (PS3.18 F.2). */
export interface DicomAttribute {
  readonly vr: string;
  readonly Value?: readonly unknown[];
  readonly InlineBinary?: string;
}
export type DicomJson = Readonly<Record<string, DicomAttribute | undefined>>;

export interface ViewerImage {
  readonly imageId: string;
  readonly metadata: DicomJson;
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
  readonly columns: number;
  readonly rows: number;
  readonly spacing: PixelSpacing;
  readonly modality: string;
}

/** `key` changes with the case or series: the view is then reset and the old image hidden at once. */
export interface ViewerStack {
  readonly key: string;
  readonly images: readonly ViewerImage[];
  readonly startIndex: number;
}

export interface SeriesInput {
  readonly series_instance_uid: string;
  readonly modality: string;
  readonly instances: readonly {
    readonly sop_instance_uid: string;
    readonly rows: number | null;
    readonly columns: number | null;
    readonly number_of_frames: number;
    readonly row_spacing_mm: number | null;
    readonly column_spacing_mm: number | null;
    readonly spacing_kind: "patient" | "projected" | "none";
    readonly has_pixels: boolean;
  }[];
}

const TAG = {
  sopInstanceUid: "00080018",
  photometricInterpretation: "00280004",
  patientOrientation: "00200020",
  imageOrientationPatient: "00200037",
  sharedFunctionalGroups: "52009229",
  perFrameFunctionalGroups: "52009230",
  planeOrientation: "00209116",
} as const;

/** `root` is the absolute DICOMweb root: Cornerstone takes the rest of a wadors id as the address. */
export function imageIdOf(
  root: string,
  uids: { study: string; series: string; instance: string; frame: number },
): string {
  const { study, series, instance, frame } = uids;
  return `wadors:${root}/studies/${study}/series/${series}/instances/${instance}/frames/${frame}`;
}

/**
 * Every frame of a series in the caller's order. Instances without pixels, without metadata or without a
 * size are left out: they cannot be shown.
 */
export function imagesOfSeries(input: {
  readonly root: string;
  readonly studyInstanceUid: string;
  readonly series: SeriesInput;
  readonly metadata: readonly DicomJson[];
}): ViewerImage[] {
  const { root, studyInstanceUid, series } = input;
  const bySop = new Map(input.metadata.map((json) => [textOf(json, TAG.sopInstanceUid), json]));
  return series.instances.flatMap((instance): ViewerImage[] => {
    const { sop_instance_uid: sopInstanceUid, columns, rows } = instance;
    const metadata = bySop.get(sopInstanceUid);
    if (!instance.has_pixels || metadata === undefined || columns === null || rows === null) {
      return [];
    }
    return Array.from({ length: instance.number_of_frames }, (_, i) => ({
      imageId: imageIdOf(root, {
        study: studyInstanceUid,
        series: series.series_instance_uid,
        instance: sopInstanceUid,
        frame: i + 1,
      }),
      metadata,
      sopInstanceUid,
      frameNumber: i + 1,
      columns,
      rows,
      spacing: {
        rowMm: instance.row_spacing_mm,
        columnMm: instance.column_spacing_mm,
        kind: instance.spacing_kind,
      },
      modality: series.modality,
    }));
  });
}

/** The images a reader meets first: those nearest to where the stack opens. */
export function imagesNearStart(stack: ViewerStack, count: number): ViewerImage[] {
  const distance = (index: number) => Math.abs(index - stack.startIndex);
  return stack.images
    .map((image, index) => ({ image, index }))
    .sort((one, other) => distance(one.index) - distance(other.index))
    .slice(0, count)
    .map(({ image }) => image);
}

/** Of all images, in pixels; 0 without any. */
export function longestSideOf(images: readonly ViewerImage[]): number {
  return Math.max(0, ...images.flatMap(({ columns, rows }) => [columns, rows]));
}

/** What the file says about its orientation, or null. A file of one frame keeps it at the top level. */
export function directionsOf(
  image: Pick<ViewerImage, "metadata" | "frameNumber">,
): PatientDirections | null {
  const cosines = cosinesOf(image);
  if (cosines.length === 6 && cosines.every(Number.isFinite)) {
    return { kind: "cosines", row: vectorOf(cosines, 0), column: vectorOf(cosines, 3) };
  }
  const [row, column] = image.metadata[TAG.patientOrientation]?.Value ?? [];
  return typeof row === "string" && typeof column === "string"
    ? { kind: "letters", row, column }
    : null;
}

/** MONOCHROME1 stores black as the largest value; the viewer inverts it without being asked. */
export function isStoredInverted({ metadata }: Pick<ViewerImage, "metadata">): boolean {
  return textOf(metadata, TAG.photometricInterpretation) === "MONOCHROME1";
}

function cosinesOf(image: Pick<ViewerImage, "metadata" | "frameNumber">): number[] {
  const { metadata, frameNumber } = image;
  const perFrame = metadata[TAG.perFrameFunctionalGroups]?.Value?.[frameNumber - 1];
  const shared = metadata[TAG.sharedFunctionalGroups]?.Value?.[0];
  const holders = [metadata, planeOrientationOf(perFrame), planeOrientationOf(shared)];
  const found = holders.find(
    (holder) => holder?.[TAG.imageOrientationPatient]?.Value?.length === 6,
  );
  return (found?.[TAG.imageOrientationPatient]?.Value ?? []).map(Number);
}

function planeOrientationOf(group: unknown): DicomJson | undefined {
  const item = (group as DicomJson | undefined)?.[TAG.planeOrientation]?.Value?.[0];
  return item as DicomJson | undefined;
}

function vectorOf(numbers: readonly number[], start: number): Vector3 {
  return [numbers[start] ?? 0, numbers[start + 1] ?? 0, numbers[start + 2] ?? 0];
}

function textOf(json: DicomJson, tag: string): string {
  return String(json[tag]?.Value?.[0] ?? "");
}
