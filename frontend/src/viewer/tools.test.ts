import { describe, expect, it } from "vitest";
import { presetsOf, rangeOfWindow, windowOfPreset, windowOfRange } from "./tools";

const IMAGE = { stored: { width: 400, centre: 100 }, minimum: -50, maximum: 450 };

function preset(modality: string, position: number) {
  const found = presetsOf(modality)[position - 1];
  if (found === undefined) throw new Error("no such preset");
  return windowOfPreset(found, IMAGE);
}

describe("window presets", () => {
  it("are fixed Hounsfield windows for CT", () => {
    expect(preset("CT", 1)).toEqual({ width: 400, centre: 40 });
    expect(preset("CT", 2)).toEqual({ width: 1500, centre: -600 });
    expect(preset("CT", 4)).toEqual({ width: 80, centre: 40 });
  });

  it("are relative to the image where the units mean nothing", () => {
    expect(preset("DX", 1)).toEqual({ width: 400, centre: 100 });
    expect(preset("MR", 2)).toEqual({ width: 501, centre: 200.5 });
    expect(preset("US", 3)).toEqual({ width: 240, centre: 100 });
  });

  it("fit on the nine digits and have names of their own", () => {
    for (const modality of ["CT", "DX"]) {
      const names = presetsOf(modality).map(({ name }) => name);
      expect(names.length).toBeLessThanOrEqual(9);
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

describe("window and range", () => {
  it("follow PS3.3 C.11.2.1.2: 8 bits wide open are 0 to 255", () => {
    expect(rangeOfWindow({ width: 256, centre: 128 })).toEqual({ lower: 0, upper: 255 });
    expect(windowOfRange({ lower: 0, upper: 255 })).toEqual({ width: 256, centre: 128 });
  });

  it("full range reaches from the smallest to the largest value", () => {
    expect(rangeOfWindow(preset("DX", 2))).toEqual({ lower: -50, upper: 450 });
  });

  it("never turns round", () => {
    const { lower, upper } = rangeOfWindow({ width: -5, centre: 10 });
    expect(upper).toBeGreaterThanOrEqual(lower);
  });
});
