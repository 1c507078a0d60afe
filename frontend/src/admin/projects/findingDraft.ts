/** A finding as it is being entered, and as it is sent; pure. */
import type { NewFinding } from "../../api/types";

export interface FindingDraft {
  key: string;
  code: string;
  name_en: string;
  name_zh: string;
  kind: "binary" | "graded";
  grades: string;
  needs_roi: boolean;
  minimum_size_mm: number | null;
  is_urgent: boolean;
}

export function emptyFinding(key: string): FindingDraft {
  return {
    key,
    code: "",
    name_en: "",
    name_zh: "",
    kind: "binary",
    grades: "",
    needs_roi: false,
    minimum_size_mm: null,
    is_urgent: false,
  };
}

/** Grades are entered with commas, Western or Chinese; what is left empty is no grade. */
export function gradesOf(text: string): string[] {
  return text
    .split(/[,，、;；]/)
    .map((grade) => grade.trim())
    .filter((grade) => grade !== "");
}

export function findingToSend({ key: _, grades, ...draft }: FindingDraft): NewFinding {
  return { ...draft, grades: draft.kind === "graded" ? gradesOf(grades) : [] };
}

/** The errors of one finding among those of a form: "findings.2.code" is the third one's "code". */
export function errorsOfFinding(
  errors: Record<string, string>,
  index: number,
): Record<string, string> {
  const prefix = `findings.${index}.`;
  return Object.fromEntries(
    Object.entries(errors)
      .filter(([field]) => field.startsWith(prefix))
      .map(([field, sentence]) => [field.slice(prefix.length), sentence]),
  );
}
