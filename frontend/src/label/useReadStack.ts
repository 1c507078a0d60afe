/** The images of a read for the viewer: which stacks there are, and the one to show. */
import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { fetchReadMetadata, type ReadImages } from "../api/labeling";
import { buildStack, type StackChoice, type StackSource, stackChoices } from "../reading/stacks";
import type { DicomJson, ViewerStack } from "../viewer/stack";

export function readMetadataQuery(
  images: Pick<ReadImages, "dicomweb_root" | "study_instance_uid">,
) {
  return queryOptions({
    queryKey: ["read-metadata", images.dicomweb_root, images.study_instance_uid],
    queryFn: async ({ signal }) => (await fetchReadMetadata(images, signal)) as DicomJson[],
    staleTime: Number.POSITIVE_INFINITY,
  });
}

function sourceOf(images: ReadImages): StackSource {
  return {
    owner: images.read_id,
    dicomwebRoot: images.dicomweb_root,
    studyInstanceUid: images.study_instance_uid,
  };
}

export interface ReadStack {
  /** Null while the metadata are on their way, and where there is no picture at all. */
  readonly stack: ViewerStack | null;
  readonly choices: readonly StackChoice[];
  readonly choice: StackChoice | undefined;
  readonly isPending: boolean;
}

const NO_IMAGES = { dicomweb_root: "", study_instance_uid: "" };

/** `chosen` is the key of a choice; without it, or with one that is not there, the first is shown. */
export function useReadStack(images: ReadImages | undefined, chosen?: string): ReadStack {
  const choices = useMemo(() => (images ? stackChoices(images) : []), [images]);
  const choice = choices.find((one) => one.key === chosen) ?? choices[0];
  const metadata = useQuery({
    ...readMetadataQuery(images ?? NO_IMAGES),
    enabled: choice !== undefined,
  });
  const stack = useMemo(
    () =>
      images && choice && metadata.data
        ? buildStack(sourceOf(images), choice, metadata.data)
        : null,
    [images, choice, metadata.data],
  );
  const isPending = images === undefined || (choice !== undefined && stack === null);
  return { stack, choices, choice, isPending };
}

/** The stack that a read opens with, its metadata fetched; null where it has no picture. */
export async function loadReadStack(
  client: QueryClient,
  images: ReadImages,
): Promise<ViewerStack | null> {
  const [first] = stackChoices(images);
  if (!first) return null;
  const metadata = await client.fetchQuery(readMetadataQuery(images));
  return buildStack(sourceOf(images), first, metadata);
}
