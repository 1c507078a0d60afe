/**
 * Which side of the patient is at which edge of the screen? Letters come from ImageOrientationPatient
 * (cross-sections) or PatientOrientation (radiographs) and follow rotation and flips; where the file
 * says nothing, nothing is shown.
 */
import { type Affine, dot, invertAffine, type Point, type Vector3 } from "./coords";

export interface EdgeLetters {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

export type PatientDirections =
  | { readonly kind: "cosines"; readonly row: Vector3; readonly column: Vector3 }
  | { readonly kind: "letters"; readonly row: string; readonly column: string };

/** A second or third letter is worth showing from about 15 degrees of obliquity. */
const LEAST_COMPONENT = Math.sin((15 * Math.PI) / 180);
const OPPOSITE: Readonly<Record<string, string>> = {
  L: "R",
  R: "L",
  A: "P",
  P: "A",
  H: "F",
  F: "H",
};
const AXES: readonly (readonly [positive: string, negative: string])[] = [
  ["L", "R"],
  ["P", "A"],
  ["H", "F"],
];

export function edgeLetters(
  directions: PatientDirections,
  imageToCanvas: Affine,
  spacing: { rowMm: number; columnMm: number } = { rowMm: 1, columnMm: 1 },
): EdgeLetters {
  const canvasToImage = invertAffine(imageToCanvas);
  const towards = (x: number, y: number): string => {
    const direction: Point = [
      (canvasToImage[0] * x + canvasToImage[1] * y) * spacing.columnMm,
      (canvasToImage[3] * x + canvasToImage[4] * y) * spacing.rowMm,
    ];
    return directions.kind === "cosines"
      ? lettersOfVector(combine(directions.row, directions.column, direction))
      : lettersOfNearestAxis(directions.row, directions.column, direction);
  };
  return {
    left: towards(-1, 0),
    right: towards(1, 0),
    top: towards(0, -1),
    bottom: towards(0, 1),
  };
}

/** Letters of a direction in the patient (x to the left, y to the back, z to the head), strongest first. */
export function lettersOfVector(vector: Vector3): string {
  const norm = Math.sqrt(dot(vector, vector));
  if (norm === 0) {
    return "";
  }
  return AXES.map(([positive, negative], i) => {
    const component = (vector[i] ?? 0) / norm;
    return { letter: component > 0 ? positive : negative, size: Math.abs(component) };
  })
    .filter(({ size }) => size >= LEAST_COMPONENT)
    .sort((one, other) => other.size - one.size)
    .map(({ letter }) => letter)
    .join("");
}

/** "LF" turned round is "RH"; an unknown letter makes the whole side unknown. */
export function oppositeLetters(letters: string): string {
  const turned = [...letters].map((letter) => OPPOSITE[letter]);
  return turned.includes(undefined) ? "" : turned.join("");
}

function combine(row: Vector3, column: Vector3, [along, down]: Point): Vector3 {
  return [
    row[0] * along + column[0] * down,
    row[1] * along + column[1] * down,
    row[2] * along + column[2] * down,
  ];
}

function lettersOfNearestAxis(row: string, column: string, [along, down]: Point): string {
  const isAlongRow = Math.abs(along) >= Math.abs(down);
  const letters = isAlongRow ? row : column;
  return (isAlongRow ? along : down) > 0 ? letters : oppositeLetters(letters);
}
