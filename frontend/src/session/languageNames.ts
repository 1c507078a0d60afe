/** Each language by its own name, the same in every translation. */
import type { Language } from "../i18n/i18n";

export const LANGUAGE_NAMES: Record<Language, string> = { en: "English", "zh-hans": "简体中文" };
