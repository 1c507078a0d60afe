import { describe, expect, it } from "vitest";
import type { ComparedFinding, RunEvaluation } from "../../api/types";
import { callOf, signed, verdictOf } from "./verdict";

function compared(finding: string, low: number | null, high: number | null): ComparedFinding {
  const isOk = low !== null && high !== null;
  return {
    finding,
    state: isOk ? "ok" : "not_evaluable",
    reason: isOk ? "" : "class_missing",
    n: 40,
    positive: 20,
    negative: 20,
    delta_auroc: isOk ? (low + high) / 2 : null,
    low,
    high,
    p_value: isOk ? 0.5 : null,
  };
}

function evaluation(...comparison: ComparedFinding[]): RunEvaluation {
  return { part: "test", candidate: null, champion: null, comparison };
}

describe("the verdict on one finding", () => {
  it.each([
    [0.01, 0.05, "better"],
    [-0.05, -0.01, "worse"],
    [-0.01, 0.03, "not_worse"],
    [0, 0.03, "not_worse"], // touching zero shows no gain
    [-0.02, 0.03, "undecided"], // a loss of the whole margin is not ruled out
    [-0.2, 0.3, "undecided"],
    [null, null, "not_evaluable"],
  ] as const)("an interval of %s to %s is %s", (low, high, call) => {
    expect(callOf(compared("nodule", low, high))).toBe(call);
  });

  it("is undecided where a single case of a class gives no interval", () => {
    expect(callOf({ ...compared("nodule", null, null), state: "ok" })).toBe("undecided");
  });
});

describe("the headline", () => {
  const better = compared("pneumonia", 0.01, 0.05);
  const worse = compared("nodule", -0.05, -0.01);
  const same = compared("effusion", -0.01, 0.01);
  const unclear = compared("cardiomegaly", -0.2, 0.2);
  const unknown = compared("pneumothorax", null, null);
  it.each([
    [[better, same], "better"],
    [[better, unclear, unknown], "better"],
    [[better, worse], "mixed"],
    [[worse, same], "worse"],
    [[same, unknown], "not_worse"],
    [[same, unclear], "undecided"],
    [[unknown], "none"],
    [[], "none"],
  ] as const)("of %#", (findings, headline) => {
    const order = findings.map((one) => one.finding);
    expect(verdictOf(evaluation(...findings), order).headline).toBe(headline);
  });

  it("keeps the schema's order and leaves out what the schema does not have", () => {
    const judged = verdictOf(evaluation(better, worse, same), ["effusion", "pneumonia"]).judged;
    expect(judged.map((one) => one.finding)).toEqual(["effusion", "pneumonia"]);
  });
});

it.each([
  [0.031, "+0.03"],
  [-0.031, "−0.03"],
  [0.001, "0.00"],
  [-0.001, "0.00"],
])("a difference of %d is written %s", (value, text) => {
  expect(signed(value)).toBe(text);
});
