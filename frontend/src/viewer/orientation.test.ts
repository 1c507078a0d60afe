import { describe, expect, it } from "vitest";
import type { Affine } from "./coords";
import { edgeLetters, lettersOfVector, oppositeLetters } from "./orientation";

const UPRIGHT: Affine = [1, 0, 0, 0, 1, 0];
const TURNED_RIGHT: Affine = [0, -1, 0, 1, 0, 0];
const FLIPPED: Affine = [-1, 0, 0, 0, 1, 0];
const AXIAL = { kind: "cosines", row: [1, 0, 0], column: [0, 1, 0] } as const;
const CHEST_PA = { kind: "letters", row: "L", column: "F" } as const;

describe("letters at the edges", () => {
  it("has the patient's left on the right of an axial slice", () => {
    expect(edgeLetters(AXIAL, UPRIGHT)).toEqual({ left: "R", right: "L", top: "A", bottom: "P" });
  });

  it("turns and flips with the image", () => {
    expect(edgeLetters(AXIAL, TURNED_RIGHT)).toEqual({
      left: "P",
      right: "A",
      top: "R",
      bottom: "L",
    });
    expect(edgeLetters(AXIAL, FLIPPED)).toMatchObject({ left: "L", right: "R", top: "A" });
  });

  it("takes radiographs from PatientOrientation", () => {
    expect(edgeLetters(CHEST_PA, UPRIGHT)).toEqual({
      left: "R",
      right: "L",
      top: "H",
      bottom: "F",
    });
    expect(edgeLetters(CHEST_PA, FLIPPED)).toMatchObject({ left: "L", right: "R", top: "H" });
    expect(edgeLetters(CHEST_PA, TURNED_RIGHT)).toMatchObject({ top: "R", right: "H" });
  });

  it("takes the nearest axis in between, in millimetres", () => {
    const angle = (37 * Math.PI) / 180;
    const turned: Affine = [
      Math.cos(angle),
      -Math.sin(angle),
      0,
      Math.sin(angle),
      Math.cos(angle),
      0,
    ];
    expect(edgeLetters(CHEST_PA, turned)).toMatchObject({ right: "L", bottom: "F" });
    // the same turn on the screen where a row is four columns high: still 37 degrees to the reader
    const anisotropic: Affine = [turned[0], turned[1] * 4, 0, turned[3], turned[4] * 4, 0];
    const spacing = { rowMm: 2, columnMm: 0.5 };
    expect(edgeLetters(CHEST_PA, anisotropic, spacing)).toEqual(edgeLetters(CHEST_PA, turned));
    expect(edgeLetters(AXIAL, anisotropic, spacing)).toEqual(edgeLetters(AXIAL, turned));
  });
});

describe("letters of a direction", () => {
  it("names the strongest first and leaves out what is under 15 degrees", () => {
    expect(lettersOfVector([0, 0, -3])).toBe("F");
    expect(lettersOfVector([0.8, 0.6, 0])).toBe("LP");
    expect(lettersOfVector([-0.6, 0, 0.8])).toBe("HR");
    expect(lettersOfVector([1, 0.2, 0])).toBe("L");
    expect(lettersOfVector([0, 0, 0])).toBe("");
  });

  it("turns compound letters round and gives up on unknown ones", () => {
    expect(oppositeLetters("LF")).toBe("RH");
    expect(oppositeLetters("A")).toBe("P");
    expect(oppositeLetters("M")).toBe("");
    expect(oppositeLetters("")).toBe("");
  });
});
