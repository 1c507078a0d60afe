/** One finding that the readers differ on: who said what, whose word stands, and why. */
import { Button, Kbd, TextInput } from "@mantine/core";
import { Check, CircleAlert, CircleDashed } from "lucide-react";
import { type MouseEvent, type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import {
  type Arbitration,
  DECISION_REASONS,
  type DecisionReason,
  type ReaderLetter,
  type StoredContent,
} from "../api/labeling";
import { currentKeyActions } from "../cases/useKeys";
import { useNameOf } from "../cases/words";
import { keyHint } from "../viewer/keymap";
import styles from "./ConflictPanel.module.css";
import {
  type Choice,
  type Conflict,
  choicesFor,
  type Decision,
  LONGEST_COMMENT,
  type OpenCode,
  WHOLE_CASE,
} from "./decisions";

export type GivenReason = Exclude<DecisionReason, "none">;

const CHOICE_KEYS: Partial<Record<Choice, string>> = {
  a: "arbitrate.chooseA",
  b: "arbitrate.chooseB",
  own: "arbitrate.chooseOwn",
  merged: "arbitrate.chooseMerged",
  indeterminate: "arbitrate.chooseIndeterminate",
};

interface ConflictPanelProps {
  arbitration: Arbitration;
  conflict: Conflict;
  decision: Decision | undefined;
  open: OpenCode | null;
  /** The arbitrator has tried to decide the case: what is open is said aloud. */
  isAsked: boolean;
  isSelected: boolean;
  isReadOnly: boolean;
  onSelect: () => void;
  onChoice: (choice: Choice) => void;
  onReason: (reason: GivenReason) => void;
  onComment: (text: string) => void;
  /** The numbers of the merged region in hand. */
  children: ReactNode;
}

/** A press of the mouse leaves the focus where it is: keys go on meaning the image. */
const keepFocus = (event: MouseEvent) => event.preventDefault();

function hintOf(action: string): string {
  return keyHint(currentKeyActions("arbitrate"), action);
}

export function ConflictPanel(props: ConflictPanelProps) {
  const { arbitration, conflict, decision, open, isSelected } = props;
  const { t } = useTranslation(["arbitration", "labeling"]);
  const nameOf = useNameOf();
  const element = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isSelected) element.current?.scrollIntoView({ block: "nearest" });
  }, [isSelected]);
  const found = arbitration.findings.find(({ code }) => code === conflict.finding);
  const isOpen = open !== null;
  const Mark = isOpen ? (props.isAsked ? CircleAlert : CircleDashed) : Check;
  return (
    <li
      ref={element}
      className={styles.conflict}
      data-finding={conflict.finding}
      data-selected={isSelected}
      data-open={isOpen}
      data-asked={props.isAsked}
      aria-current={isSelected}
    >
      <button
        type="button"
        className={styles.head}
        onMouseDown={keepFocus}
        onClick={props.onSelect}
      >
        <Mark className={styles.mark} size={16} aria-hidden />
        <span className={styles.name}>
          {conflict.finding === WHOLE_CASE
            ? t("whole_case")
            : found
              ? nameOf(found)
              : conflict.finding}
        </span>
        <span className={styles.short}>
          {decision ? <ChoiceWord choice={decision.choice} /> : t("undecided")}
        </span>
      </button>
      {isSelected && (
        <div className={styles.body}>
          <p className={styles.reasons}>
            {conflict.reasons.map((reason) => t(`differs.${reason}`)).join(" ")}
            {conflict.worst_iou !== null &&
              ` ${t("overlap", { percent: Math.round(conflict.worst_iou * 100) })}`}
          </p>
          <dl className={styles.said}>
            {arbitration.readers.map(({ letter, content }) => (
              <Said
                key={letter}
                tone={letter}
                who={t("reader", { letter })}
                content={content}
                finding={conflict.finding}
              />
            ))}
            <Said
              tone="own"
              who={t("own")}
              content={arbitration.own.content}
              finding={conflict.finding}
            />
          </dl>
          <Deciding {...props} />
        </div>
      )}
    </li>
  );
}

function Deciding(props: ConflictPanelProps) {
  const { arbitration, conflict, decision, open, isAsked, isReadOnly } = props;
  const { t } = useTranslation("arbitration");
  return (
    <>
      <fieldset className={styles.choices} disabled={isReadOnly}>
        <legend>{t("whose")}</legend>
        {choicesFor(arbitration, conflict.finding).map((choice) => {
          const key = CHOICE_KEYS[choice];
          return (
            <Button
              key={choice}
              variant={decision?.choice === choice ? "filled" : "default"}
              size="compact-sm"
              aria-pressed={decision?.choice === choice}
              rightSection={key && <Kbd size="xs">{hintOf(key)}</Kbd>}
              onMouseDown={keepFocus}
              onClick={() => props.onChoice(choice)}
            >
              <ChoiceWord choice={choice} />
            </Button>
          );
        })}
      </fieldset>
      {decision?.choice === "merged" && !isReadOnly && (
        <p className={styles.hint} data-missing={open === "region"}>
          {decision.rois.length === 0
            ? t("merged_empty")
            : t("merged_hint", { key: hintOf("arbitrate.edit") })}
        </p>
      )}
      {props.children}
      {decision && (
        <>
          <fieldset
            className={styles.choices}
            disabled={isReadOnly}
            data-missing={open === "reason" && isAsked}
          >
            <legend>{t("why")}</legend>
            {DECISION_REASONS.map((reason, place) => (
              <Button
                key={reason}
                variant={decision.reason === reason ? "filled" : "default"}
                size="compact-xs"
                aria-pressed={decision.reason === reason}
                rightSection={<Kbd size="xs">{hintOf(`arbitrate.reason${place + 1}`)}</Kbd>}
                onMouseDown={keepFocus}
                onClick={() => props.onReason(reason)}
              >
                {t(`reason.${reason}`)}
              </Button>
            ))}
          </fieldset>
          <TextInput
            autoComplete="off"
            id="decision-comment"
            size="xs"
            aria-label={t("comment")}
            placeholder={t("comment_hint", { key: hintOf("arbitrate.comment") })}
            maxLength={LONGEST_COMMENT}
            readOnly={isReadOnly}
            value={decision.comment}
            onChange={(event) => props.onComment(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
            }}
          />
        </>
      )}
      {isAsked && open !== null && (
        <p className={styles.missing} role="alert">
          {t(`missing.${open}`)}
        </p>
      )}
    </>
  );
}

function ChoiceWord({ choice }: { choice: Choice }) {
  const { t } = useTranslation("arbitration");
  if (choice === "own" || choice === "merged" || choice === "indeterminate") {
    return t(`choice.${choice}`);
  }
  return t("reader", { letter: choice.toUpperCase() });
}

interface SaidProps {
  tone: ReaderLetter | "own";
  who: string;
  content: StoredContent;
  finding: string;
}

/** What one read says of the finding: the answer, its grade, how sure, and what was drawn. */
function Said({ tone, who, content, finding }: SaidProps) {
  const { t } = useTranslation(["arbitration", "labeling"]);
  const answer = content.answers.find((one) => one.finding === finding);
  const rois = content.rois.filter((roi) => roi.finding === finding).length;
  const lengths = content.measurements
    .filter((line) => line.finding === finding)
    .flatMap(({ length_mm }) =>
      length_mm === null ? [] : [t("mm", { mm: length_mm.toFixed(1) })],
    );
  const words =
    finding === WHOLE_CASE || content.unreadable
      ? [t(content.unreadable ? "unreadable" : "readable")]
      : [
          t(`labeling:value.${answer?.value ?? (content.nothing_found ? "absent" : "none")}`),
          answer?.grade ?? "",
          answer?.confidence
            ? t("labeling:confidence.short", { confidence: answer.confidence })
            : "",
          rois > 0 ? t("regions", { count: rois }) : "",
          ...lengths,
        ];
  return (
    <div data-tone={tone}>
      <dt>
        <span className={styles.tone} aria-hidden />
        {who}
      </dt>
      <dd>{words.filter(Boolean).join(" · ")}</dd>
    </div>
  );
}
