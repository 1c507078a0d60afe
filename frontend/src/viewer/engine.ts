/**
 * Cornerstone for the whole page: started once, one rendering engine, one cache with a limit, metadata
 * registered before a frame is asked for. Viewports come and go (React's StrictMode makes each twice);
 * the engine and its graphics context stay, so that the next case need not wait for them.
 */
import {
  cache,
  init as coreInit,
  Enums,
  getConfiguration,
  getRenderingCapabilities,
  getShouldUseCPURendering,
  imageLoader,
  RenderingEngine,
  setUseCPURendering,
} from "@cornerstonejs/core";
import { init as loaderInit } from "@cornerstonejs/dicom-image-loader";
import { utilities as metadataUtilities } from "@cornerstonejs/metadata";
import { addTool, init as toolsInit } from "@cornerstonejs/tools";
import type { ViewerImage } from "./stack";
import { CORNERSTONE_TOOLS } from "./toolGroup";

/** Decoded pixels kept in memory; the current stack and the next case fit for all but very long series. */
const CACHE_BYTES = 1024 ** 3;
const DECODE_WORKERS = 2;
const ENGINE_ID = "coread";

export interface Renderer {
  readonly engine: RenderingEngine;
  /** False without WebGL 2: images can be looked at, but lines drawn there would be stored wrongly. */
  readonly canDraw: boolean;
  /** Images with a longer side cannot become one texture. */
  readonly largestSide: number;
}

let renderer: Renderer | null = null;
const registered = new Set<string>();

export function startRenderer(): Renderer {
  renderer ??= createRenderer();
  return renderer;
}

function createRenderer(): Renderer {
  const capabilities = getRenderingCapabilities();
  const defaults = getConfiguration();
  coreInit({ ...defaults, rendering: { ...defaults.rendering, webGlContextCount: 1 } });
  if (!capabilities.webgl2) {
    setUseCPURendering(true);
  }
  toolsInit();
  for (const tool of CORNERSTONE_TOOLS) {
    addTool(tool);
  }
  loaderInit({ maxWebWorkers: DECODE_WORKERS });
  cache.setMaxCacheSize(CACHE_BYTES);
  const canDraw = !getShouldUseCPURendering();
  return {
    engine: new RenderingEngine(ENGINE_ID),
    canDraw,
    largestSide: canDraw ? capabilities.maxTextureSize : Number.POSITIVE_INFINITY,
  };
}

/** Tells Cornerstone what the images are. One entry serves all frames of an instance. */
export function registerImages(images: readonly ViewerImage[]): void {
  for (const { imageId, metadata } of images) {
    const base = imageId.slice(0, imageId.lastIndexOf("/frames/"));
    if (!registered.has(base)) {
      registered.add(base);
      void metadataUtilities.addDicomWebInstance(imageId, metadata);
    }
  }
}

/** Frames of the next case into the cache, behind whatever is being looked at. Failures wait for their turn. */
export async function prefetchImages(images: readonly ViewerImage[]): Promise<void> {
  startRenderer();
  registerImages(images);
  // The form of the pixels must be the one the viewport asks for, or it would draw the cached ones wrongly.
  const options = {
    requestType: Enums.RequestType.Prefetch,
    priority: 0,
    useRGBA: getShouldUseCPURendering(),
  };
  await Promise.allSettled(
    images.map(({ imageId }) => imageLoader.loadAndCacheImage(imageId, options)),
  );
}

/** Lets the next request for this image go to the server again. */
export function forgetImage(imageId: string): void {
  if (cache.getImageLoadObject(imageId) !== undefined) {
    cache.removeImageLoadObject(imageId, { force: true });
  }
}
