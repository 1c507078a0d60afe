/** The one banner row: a message with its meaning in colour, icon and words. */
import { CircleAlert, Clock3, FlaskConical, type LucideIcon, WifiOff } from "lucide-react";
import styles from "./Banner.module.css";

export type BannerKind = "research" | "offline" | "delayed" | "down";

const ICONS: Record<BannerKind, LucideIcon> = {
  research: FlaskConical,
  offline: WifiOff,
  delayed: Clock3,
  down: CircleAlert,
};

interface BannerProps {
  kind: BannerKind | null;
  text: string;
  aside: string;
}

export function Banner({ kind, text, aside }: BannerProps) {
  const Icon = kind ? ICONS[kind] : null;
  return (
    <div className={styles.banner} data-kind={kind ?? "none"} role="status">
      {Icon && <Icon size={14} aria-hidden />}
      <span className={styles.text}>{text}</span>
      <span className={styles.aside}>{aside}</span>
    </div>
  );
}
