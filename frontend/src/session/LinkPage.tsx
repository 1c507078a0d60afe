/** The frame of the two pages that a one-time link opens: name, language, what is being done. */
import { Loader, SegmentedControl } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { LANGUAGES, type Language, setLanguage } from "../i18n/i18n";
import styles from "./LinkPage.module.css";
import { LANGUAGE_NAMES } from "./languageNames";

export function LinkPage({ title, children }: { title: string; children: ReactNode }) {
  const { t, i18n } = useTranslation();
  return (
    <main className={styles.page}>
      <div className={styles.column}>
        <p className={styles.brand}>{t("shell.brand")}</p>
        <h1 className={styles.title}>{title}</h1>
        {children}
        <SegmentedControl
          className={styles.languages ?? ""}
          size="xs"
          aria-label={t("shell.language")}
          value={i18n.language}
          data={LANGUAGES.map((language) => ({ value: language, label: LANGUAGE_NAMES[language] }))}
          onChange={(value) => void setLanguage(value as Language)}
        />
        <p className={styles.research}>{t("shell.research_use")}</p>
      </div>
    </main>
  );
}

export function LinkPageLoading() {
  return (
    <main className={styles.page}>
      <Loader size="sm" />
    </main>
  );
}
