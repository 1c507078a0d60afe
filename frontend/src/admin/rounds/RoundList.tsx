/** The reading rounds of a project: where each stands, and a new one. */
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { createRound, type RoundRow } from "../../api/rounds";
import type { Project } from "../../api/types";
import { errorSentence } from "../../cases/words";
import { type Column, DataTable } from "../../ui/DataTable";
import { formatDateTime } from "../../ui/format";
import { StateView } from "../../ui/StateView";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import learning from "../learning/Learning.module.css";
import styles from "../Section.module.css";
import { useRounds } from "./queries";
import { RoundStateWord } from "./RoundStateWord";

export function RoundList({ project }: { project: Project }) {
  const { t } = useTranslation(["rounds", "app"]);
  const navigate = useNavigate();
  const rounds = useRounds(project.id);
  const [name, setName] = useState<string | null>(null);
  const root = `/projects/${project.id}/admin/rounds`;
  const create = useMutation({
    mutationFn: (given: string) => createRound(project.id, given),
    onSuccess: (made) => void navigate(`${root}/${made.round_id}/setup`),
  });
  if (rounds.isError && !rounds.data) {
    return (
      <LoadError
        title={t("list.error")}
        error={rounds.error}
        onRetry={() => void rounds.refetch()}
      />
    );
  }
  const columns: Column<RoundRow>[] = [
    {
      key: "name",
      header: t("list.name"),
      value: (row) => row.name,
      render: (row) => (
        <Link
          className={learning.link}
          to={`${root}/${row.round_id}/${row.state === "draft" ? "setup" : "progress"}`}
        >
          {row.name}
        </Link>
      ),
    },
    {
      key: "state",
      header: t("list.state"),
      value: (row) => t(`state.${row.state}`),
      render: (row) => <RoundStateWord state={row.state} isReleased={row.released_at !== null} />,
    },
    { key: "cases", header: t("list.cases"), value: (row) => row.cases, isNumeric: true },
    { key: "sealed", header: t("list.sealed"), value: (row) => row.sealed, isNumeric: true },
    {
      key: "created_at",
      header: t("list.created"),
      value: (row) => row.created_at,
      render: (row) => formatDateTime(row.created_at),
    },
    {
      key: "opened_at",
      header: t("list.opened"),
      value: (row) => row.opened_at ?? "",
      render: (row) => (row.opened_at ? formatDateTime(row.opened_at) : "–"),
    },
  ];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name?.trim()) create.mutate(name.trim());
  };
  return (
    <>
      <div className={form.titleRow}>
        <div>
          <h1 className={styles.title}>{t("rounds.title")}</h1>
          <p className={styles.lead}>{t("list.lead")}</p>
        </div>
        <Button
          leftSection={<Plus size={16} aria-hidden />}
          disabled={name !== null}
          onClick={() => setName("")}
        >
          {t("list.new")}
        </Button>
      </div>
      {name !== null && (
        <form className={styles.reason} onSubmit={submit}>
          <TextInput
            label={t("list.new_name")}
            placeholder={t("list.new_hint")}
            value={name}
            maxLength={128}
            error={create.error ? errorSentence(create.error) : null}
            data-autofocus
            ref={(input) => input?.focus()}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" loading={create.isPending} disabled={name.trim() === ""}>
            {t("list.create")}
          </Button>
          <Button variant="default" onClick={() => setName(null)}>
            {t("app:common.cancel")}
          </Button>
        </form>
      )}
      <DataTable
        caption={t("rounds.title")}
        columns={columns}
        rows={rounds.data?.rows}
        rowKey={(row) => row.round_id}
        firstSort={{ key: "created_at", isDescending: true }}
        csv={{ label: t("app:common.csv"), fileName: "rounds.csv" }}
        empty={
          <div className={styles.empty}>
            <StateView kind="empty" title={t("list.empty")} detail={t("list.empty_detail")} />
          </div>
        }
      />
    </>
  );
}
