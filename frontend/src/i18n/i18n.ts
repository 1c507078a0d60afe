/** Which language the interface speaks, with `<html lang>` in step; resources are bundled, not fetched. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import arbitrationEn from "./arbitration.en.json";
import arbitrationZh from "./arbitration.zh.json";
import en from "./en.json";
import labelingEn from "./labeling.en.json";
import labelingZh from "./labeling.zh.json";
import learningEn from "./learning.en.json";
import learningZh from "./learning.zh.json";
import roundsEn from "./rounds.en.json";
import roundsZh from "./rounds.zh.json";
import viewerEn from "./viewer.en.json";
import viewerZh from "./viewer.zh.json";
import zh from "./zh.json";

export const LANGUAGES = ["en", "zh-hans"] as const;
export type Language = (typeof LANGUAGES)[number];

const HTML_LANG: Record<Language, string> = { en: "en", "zh-hans": "zh-Hans" };
const STORAGE_KEY = "coread.language";

export function isLanguage(value: unknown): value is Language {
  return LANGUAGES.includes(value as Language);
}

function firstLanguage(): Language {
  const stored = localStorage.getItem(STORAGE_KEY);
  if (isLanguage(stored)) return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh-hans" : "en";
}

export async function startI18n(): Promise<void> {
  i18next.on("languageChanged", (language) => {
    if (!isLanguage(language)) return;
    document.documentElement.lang = HTML_LANG[language];
    localStorage.setItem(STORAGE_KEY, language);
  });
  await i18next.use(initReactI18next).init({
    lng: firstLanguage(),
    fallbackLng: "en",
    lowerCaseLng: true,
    ns: ["app", "viewer", "learning", "labeling", "arbitration", "rounds"],
    defaultNS: "app",
    resources: {
      en: {
        app: en,
        viewer: viewerEn,
        learning: learningEn,
        labeling: labelingEn,
        arbitration: arbitrationEn,
        rounds: roundsEn,
      },
      "zh-hans": {
        app: zh,
        viewer: viewerZh,
        learning: learningZh,
        labeling: labelingZh,
        arbitration: arbitrationZh,
        rounds: roundsZh,
      },
    },
    interpolation: { escapeValue: false }, // React escapes
    showSupportNotice: false,
  });
}

export async function setLanguage(language: Language): Promise<void> {
  await i18next.changeLanguage(language);
}
