import { describe, expect, it } from "vitest";
import vectors from "../../../tests/vectors/roi.json";
import type { Affine, Point } from "./coords";
import { GridCoverage } from "./coverage";
import type { Grid } from "./heatmap";
import type { Ring } from "./polygon";
import { createWhatIf, type WhatIfModel } from "./whatIf";

function affineOf([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]: readonly number[]): Affine {
  return [a, b, c, d, e, f];
}

function ringOf(points: readonly (readonly number[])[]): Point[] {
  return points.map(([x = Number.NaN, y = Number.NaN]) => [x, y]);
}

function gridOf(rows: readonly (readonly number[])[]): Grid {
  return {
    values: Float32Array.from(rows.flat()),
    columns: rows[0]?.length ?? 0,
    rows: rows.length,
  };
}

function box(left: number, top: number, right: number, bottom: number): Ring {
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

const MODEL: WhatIfModel = {
  maps: [
    gridOf([
      [1, 2],
      [3, 4],
    ]),
  ],
  biases: [0.5],
  imageLogits: [3],
  temperature: 1,
  activation: "sigmoid",
  exclusiveGroups: [],
  imageToGrid: [0.5, 0, 0, 0, 0.5, 0],
  imageSize: { columns: 4, rows: 4 },
};

function answerOf(model: WhatIfModel, ring: Ring) {
  const answer = createWhatIf(model)(ring);
  if (answer.state !== "ok") throw new Error(answer.state);
  return answer;
}

// The same numbers as the server's recomputation is tested with.
describe("shared vectors", () => {
  it.each(vectors.coverages)("coverage: $name", (one) => {
    const [rows = 0, columns = 0] = one.grid;
    const shares = new Float64Array(rows * columns);
    const sum = new GridCoverage({ rows, columns }).fill(
      ringOf(one.polygon),
      affineOf(one.image_to_grid),
      shares,
    );
    const expected = one.coverage.flat();
    for (const [cell, share] of shares.entries()) {
      expect(share).toBeCloseTo(expected[cell] ?? Number.NaN, 12);
    }
    expect(sum).toBeCloseTo(
      expected.reduce((a, b) => a + b, 0),
      12,
    );
  });

  it.each(vectors.pooled)("pooled: $name", (one) => {
    const answer = answerOf(
      {
        maps: one.maps.map(gridOf),
        biases: one.biases,
        imageLogits: one.image_logits,
        temperature: one.temperature,
        activation: one.activation as "softmax" | "sigmoid",
        exclusiveGroups: one.exclusive_groups,
        imageToGrid: affineOf(one.image_to_grid),
        imageSize: one.image,
      },
      ringOf(one.polygon),
    );
    expect(answer.areaShare).toBeCloseTo(one.area_share, 12);
    const flat = answer.outputs.map((output) => ({
      pooled_logit: output.pooledLogit,
      outside_logit: output.outsideLogit,
      delta_logit: output.deltaLogit,
      outside_delta: output.outsideDelta,
      evidence_share: output.evidenceShare,
      pooled_probability: output.pooledProbability,
    }));
    expect(flat).toHaveLength(one.outputs.length);
    for (const [k, output] of flat.entries()) {
      for (const [name, expected] of Object.entries(one.outputs[k] ?? {})) {
        const actual = output[name as keyof typeof output];
        if (expected === null || actual === null) {
          expect(actual, name).toBe(expected);
        } else {
          expect(actual, name).toBeCloseTo(expected, 9);
        }
      }
    }
  });
});

describe("what the model would say of a region", () => {
  it("is the mean over the cells it covers, the half ones counting half", () => {
    // columns 0..3 of 4: all of cells 1 and 3, half of 2 and 4: (1 + 3 + 0.5 * 2 + 0.5 * 4) / 3 + 0.5
    const [output] = answerOf(MODEL, box(0, 0, 3, 4)).outputs;
    expect(output?.pooledLogit).toBeCloseTo(7 / 3 + 0.5, 12);
    // outside: half of 2 and 4 over one cell
    expect(output?.outsideLogit).toBeCloseTo(3.5, 12);
    expect(output?.evidenceShare).toBeCloseTo(0.7, 12);
  });

  it("mixes with what it says of the rest, by area, to what it says of all", () => {
    const { areaShare, outputs } = answerOf(MODEL, [
      [0.3, 0.2],
      [3.9, 1],
      [2.2, 3.8],
    ]);
    const { pooledLogit = 0, outsideLogit } = outputs[0] ?? {};
    expect(areaShare * pooledLogit + (1 - areaShare) * (outsideLogit ?? 0)).toBeCloseTo(3, 9);
  });

  it("has the share of the area as share of evidence where the map is even", () => {
    const even = {
      ...MODEL,
      maps: [
        gridOf([
          [2, 2],
          [2, 2],
        ]),
      ],
    };
    const { areaShare, outputs } = answerOf(even, box(0.5, 0.5, 3.25, 3));
    expect(areaShare).toBeCloseTo((2.75 * 2.5) / 16, 12);
    expect(outputs[0]?.evidenceShare).toBeCloseTo(areaShare, 12);
  });

  it("knows one group where a softmax model names none", () => {
    const twice = { ...MODEL, maps: [...MODEL.maps, ...MODEL.maps], biases: [0, 0] };
    const model: WhatIfModel = { ...twice, imageLogits: [2.5, 2.5], activation: "softmax" };
    const { outputs } = answerOf(model, box(0, 0, 2, 4));
    expect(outputs.map(({ pooledProbability }) => pooledProbability)).toEqual([0.5, 0.5]);
    expect(outputs.map(({ evidenceShare }) => evidenceShare)).toEqual([null, null]);
  });

  it("does not overflow at logits that no exponential can take", () => {
    const far = {
      ...MODEL,
      maps: [
        gridOf([
          [5000, 5000],
          [5000, 5000],
        ]),
      ],
    };
    expect(answerOf(far, box(0, 0, 4, 4)).outputs[0]?.pooledProbability).toBe(1);
    const low = {
      ...MODEL,
      maps: [
        gridOf([
          [-5000, -5000],
          [-5000, -5000],
        ]),
      ],
    };
    expect(answerOf(low, box(0, 0, 4, 4)).outputs[0]?.pooledProbability).toBe(0);
  });
});

describe("when there is no answer", () => {
  it("says that the region is smaller than a cell", () => {
    // a cell is 2 x 2 pixels
    expect(createWhatIf(MODEL)(box(1, 1, 3, 2.9))).toMatchObject({ state: "below_resolution" });
    expect(createWhatIf(MODEL)(box(1, 1, 3, 3)).state).toBe("ok");
  });

  it("says that the model never saw the region", () => {
    const cropped = { ...MODEL, imageToGrid: [0.5, 0, -1, 0, 0.5, 0] } as const;
    const wide = { ...cropped, imageSize: { columns: 8, rows: 4 } };
    expect(createWhatIf(wide)(box(0, 0, 2, 4))).toEqual({ state: "outside_image" });
    expect(createWhatIf(MODEL)(box(10, 10, 20, 20))).toEqual({ state: "outside_image" });
  });

  it("says that there are no maps, or none that can be pooled", () => {
    expect(createWhatIf({ ...MODEL, maps: [], biases: [] })([])).toEqual({ state: "no_maps" });
    expect(createWhatIf({ ...MODEL, biases: [null] })([])).toEqual({ state: "no_maps" });
  });

  it("starts afresh for every region", () => {
    const whatIf = createWhatIf(MODEL);
    const before = whatIf(box(0, 0, 2, 4));
    whatIf(box(0, 0, 4, 4));
    whatIf(box(1, 1, 1.5, 1.5));
    expect(whatIf(box(0, 0, 2, 4))).toEqual(before);
  });
});
