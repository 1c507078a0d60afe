/** The end of a reading: what the server has, what is still open, and the signature. */
import { Button, Kbd } from "@mantine/core";
import { Check, CircleAlert, CircleDot, LoaderCircle, PenLine } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Finding } from "../api/types";
import { currentKeyActions } from "../cases/useKeys";
import { errorSentence, useNameOf } from "../cases/words";
import { formatClock } from "../ui/format";
import { keyHint } from "../viewer/keymap";
import type { SaveState } from "./draft";
import styles from "./SignBar.module.css";

interface SignBarProps {
  save: SaveState;
  /** Findings the reader was told of and may sign without; null before the first press. */
  asked: Finding[] | null;
  isReady: boolean;
  onSign: () => void;
  onSelect: (code: string) => void;
  onCancel: () => void;
}

export function SignBar({ save, asked, isReady, onSign, onSelect, onCancel }: SignBarProps) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  return (
    <footer className={styles.bar}>
      {asked && (
        <div className={styles.asked} role="alert">
          <p className={styles.question}>
            <CircleDot size={14} aria-hidden />
            {t("review.still_undecided", { count: asked.length })}
          </p>
          <div className={styles.open}>
            {asked.map((finding) => (
              <Button
                key={finding.code}
                variant="default"
                size="compact-xs"
                onClick={() => onSelect(finding.code)}
              >
                {nameOf(finding)}
              </Button>
            ))}
          </div>
          <Button variant="subtle" color="gray" size="compact-xs" onClick={onCancel}>
            {t("review.go_on")}
          </Button>
        </div>
      )}
      <div className={styles.row}>
        <SaveWord save={save} />
        <Button
          leftSection={<PenLine size={16} aria-hidden />}
          rightSection={<Kbd>{keyHint(currentKeyActions(), "findings.sign")}</Kbd>}
          loading={save.kind === "signing"}
          disabled={!isReady}
          onClick={onSign}
        >
          {asked ? t("review.sign_anyway") : t("review.sign")}
        </Button>
      </div>
    </footer>
  );
}

/** Only what the server said: "Saved 10:42:07" is its own time. */
function SaveWord({ save }: { save: SaveState }) {
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
    case "signing":
      return (
        <span className={styles.save} role="status">
          {t("review.signing")}
        </span>
      );
    case "signed":
      return (
        <span className={styles.save} role="status">
          <Check size={14} aria-hidden />
          {t("review.signed", { time: formatClock(save.signedAt) })}
        </span>
      );
    case "save_failed":
    case "sign_failed":
    case "conflict":
      return (
        <span className={styles.save} data-failed role="alert">
          <CircleAlert size={14} aria-hidden />
          {t(save.kind === "sign_failed" ? "review.not_signed" : "review.not_saved")}:{" "}
          {errorSentence(save.error)}
        </span>
      );
  }
}
