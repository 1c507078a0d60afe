/** The trainings of the project: how far each is, and where each can be read. */
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Project, Run } from "../../api/types";
import { type Column, DataTable } from "../../ui/DataTable";
import { formatDateTime } from "../../ui/format";
import { StateView } from "../../ui/StateView";
import { LoadError } from "../LoadError";
import section from "../Section.module.css";
import styles from "./Learning.module.css";
import { useRuns, useSnapshots } from "./queries";
import { RunActions } from "./RunActions";
import { RunProgress } from "./RunProgress";

export function RunList({ project }: { project: Project }) {
  const { t } = useTranslation(["learning", "app"]);
  const runs = useRuns(project.id);
  const snapshots = useSnapshots(project.id);
  const numberOf = (id: string) => snapshots.data?.rows.find((one) => one.id === id)?.number;
  const root = `/projects/${project.id}/admin`;
  if (runs.isError && !runs.data) {
    return (
      <LoadError title={t("runs.error")} error={runs.error} onRetry={() => void runs.refetch()} />
    );
  }
  const columns: Column<Run>[] = [
    {
      key: "number",
      header: t("runs.run"),
      value: (row) => row.number,
      render: (row) => (
        <Link className={styles.link} to={`${root}/runs/${row.id}`}>
          {t("runs.name", { model: row.parent.name, number: row.number })}
        </Link>
      ),
    },
    {
      key: "created_at",
      header: t("runs.asked"),
      value: (row) => row.created_at,
      render: (row) => <span className={styles.nowrap}>{formatDateTime(row.created_at)}</span>,
    },
    {
      key: "snapshot",
      header: t("runs.snapshot"),
      value: (row) => numberOf(row.snapshot_id) ?? null,
      render: (row) => numberOf(row.snapshot_id) ?? "–",
    },
    {
      key: "mode",
      header: t("runs.mode"),
      value: (row) => t(`train.mode_${row.config.mode}`),
    },
    {
      key: "parent",
      header: t("runs.parent"),
      value: (row) => nameOf(row.parent),
      render: (row) => <span className={styles.nowrap}>{nameOf(row.parent)}</span>,
    },
    {
      key: "candidate",
      header: t("runs.candidate"),
      value: (row) => (row.candidate ? nameOf(row.candidate) : "–"),
      render: (row) => (
        <span className={styles.nowrap}>{row.candidate ? nameOf(row.candidate) : "–"}</span>
      ),
    },
    {
      key: "by",
      header: t("runs.by"),
      value: (row) => row.requested_by || "–",
      render: (row) => <span className={styles.nowrap}>{row.requested_by || "–"}</span>,
    },
    {
      key: "state",
      header: t("runs.state"),
      value: (row) => t(`run_state.${row.state}`),
      render: (row) => <RunProgress run={row} at_ms={runs.dataUpdatedAt} />,
      width: "280px",
    },
    {
      key: "act",
      header: t("runs.act"),
      value: () => "",
      render: (row) => <RunActions project={project} run={row} size="compact-xs" />,
    },
  ];
  return (
    <>
      <h1 className={section.title}>{t("runs.title")}</h1>
      <p className={section.lead}>{t("runs.lead")}</p>
      <div className={section.fill}>
        <DataTable
          caption={t("runs.title")}
          columns={columns}
          rows={runs.data?.rows}
          rowKey={(row) => row.id}
          firstSort={{ key: "created_at", isDescending: true }}
          csv={{ label: t("app:common.csv"), fileName: "runs.csv" }}
          toolbar={
            <span className={section.secondary}>
              {t("app:common.shown_of", {
                shown: runs.data?.rows.length ?? 0,
                count: runs.data?.count ?? 0,
              })}
            </span>
          }
          empty={
            <div className={section.empty}>
              <StateView
                kind="empty"
                title={t("runs.empty")}
                detail={t("runs.empty_detail")}
                action={
                  <Link className={styles.link} to={`${root}/snapshots`}>
                    {t("runs.to_snapshots")}
                  </Link>
                }
              />
            </div>
          }
        />
      </div>
    </>
  );
}

function nameOf(model: { name: string; version: string }): string {
  return `${model.name} ${model.version}`;
}
