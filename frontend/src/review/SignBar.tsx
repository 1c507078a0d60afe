/** The end of a reading: what the server has, what is still open, and the signature. */
import { Button, Kbd } from "@mantine/core";
import { CircleDot, PenLine } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/errors";
import type { Finding } from "../api/types";
import { currentKeyActions } from "../cases/useKeys";
import { useNameOf } from "../cases/words";
import type { SaveState } from "../reading/draft";
import { SaveWord } from "../reading/SaveWord";
import { keyHint } from "../viewer/keymap";
import styles from "./SignBar.module.css";

/** What the reader is told before signing without it. */
export interface OpenEnds {
  undecided: Finding[];
  missingRoi: Finding[];
  missingGrade: Finding[];
}

interface SignBarProps {
  save: SaveState<unknown>;
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
    save.kind === "commit_failed" &&
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
        <SaveWord
          save={save}
          words={{
            committing: t("review.signing"),
            committed: (time) => t("review.signed", { time }),
            notCommitted: t("review.not_signed"),
          }}
        />
        <Button
          leftSection={<PenLine size={16} aria-hidden />}
          rightSection={<Kbd>{keyHint(currentKeyActions(), "findings.sign")}</Kbd>}
          loading={save.kind === "committing"}
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
