/** Candidate against champion on the locked test part, finding by finding, with n and intervals. */
import { useTranslation } from "react-i18next";
import type { EvaluatedFinding, Project, RunEvaluation } from "../../api/types";
import { useNameOf } from "../../cases/words";
import { type Column, DataTable } from "../../ui/DataTable";
import section from "../Section.module.css";
import styles from "./Learning.module.css";
import { type Judged, signed, type Verdict } from "./verdict";

interface Row extends Judged {
  candidate: EvaluatedFinding | undefined;
  champion: EvaluatedFinding | undefined;
}

interface ComparisonTableProps {
  project: Project;
  evaluation: RunEvaluation;
  verdict: Verdict;
}

export function ComparisonTable({ project, evaluation, verdict }: ComparisonTableProps) {
  const { t } = useTranslation(["learning", "app"]);
  const nameOf = useNameOf();
  const name = (code: string): string => {
    const found = project.findings.find((one) => one.code === code);
    return found ? nameOf(found) : code;
  };
  const of = (model: RunEvaluation["candidate"], code: string) =>
    model?.findings.find((one) => one.finding === code);
  const rows: Row[] = verdict.judged.map((one) => ({
    ...one,
    candidate: of(evaluation.candidate, one.finding),
    champion: of(evaluation.champion, one.finding),
  }));
  const measure = (
    quantity: "auroc" | "sensitivity" | "specificity",
    model: "candidate" | "champion",
  ): Column<Row> => ({
    key: `${quantity}_${model}`,
    header: t(`comparison.${quantity}_${model}`),
    isNumeric: true,
    value: (row) => row[model]?.[quantity] ?? null,
    render: (row) => (
      <Estimate
        value={row[model]?.[quantity]}
        low={row[model]?.[`${quantity}_low`]}
        high={row[model]?.[`${quantity}_high`]}
      />
    ),
  });
  const columns: Column<Row>[] = [
    { key: "finding", header: t("comparison.finding"), value: (row) => name(row.finding) },
    {
      key: "n",
      header: t("comparison.n"),
      isNumeric: true,
      value: (row) => row.n,
      render: (row) => (
        <span className={styles.nowrap}>
          {t("comparison.n_split", { n: row.n, positive: row.positive, negative: row.negative })}
        </span>
      ),
    },
    {
      key: "call",
      header: t("comparison.call"),
      value: (row) => t(`call.${row.call}`),
      render: (row) => (
        <span className={styles.call} data-call={row.call}>
          {t(`call.${row.call}`)}
        </span>
      ),
    },
    measure("auroc", "candidate"),
    measure("auroc", "champion"),
    {
      key: "difference",
      header: t("comparison.difference"),
      isNumeric: true,
      value: (row) => row.delta_auroc,
      render: (row) =>
        row.delta_auroc === null ? (
          "–"
        ) : (
          <span className={styles.estimate}>
            {signed(row.delta_auroc, 3)}
            <span className={styles.muted}>
              {row.low === null || row.high === null
                ? t("comparison.no_interval")
                : t("comparison.interval", {
                    low: signed(row.low, 3),
                    high: signed(row.high, 3),
                  })}
            </span>
          </span>
        ),
    },
    measure("sensitivity", "candidate"),
    measure("sensitivity", "champion"),
    measure("specificity", "candidate"),
    measure("specificity", "champion"),
  ];
  return (
    <div className={styles.fixed}>
      <DataTable
        caption={t("comparison.title")}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.finding}
        firstSort={{ key: "", isDescending: false }}
        csv={{ label: t("app:common.csv"), fileName: "evaluation.csv" }}
        toolbar={
          <div>
            <h2 className={section.subtitle}>{t("comparison.title")}</h2>
            <p className={section.lead}>{t("comparison.lead")}</p>
          </div>
        }
        empty={<p className={styles.note}>{t("verdict.no_finding")}</p>}
        expanded={(row) =>
          row.reason && <span className={styles.muted}>{t(`not_evaluable.${row.reason}`)}</span>
        }
      />
    </div>
  );
}

interface EstimateProps {
  value: number | null | undefined;
  low: number | null | undefined;
  high: number | null | undefined;
}

function Estimate({ value, low, high }: EstimateProps) {
  const { t } = useTranslation("learning");
  if (value === null || value === undefined) return <span className={styles.muted}>–</span>;
  const isKnown = typeof low === "number" && typeof high === "number";
  return (
    <span className={styles.estimate}>
      {value.toFixed(2)}
      <span className={styles.muted}>
        {isKnown
          ? t("comparison.interval", { low: low.toFixed(2), high: high.toFixed(2) })
          : t("comparison.no_interval")}
      </span>
    </span>
  );
}
