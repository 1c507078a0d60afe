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
import { HistogramRow, PlotRow } from "./Plots";
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
/** Grades are ordered: one step apart is nearer than three. */
const GRADE_MEASURES: readonly Coefficient["name"][] = [
  "raw_agreement",
  "cohen_kappa_linear",
  "cohen_kappa_quadratic",
  "krippendorff_alpha_ordinal",
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
  return (
    <section className={styles.plot}>
      <h3 className={form.heading}>{found ? nameOf(found) : finding.code}</h3>
      <Agreement of={finding} measures={MEASURES} />
      {finding.grades?.coefficients.some(({ case_count }) => case_count > 0) && (
        <Agreement of={finding.grades} measures={GRADE_MEASURES} isOfGrade />
      )}
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
      {finding.iou.count + finding.unmatched_regions > 0 && (
        <HistogramRow
          label={t("statistics.iou")}
          spread={finding.iou}
          words={t("statistics.overlap", {
            median: finding.iou.median?.toFixed(2) ?? "–",
            count: finding.iou.count,
            unmatched: finding.unmatched_regions,
          })}
        />
      )}
    </section>
  );
}

interface AgreementProps {
  of: Pick<FindingStatistics, "coefficients" | "pairs">;
  measures: readonly Coefficient["name"][];
  isOfGrade?: boolean;
}

function Agreement({ of, measures, isOfGrade = false }: AgreementProps) {
  const { t } = useTranslation("rounds");
  // Of two readers, their one pair is the whole round.
  const [pair] = of.pairs.length === 1 ? of.pairs : [];
  const labelOf = (name: Coefficient["name"]) => {
    const measure = t(`coefficient.${name as "raw_agreement"}`);
    return isOfGrade ? t("statistics.grade", { measure }) : measure;
  };
  const known = [...of.coefficients, ...(pair?.coefficients ?? [])];
  return measures
    .flatMap((name) => known.find((one) => one.name === name) ?? [])
    .map((one) => (
      <PlotRow
        key={one.name}
        label={labelOf(one.name)}
        value={one.value}
        interval={one.interval}
        low={one.name === "raw_agreement" ? 0 : -1}
        words={
          one.value === null
            ? t(`undefined.${one.undefined || "no_cases"}`)
            : `${signed(one.value)}${rangeOf(one.interval, t)} · n = ${one.case_count}`
        }
      />
    ));
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
