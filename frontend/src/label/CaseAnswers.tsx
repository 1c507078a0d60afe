/** What a reader says of the case as a whole: image quality, unreadable, comment. */
import { Button, Checkbox, Kbd, TextInput } from "@mantine/core";
import type { Ref } from "react";
import { useTranslation } from "react-i18next";
import { QUALITY_FLAGS } from "../api/labeling";
import { currentKeyActions } from "../cases/useKeys";
import { GrowingTextarea } from "../ui/GrowingTextarea";
import { keyHint } from "../viewer/keymap";
import styles from "./CaseAnswers.module.css";
import { type LabelContent, withQuality, withUnreadable } from "./content";

const MAXIMUM_COMMENT = 2000;
const MAXIMUM_REASON = 500;

interface CaseAnswersProps {
  content: LabelContent;
  isReadOnly: boolean;
  qualityRef: Ref<HTMLDivElement>;
  reasonRef: Ref<HTMLInputElement>;
  commentRef: Ref<HTMLTextAreaElement>;
  onEdit: (content: LabelContent) => void;
  /** `key` joins a run of typing into one step to undo. */
  onType: (content: LabelContent, key: string) => void;
}

export function CaseAnswers(props: CaseAnswersProps) {
  const { content, isReadOnly, onEdit, onType } = props;
  const { t } = useTranslation("labeling");
  const hint = (action: string) => (
    <Kbd size="xs">{keyHint(currentKeyActions("label"), action)}</Kbd>
  );
  const leave = (event: { key: string; currentTarget: HTMLElement }) => {
    if (event.key === "Escape") event.currentTarget.blur();
  };
  return (
    <section className={styles.answers} aria-label={t("whole.title")}>
      <div className={styles.head}>
        <h2 className={styles.title}>{t("quality.title")}</h2>
        {hint("label.quality")}
      </div>
      <div ref={props.qualityRef} className={styles.flags}>
        {QUALITY_FLAGS.map((flag) => {
          const isOn = content.quality.includes(flag);
          return (
            <Button
              key={flag}
              size="compact-sm"
              className={styles.flag ?? ""}
              variant="default"
              aria-pressed={isOn}
              disabled={isReadOnly && !isOn}
              onClick={() => !isReadOnly && onEdit(withQuality(content, flag))}
            >
              {t(`quality.${flag}`)}
            </Button>
          );
        })}
      </div>
      <div className={styles.head}>
        <Checkbox
          size="xs"
          label={t("unreadable.label")}
          checked={content.isUnreadable}
          disabled={isReadOnly}
          onChange={(event) => onEdit(withUnreadable(content, event.currentTarget.checked))}
        />
        {hint("label.unreadable")}
      </div>
      {content.isUnreadable && (
        <TextInput
          autoComplete="off"
          ref={props.reasonRef}
          size="xs"
          aria-label={t("unreadable.reason")}
          placeholder={t("unreadable.reason")}
          description={t("unreadable.detail")}
          classNames={{ description: styles.detail ?? "" }}
          value={content.unreadableReason}
          maxLength={MAXIMUM_REASON}
          readOnly={isReadOnly}
          onKeyDown={leave}
          onChange={(event) =>
            onType({ ...content, unreadableReason: event.currentTarget.value }, "reason")
          }
        />
      )}
      <div className={styles.head}>
        <label className={styles.title} htmlFor="read-comment">
          {t("comment")}
        </label>
        {hint("label.comment")}
      </div>
      <GrowingTextarea
        id="read-comment"
        ref={props.commentRef}
        value={content.comment}
        maxLength={MAXIMUM_COMMENT}
        readOnly={isReadOnly}
        onKeyDown={leave}
        onChange={(event) => onType({ ...content, comment: event.currentTarget.value }, "comment")}
      />
    </section>
  );
}
