/** "Do you mean it?" where the question arose, instead of a window over the page; Escape says no. */
import { Button } from "@mantine/core";
import { TriangleAlert } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import styles from "./ConfirmPanel.module.css";

interface ConfirmPanelProps {
  title: string;
  detail: string;
  confirmLabel: string;
  cancelLabel: string;
  isSending: boolean;
  onConfirm: () => void;
  onCancel: () => void;
  children?: ReactNode;
}

export function ConfirmPanel(props: ConfirmPanelProps) {
  const { title, detail, confirmLabel, cancelLabel, isSending, onConfirm, onCancel } = props;
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => cancel.current?.focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onCancel();
  };
  return (
    <div className={styles.panel} role="alertdialog" aria-label={title}>
      <TriangleAlert size={20} aria-hidden />
      <div className={styles.words}>
        <p className={styles.title}>{title}</p>
        <p className={styles.detail}>{detail}</p>
        {props.children}
      </div>
      <div className={styles.actions}>
        <Button ref={cancel} variant="default" onClick={onCancel} onKeyDown={onKeyDown}>
          {cancelLabel}
        </Button>
        <Button color="red" loading={isSending} onClick={onConfirm} onKeyDown={onKeyDown}>
          {confirmLabel}
        </Button>
      </div>
    </div>
  );
}
