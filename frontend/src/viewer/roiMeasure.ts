/** How large is a region, in millimetres where the image has them, and is it as large as the schema asks? Pure. */
import { type Length, measureLength, type PixelSpacing } from "./coords";
import { boxOf, convexHull, type Ring, signedArea } from "./polygon";

export type Area =
  | { readonly state: "patient" | "projected"; readonly areaMm2: number }
  | { readonly state: "not_evaluable" };

export type Size =
  | { readonly state: "patient" | "projected"; readonly widthMm: number; readonly heightMm: number }
  | { readonly state: "not_evaluable" };

export type MinimumCheck = "ok" | "below_minimum" | "not_evaluable";

/** A vertex is rounded to a hundredth of a pixel; what is too small by that alone is not too small. */
const ROUNDING_PX = 0.015;

export function areaPx2(vertices: Ring): number {
  return Math.abs(signedArea(vertices));
}

export function measureArea(vertices: Ring, spacing: PixelSpacing): Area {
  const column = measureLength([0, 0], [1, 0], spacing);
  const row = measureLength([0, 0], [0, 1], spacing);
  if (column.state === "not_evaluable" || row.state === "not_evaluable") {
    return { state: "not_evaluable" };
  }
  return { state: column.state, areaMm2: areaPx2(vertices) * column.lengthMm * row.lengthMm };
}

/** The longest line between two points of the outline. */
export function longestDiameter(vertices: Ring, spacing: PixelSpacing): Length {
  const hull = convexHull(vertices);
  let longest: Length = { state: "not_evaluable" };
  let lengthMm = -1;
  for (const [i, from] of hull.entries()) {
    for (const to of hull.slice(i + 1)) {
      const length = measureLength(from, to, spacing);
      if (length.state !== "not_evaluable" && length.lengthMm > lengthMm) {
        longest = length;
        lengthMm = length.lengthMm;
      }
    }
  }
  return longest;
}

/** Along the columns and along the rows of the image. */
export function measureSize(vertices: Ring, spacing: PixelSpacing): Size {
  const { left, top, right, bottom } = boxOf(vertices);
  const width = measureLength([left, 0], [right, 0], spacing);
  const height = measureLength([0, top], [0, bottom], spacing);
  if (width.state === "not_evaluable" || height.state === "not_evaluable") {
    return { state: "not_evaluable" };
  }
  return { state: width.state, widthMm: width.lengthMm, heightMm: height.lengthMm };
}

/** The longest diameter against the least one the schema asks for; null asks for none. */
export function checkMinimum(
  vertices: Ring,
  spacing: PixelSpacing,
  minimumMm: number | null,
): MinimumCheck {
  if (minimumMm === null) {
    return "ok";
  }
  const diameter = longestDiameter(vertices, spacing);
  if (diameter.state === "not_evaluable") {
    return "not_evaluable";
  }
  const pixel = measureLength([0, 0], [ROUNDING_PX, ROUNDING_PX], spacing);
  const slack = pixel.state === "not_evaluable" ? 0 : pixel.lengthMm;
  return diameter.lengthMm + slack >= minimumMm ? "ok" : "below_minimum";
}
