/**
 * What does a class map say, cell by cell, and in which colour? A heat map is data: signed evidence on the
 * model's grid, coloured on an absolute scale (never stretched to the image at hand) and placed by the
 * affine map that preprocessing used. Pure: pixels and numbers in, pixels and numbers out.
 */
import { type Affine, applyAffine, chainAffine, invertAffine, type Point } from "./coords";
import { INFERNO } from "./inferno";

/** One value per cell, row by row. Cell (0, 0) covers grid points 0..1 x 0..1. */
export interface Grid {
  readonly values: Float32Array;
  readonly columns: number;
  readonly rows: number;
}

/** One finding's map of one frame, with all that is needed to place, colour and read it. */
export interface HeatMapLayer {
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
  readonly label: string;
  readonly grid: Grid;
  /** Image points (column, row) to grid points, as the server sends it. */
  readonly imageToGrid: Affine;
  /** Evidence shown in the brightest colour; null where the model declares none. */
  readonly scale: number | null;
  /** Evidence at which the outline is drawn; null: half of the scale. */
  readonly threshold: number | null;
  /** A finding below its probability threshold is drawn dim. */
  readonly isAboveThreshold: boolean;
}

export type Rgba = readonly [red: number, green: number, blue: number, alpha: number];

/** Used where a model declares no evidence scale: a constant, so that two images stay comparable. */
export const DEFAULT_EVIDENCE_SCALE = 10;
/** Evidence from nothing to this share of the scale fades in, so that the image is not darkened by zero. */
const FADE_IN = 0.2;
/** Cells per side of the smooth picture for one cell of the grid. */
const SMOOTHING = 16;

/** IEEE 754 binary16. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) {
    return sign * fraction * 2 ** -24;
  }
  if (exponent === 0x1f) {
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Little-endian float16 (K, h, w) as the server sends it: one grid per output.
 * Raises RangeError when the bytes do not fill the shape or a value is not finite.
 */
export function decodeMaps(
  bytes: ArrayBuffer,
  [outputs, rows, columns]: readonly [number, number, number],
): Grid[] {
  const cells = rows * columns;
  if (cells === 0 || bytes.byteLength !== outputs * cells * 2) {
    throw new RangeError(
      `maps of shape ${outputs} x ${rows} x ${columns} need ${outputs * cells * 2} bytes, got ${bytes.byteLength}`,
    );
  }
  const view = new DataView(bytes);
  return Array.from({ length: outputs }, (_, output) => {
    const values = Float32Array.from({ length: cells }, (_, cell) =>
      halfToNumber(view.getUint16((output * cells + cell) * 2, true)),
    );
    if (!values.every(Number.isFinite)) {
      throw new RangeError(`map ${output} holds a value that is not finite`);
    }
    return { values, columns, rows };
  });
}

/**
 * Evidence for one output: its class map; in an exclusive (softmax) group minus the mean of the others,
 * because a constant added to all logits of the group changes no probability.
 */
export function evidenceGrid(
  maps: readonly Grid[],
  output: number,
  exclusiveGroups: readonly (readonly number[])[],
): Grid {
  const own = gridOf(maps, output);
  const group = exclusiveGroups.find((members) => members.includes(output)) ?? [];
  const others = group.filter((member) => member !== output).map((member) => gridOf(maps, member));
  if (others.length === 0) {
    return own;
  }
  const values = own.values.map((value, cell) => {
    const sum = others.reduce((total, other) => total + (other.values[cell] ?? 0), 0);
    return value - sum / others.length;
  });
  return { ...own, values };
}

function gridOf(maps: readonly Grid[], output: number): Grid {
  const grid = maps[output];
  if (grid === undefined) {
    throw new RangeError(`no map for output ${output}`);
  }
  return grid;
}

/**
 * The evidence at which a cell, were the whole image like it, would put the finding on its probability
 * threshold: logit(p) minus the bias (in an exclusive group minus the mean of the others' biases).
 */
export function thresholdEvidence(
  probability: number,
  biases: readonly number[],
  output: number,
  exclusiveGroups: readonly (readonly number[])[],
): number {
  const group = exclusiveGroups.find((members) => members.includes(output)) ?? [];
  const others = group.filter((member) => member !== output).map((member) => biases[member] ?? 0);
  const mean = others.length === 0 ? 0 : others.reduce((a, b) => a + b, 0) / others.length;
  return Math.log(probability / (1 - probability)) - ((biases[output] ?? 0) - mean);
}

export function scaleOf(layer: Pick<HeatMapLayer, "scale">): number {
  return layer.scale !== null && layer.scale > 0 ? layer.scale : DEFAULT_EVIDENCE_SCALE;
}

export function outlineLevel(layer: Pick<HeatMapLayer, "scale" | "threshold">): number {
  return layer.threshold ?? scaleOf(layer) / 2;
}

/** Colour of one value: nothing at or below zero, inferno to the scale, the brightest colour above it. */
export function colourOf(value: number, scale: number): Rgba {
  const share = Math.min(Math.max(value / scale, 0), 1);
  const entry = Math.round(share * 255) * 3;
  return [
    INFERNO[entry] ?? 0,
    INFERNO[entry + 1] ?? 0,
    INFERNO[entry + 2] ?? 0,
    Math.round(Math.min(share / FADE_IN, 1) * 255),
  ];
}

/** RGBA pixels of a grid, one pixel a cell. */
export function paintGrid(grid: Grid, scale: number): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(grid.values.length * 4);
  grid.values.forEach((value, cell) => {
    pixels.set(colourOf(value, scale), cell * 4);
  });
  return pixels;
}

/**
 * The grid on a finer grid over the same area: Catmull-Rom between cell centres, held within the range of
 * the four nearest cells, so that smoothing invents no peak. Values, not colours, are interpolated.
 */
export function smoothGrid(grid: Grid, factor = SMOOTHING): Grid {
  const columns = grid.columns * factor;
  const rows = grid.rows * factor;
  const values = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      values[row * columns + column] = bicubicAt(
        grid,
        (column + 0.5) / factor - 0.5,
        (row + 0.5) / factor - 0.5,
      );
    }
  }
  return { values, columns, rows };
}

function bicubicAt(grid: Grid, x: number, y: number): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const along = catmullRom(x - left);
  const down = catmullRom(y - top);
  let sum = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  down.forEach((downWeight, j) => {
    along.forEach((alongWeight, i) => {
      const value = cellValue(grid, left - 1 + i, top - 1 + j);
      sum += value * alongWeight * downWeight;
      if ((i === 1 || i === 2) && (j === 1 || j === 2)) {
        lowest = Math.min(lowest, value);
        highest = Math.max(highest, value);
      }
    });
  });
  return Math.min(Math.max(sum, lowest), highest);
}

function catmullRom(t: number): readonly number[] {
  return [
    ((2 - t) * t - 1) * t * 0.5,
    ((3 * t - 5) * t * t + 2) * 0.5,
    ((4 - 3 * t) * t + 1) * t * 0.5,
    (t - 1) * t * t * 0.5,
  ];
}

/** Value of a cell; outside the grid that of the nearest cell. */
function cellValue(grid: Grid, column: number, row: number): number {
  const i = Math.min(Math.max(column, 0), grid.columns - 1);
  const j = Math.min(Math.max(row, 0), grid.rows - 1);
  return grid.values[j * grid.columns + i] ?? 0;
}

/** The true value of the cell under an image point (never interpolated), or null outside the grid. */
export function valueAt(layer: Pick<HeatMapLayer, "grid" | "imageToGrid">, point: Point) {
  const [x, y] = applyAffine(layer.imageToGrid, point);
  const { columns, rows } = layer.grid;
  if (x < 0 || y < 0 || x >= columns || y >= rows) {
    return null;
  }
  return cellValue(layer.grid, Math.floor(x), Math.floor(y));
}

/** Where the grid's outer corner and unit cells lie on the canvas. */
export function gridToCanvas(imageToGrid: Affine, imageToCanvas: Affine): Affine {
  return chainAffine(invertAffine(imageToGrid), imageToCanvas);
}

/** The outline of the image in grid points: what the model saw outside it (letterbox) is not drawn. */
export function imageOutlineOnGrid(
  imageToGrid: Affine,
  size: { columns: number; rows: number },
): Point[] {
  const corners: Point[] = [
    [0, 0],
    [size.columns, 0],
    [size.columns, size.rows],
    [0, size.rows],
  ];
  return corners.map((corner) => applyAffine(imageToGrid, corner));
}

export interface Legend {
  readonly maximum: number;
  /** Share of the scale, 0 to 1, where the threshold lies; null above or below the scale. */
  readonly thresholdShare: number | null;
  readonly threshold: number;
  readonly gradient: string;
}

/** What stands beside the image: the same colours, with the numbers they mean. */
export function legendOf(layer: Pick<HeatMapLayer, "scale" | "threshold">): Legend {
  const maximum = scaleOf(layer);
  const threshold = outlineLevel(layer);
  const share = threshold / maximum;
  const stops = Array.from({ length: 17 }, (_, i) => {
    const [red, green, blue, alpha] = colourOf((i / 16) * maximum, maximum);
    return `rgb(${red} ${green} ${blue} / ${(alpha / 255).toFixed(3)})`;
  });
  return {
    maximum,
    threshold,
    thresholdShare: share >= 0 && share <= 1 ? share : null,
    gradient: `linear-gradient(to top, ${stops.join(", ")})`,
  };
}
