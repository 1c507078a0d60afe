/** The guideline's sign: amber while there is a version that its reader has not opened. */
import { BookOpen, BookOpenCheck } from "lucide-react";
import styles from "./GuidelinePanel.module.css";

export function GuidelineMark({ isNew }: { isNew: boolean }) {
  return isNew ? (
    <BookOpen className={styles.unread} size={14} aria-hidden />
  ) : (
    <BookOpenCheck size={14} aria-hidden />
  );
}
