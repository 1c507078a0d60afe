/** One finding: what the AI says of it, what the reader says of it, and the keys for both. */
import { Button, Kbd, Tooltip } from "@mantine/core";
import { Check, CircleDot, Undo2, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { AiFinding, Finding, Verdict } from "../api/types";
import { Probability } from "../cases/Probability";
import { currentKeyActions } from "../cases/useKeys";
import { useNameOf } from "../cases/words";
import { keyHint } from "../viewer/keymap";
import styles from "./FindingRow.module.css";

interface FindingRowProps {
  finding: Finding;
  answer: AiFinding | undefined;
  verdict: Verdict | undefined;
  isSelected: boolean;
  isReadOnly: boolean;
  mapNote: string;
  onSelect: () => void;
  onDecide: (verdict: Verdict) => void;
}

export function FindingRow(props: FindingRowProps) {
  const { finding, answer, verdict, isSelected, onSelect } = props;
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const element = useRef<HTMLLIElement>(null);
  const needsDecision = answer?.above === true && verdict === undefined;

  useEffect(() => {
    if (isSelected) element.current?.scrollIntoView({ block: "nearest" });
  }, [isSelected]);

  return (
    <li
      ref={element}
      className={styles.row}
      data-selected={isSelected}
      data-verdict={verdict ?? "none"}
      aria-current={isSelected}
    >
      <button type="button" className={styles.head} onClick={onSelect}>
        <Mark verdict={verdict} needsDecision={needsDecision} />
        <span className={styles.name}>{nameOf(finding)}</span>
        {verdict ? (
          <span className={styles.verdict}>{t(`verdict.${verdict}`)}</span>
        ) : (
          <Answer answer={answer} />
        )}
      </button>
      {isSelected && <Details {...props} />}
    </li>
  );
}

function Answer({ answer }: { answer: AiFinding | undefined }) {
  const { t } = useTranslation();
  if (!answer) return <span className={styles.noAnswer}>{t("ai.none")}</span>;
  return (
    <Probability
      probability={answer.probability}
      threshold={answer.threshold}
      isAbove={answer.above}
    />
  );
}

function Mark({
  verdict,
  needsDecision,
}: {
  verdict: Verdict | undefined;
  needsDecision: boolean;
}) {
  const { t } = useTranslation();
  if (verdict === "accepted") return <Check className={styles.accepted} size={16} aria-hidden />;
  if (verdict === "rejected") return <X className={styles.rejected} size={16} aria-hidden />;
  if (!needsDecision) return <span className={styles.noMark} />;
  return (
    <CircleDot
      className={styles.attention}
      size={16}
      role="img"
      aria-label={t("review.undecided")}
    />
  );
}

function Details({ answer, verdict, isReadOnly, mapNote, onDecide }: FindingRowProps) {
  const { t } = useTranslation();
  const hint = (id: string) => <Kbd size="xs">{keyHint(currentKeyActions(), id)}</Kbd>;
  return (
    <div className={styles.details}>
      <p className={styles.facts}>
        {answer
          ? t("review.calibrated", { threshold: answer.threshold.toFixed(2) })
          : t("review.no_probability")}
        {mapNote && <span> · {mapNote}</span>}
      </p>
      {!isReadOnly && (
        <div className={styles.buttons}>
          <Tooltip label={t("review.accept_hint")}>
            <Button
              variant={verdict === "accepted" ? "filled" : "default"}
              color="green"
              leftSection={<Check size={14} aria-hidden />}
              rightSection={hint("findings.accept")}
              aria-pressed={verdict === "accepted"}
              onClick={() => onDecide("accepted")}
            >
              {t("review.accept")}
            </Button>
          </Tooltip>
          <Tooltip label={t("review.reject_hint")}>
            <Button
              variant={verdict === "rejected" ? "filled" : "default"}
              color="gray"
              leftSection={<X size={14} aria-hidden />}
              rightSection={hint("findings.reject")}
              aria-pressed={verdict === "rejected"}
              onClick={() => onDecide("rejected")}
            >
              {t("review.reject")}
            </Button>
          </Tooltip>
          {verdict && (
            <Button
              variant="subtle"
              color="gray"
              leftSection={<Undo2 size={14} aria-hidden />}
              onClick={() => onDecide(verdict)}
            >
              {t("common.undo")}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
