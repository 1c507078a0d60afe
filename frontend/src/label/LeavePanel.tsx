/** Skip, recuse or ask: one sentence of the reader's, where the form is. Escape goes back. */
import { Button, Kbd } from "@mantine/core";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { currentKeyActions } from "../cases/useKeys";
import { errorSentence } from "../cases/words";
import { GrowingTextarea } from "../ui/GrowingTextarea";
import { keyHint } from "../viewer/keymap";
import styles from "./LeavePanel.module.css";

export type LeaveKind = "skip" | "recuse" | "question";

const MAXIMUM: Record<LeaveKind, number> = { skip: 500, recuse: 500, question: 1000 };

interface LeavePanelProps {
  kind: LeaveKind;
  onSend: (text: string) => Promise<void>;
  onCancel: () => void;
}

export function LeavePanel({ kind, onSend, onCancel }: LeavePanelProps) {
  const { t } = useTranslation(["labeling", "app"]);
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => field.current?.focus(), []);
  const send = async () => {
    if (text.trim() === "" || isBusy) return;
    setIsBusy(true);
    try {
      await onSend(text.trim());
    } catch (failure) {
      setError(failure);
      setIsBusy(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      onCancel();
    }
    // Ctrl+Enter would lock the case behind this form; here it sends the form.
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.nativeEvent.stopPropagation();
      void send();
    }
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void send();
  };
  return (
    <form className={styles.panel} aria-label={t(`leave.${kind}.title`)} onSubmit={onSubmit}>
      <h2 className={styles.title}>{t(`leave.${kind}.title`)}</h2>
      <p className={styles.detail}>{t(`leave.${kind}.detail`)}</p>
      <GrowingTextarea
        ref={field}
        aria-label={t(`leave.${kind}.field`)}
        placeholder={t(`leave.${kind}.field`)}
        value={text}
        maxLength={MAXIMUM[kind]}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        error={error === null ? null : errorSentence(error)}
      />
      <div className={styles.buttons}>
        <Button variant="default" size="compact-sm" onClick={onCancel}>
          {t("app:common.cancel")}
        </Button>
        <Button
          type="submit"
          variant="light"
          size="compact-sm"
          loading={isBusy}
          disabled={text.trim() === ""}
          rightSection={<Kbd size="xs">{keyHint(currentKeyActions("label"), "label.lock")}</Kbd>}
        >
          {t(`leave.${kind}.send`)}
        </Button>
      </div>
    </form>
  );
}
