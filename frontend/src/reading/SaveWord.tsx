/** How far the server has what is on the screen. Only what the server said: "Saved 10:42:07" is its own time. */
import { Check, CircleAlert, LoaderCircle } from "lucide-react";
import { useTranslation } from "react-i18next";
import { errorSentence } from "../cases/words";
import { formatClock } from "../ui/format";
import type { SaveState } from "./draft";
import styles from "./SaveWord.module.css";

interface SaveWordProps {
  save: SaveState<unknown>;
  /** Of the act that ends the draft: a signature, a lock, a decision. */
  words: {
    committing: string;
    committed: (time: string) => string;
    notCommitted: string;
  };
}

export function SaveWord({ save, words }: SaveWordProps) {
  const { t } = useTranslation();
  switch (save.kind) {
    case "clean":
      return <span className={styles.save} />;
    case "dirty":
    case "saving":
      return (
        <span className={styles.save} role="status">
          <LoaderCircle size={14} aria-hidden />
          {t("review.saving")}
        </span>
      );
    case "saved":
      return (
        <span className={styles.save} role="status">
          <Check size={14} aria-hidden />
          {t("review.saved", { time: formatClock(save.savedAt) })}
        </span>
      );
    case "committing":
      return (
        <span className={styles.save} role="status">
          {words.committing}
        </span>
      );
    case "committed":
      return (
        <span className={styles.save} role="status">
          <Check size={14} aria-hidden />
          {words.committed(formatClock(save.at))}
        </span>
      );
    case "save_failed":
    case "commit_failed":
    case "conflict":
      return (
        <span className={styles.save} data-failed role="alert">
          <CircleAlert size={14} aria-hidden />
          {save.kind === "commit_failed" ? words.notCommitted : t("review.not_saved")}:{" "}
          {errorSentence(save.error)}
        </span>
      );
  }
}
