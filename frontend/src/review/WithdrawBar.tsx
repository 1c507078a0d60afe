/** "Signed. Withdraw (42 s)": stays while the next case is read, until the minute is over. */
import { Button, Kbd } from "@mantine/core";
import { PenLine, Undo2 } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { currentKeyActions } from "../cases/useKeys";
import { keyHint } from "../viewer/keymap";
import styles from "./WithdrawBar.module.css";

export interface LastSignature {
  caseId: string;
  reviewId: string;
  /** By this machine's clock, from the seconds that the server still gives. */
  untilMs: number;
}

interface WithdrawBarProps {
  last: LastSignature;
  onWithdraw: () => Promise<void>;
  onOver: () => void;
}

const TICK_MS = 250;

export function WithdrawBar({ last, onWithdraw, onOver }: WithdrawBarProps) {
  const { t } = useTranslation();
  const [now, setNow] = useState(Date.now);
  const [isBusy, setIsBusy] = useState(false);
  const leftS = Math.ceil((last.untilMs - now) / 1000);
  const isOver = leftS <= 0;
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    if (isOver && !isBusy) onOver();
  }, [isOver, isBusy, onOver]);
  const withdraw = async () => {
    setIsBusy(true);
    try {
      await onWithdraw();
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <div className={styles.bar} role="status">
      <PenLine size={16} aria-hidden />
      <span className={styles.text}>{t("review.signed_short")}</span>
      <Button
        variant="default"
        size="compact-sm"
        loading={isBusy}
        disabled={isOver}
        leftSection={<Undo2 size={14} aria-hidden />}
        rightSection={<Kbd size="xs">{keyHint(currentKeyActions(), "findings.withdraw")}</Kbd>}
        onClick={() => void withdraw()}
      >
        {t("review.withdraw_in", { seconds: Math.max(leftS, 0) })}
      </Button>
    </div>
  );
}
