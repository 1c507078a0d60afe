/** The end of a reading: what the server has, what is still open, and the signature. */
import { Button, Kbd } from "@mantine/core";
import { Check, CircleAlert, CircleDot, LoaderCircle, PenLine } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/errors";
import type { Finding } from "../api/types";
import { currentKeyActions } from "../cases/useKeys";
import { errorSentence, useNameOf } from "../cases/words";
import { formatClock } from "../ui/format";
import { keyHint } from "../viewer/keymap";
import type { SaveState } from "./draft";
import styles from "./SignBar.module.css";

/** What the reader is told before signing without it. */
export interface OpenEnds {
  undecided: Finding[];
  missingRoi: Finding[];
  missingGrade: Finding[];
}

interface SignBarProps {
  save: SaveState;
  /** Null before the first press. */
  asked: OpenEnds | null;
  isReady: boolean;
  onSign: () => void;
  onSelect: (code: string) => void;
  onCancel: () => void;
  onTakeOver: () => void;
}

export function SignBar(props: SignBarProps) {
  const { save, asked, isReady, onSign, onSelect, onCancel } = props;
  const { t } = useTranslation();
  const isClaimed =
    save.kind === "sign_failed" &&
    save.error instanceof ApiError &&
    save.error.code === "claimed_by_other";
  // A grade cannot be left out: the server refuses, and says so only after the press.
  const canSignAnyway = asked === null || asked.missingGrade.length === 0;
  return (
    <footer className={styles.bar}>
      {asked && (
        <div className={styles.asked} role="alert">
          <OpenEnd
            question={t("review.still_undecided", { count: asked.undecided.length })}
            findings={asked.undecided}
            onSelect={onSelect}
          />
          <OpenEnd
            question={t("review.still_without_roi", { count: asked.missingRoi.length })}
            findings={asked.missingRoi}
            onSelect={onSelect}
          />
          <OpenEnd
            question={t("review.still_without_grade", { count: asked.missingGrade.length })}
            findings={asked.missingGrade}
            onSelect={onSelect}
          />
          <Button variant="subtle" color="gray" size="compact-xs" onClick={onCancel}>
            {t("review.go_on")}
          </Button>
        </div>
      )}
      {isClaimed && (
        <Button
          className={styles.takeOver ?? ""}
          variant="default"
          size="compact-sm"
          onClick={props.onTakeOver}
        >
          {t("review.take_over")}
        </Button>
      )}
      <div className={styles.row}>
        <SaveWord save={save} />
        <Button
          leftSection={<PenLine size={16} aria-hidden />}
          rightSection={<Kbd>{keyHint(currentKeyActions(), "findings.sign")}</Kbd>}
          loading={save.kind === "signing"}
          disabled={!isReady || !canSignAnyway}
          onClick={onSign}
        >
          {asked ? t("review.sign_anyway") : t("review.sign")}
        </Button>
      </div>
    </footer>
  );
}

interface OpenEndProps {
  question: string;
  findings: Finding[];
  onSelect: (code: string) => void;
}

function OpenEnd({ question, findings, onSelect }: OpenEndProps) {
  const nameOf = useNameOf();
  if (findings.length === 0) return null;
  return (
    <>
      <p className={styles.question}>
        <CircleDot size={14} aria-hidden />
        {question}
      </p>
      <div className={styles.open}>
        {findings.map((finding) => (
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
    </>
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
