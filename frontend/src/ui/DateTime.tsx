/** A moment, on one line and in equal digits. */
import styles from "./DateTime.module.css";
import { formatDateTime } from "./format";

export function DateTime({ iso }: { iso: string }) {
  return (
    <time className={styles.time} dateTime={iso}>
      {formatDateTime(iso)}
    </time>
  );
}
