/** What could not be taken in or analysed, why, and what to do about it. */
import { Button, SegmentedControl } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { retryStuckPredictions } from "../api/administration";
import { type FailureFilter, resolveIngestFailure, retryPrediction } from "../api/endpoints";
import type { IngestFailure, Project, StuckPrediction } from "../api/types";
import { codeSentence, errorSentence } from "../cases/words";
import { type Column, DataTable } from "../ui/DataTable";
import { formatDateTime } from "../ui/format";
import { StateView } from "../ui/StateView";
import { toastDone, toastFailed } from "../ui/toast";
import { adminKey, ROWS_AT_ONCE, useIngestFailures, useStuckPredictions } from "./queries";
import styles from "./Section.module.css";

const STATES: readonly FailureFilter["state"][] = ["open", "all"];

export function IngestSection({ project }: { project: Project }) {
  const { t } = useTranslation();
  return (
    <>
      <h1 className={styles.title}>{t("ingest_admin.title")}</h1>
      <p className={styles.lead}>{t("ingest_admin.lead")}</p>
      <div className={styles.half}>
        <FailureTable project={project} />
      </div>
      <StuckTable project={project} />
    </>
  );
}

function FailureTable({ project }: { project: Project }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [state, setState] = useState<FailureFilter["state"]>("open");
  const failures = useIngestFailures(project.id, { state, offset: 0, limit: ROWS_AT_ONCE });
  const resolve = useMutation({
    mutationFn: (id: string) => resolveIngestFailure(project.id, id),
    onSuccess: () => client.invalidateQueries({ queryKey: adminKey(project.id, "ingest") }),
    onError: (error) =>
      toastFailed({ message: t("ingest_admin.not_resolved"), detail: errorSentence(error) }),
  });
  const reason = (row: IngestFailure) => codeSentence("ingest", row.code, row.params, row.message);
  const columns: Column<IngestFailure>[] = [
    {
      key: "received_at",
      header: t("ingest_admin.received"),
      value: (row) => row.received_at,
      render: (row) => formatDateTime(row.received_at),
      width: "144px",
    },
    {
      key: "file_name",
      header: t("ingest_admin.file"),
      value: (row) => row.file_name,
      render: (row) => <bdi className={styles.wrap}>{row.file_name}</bdi>,
    },
    {
      key: "reason",
      header: t("ingest_admin.reason"),
      value: reason,
      render: (row) => <span className={styles.wrap}>{reason(row)}</span>,
    },
    { key: "by", header: t("ingest_admin.by"), value: (row) => row.uploaded_by || "–" },
    {
      key: "state",
      header: t("ingest_admin.state"),
      value: (row) => t(row.resolved_at ? "ingest_admin.resolved" : "ingest_admin.open"),
      render: (row) =>
        row.resolved_at ? (
          t("ingest_admin.resolved")
        ) : (
          <Button
            variant="default"
            size="compact-xs"
            loading={resolve.isPending && resolve.variables === row.id}
            onClick={() => resolve.mutate(row.id)}
          >
            {t("ingest_admin.resolve")}
          </Button>
        ),
      width: "136px",
    },
  ];
  if (failures.isError && !failures.data) {
    return <LoadError error={failures.error} onRetry={() => void failures.refetch()} />;
  }
  return (
    <DataTable
      caption={t("ingest_admin.title")}
      columns={columns}
      rows={failures.data?.rows}
      rowKey={(row) => row.id}
      firstSort={{ key: "received_at", isDescending: true }}
      csv={{ label: t("common.csv"), fileName: "failed-ingest.csv" }}
      toolbar={
        <>
          <SegmentedControl
            size="xs"
            aria-label={t("ingest_admin.state")}
            value={state}
            data={STATES.map((value) => ({ value, label: t(`ingest_admin.${value}`) }))}
            onChange={setState}
          />
          <span className={styles.secondary}>
            {t("common.shown_of", {
              shown: failures.data?.rows.length ?? 0,
              count: failures.data?.count ?? 0,
            })}
          </span>
        </>
      }
      empty={
        <div className={styles.empty}>
          <StateView kind="empty" title={t("ingest_admin.empty")} />
        </div>
      }
    />
  );
}

function StuckTable({ project }: { project: Project }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const stuck = useStuckPredictions(project.id);
  const retry = useMutation({
    mutationFn: retryPrediction,
    onSuccess: () => client.invalidateQueries({ queryKey: adminKey(project.id, "stuck") }),
    onError: (error) =>
      toastFailed({ message: t("stuck.not_retried"), detail: errorSentence(error) }),
  });
  const retryAll = useMutation({
    mutationFn: () => retryStuckPredictions(project.id),
    onSuccess: async ({ retried }) => {
      await client.invalidateQueries({ queryKey: adminKey(project.id, "stuck") });
      toastDone({ message: t("stuck.retried", { count: retried }) });
    },
    onError: (error) =>
      toastFailed({ message: t("stuck.not_all_retried"), detail: errorSentence(error) }),
  });
  const reason = (row: StuckPrediction) =>
    codeSentence("reason", row.reason_code, row.reason_params, row.message);
  const columns: Column<StuckPrediction>[] = [
    {
      key: "failed_at",
      header: t("stuck.failed_at"),
      value: (row) => row.failed_at,
      render: (row) => formatDateTime(row.failed_at),
      width: "144px",
    },
    {
      key: "model",
      header: t("stuck.model"),
      value: (row) => `${row.model.name} ${row.model.version}`,
    },
    {
      key: "reason",
      header: t("stuck.reason"),
      value: reason,
      render: (row) => <span className={styles.wrap}>{reason(row)}</span>,
    },
    { key: "attempts", header: t("stuck.attempts"), value: (row) => row.attempts, isNumeric: true },
    {
      key: "retry",
      header: t("stuck.action"),
      value: (row) => row.prediction_id,
      render: (row) => (
        <Button
          variant="default"
          size="compact-xs"
          loading={retry.isPending && retry.variables === row.prediction_id}
          onClick={() => retry.mutate(row.prediction_id)}
        >
          {t("stuck.retry")}
        </Button>
      ),
      width: "136px",
    },
  ];
  if (stuck.isError && !stuck.data) {
    return <LoadError error={stuck.error} onRetry={() => void stuck.refetch()} />;
  }
  return (
    <DataTable
      caption={t("stuck.title")}
      columns={columns}
      rows={stuck.data?.rows}
      rowKey={(row) => row.prediction_id}
      firstSort={{ key: "failed_at", isDescending: true }}
      csv={{ label: t("common.csv"), fileName: "stuck-predictions.csv" }}
      toolbar={
        <>
          <div>
            <h2 className={styles.subtitle}>{t("stuck.title")}</h2>
            <p className={styles.lead}>{t("stuck.lead")}</p>
          </div>
          <Button
            variant="default"
            loading={retryAll.isPending}
            disabled={!stuck.data?.count}
            onClick={() => retryAll.mutate()}
          >
            {t("stuck.retry_all")}
          </Button>
        </>
      }
      empty={
        <div className={styles.empty}>
          <StateView kind="empty" title={t("stuck.empty")} />
        </div>
      }
    />
  );
}

function LoadError({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useTranslation();
  return (
    <StateView
      kind="error"
      title={t("ingest_admin.error")}
      detail={errorSentence(error)}
      action={<Button onClick={onRetry}>{t("common.retry")}</Button>}
    />
  );
}
