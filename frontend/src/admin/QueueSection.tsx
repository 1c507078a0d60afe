/** Which corrections wait for the next training, and why each is one. */
import { Button, Select } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Project, QueueEntry, QueueEntryState } from "../api/types";
import { casePath } from "../cases/paths";
import { errorSentence, useNameOf } from "../cases/words";
import { type Column, DataTable } from "../ui/DataTable";
import { formatDateTime } from "../ui/format";
import { StateView } from "../ui/StateView";
import { ROWS_AT_ONCE, useQueueEntries } from "./queries";
import styles from "./Section.module.css";

const STATES: readonly QueueEntryState[] = ["waiting", "approved", "excluded", "superseded"];

export function QueueSection({ project }: { project: Project }) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const navigate = useNavigate();
  const [state, setState] = useState<QueueEntryState | "">("");
  const [finding, setFinding] = useState("");
  const [limit, setLimit] = useState(ROWS_AT_ONCE);
  const queue = useQueueEntries(project.id, { state, finding, offset: 0, limit });
  const findingName = (code: string): string => {
    const found = project.findings.find((one) => one.code === code);
    return found ? nameOf(found) : code;
  };

  const columns: Column<QueueEntry>[] = [
    {
      key: "created_at",
      header: t("queue.created"),
      value: (row) => row.created_at,
      render: (row) => formatDateTime(row.created_at),
    },
    { key: "finding", header: t("queue.finding"), value: (row) => findingName(row.finding) },
    {
      key: "label",
      header: t("queue.label"),
      value: (row) => t(row.label ? "queue.present" : "queue.absent"),
      render: (row) => (
        <span className={row.label ? styles.present : styles.absent}>
          {t(row.label ? "queue.present" : "queue.absent")}
        </span>
      ),
    },
    {
      key: "ai_probability",
      header: t("queue.ai_said"),
      isNumeric: true,
      value: (row) => row.ai_probability,
      render: (row) =>
        row.ai_probability === null || row.ai_threshold === null
          ? "–"
          : t(row.ai_above_threshold ? "queue.ai_above" : "queue.ai_below", {
              probability: row.ai_probability.toFixed(2),
              threshold: row.ai_threshold.toFixed(2),
            }),
    },
    {
      key: "ai_visible",
      header: t("queue.ai_visible"),
      value: (row) => t(row.ai_visible ? "common.yes" : "common.no"),
    },
    { key: "model", header: t("queue.model"), value: (row) => row.model },
    { key: "reader", header: t("queue.reader"), value: (row) => row.reader },
    { key: "state", header: t("queue.state"), value: (row) => t(`queue.state_${row.state}`) },
    {
      key: "case",
      header: t("queue.case"),
      value: (row) => row.case_id,
      render: (row) => (
        <Button
          variant="subtle"
          size="compact-xs"
          onClick={() => void navigate(casePath(project.id, row.case_id))}
        >
          {t("queue.open_case")}
        </Button>
      ),
    },
  ];
  if (queue.isError && !queue.data) {
    return (
      <StateView
        kind="error"
        title={t("queue.error")}
        detail={errorSentence(queue.error)}
        action={<Button onClick={() => void queue.refetch()}>{t("common.retry")}</Button>}
      />
    );
  }
  const counts = new Map<string, number>();
  for (const { finding: code, state: its, count: n } of queue.data?.counts ?? []) {
    if (its === "waiting") counts.set(code, (counts.get(code) ?? 0) + n);
  }
  const count = queue.data?.count ?? 0;
  return (
    <>
      <h1 className={styles.title}>{t("queue.title")}</h1>
      <p className={styles.lead}>{t("queue.lead")}</p>
      {counts.size > 0 && (
        <ul className={styles.counts} aria-label={t("queue.waiting_by_finding")}>
          {[...counts].map(([code, waiting]) => (
            <li key={code}>
              <strong>{waiting}</strong>
              <span>{findingName(code)}</span>
            </li>
          ))}
        </ul>
      )}
      <div className={styles.fill}>
        <DataTable
          caption={t("queue.title")}
          columns={columns}
          rows={queue.data?.rows}
          rowKey={(row) => row.id}
          firstSort={{ key: "created_at", isDescending: true }}
          csv={{ label: t("common.csv"), fileName: "retraining-queue.csv" }}
          empty={
            <div className={styles.empty}>
              <StateView kind="empty" title={t("queue.empty")} detail={t("queue.empty_detail")} />
            </div>
          }
          toolbar={
            <>
              <Select
                aria-label={t("queue.state")}
                data={[
                  { value: "", label: t("queue.all_states") },
                  ...STATES.map((value) => ({ value, label: t(`queue.state_${value}`) })),
                ]}
                value={state}
                onChange={(value) => setState(STATES.find((one) => one === value) ?? "")}
                allowDeselect={false}
              />
              <Select
                aria-label={t("queue.finding")}
                data={[
                  { value: "", label: t("queue.all_findings") },
                  ...project.findings.map((one) => ({ value: one.code, label: nameOf(one) })),
                ]}
                value={finding}
                onChange={(value) => setFinding(value ?? "")}
                allowDeselect={false}
              />
              <span className={styles.secondary}>
                {t("common.shown_of", { shown: queue.data?.rows.length ?? 0, count })}
              </span>
              {count > limit && (
                <Button variant="subtle" onClick={() => setLimit(limit + ROWS_AT_ONCE)}>
                  {t("common.more")}
                </Button>
              )}
            </>
          }
        />
      </div>
    </>
  );
}
