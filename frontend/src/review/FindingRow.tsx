/** One finding: what the AI says of it, what the reader says of it, and the keys for both. */
import { ActionIcon, Button, Kbd, SegmentedControl, Tooltip } from "@mantine/core";
import { Check, CircleDot, Spline, Undo2, X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { AiFinding, ExplicitVerdict, Finding, Verdict } from "../api/types";
import { Probability } from "../cases/Probability";
import { currentKeyActions } from "../cases/useKeys";
import { useNameOf } from "../cases/words";
import { formatProbability } from "../ui/format";
import { keyHint } from "../viewer/keymap";
import styles from "./FindingRow.module.css";

interface FindingRowProps {
  finding: Finding;
  answer: AiFinding | undefined;
  verdict: ExplicitVerdict | undefined;
  isSelected: boolean;
  isReadOnly: boolean;
  mapNote: string;
  grade: string;
  roiCount: number;
  /** What belongs to the selected region of this finding: its numbers and the what-if. */
  children?: ReactNode;
  onSelect: () => void;
  onGrade: (grade: string) => void;
  onEditRoi: () => void;
  onDecide: (verdict: ExplicitVerdict) => void;
}

export function FindingRow(props: FindingRowProps) {
  const { finding, answer, verdict, isSelected, isReadOnly, onSelect, onDecide } = props;
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const element = useRef<HTMLLIElement>(null);
  const isMissingRoi = verdict === "accepted" && finding.needs_roi && props.roiCount === 0;
  const needsDecision = answer?.above === true && verdict === undefined && !isReadOnly;

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
      <div className={styles.line}>
        <button
          type="button"
          className={styles.head}
          onClick={onSelect}
          onKeyDown={(event) => {
            // Enter is this button's own key, so the key map never sees it here.
            if (event.key !== "Enter" || !isSelected) return;
            event.preventDefault();
            props.onEditRoi();
          }}
        >
          <Mark verdict={verdict} needsDecision={needsDecision} />
          <span className={styles.name}>{nameOf(finding)}</span>
          {verdict ? (
            <span className={styles.decided}>
              {answer && (
                <span className={styles.said}>{formatProbability(answer.probability)}</span>
              )}
              <span className={styles.verdict}>
                {t(`verdict.${verdict}`)}
                {props.grade && ` · ${props.grade}`}
              </span>
            </span>
          ) : (
            <Answer answer={answer} />
          )}
        </button>
        <RoiMark {...props} isMissing={isMissingRoi} />
        {verdict && !isReadOnly && (
          <Tooltip label={t("common.undo")}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={28}
              aria-label={t("review.undo_of", { finding: nameOf(finding) })}
              onClick={() => onDecide(verdict)}
            >
              <Undo2 size={14} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      {isSelected && (!verdict || props.children || finding.kind === "graded") && (
        <Details {...props} />
      )}
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

/** How many regions a finding has; the way to them, and to a missing one. */
function RoiMark(props: FindingRowProps & { isMissing: boolean }) {
  const { finding, verdict, isSelected, isReadOnly, roiCount, isMissing, onEditRoi } = props;
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const isOffered = roiCount > 0 || isMissing || (isSelected && verdict !== "rejected");
  if (!isOffered || (isReadOnly && roiCount === 0)) return null;
  const hint = keyHint(currentKeyActions(), "findings.edit");
  const label =
    roiCount > 0
      ? t("review.roi_edit", { finding: nameOf(finding), count: roiCount })
      : t("review.roi_draw", { finding: nameOf(finding) });
  return (
    <Tooltip label={isReadOnly ? label : `${label} (${hint})`}>
      <Button
        variant="subtle"
        color={isMissing ? "yellow" : "gray"}
        size="compact-xs"
        aria-label={label}
        disabled={isReadOnly}
        leftSection={<Spline size={14} aria-hidden />}
        onClick={onEditRoi}
      >
        {isMissing ? t("review.roi_missing") : roiCount || "+"}
      </Button>
    </Tooltip>
  );
}

function Details(props: FindingRowProps) {
  const { finding, answer, verdict, grade, isReadOnly, mapNote, onDecide, onGrade } = props;
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
      {finding.kind === "graded" && finding.grades.length > 0 && verdict !== "rejected" && (
        <SegmentedControl
          className={styles.grades ?? ""}
          size="xs"
          aria-label={t("review.grade")}
          value={grade}
          data={finding.grades.map((each) => String(each))}
          readOnly={isReadOnly}
          onChange={onGrade}
        />
      )}
      {!isReadOnly && !verdict && (
        <div className={styles.buttons}>
          <Tooltip label={t("review.accept_hint")}>
            <Button
              variant="default"
              leftSection={<Check size={14} aria-hidden />}
              rightSection={hint("findings.accept")}
              onClick={() => onDecide("accepted")}
            >
              {t("review.accept")}
            </Button>
          </Tooltip>
          <Tooltip label={t("review.reject_hint")}>
            <Button
              variant="default"
              leftSection={<X size={14} aria-hidden />}
              rightSection={hint("findings.reject")}
              onClick={() => onDecide("rejected")}
            >
              {t("review.reject")}
            </Button>
          </Tooltip>
        </div>
      )}
      {props.children}
    </div>
  );
}
