/** An act that needs a reason, asked for in place: what it does, why, and a way out. */
import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "./Section.module.css";

interface ReasonFormProps {
  title: string;
  hint: string;
  confirm: string;
  isSending: boolean;
  onSubmit: (reason: string) => void;
  onCancel: () => void;
}

export function ReasonForm(props: ReasonFormProps) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const input = useRef<HTMLInputElement>(null);
  // The form has just been asked for: the next key belongs into it.
  useEffect(() => input.current?.focus(), []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.onSubmit(reason);
  };
  return (
    <form className={styles.reason} onSubmit={submit}>
      <TextInput
        label={props.title}
        placeholder={props.hint}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={500}
        required
        withAsterisk={false}
        ref={input}
      />
      <Button type="submit" loading={props.isSending} disabled={reason.trim() === ""}>
        {props.confirm}
      </Button>
      <Button variant="default" onClick={props.onCancel}>
        {t("common.cancel")}
      </Button>
    </form>
  );
}
