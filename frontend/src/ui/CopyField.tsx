/** A value to take away: shown whole, copied with one press, and the press is acknowledged. */
import { Button, TextInput } from "@mantine/core";
import { Check, Copy } from "lucide-react";
import { useRef, useState } from "react";
import styles from "./CopyField.module.css";

interface CopyFieldProps {
  label: string;
  value: string;
  copyLabel: string;
  copiedLabel: string;
  failedText: string;
}

export function CopyField({ label, value, copyLabel, copiedLabel, failedText }: CopyFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const [state, setState] = useState<"new" | "copied" | "failed">("new");
  const copy = async () => {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setState("copied");
    } catch {
      setState("failed");
    }
  };
  const Icon = state === "copied" ? Check : Copy;
  return (
    <div className={styles.field}>
      <TextInput
        ref={input}
        className={styles.value ?? ""}
        label={label}
        value={value}
        readOnly
        onFocus={(event) => event.currentTarget.select()}
        error={state === "failed" ? failedText : null}
      />
      <Button
        variant={state === "copied" ? "default" : "filled"}
        leftSection={<Icon size={16} aria-hidden />}
        onClick={() => void copy()}
      >
        <span aria-live="polite">{state === "copied" ? copiedLabel : copyLabel}</span>
      </Button>
    </div>
  );
}
