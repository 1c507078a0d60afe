/** The plots of a round's statistics: a value on a line, and how overlaps are spread. */
import type { ReactNode } from "react";
import type { Distribution, Interval } from "../../api/roundResults";
import styles from "./Rounds.module.css";

interface PlotRowProps {
  label: string;
  value: number | null;
  interval: Interval | null;
  limit?: number | null;
  /** Where the line begins; it ends at 1. */
  low?: 0 | -1;
  words: string;
}

/** A value on a line, with its 95 % interval; chance-corrected agreement can be below 0. */
export function PlotRow({ label, value, interval, limit, low = 0, words }: PlotRowProps) {
  const at = (number: number) =>
    `${((Math.min(Math.max(number, low), 1) - low) / (1 - low)) * 100}%`;
  return (
    <Row label={label} words={words} low={low}>
      <line x1="0" x2="100%" y1="10" y2="10" stroke="var(--hairline-strong)" />
      {[low, low === 0 ? 0.5 : 0, 1].map((tick) => (
        <line
          key={tick}
          x1={at(tick)}
          x2={at(tick)}
          y1="6"
          y2="14"
          stroke="var(--hairline-strong)"
        />
      ))}
      {limit !== null && limit !== undefined && (
        <line
          x1={at(limit)}
          x2={at(limit)}
          y1="1"
          y2="19"
          stroke="var(--attention)"
          strokeDasharray="3 2"
        />
      )}
      {interval && (
        <line
          x1={at(interval.low)}
          x2={at(interval.high)}
          y1="10"
          y2="10"
          stroke="var(--accent)"
          strokeWidth="3"
        />
      )}
      {value !== null && <circle cx={at(value)} cy="10" r="4" fill="var(--accent)" />}
    </Row>
  );
}

interface HistogramRowProps {
  label: string;
  /** Between 0 and 1. */
  spread: Distribution;
  words: string;
}

const TALLEST_PX = 36;

/** How many values lie in each part of 0 to 1, the tallest bar as high as the row; the median marked. */
export function HistogramRow({ label, spread, words }: HistogramRowProps) {
  const most = Math.max(1, ...spread.bin_counts);
  return (
    <Row label={label} words={words} className={styles.bars}>
      {spread.bin_counts.map((count, place) => {
        const [from, to] = [spread.bin_edges[place] ?? 0, spread.bin_edges[place + 1] ?? 1];
        const height = (count / most) * TALLEST_PX;
        return (
          <rect
            key={from}
            x={`${from * 100 + 0.3}%`}
            width={`${(to - from) * 100 - 0.6}%`}
            y={TALLEST_PX - height}
            height={height}
            fill="var(--accent)"
          >
            <title>{`${from.toFixed(1)}–${to.toFixed(1)}: ${count}`}</title>
          </rect>
        );
      })}
      <line
        x1="0"
        x2="100%"
        y1={TALLEST_PX + 0.5}
        y2={TALLEST_PX + 0.5}
        stroke="var(--hairline-strong)"
      />
      {spread.median !== null && (
        <line
          x1={`${spread.median * 100}%`}
          x2={`${spread.median * 100}%`}
          y1="0"
          y2={TALLEST_PX + 4}
          stroke="var(--text)"
          strokeDasharray="3 2"
        />
      )}
    </Row>
  );
}

interface RowProps {
  label: string;
  words: string;
  low?: 0 | -1;
  className?: string | undefined;
  children: ReactNode;
}

/** What is plotted stands between its two ends; the words say the same. */
function Row({ label, words, low = 0, className, children }: RowProps) {
  return (
    <div className={styles.plotRow}>
      <span>{label}</span>
      <span className={styles.end}>{low === 0 ? "0" : "−1"}</span>
      <svg className={className} role="img" aria-label={`${label}: ${words}`}>
        {children}
      </svg>
      <span className={styles.end}>1</span>
      <span className={styles.value}>{words}</span>
    </div>
  );
}
