/**
 * What would the same model say if only the region were pooled? Exact for a network with global average
 * pooling and a linear head: logit_k(R) = sum(m * map_k) / sum(m) + bias_k, with m the covered share of
 * each cell. It is the pooled logit of the region, not a prediction for an image of the region alone, and
 * exploratory: nothing of it is ever stored as the model's output. Pure, and quick enough for every frame
 * of a drag.
 */
import type { Affine } from "./coords";
import { GridCoverage } from "./coverage";
import { evidenceGrid, type Grid } from "./heatmap";
import type { Ring } from "./polygon";
import type { ImageSize } from "./roi";

/** Everything of one prediction that the arithmetic needs; all lists run over the model's outputs. */
export interface WhatIfModel {
  /** Class maps as `decodeMaps` gives them. */
  readonly maps: readonly Grid[];
  readonly biases: readonly (number | null)[];
  /** Of the whole image as the model saw it, before temperature. */
  readonly imageLogits: readonly number[];
  readonly temperature: number;
  readonly activation: "softmax" | "sigmoid";
  readonly exclusiveGroups: readonly (readonly number[])[];
  readonly imageToGrid: Affine;
  readonly imageSize: ImageSize;
}

export interface OutputWhatIf {
  readonly pooledLogit: number;
  /** Of the rest of the image; null where the region leaves none. Padding is neither inside nor outside. */
  readonly outsideLogit: number | null;
  /**
   * Change against the model's own logit. In an exclusive group less the mean change of the others, since
   * a constant added to all logits of the group changes no probability.
   */
  readonly deltaLogit: number;
  readonly outsideDelta: number | null;
  /** Positive evidence inside, of all in the image; null where there is none. */
  readonly evidenceShare: number | null;
  /** After temperature and activation, uncalibrated for a region: never to be shown beside the model's own. */
  readonly pooledProbability: number;
}

export type WhatIfAnswer =
  | {
      readonly state: "ok";
      /** Of the image, as far as the model saw it. */
      readonly areaShare: number;
      readonly cells: number;
      readonly outputs: readonly OutputWhatIf[];
    }
  /** Smaller than one cell of the grid: the model cannot tell it from its surroundings. */
  | { readonly state: "below_resolution"; readonly areaShare: number; readonly cells: number }
  | { readonly state: "outside_image" }
  | { readonly state: "no_maps" };

export type WhatIf = (vertices: Ring) => WhatIfAnswer;

/** A cell that lacks no more than rounding is a whole one. */
const ROUNDING = 1e-6;

/** Prepares one prediction; the answer is a function to be called for every update of the region. */
export function createWhatIf(model: WhatIfModel): WhatIf {
  const [first] = model.maps;
  const biases = model.biases.filter((bias) => bias !== null);
  if (first === undefined || biases.length !== model.maps.length) {
    return () => ({ state: "no_maps" });
  }
  const coverage = new GridCoverage(first);
  const image = new Float64Array(first.values.length);
  const imageArea = coverage.fill(cornersOf(model.imageSize), model.imageToGrid, image);
  const inside = new Float64Array(image.length);
  const sums = model.maps.map((map, output) => wholeSums(model, map, output, image));
  return (vertices) => {
    coverage.fill(vertices, model.imageToGrid, inside);
    const cells = limitTo(image, inside);
    if (cells <= ROUNDING) {
      return { state: "outside_image" };
    }
    const areaShare = cells / imageArea;
    if (cells < 1 - ROUNDING) {
      return { state: "below_resolution", areaShare, cells };
    }
    const pools = sums.map((whole, output) =>
      poolOf(whole, inside, { cells, rest: imageArea - cells, bias: biases[output] ?? 0 }),
    );
    return { state: "ok", areaShare, cells, outputs: outputsOf(model, pools) };
  };
}

interface WholeSums {
  readonly map: Float32Array;
  readonly evidence: Float32Array;
  readonly mapSum: number;
  readonly positiveSum: number;
}

interface Pool {
  readonly inside: number;
  readonly outside: number | null;
  readonly evidenceShare: number | null;
}

function cornersOf({ columns, rows }: ImageSize): Ring {
  return [
    [0, 0],
    [columns, 0],
    [columns, rows],
    [0, rows],
  ];
}

/** What the image has in all, cell by cell as far as the image covers it. */
function wholeSums(model: WhatIfModel, map: Grid, output: number, image: Float64Array): WholeSums {
  const evidence = evidenceGrid(model.maps, output, groupsOf(model)).values;
  let mapSum = 0;
  let positiveSum = 0;
  for (let cell = 0; cell < image.length; cell += 1) {
    const share = image[cell] ?? 0;
    mapSum += share * (map.values[cell] ?? 0);
    positiveSum += share * Math.max(evidence[cell] ?? 0, 0);
  }
  return { map: map.values, evidence, mapSum, positiveSum };
}

/** A region that reaches over the edge of the image has no more of a cell than the image has. */
function limitTo(image: Float64Array, inside: Float64Array): number {
  let sum = 0;
  for (let cell = 0; cell < inside.length; cell += 1) {
    const share = Math.min(inside[cell] ?? 0, image[cell] ?? 0);
    inside[cell] = share;
    sum += share;
  }
  return sum;
}

function poolOf(
  whole: WholeSums,
  inside: Float64Array,
  area: { cells: number; rest: number; bias: number },
): Pool {
  const { map, evidence } = whole;
  let sum = 0;
  let positive = 0;
  for (let cell = 0; cell < inside.length; cell += 1) {
    const share = inside[cell] ?? 0;
    if (share > 0) {
      sum += share * (map[cell] ?? 0);
      positive += share * Math.max(evidence[cell] ?? 0, 0);
    }
  }
  return {
    inside: sum / area.cells + area.bias,
    outside: area.rest > ROUNDING ? (whole.mapSum - sum) / area.rest + area.bias : null,
    evidenceShare: whole.positiveSum > 0 ? Math.min(positive / whole.positiveSum, 1) : null,
  };
}

function outputsOf(model: WhatIfModel, pools: readonly Pool[]): OutputWhatIf[] {
  const logitOf = (output: number) => model.imageLogits[output] ?? 0;
  const insideDelta = (output: number) => (pools[output]?.inside ?? 0) - logitOf(output);
  const outsideDelta = (output: number) => {
    const outside = pools[output]?.outside ?? null;
    return outside === null ? null : outside - logitOf(output);
  };
  return pools.map((pool, output) => {
    const group = groupsOf(model).find((members) => members.includes(output)) ?? [];
    const others = group.filter((member) => member !== output);
    const outside = outsideDelta(output);
    return {
      pooledLogit: pool.inside,
      outsideLogit: pool.outside,
      deltaLogit: insideDelta(output) - meanOf(others.map(insideDelta)),
      outsideDelta:
        outside === null ? null : outside - meanOf(others.map((other) => outsideDelta(other) ?? 0)),
      evidenceShare: pool.evidenceShare,
      pooledProbability: probabilityOf(model, pools, output, others),
    };
  });
}

/** Softmax over the output's group, sigmoid for an output of its own. */
function probabilityOf(
  { temperature }: WhatIfModel,
  pools: readonly Pool[],
  output: number,
  others: readonly number[],
): number {
  const own = (pools[output]?.inside ?? 0) / temperature;
  const against =
    others.length === 0
      ? Math.exp(-own)
      : others.reduce(
          (sum, other) => sum + Math.exp((pools[other]?.inside ?? 0) / temperature - own),
          0,
        );
  return 1 / (1 + against);
}

/** A softmax model that names no group is one group. */
function groupsOf({
  activation,
  exclusiveGroups,
  maps,
}: WhatIfModel): readonly (readonly number[])[] {
  const isOneGroup = activation === "softmax" && exclusiveGroups.length === 0;
  return isOneGroup ? [[...maps.keys()]] : exclusiveGroups;
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}
