/** One finding of the form: its answer, grade and confidence, and what is drawn for it; keys beside each. */
import { Button, Kbd, Tooltip } from "@mantine/core";
import {
  Check,
  CircleAlert,
  CircleDashed,
  CircleHelp,
  type LucideIcon,
  Minus,
  Ruler,
  Spline,
} from "lucide-react";
import { type MouseEvent, type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { AnswerValue, LabelFinding, Odd } from "../api/labeling";
import { currentKeyActions } from "../cases/useKeys";
import { useNameOf } from "../cases/words";
import { keyHint } from "../viewer/keymap";
import type { LabelAnswer } from "./content";
import styles from "./FindingQuestion.module.css";

const VALUES: readonly (readonly [AnswerValue, string])[] = [
  ["present", "label.present"],
  ["absent", "label.absent"],
  ["not_assessable", "label.notAssessable"],
];
const CONFIDENCES = [1, 2, 3, 4, 5] as const;
const MARKS: Record<AnswerValue, LucideIcon> = {
  present: Check,
  absent: Minus,
  not_assessable: CircleHelp,
};

export interface FindingActs {
  readonly onSelect: () => void;
  readonly onValue: (value: AnswerValue) => void;
  readonly onGrade: (grade: string) => void;
  readonly onConfidence: (confidence: number) => void;
  readonly onDraw: () => void;
  readonly onMeasure: () => void;
}

interface FindingQuestionProps extends FindingActs {
  readonly finding: LabelFinding;
  readonly answer: LabelAnswer | undefined;
  readonly roiCount: number;
  readonly lineCount: number;
  /** What is odd about it so far. */
  readonly odds: readonly Odd[];
  readonly isSelected: boolean;
  readonly isReadOnly: boolean;
  /** The numbers of the region or line in hand. */
  readonly children?: ReactNode;
}

/** A press of the mouse leaves the focus where it is: Enter shall go on drawing, not press again. */
const keepFocus = (event: MouseEvent) => event.preventDefault();

function hintOf(action: string): string {
  return keyHint(currentKeyActions("label"), action);
}

export function FindingQuestion(props: FindingQuestionProps) {
  const { finding, answer, odds, isSelected, isReadOnly } = props;
  const { t } = useTranslation("labeling");
  const nameOf = useNameOf();
  const element = useRef<HTMLLIElement>(null);
  const Mark = answer ? MARKS[answer.value] : CircleDashed;
  const told = odds.filter(({ code }) => code !== "unanswered");

  useEffect(() => {
    if (isSelected) element.current?.scrollIntoView({ block: "nearest" });
  }, [isSelected]);

  return (
    <li
      ref={element}
      className={styles.row}
      data-selected={isSelected}
      data-value={answer?.value ?? "none"}
      data-finding={finding.code}
      aria-current={isSelected}
    >
      <button
        type="button"
        className={styles.head}
        onMouseDown={keepFocus}
        onClick={props.onSelect}
        onKeyDown={(event) => {
          // Enter is this button's own key, so the key map never sees it here.
          if (event.key !== "Enter" || !isSelected || isReadOnly) return;
          event.preventDefault();
          props.onDraw();
        }}
      >
        <Mark className={styles.mark} size={16} aria-hidden />
        <span className={styles.name}>{nameOf(finding)}</span>
        <Said {...props} />
      </button>
      {isSelected && !isReadOnly && <Answering {...props} />}
      {told.length > 0 && !isReadOnly && (
        <ul className={styles.odds}>
          {told.map(({ code }) => (
            <li key={code}>
              <CircleAlert className={styles.oddMark} size={14} aria-hidden />
              <span>{t(`odd.${code}`, { mm: finding.minimum_size_mm ?? 0 })}</span>
            </li>
          ))}
        </ul>
      )}
      {isSelected && props.children && <div className={styles.marks}>{props.children}</div>}
    </li>
  );
}

/** The answer in short, on the finding's own line. */
function Said({ answer, roiCount, lineCount }: FindingQuestionProps) {
  const { t } = useTranslation("labeling");
  return (
    <span className={styles.said}>
      {roiCount > 0 && (
        <span className={styles.count}>
          <Spline size={12} aria-hidden />
          <span className="visually-hidden">{t("mark.regions")}</span>
          {roiCount}
        </span>
      )}
      {lineCount > 0 && (
        <span className={styles.count}>
          <Ruler size={12} aria-hidden />
          <span className="visually-hidden">{t("mark.lengths")}</span>
          {lineCount}
        </span>
      )}
      {answer ? (
        <span className={styles.value}>
          {[
            t(`value.${answer.value}`),
            answer.grade,
            answer.confidence === null
              ? ""
              : t("confidence.short", { confidence: answer.confidence }),
          ]
            .filter(Boolean)
            .join(" · ")}
        </span>
      ) : (
        <span className={styles.unanswered}>{t("value.none")}</span>
      )}
    </span>
  );
}

function Answering(props: FindingQuestionProps) {
  const { finding, answer, roiCount, lineCount } = props;
  const { t } = useTranslation("labeling");
  const nameOf = useNameOf();
  return (
    <div className={styles.answering}>
      <fieldset className={styles.group}>
        <legend className="visually-hidden">{t("value.of", { finding: nameOf(finding) })}</legend>
        {VALUES.map(([value, action]) => (
          <Choice
            key={value}
            isOn={answer?.value === value}
            label={t(`value.${value}`)}
            hint={hintOf(action)}
            onPress={() => props.onValue(value)}
          />
        ))}
      </fieldset>
      {finding.grades.length > 0 && (
        <fieldset className={styles.group}>
          <legend className={styles.legend}>{t("grade")}</legend>
          {finding.grades.map((grade, i) => (
            <Choice
              key={grade}
              isOn={answer?.grade === grade}
              label={grade}
              hint={i < 6 ? hintOf(`label.grade${i + 1}`) : ""}
              onPress={() => props.onGrade(grade)}
            />
          ))}
        </fieldset>
      )}
      <fieldset className={styles.group} disabled={!answer}>
        <legend className={styles.legend}>{t("confidence.title")}</legend>
        {CONFIDENCES.map((confidence) => (
          <Tooltip
            key={confidence}
            label={`${t(`confidence.${confidence}`)} (${hintOf(`label.confidence${confidence}`)})`}
          >
            <Button
              className={`${styles.choice} ${styles.sure}`}
              size="compact-sm"
              variant="default"
              aria-pressed={answer?.confidence === confidence}
              aria-label={t(`confidence.${confidence}`)}
              disabled={!answer}
              onMouseDown={keepFocus}
              onClick={() => props.onConfidence(confidence)}
            >
              {confidence}
            </Button>
          </Tooltip>
        ))}
        <Kbd size="xs">⇧ 1–5</Kbd>
      </fieldset>
      <div className={styles.group}>
        <MarkButton
          icon={Spline}
          label={roiCount > 0 ? t("mark.region_edit") : t("mark.region_draw")}
          isAsked={finding.needs_roi}
          hint={hintOf("label.draw")}
          onPress={props.onDraw}
        />
        <MarkButton
          icon={Ruler}
          label={lineCount > 0 ? t("mark.length_edit") : t("mark.length_draw")}
          isAsked={finding.needs_measurement}
          hint={hintOf("label.measure")}
          onPress={props.onMeasure}
        />
      </div>
      {finding.minimum_size_mm !== null && (
        <p className={styles.rule}>{t("mark.minimum", { mm: finding.minimum_size_mm })}</p>
      )}
    </div>
  );
}

interface ChoiceProps {
  isOn: boolean;
  label: string;
  hint: string;
  onPress: () => void;
}

function Choice({ isOn, label, hint, onPress }: ChoiceProps) {
  return (
    <Button
      className={styles.choice ?? ""}
      size="compact-sm"
      variant="default"
      aria-pressed={isOn}
      onMouseDown={keepFocus}
      onClick={onPress}
      {...(hint === "" ? {} : { rightSection: <Kbd size="xs">{hint}</Kbd> })}
    >
      {label}
    </Button>
  );
}

interface MarkButtonProps {
  icon: LucideIcon;
  label: string;
  isAsked: boolean;
  hint: string;
  onPress: () => void;
}

function MarkButton({ icon: Icon, label, isAsked, hint, onPress }: MarkButtonProps) {
  return (
    <Button
      size="compact-sm"
      variant={isAsked ? "default" : "subtle"}
      color="gray"
      leftSection={<Icon size={14} aria-hidden />}
      rightSection={<Kbd size="xs">{hint}</Kbd>}
      onMouseDown={keepFocus}
      onClick={onPress}
    >
      {label}
    </Button>
  );
}
