/** The statistics of a round as plots: agreement by finding, readers against the consensus, arbitration. */
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type {
  Coefficient,
  FindingStatistics,
  Interval,
  RoundStatistics,
  RoundStatisticsAnswer,
} from "../../api/roundResults";
import type { Project } from "../../api/types";
import { useNameOf } from "../../cases/words";
import { useProjectSettings } from "../administrationQueries";
import form from "../Form.module.css";
import section from "../Section.module.css";
import styles from "./Rounds.module.css";

interface StatisticsPanelProps {
  project: Project;
  statistics: RoundStatistics;
  people: RoundStatisticsAnswer["people"];
}

const percent = (value: number | null) => (value === null ? "–" : `${(value * 100).toFixed(0)} %`);
const MEASURES: readonly Coefficient["name"][] = [
  "raw_agreement",
  "cohen_kappa",
  "fleiss_kappa",
  "gwet_ac1",
  "krippendorff_alpha_nominal",
];

export function StatisticsPanel({ project, statistics, people }: StatisticsPanelProps) {
  const { t } = useTranslation("rounds");
  const { arbitration, anchoring, time_s: time } = statistics;
  const facts: readonly (readonly [string, string])[] = [
    [String(statistics.cases), t("statistics.cases")],
    [String(statistics.reads), t("statistics.reads")],
    [
      percent(arbitration.value),
      t("statistics.arbitrated", { count: arbitration.count, of: arbitration.total }),
    ],
    [
      percent(anchoring.all.value),
      t("statistics.anchoring", { count: anchoring.all.changed, of: anchoring.all.answers }),
    ],
    [
      time.all.median === null ? "–" : t("members.seconds", { s: time.all.median.toFixed(0) }),
      t("statistics.time"),
    ],
  ];
  return (
    <>
      <ul className={section.counts}>
        {facts.map(([value, words]) => (
          <li key={words}>
            <strong>{value}</strong>
            <span>{words}</span>
          </li>
        ))}
      </ul>
      {statistics.findings.map((finding) => (
        <Finding key={finding.code} project={project} finding={finding} people={people} />
      ))}
      <Disagreement statistics={statistics} people={people} />
    </>
  );
}

interface FindingProps {
  project: Project;
  finding: FindingStatistics;
  people: RoundStatisticsAnswer["people"];
}

function Finding({ project, finding, people }: FindingProps) {
  const { t } = useTranslation("rounds");
  const nameOf = useNameOf();
  const settings = useProjectSettings(project.id);
  const found = settings.data?.findings.find(({ code }) => code === finding.code);
  // Of two readers, their one pair is the whole round.
  const [pair] = finding.pairs.length === 1 ? finding.pairs : [];
  const known = [...finding.coefficients, ...(pair?.coefficients ?? [])];
  const shown = MEASURES.flatMap((name) => known.find((one) => one.name === name) ?? []);
  return (
    <section className={styles.plot}>
      <h3 className={form.heading}>{found ? nameOf(found) : finding.code}</h3>
      {shown.map((one) => (
        <PlotRow
          key={one.name}
          label={t(`coefficient.${one.name as "raw_agreement"}`)}
          value={one.value}
          interval={one.interval}
          low={one.name === "raw_agreement" ? 0 : -1}
          words={
            one.value === null
              ? t(`undefined.${one.undefined || "no_cases"}`)
              : `${signed(one.value)}${rangeOf(one.interval, t)} · n = ${one.case_count}`
          }
        />
      ))}
      {finding.readers.map(({ reader, consensus }) => (
        <PlotRow
          key={reader}
          label={t("statistics.reader", { name: personOf(people, reader, t) })}
          value={consensus.accuracy.value}
          interval={consensus.accuracy.interval}
          words={t("statistics.accuracy", {
            accuracy: percent(consensus.accuracy.value),
            sensitivity: percent(consensus.sensitivity.value),
            specificity: percent(consensus.specificity.value),
            count: consensus.accuracy.total,
          })}
        />
      ))}
      {finding.iou.count > 0 && finding.iou.median !== null && (
        <p className={form.hint}>
          {t("statistics.iou", {
            median: finding.iou.median.toFixed(2),
            count: finding.iou.count,
            unmatched: finding.unmatched_regions,
          })}
        </p>
      )}
    </section>
  );
}

function Disagreement({ statistics, people }: Omit<StatisticsPanelProps, "project">) {
  const { t } = useTranslation("rounds");
  const { disagreement } = statistics;
  if (disagreement.readers.length === 0) return null;
  return (
    <section className={styles.plot}>
      <h3 className={form.heading}>{t("statistics.disagreement")}</h3>
      {!disagreement.is_usable && <p className={form.hint}>{t("statistics.too_few")}</p>}
      {disagreement.readers.map((one) => (
        <PlotRow
          key={one.reader}
          label={personOf(people, one.reader, t)}
          value={one.index.value}
          interval={one.index.interval}
          limit={disagreement.alarm_limit}
          words={`${percent(one.index.value)} · ${one.index.count} / ${one.index.total}${
            one.is_above_alarm ? ` · ${t("statistics.alarm")}` : ""
          }`}
        />
      ))}
    </section>
  );
}

type Translate = TFunction<"rounds">;

function personOf(
  people: RoundStatisticsAnswer["people"],
  pseudonym: string,
  t: Translate,
): string {
  const name = people.find((one) => one.pseudonym === pseudonym)?.name;
  const number = /^Reader (\d+)$/.exec(pseudonym)?.[1];
  const reader = number ? t("statistics.person", { number }) : pseudonym;
  return name ? t("statistics.named", { reader, name }) : reader;
}

/** With a minus sign: a hyphen would run into what stands beside it. */
function signed(value: number): string {
  return value.toFixed(3).replace("-", "−");
}

function rangeOf(interval: Interval | null, t: Translate): string {
  if (!interval) return "";
  return t("statistics.range", { low: signed(interval.low), high: signed(interval.high) });
}

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
function PlotRow({ label, value, interval, limit, low = 0, words }: PlotRowProps) {
  const at = (number: number) =>
    `${((Math.min(Math.max(number, low), 1) - low) / (1 - low)) * 100}%`;
  return (
    <div className={styles.plotRow}>
      <span>{label}</span>
      <span className={styles.end}>{low === 0 ? "0" : "−1"}</span>
      <svg role="img" aria-label={`${label}: ${words}`}>
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
      </svg>
      <span className={styles.end}>1</span>
      <span className={styles.value}>{words}</span>
    </div>
  );
}
