/** Which model serves the project, which others there are, and how to change it or use it on everything. */
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { promoteModel, rollbackModel } from "../api/endpoints";
import type { Deployment, ModelVersion, Project } from "../api/types";
import { errorSentence, useNameOf } from "../cases/words";
import { type Column, DataTable } from "../ui/DataTable";
import { formatDateTime } from "../ui/format";
import { StateView } from "../ui/StateView";
import { toastDone, toastFailed } from "../ui/toast";
import { BulkPrediction } from "./BulkPrediction";
import { adminKey, useModels } from "./queries";
import { ReasonForm } from "./ReasonForm";
import styles from "./Section.module.css";

type Change = { kind: "promote"; model: ModelVersion } | { kind: "rollback" };

const SHORT_HASH = 12;

export function ModelsSection({ project }: { project: Project }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const models = useModels(project.id);
  const [change, setChange] = useState<Change | null>(null);
  const apply = useMutation({
    mutationFn: ({ change: asked, reason }: { change: Change; reason: string }) =>
      asked.kind === "promote"
        ? promoteModel(project.id, asked.model.id, reason)
        : rollbackModel(project.id, reason),
    onSuccess: async () => {
      setChange(null);
      await client.invalidateQueries({ queryKey: adminKey(project.id, "models") });
      await client.invalidateQueries({ queryKey: ["worklist"] });
      toastDone({ message: t("models.changed") });
    },
    onError: (error) =>
      toastFailed({ message: t("models.not_changed"), detail: errorSentence(error) }),
  });

  if (models.isError && !models.data) {
    return (
      <StateView
        kind="error"
        title={t("models.error")}
        detail={errorSentence(models.error)}
        action={<Button onClick={() => void models.refetch()}>{t("common.retry")}</Button>}
      />
    );
  }
  const champion = models.data?.versions.find((one) => one.id === models.data.champion);
  const canRollBack = (models.data?.deployments.length ?? 0) > 1;
  return (
    <>
      <h1 className={styles.title}>{t("models.title")}</h1>
      <div className={styles.champion}>
        <div className={styles.championWords}>
          <div className={styles.secondary}>{t("models.champion")}</div>
          <div className={styles.championName}>
            {champion ? `${champion.name} ${champion.version}` : t("models.no_champion")}
          </div>
          {champion && <div className={styles.secondary}>{champion.intended_use}</div>}
        </div>
        {models.data && !canRollBack && (
          <span className={styles.secondary}>{t("models.nothing_before")}</span>
        )}
        <Button
          variant="default"
          leftSection={<History size={16} aria-hidden />}
          disabled={!canRollBack}
          onClick={() => setChange({ kind: "rollback" })}
        >
          {t("models.rollback")}
        </Button>
      </div>
      {change && (
        <ReasonForm
          title={
            change.kind === "promote"
              ? t("models.promote_reason", {
                  name: change.model.name,
                  version: change.model.version,
                })
              : t("models.rollback_reason")
          }
          hint={t("models.reason_hint")}
          confirm={t("models.confirm")}
          isSending={apply.isPending}
          onSubmit={(reason) => apply.mutate({ change, reason })}
          onCancel={() => setChange(null)}
        />
      )}
      {champion && <BulkPrediction project={project} />}
      <VersionTable
        project={project}
        versions={models.data?.versions}
        championId={models.data?.champion ?? null}
        onPromote={(model) => setChange({ kind: "promote", model })}
      />
      <DeploymentTable deployments={models.data?.deployments} />
    </>
  );
}

interface VersionTableProps {
  project: Project;
  versions: ModelVersion[] | undefined;
  championId: string | null;
  onPromote: (model: ModelVersion) => void;
}

function VersionTable({ project, versions, championId, onPromote }: VersionTableProps) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const findingNames = (codes: string[]): string =>
    project.findings
      .filter((finding) => codes.includes(finding.code))
      .map(nameOf)
      .join(", ");
  const scope = ({ applicability: one }: ModelVersion): string =>
    [one.modality, one.body_part, one.view]
      .map((values) => values.join(" / "))
      .filter(Boolean)
      .join(" · ") || t("models.any_image");
  const columns: Column<ModelVersion>[] = [
    {
      key: "name",
      header: t("models.name"),
      value: (row) => `${row.name} ${row.version}`,
      render: (row) => (
        <>
          {`${row.name} ${row.version}`}
          {row.training_run_id && (
            <Link
              className={styles.run ?? ""}
              to={`/projects/${project.id}/admin/runs/${row.training_run_id}`}
            >
              {t("models.run")}
            </Link>
          )}
        </>
      ),
    },
    { key: "architecture", header: t("models.architecture"), value: (row) => row.architecture },
    {
      key: "findings",
      header: t("models.findings"),
      value: (row) => findingNames(row.findings) || "–",
    },
    { key: "scope", header: t("models.scope"), value: scope },
    {
      key: "maps",
      header: t("models.maps"),
      value: (row) => t(row.has_class_maps ? "common.yes" : "models.no_maps"),
    },
    {
      key: "calibration",
      header: t("models.calibration"),
      value: (row) =>
        row.calibrated_on
          ? t("models.calibrated", { temperature: row.temperature.toFixed(2) })
          : t("models.not_calibrated"),
    },
    {
      key: "hash",
      header: t("models.hash"),
      value: (row) => row.hash,
      render: (row) => <code title={row.hash}>{row.hash.slice(0, SHORT_HASH)}</code>,
    },
    {
      key: "created_at",
      header: t("models.created"),
      value: (row) => row.created_at,
      render: (row) => formatDateTime(row.created_at),
    },
    {
      key: "state",
      header: t("models.state"),
      value: (row) => t(row.id === championId ? "models.serving" : "models.not_serving"),
      render: (row) =>
        row.id === championId ? (
          <span className={styles.serving}>{t("models.serving")}</span>
        ) : (
          <Button
            variant="default"
            size="compact-xs"
            disabled={row.findings.length === 0}
            onClick={() => onPromote(row)}
          >
            {t("models.promote")}
          </Button>
        ),
    },
  ];
  return (
    <DataTable
      caption={t("models.versions")}
      columns={columns}
      rows={versions}
      rowKey={(row) => row.id}
      firstSort={{ key: "created_at", isDescending: true }}
      csv={{ label: t("common.csv"), fileName: "models.csv" }}
      expanded={(row) =>
        row.findings.length === 0 && (
          <span className={styles.secondary}>{t("models.no_common_finding")}</span>
        )
      }
      toolbar={<h2 className={styles.subtitle}>{t("models.versions")}</h2>}
      empty={
        <div className={styles.empty}>
          <StateView kind="empty" title={t("models.empty")} detail={t("models.empty_detail")} />
        </div>
      }
    />
  );
}

function DeploymentTable({ deployments }: { deployments: Deployment[] | undefined }) {
  const { t } = useTranslation();
  const columns: Column<Deployment>[] = [
    {
      key: "created_at",
      header: t("models.at"),
      value: (row) => row.created_at,
      render: (row) => formatDateTime(row.created_at),
    },
    { key: "kind", header: t("models.action"), value: (row) => t(`models.kind_${row.kind}`) },
    {
      key: "model",
      header: t("models.model"),
      value: (row) => `${row.model.name} ${row.model.version}`,
    },
    {
      key: "actor",
      header: t("models.actor"),
      value: (row) => row.actor || t("models.command_line"),
    },
    {
      key: "reason",
      header: t("models.reason"),
      value: (row) => row.reason,
      render: (row) => <bdi className={styles.wrap}>{row.reason}</bdi>,
    },
  ];
  return (
    <DataTable
      caption={t("models.history")}
      columns={columns}
      rows={deployments}
      rowKey={(row) => String(row.sequence)}
      firstSort={{ key: "created_at", isDescending: true }}
      csv={{ label: t("common.csv"), fileName: "deployments.csv" }}
      toolbar={<h2 className={styles.subtitle}>{t("models.history")}</h2>}
      empty={
        <div className={styles.empty}>
          <StateView kind="empty" title={t("models.no_history")} />
        </div>
      }
    />
  );
}
