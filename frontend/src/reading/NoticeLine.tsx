/** One line above the findings that says something the reader must know, with at most one act. */
import { Button, Kbd } from "@mantine/core";
import type { LucideIcon } from "lucide-react";
import { currentKeyActions } from "../cases/useKeys";
import { keyHint } from "../viewer/keymap";
import styles from "./NoticeLine.module.css";

interface NoticeLineProps {
  icon: LucideIcon;
  tone: "quiet" | "attention" | "ai";
  text: string;
  detail?: string | undefined;
  act?: { label: string; keyAction?: string; isBusy?: boolean; onAct: () => void } | undefined;
}

export function NoticeLine({ icon: Icon, tone, text, detail, act }: NoticeLineProps) {
  const hint = act?.keyAction ? keyHint(currentKeyActions(), act.keyAction) : "";
  return (
    <div className={styles.line} data-tone={tone} role="status">
      <Icon size={16} aria-hidden />
      <div className={styles.words}>
        <span>{text}</span>
        {detail && <span className={styles.detail}>{detail}</span>}
      </div>
      {act && (
        <Button
          variant="default"
          size="compact-sm"
          loading={act.isBusy ?? false}
          onClick={act.onAct}
          {...(hint === "" ? {} : { rightSection: <Kbd size="xs">{hint}</Kbd> })}
        >
          {act.label}
        </Button>
      )}
    </div>
  );
}
