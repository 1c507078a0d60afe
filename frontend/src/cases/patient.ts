/** How a DICOM person name, age and sex are written for a reader (PS3.5 6.2.1, PS3.3 C.7.1.1). */

export interface WrittenName {
  primary: string;
  secondary: string;
}

function groupText(group: string): string {
  const [family = "", given = "", middle = ""] = group.split("^").map((part) => part.trim());
  const isIdeographic = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u{20000}-\u{3ffff}]/u.test(group);
  if (isIdeographic) return `${family}${given}${middle}`;
  const givenNames = [given, middle].filter(Boolean).join(" ");
  return [family, givenNames].filter(Boolean).join(", ");
}

/** A PN value holds up to three groups (alphabetic=ideographic=phonetic): characters first, letters after. */
export function writePersonName(value: string): WrittenName {
  const [alphabetic = "", ideographic = ""] = value.split("=").map(groupText);
  if (ideographic) return { primary: ideographic, secondary: alphabetic };
  return { primary: alphabetic, secondary: "" };
}

export interface AgeParts {
  count: number;
  unit: "years" | "months" | "weeks" | "days";
}

const AGE_UNITS = { Y: "years", M: "months", W: "weeks", D: "days" } as const;

/** An AS value ("045Y") in parts; null where it is none. */
export function readAge(value: string): AgeParts | null {
  const match = /^(\d{3})([YMWD])$/.exec(value.trim());
  const count = match?.[1];
  const unit = match?.[2] as keyof typeof AGE_UNITS | undefined;
  if (count === undefined || unit === undefined) return null;
  return { count: Number(count), unit: AGE_UNITS[unit] };
}
