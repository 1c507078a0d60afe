/**
 * Draws one heat map over the image: a small canvas of true cells (or a smoothed one) and the outline at
 * the threshold, both placed by one matrix per rendered frame; nothing is redrawn while panning.
 */
import { type Affine, cssMatrix, invertAffine } from "./coords";
import type { HeatMapView } from "./heatMapView";
import {
  gridToCanvas,
  type HeatMapLayer,
  imageOutlineOnGrid,
  outlineLevel,
  paintGrid,
  scaleOf,
  smoothGrid,
} from "./heatmap";
import { outlinePath } from "./isoline";

const SVG = "http://www.w3.org/2000/svg";
/** A finding below its threshold is there to be checked, not to catch the eye. */
const DIM = 0.5;

export interface OverlayScene {
  readonly layer: HeatMapLayer;
  readonly view: HeatMapView;
  readonly imageToCanvas: Affine;
  readonly size: { readonly columns: number; readonly rows: number };
}

export class HeatMapOverlay {
  private readonly fill = document.createElement("canvas");
  private readonly outline = document.createElementNS(SVG, "svg");
  private readonly paths = ["halo", "line"].map((name) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", `viewer-heatmap-${name}`);
    return path;
  });
  private drawn: { layer: HeatMapLayer; isSmooth: boolean } | null = null;

  /** `canvas` is the one the image is drawn on; the layers go directly above it, below the drawing tools. */
  constructor(canvas: HTMLCanvasElement) {
    this.fill.dataset.testid = "heatmap";
    this.fill.className = "viewer-heatmap";
    this.outline.setAttribute("class", "viewer-heatmap-outline");
    this.outline.dataset.testid = "heatmap-outline";
    this.outline.append(...this.paths);
    canvas.after(this.fill, this.outline);
    this.show(null);
  }

  show(scene: OverlayScene | null): void {
    const isShown = scene?.view.isVisible === true;
    const mode = scene?.view.mode;
    this.fill.style.display = isShown && mode !== "outline" ? "block" : "none";
    this.outline.style.display = isShown && mode !== "fill" ? "block" : "none";
    if (scene === null || !isShown) {
      return;
    }
    this.draw(scene);
    this.place(scene);
  }

  destroy(): void {
    this.fill.remove();
    this.outline.remove();
  }

  private draw({ layer, view, size }: OverlayScene): void {
    if (this.drawn?.layer === layer && this.drawn.isSmooth === view.isSmooth) {
      return;
    }
    this.drawn = { layer, isSmooth: view.isSmooth };
    const { grid } = layer;
    const picture = view.isSmooth ? smoothGrid(grid) : grid;
    this.fill.width = picture.columns;
    this.fill.height = picture.rows;
    this.fill.style.width = `${grid.columns}px`;
    this.fill.style.height = `${grid.rows}px`;
    this.fill.style.imageRendering = view.isSmooth ? "auto" : "pixelated";
    this.fill
      .getContext("2d")
      ?.putImageData(
        new ImageData(paintGrid(picture, scaleOf(layer)), picture.columns, picture.rows),
        0,
        0,
      );
    const corners = imageOutlineOnGrid(layer.imageToGrid, size);
    this.fill.style.clipPath = `polygon(${corners.map(([x, y]) => `${x}px ${y}px`).join(", ")})`;
    const gridToImage = invertAffine(layer.imageToGrid);
    const data = outlinePath(grid, outlineLevel(layer), {
      gridToImage,
      isSmooth: view.isSmooth,
    });
    for (const path of this.paths) {
      path.setAttribute("d", data);
      path.setAttribute("stroke-dasharray", layer.isAboveThreshold ? "none" : "4 4");
    }
  }

  private place({ layer, view, imageToCanvas }: OverlayScene): void {
    const dim = layer.isAboveThreshold ? 1 : DIM;
    this.fill.style.opacity = String(view.opacity * dim);
    this.fill.style.transform = cssMatrix(gridToCanvas(layer.imageToGrid, imageToCanvas));
    this.outline.style.opacity = String(dim);
    for (const path of this.paths) {
      path.setAttribute("transform", cssMatrix(imageToCanvas));
    }
  }
}
