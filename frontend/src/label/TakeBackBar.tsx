/** "Locked. Take back (4:12)": stays while the next case is read, until its time is over. */
import { Button, Kbd } from "@mantine/core";
import { Lock, Undo2 } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { currentKeyActions } from "../cases/useKeys";
import { keyHint } from "../viewer/keymap";
import styles from "./TakeBackBar.module.css";

export interface LastLock {
  readonly readId: string;
  readonly pseudonym: string;
  /** By the server's clock. */
  readonly until: string;
}

const TICK_MS = 500;

/** "4:12" until a moment; null once it is over. */
export function useCountdown(until: string): string | null {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const leftS = Math.ceil((Date.parse(until) - now) / 1000);
  if (leftS <= 0) return null;
  return `${Math.floor(leftS / 60)}:${String(leftS % 60).padStart(2, "0")}`;
}

interface TakeBackBarProps {
  last: LastLock;
  onTakeBack: () => Promise<void>;
  onOver: () => void;
}

export function TakeBackBar({ last, onTakeBack, onOver }: TakeBackBarProps) {
  const { t } = useTranslation("labeling");
  const [isBusy, setIsBusy] = useState(false);
  const left = useCountdown(last.until);
  const isOver = left === null;
  useEffect(() => {
    if (isOver && !isBusy) onOver();
  }, [isOver, isBusy, onOver]);
  const takeBack = async () => {
    setIsBusy(true);
    try {
      await onTakeBack();
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <div className={styles.bar} role="status" data-testid="take-back">
      <Lock size={16} aria-hidden />
      <span>{t("take_back.locked", { pseudonym: last.pseudonym })}</span>
      <Button
        variant="default"
        size="compact-sm"
        loading={isBusy}
        disabled={isOver}
        leftSection={<Undo2 size={14} aria-hidden />}
        rightSection={<Kbd size="xs">{keyHint(currentKeyActions("label"), "label.takeBack")}</Kbd>}
        onClick={() => void takeBack()}
      >
        {t("take_back.in", { left: left ?? "0:00" })}
      </Button>
    </div>
  );
}
