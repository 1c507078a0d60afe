/** What a region shows when it has nothing to show: empty, broken, or not allowed; always with a next step. */
import { CircleAlert, Inbox, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./StateView.module.css";

interface StateViewProps {
  kind: "empty" | "error";
  title: string;
  detail?: string;
  icon?: LucideIcon;
  action?: ReactNode;
}

export function StateView({ kind, title, detail, icon, action }: StateViewProps) {
  const Icon = icon ?? (kind === "error" ? CircleAlert : Inbox);
  return (
    <div className={styles.state} data-kind={kind} role={kind === "error" ? "alert" : "status"}>
      <Icon size={28} strokeWidth={1.5} aria-hidden />
      <p className={styles.title}>{title}</p>
      {detail && <p className={styles.detail}>{detail}</p>}
      {action && <div className={styles.action}>{action}</div>}
    </div>
  );
}
