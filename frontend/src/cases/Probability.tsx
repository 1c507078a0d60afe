/** A calibrated probability as a bar with its threshold marked, and as a number. */
import { formatProbability } from "../ui/format";
import styles from "./Probability.module.css";

interface ProbabilityProps {
  probability: number;
  threshold: number;
  isAbove: boolean;
}

export function Probability({ probability, threshold, isAbove }: ProbabilityProps) {
  return (
    <span className={styles.probability} data-above={isAbove}>
      <span className={styles.track} aria-hidden>
        <span className={styles.fill} style={{ width: `${probability * 100}%` }} />
        <span className={styles.threshold} style={{ left: `${threshold * 100}%` }} />
      </span>
      <span className={styles.number}>{formatProbability(probability)}</span>
    </span>
  );
}
