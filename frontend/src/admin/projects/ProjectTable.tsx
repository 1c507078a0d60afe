/** The projects that a person administers, also those that are switched off. */
import { Button } from "@mantine/core";
import { CircleCheck, CircleOff, FolderPlus } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { AdministeredProject } from "../../api/types";
import { useNameOf } from "../../cases/words";
import { type Column, DataTable } from "../../ui/DataTable";
import { StateView } from "../../ui/StateView";
import { useAdministeredProjects } from "../administrationQueries";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import styles from "../Section.module.css";

interface ProjectTableProps {
  onNew: () => void;
  onOpen: (projectId: string) => void;
}

export function ProjectTable({ onNew, onOpen }: ProjectTableProps) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const projects = useAdministeredProjects();
  const columns: Column<AdministeredProject>[] = [
    { key: "name", header: t("projects.name"), value: nameOf },
    {
      key: "code",
      header: t("projects.code"),
      value: (row) => row.code,
      render: (row) => <code>{row.code}</code>,
    },
    {
      key: "state",
      header: t("projects.state"),
      value: (row) => t(row.is_active ? "projects.active" : "projects.off"),
      render: (row) => <ProjectState isActive={row.is_active} />,
    },
    {
      key: "policy",
      header: t("projects.policy"),
      value: (row) => t(`policy.${row.policy.ai_display}`),
    },
    { key: "cases", header: t("projects.cases"), value: (row) => row.cases, isNumeric: true },
    { key: "members", header: t("projects.members"), value: (row) => row.members, isNumeric: true },
    {
      key: "findings",
      header: t("projects.findings"),
      value: (row) => row.findings,
      isNumeric: true,
    },
    {
      key: "action",
      header: t("projects.action"),
      value: (row) => row.id,
      render: (row) => (
        <Button
          variant="default"
          size="compact-xs"
          aria-label={t("projects.settings_of", { name: nameOf(row) })}
          onClick={() => onOpen(row.id)}
        >
          {t("projects.settings")}
        </Button>
      ),
      width: "96px",
    },
  ];
  if (projects.isError && !projects.data) {
    return (
      <LoadError
        title={t("projects.error")}
        error={projects.error}
        onRetry={() => void projects.refetch()}
      />
    );
  }
  return (
    <>
      <div className={form.titleRow}>
        <div>
          <h1 className={styles.title}>{t("projects.title")}</h1>
          <p className={styles.lead}>{t("projects.lead")}</p>
        </div>
        <Button leftSection={<FolderPlus size={16} aria-hidden />} onClick={onNew}>
          {t("projects.new")}
        </Button>
      </div>
      <DataTable
        caption={t("projects.title")}
        columns={columns}
        rows={projects.data?.rows}
        rowKey={(row) => row.id}
        firstSort={{ key: "name", isDescending: false }}
        csv={{ label: t("common.csv"), fileName: "projects.csv" }}
        empty={
          <div className={styles.empty}>
            <StateView kind="empty" title={t("projects.empty")} />
          </div>
        }
      />
    </>
  );
}

function ProjectState({ isActive }: { isActive: boolean }) {
  const { t } = useTranslation();
  const Icon = isActive ? CircleCheck : CircleOff;
  return (
    <span className={form.state} data-tone={isActive ? "good" : "off"}>
      <Icon size={14} aria-hidden />
      {t(isActive ? "projects.active" : "projects.off")}
    </span>
  );
}
