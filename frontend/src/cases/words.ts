/** Words shared by screens: findings and projects by language, coded reasons as sentences. */
import i18next from "i18next";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/errors";
import type { Finding, Params, Project } from "../api/types";

type Named = Pick<Finding | Project, "name_en" | "name_zh">;

export function nameIn(language: string, named: Named): string {
  return language === "en" ? named.name_en : named.name_zh || named.name_en;
}

export function useNameOf(): (named: Named) => string {
  const { i18n } = useTranslation();
  return (named) => nameIn(i18n.language, named);
}

type CodeGroup = "ingest" | "name_flag" | "reason" | "errors" | "no_map";

/** A list in a sentence is written with commas. */
function wordsOf(params: Params): Params {
  return Object.fromEntries(
    Object.entries(params).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
}

/** A coded reason as a sentence; a code without a translation shows the server's own sentence. */
export function codeSentence(
  group: CodeGroup,
  code: string,
  params: Params,
  fallback = "",
): string {
  const key = `${group}.${code}`;
  if (code && i18next.exists(key)) return i18next.t(key as "errors.unknown", wordsOf(params));
  return fallback || i18next.t(`${group}.unknown` as "errors.unknown", { code });
}

export function errorSentence(error: unknown): string {
  if (error instanceof ApiError) {
    return codeSentence("errors", error.code, error.params, error.message);
  }
  return i18next.t("errors.unknown", { code: "" });
}

/** What is wrong with each field of a form, by the server's codes; without a code, its own words. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  const codes = (error.params.codes ?? {}) as Record<string, string[]>;
  const sentences = Object.entries(error.fields).map(([field, words]) => {
    const key = `field_errors.${codes[field]?.[0] ?? ""}`;
    const isKnown = i18next.exists(key);
    const sentence = isKnown ? i18next.t(key as "errors.unknown", error.params) : words.join(" ");
    return [field, sentence];
  });
  return Object.fromEntries(sentences);
}
