/** Which images belong on one stack: a scanned volume or a clip as a whole, a radiograph by itself. */
import type { ReviewInstance, ReviewSeries } from "../api/types";
import { type DicomJson, imagesOfSeries, type ViewerStack } from "../viewer/stack";

const VOLUME_MODALITIES = new Set(["CT", "MR", "PT", "NM"]);

export interface StackChoice {
  key: string;
  series: ReviewSeries;
  instances: ReviewInstance[];
  thumbnailUrl: string | null;
  label: string;
  imageCount: number;
}

/** The side of a paired body part; U (unpaired, PS3.3 C.8.11.2) says nothing to a reader. */
export function sideOf({ laterality }: Pick<ReviewSeries, "laterality">): string {
  return laterality === "U" ? "" : laterality;
}

function choiceOf(key: string, series: ReviewSeries, instances: ReviewInstance[]): StackChoice {
  const [first] = instances;
  const view = [sideOf(series), first?.view_position].filter(Boolean).join(" ");
  return {
    key,
    series,
    instances,
    thumbnailUrl: first?.thumbnail_url || null,
    label: view || series.description || series.modality,
    imageCount: instances.reduce((sum, instance) => sum + instance.number_of_frames, 0),
  };
}

export function stackChoices({
  series: all,
}: {
  readonly series: readonly ReviewSeries[];
}): StackChoice[] {
  return all.flatMap((series) => {
    const shown = series.instances.filter((instance) => instance.has_pixels);
    if (shown.length === 0) return [];
    if (VOLUME_MODALITIES.has(series.modality)) {
      return [choiceOf(series.series_instance_uid, series, shown)];
    }
    return shown.map((instance) => choiceOf(instance.sop_instance_uid, series, [instance]));
  });
}

/** `owner` is the case or read that the images belong to. */
export function stackKey(owner: string, choice: StackChoice): string {
  return `${owner}/${choice.key}`;
}

export function isStackOf(key: string | null, owner: string): boolean {
  return key?.startsWith(`${owner}/`) ?? false;
}

/** Whose images these are, and where their frames are fetched. */
export interface StackSource {
  readonly owner: string;
  /** Path of the DICOMweb root, without the origin. */
  readonly dicomwebRoot: string;
  readonly studyInstanceUid: string;
}

/** A volume opens in its middle, where there is something to see. */
export function buildStack(
  source: StackSource,
  choice: StackChoice,
  metadata: readonly DicomJson[],
): ViewerStack {
  const images = imagesOfSeries({
    root: `${window.location.origin}${source.dicomwebRoot}`,
    studyInstanceUid: source.studyInstanceUid,
    series: { ...choice.series, instances: choice.instances },
    metadata,
  });
  const isVolume = VOLUME_MODALITIES.has(choice.series.modality);
  return {
    key: stackKey(source.owner, choice),
    images,
    startIndex: isVolume ? Math.floor(images.length / 2) : 0,
  };
}
