/** Small facts of a patient or study in the reader's language. */
import { useTranslation } from "react-i18next";
import { elapsedSince } from "../ui/format";
import { readAge } from "./patient";

export function useFacts() {
  const { t } = useTranslation();
  return {
    age(value: string): string {
      const age = readAge(value);
      return age ? t(`age.${age.unit}`, { count: age.count }) : value;
    },
    sex(value: string): string {
      if (value === "M" || value === "F" || value === "O") return t(`sex.${value}`);
      return value;
    },
    waiting(iso: string): string {
      const elapsed = elapsedSince(iso, new Date());
      return t(`elapsed.${elapsed.unit}`, { count: elapsed.count });
    },
  };
}
