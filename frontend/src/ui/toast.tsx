/** Short messages at the edge: what happened, and where it can be taken back. */
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Check, CircleAlert } from "lucide-react";

const SHOWN_MS = 6000;

interface Toast {
  message: string;
  detail?: string;
  undo?: { label: string; onUndo: () => void };
}

function show({ message, detail, undo }: Toast, kind: "done" | "failed"): void {
  const id = notifications.show({
    title: message,
    message: (
      <>
        {detail && <div>{detail}</div>}
        {undo && (
          <Button
            size="compact-xs"
            variant="default"
            mt="xs"
            onClick={() => {
              notifications.hide(id);
              undo.onUndo();
            }}
          >
            {undo.label}
          </Button>
        )}
      </>
    ),
    color: kind === "done" ? "green" : "red",
    icon: kind === "done" ? <Check size={16} /> : <CircleAlert size={16} />,
    autoClose: kind === "done" ? SHOWN_MS : false,
    withBorder: true,
  });
}

export const toastDone = (toast: Toast): void => show(toast, "done");
export const toastFailed = (toast: Toast): void => show(toast, "failed");
