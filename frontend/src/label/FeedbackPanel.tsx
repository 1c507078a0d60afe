/** After the lock of a qualification case: what is known of it beside what was said. */
import { Button, Kbd } from "@mantine/core";
import { Check, CircleCheck, CircleX, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { LabelFinding, QualificationFeedback } from "../api/labeling";
import { currentKeyActions } from "../cases/useKeys";
import { useNameOf } from "../cases/words";
import { keyHint } from "../viewer/keymap";
import styles from "./FeedbackPanel.module.css";

interface FeedbackPanelProps {
  feedback: QualificationFeedback;
  findings: readonly LabelFinding[];
  onNext: () => void;
}

export function FeedbackPanel({ feedback, findings, onNext }: FeedbackPanelProps) {
  const { t } = useTranslation("labeling");
  const nameOf = useNameOf();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const Icon = feedback.is_correct ? CircleCheck : CircleX;
  const nameOfCode = (code: string) => {
    const found = findings.find((one) => one.code === code);
    return found ? nameOf(found) : code;
  };
  const gradeOf = (code: string) =>
    feedback.expected_content.answers.find(({ finding }) => finding === code)?.grade ?? "";
  return (
    <section className={styles.panel} data-testid="feedback">
      <h2 ref={heading} className={styles.title} data-correct={feedback.is_correct} tabIndex={-1}>
        <Icon size={20} aria-hidden />
        {t(feedback.is_correct ? "feedback.correct" : "feedback.wrong")}
      </h2>
      {feedback.expected_content.unreadable && (
        <p className={styles.text}>{t("feedback.unreadable")}</p>
      )}
      <table className={styles.table} hidden={feedback.findings.length === 0}>
        <thead>
          <tr>
            <th scope="col">{t("feedback.finding")}</th>
            <th scope="col">{t("feedback.yours")}</th>
            <th scope="col">{t("feedback.known")}</th>
          </tr>
        </thead>
        <tbody>
          {feedback.findings.map(({ code, value, expected, is_correct }) => (
            <tr key={code} data-correct={is_correct}>
              <th scope="row">
                {is_correct ? (
                  <Check size={14} aria-label={t("feedback.right_one")} />
                ) : (
                  <X size={14} aria-label={t("feedback.wrong_one")} />
                )}
                {nameOfCode(code)}
              </th>
              <td>{value ? t(`value.${value}`) : t("value.none")}</td>
              <td>{[t(`value.${expected}`), gradeOf(code)].filter(Boolean).join(" · ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {feedback.expected_content.rois.length > 0 && (
        <p className={styles.note}>{t("feedback.outlines")}</p>
      )}
      {feedback.explanation && <p className={styles.text}>{feedback.explanation}</p>}
      <div className={styles.buttons}>
        <Button
          rightSection={<Kbd>{keyHint(currentKeyActions("label"), "label.nextCase")}</Kbd>}
          onClick={onNext}
        >
          {t("feedback.next")}
        </Button>
      </div>
    </section>
  );
}
