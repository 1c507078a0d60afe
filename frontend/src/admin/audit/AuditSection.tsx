/** Who did what to what: filtered by person, act, kind of target and days; the filter is in the address. */
import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { ChevronLeft, ChevronRight, Link2, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { AuditRow, Project } from "../../api/types";
import { type Column, DataTable } from "../../ui/DataTable";
import { formatClock, formatDateTime } from "../../ui/format";
import { StateView } from "../../ui/StateView";
import { useAudit, useAuditChoices } from "../administrationQueries";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import styles from "../Section.module.css";
import css from "./AuditSection.module.css";
import {
  type AuditChoice,
  addressOf,
  choiceIn,
  detailLine,
  EVENTS_AT_ONCE,
  filterOf,
} from "./auditFilter";
import { VerifyPanel } from "./VerifyPanel";
import { useAuditWords } from "./words";

const SHORT = 8;

export function AuditSection({ project }: { project: Project }) {
  const { t } = useTranslation();
  const words = useAuditWords();
  const [address, setAddress] = useSearchParams();
  const [isVerifying, setIsVerifying] = useState(false);
  const choice = choiceIn(address);
  const audit = useAudit(project.id, filterOf(choice));
  const choices = useAuditChoices(project.id);
  const choose = (changes: Partial<AuditChoice>) =>
    setAddress(addressOf({ ...choice, page: 1, ...changes }), { replace: true });

  if (audit.isError && !audit.data) {
    return (
      <LoadError
        title={t("audit.error")}
        error={audit.error}
        onRetry={() => void audit.refetch()}
      />
    );
  }
  const columns: Column<AuditRow>[] = [
    {
      key: "at",
      header: t("audit.at"),
      value: (row) => row.at,
      render: (row) => (
        <time className={css.oneLine} dateTime={row.at}>
          {formatDateTime(row.at).slice(0, 10)} {formatClock(row.at)}
        </time>
      ),
      width: "152px",
    },
    {
      key: "actor",
      header: t("audit.actor"),
      value: (row) => row.actor || t("audit.nobody"),
      render: (row) =>
        row.actor ? (
          <bdi>{row.actor}</bdi>
        ) : (
          <span className={form.muted}>{t("audit.nobody")}</span>
        ),
    },
    {
      key: "action",
      header: t("audit.action"),
      value: (row) => words.action(row.action),
      render: (row) => <span className={css.oneLine}>{words.action(row.action)}</span>,
    },
    {
      key: "target",
      header: t("audit.target"),
      value: (row) => `${words.target(row.target_type)} ${row.target_name || row.target_id}`.trim(),
      render: (row) => (
        <span className={css.target} title={row.target_id}>
          {words.target(row.target_type)}{" "}
          {row.target_name ? (
            <bdi>{row.target_name}</bdi>
          ) : (
            <code>{row.target_id.slice(0, SHORT)}</code>
          )}
        </span>
      ),
    },
    {
      key: "detail",
      header: t("audit.detail"),
      value: (row) => detailLine(row.action, row.detail),
      render: (row) => (
        <bdi className={css.detail} title={detailLine(row.action, row.detail)}>
          {detailLine(row.action, row.detail)}
        </bdi>
      ),
    },
    {
      key: "seal",
      header: t("audit.seal"),
      value: (row) => (row.sequence === null ? "" : `${row.sequence} ${row.link_sha256}`),
      render: (row) =>
        row.sequence === null ? (
          <span className={form.muted}>{t("audit.not_sealed")}</span>
        ) : (
          <span className={form.state} title={row.link_sha256}>
            <Link2 size={14} aria-hidden />
            {row.sequence} · <code>{row.link_sha256.slice(0, SHORT)}</code>
          </span>
        ),
      width: "168px",
    },
  ];
  const count = audit.data?.count ?? 0;
  return (
    <>
      <div className={form.titleRow}>
        <div>
          <h1 className={styles.title}>{t("audit.title")}</h1>
          <p className={styles.lead}>{t("audit.lead")}</p>
          {audit.data?.is_partial && <p className={form.warning}>{t("audit.blinded")}</p>}
        </div>
        <Button
          leftSection={<ShieldCheck size={16} aria-hidden />}
          disabled={isVerifying}
          onClick={() => setIsVerifying(true)}
        >
          {t("audit.verify")}
        </Button>
      </div>
      {isVerifying && <VerifyPanel project={project} onClose={() => setIsVerifying(false)} />}
      <div className={styles.fill}>
        <DataTable
          caption={t("audit.title")}
          columns={columns}
          rows={audit.data?.rows}
          rowKey={(row) => row.id}
          firstSort={{ key: "at", isDescending: true }}
          csv={{ label: t("common.csv"), fileName: `audit-${project.code}.csv` }}
          toolbar={
            <>
              <Filters choice={choice} choices={choices.data} onChoose={choose} />
              <Pages
                page={choice.page}
                count={count}
                onPage={(page) => choose({ page })}
                isLoading={audit.isFetching}
              />
            </>
          }
          empty={
            <div className={styles.empty}>
              <StateView
                kind="empty"
                title={t("audit.empty")}
                action={
                  <Button variant="default" onClick={() => setAddress({}, { replace: true })}>
                    {t("audit.clear")}
                  </Button>
                }
              />
            </div>
          }
        />
      </div>
    </>
  );
}

interface FiltersProps {
  choice: AuditChoice;
  choices:
    | { actors: { id: string; name: string }[]; actions: string[]; target_types: string[] }
    | null
    | undefined;
  onChoose: (changes: Partial<AuditChoice>) => void;
}

function Filters({ choice, choices, onChoose }: FiltersProps) {
  const { t } = useTranslation();
  const words = useAuditWords();
  const options = (all: string, values: { value: string; label: string }[]) => [
    { value: "", label: all },
    ...values,
  ];
  return (
    <>
      <Select
        className={css.filter ?? ""}
        aria-label={t("audit.actor")}
        data={options(
          t("audit.all_actors"),
          (choices?.actors ?? []).map(({ id, name }) => ({ value: id, label: name })),
        )}
        value={choice.actor}
        allowDeselect={false}
        searchable
        onChange={(actor) => onChoose({ actor: actor ?? "" })}
      />
      <Select
        className={css.filter ?? ""}
        aria-label={t("audit.action")}
        data={options(
          t("audit.all_actions"),
          (choices?.actions ?? []).map((value) => ({ value, label: words.action(value) })),
        )}
        value={choice.action}
        allowDeselect={false}
        searchable
        onChange={(action) => onChoose({ action: action ?? "" })}
      />
      <Select
        className={css.filter ?? ""}
        aria-label={t("audit.target")}
        data={options(
          t("audit.all_targets"),
          (choices?.target_types ?? []).map((value) => ({ value, label: words.target(value) })),
        )}
        value={choice.target}
        allowDeselect={false}
        onChange={(target) => onChoose({ target: target ?? "" })}
      />
      <span className={styles.secondary} aria-hidden>
        {t("audit.from")}
      </span>
      <TextInput
        type="date"
        className={css.day ?? ""}
        aria-label={t("audit.from")}
        value={choice.from}
        max={choice.to || undefined}
        onChange={(event) => onChoose({ from: event.currentTarget.value })}
      />
      <span className={styles.secondary} aria-hidden>
        {t("audit.to")}
      </span>
      <TextInput
        type="date"
        className={css.day ?? ""}
        aria-label={t("audit.to")}
        value={choice.to}
        min={choice.from || undefined}
        onChange={(event) => onChoose({ to: event.currentTarget.value })}
      />
    </>
  );
}

interface PagesProps {
  page: number;
  count: number;
  isLoading: boolean;
  onPage: (page: number) => void;
}

function Pages({ page, count, isLoading, onPage }: PagesProps) {
  const { t } = useTranslation();
  const pages = Math.max(1, Math.ceil(count / EVENTS_AT_ONCE));
  return (
    <span className={css.pages} aria-busy={isLoading}>
      <span className={styles.secondary}>{t("audit.events", { count })}</span>
      {pages > 1 && (
        <>
          <ActionIcon
            variant="default"
            aria-label={t("audit.previous")}
            disabled={page <= 1}
            onClick={() => onPage(page - 1)}
          >
            <ChevronLeft size={16} aria-hidden />
          </ActionIcon>
          <span className={styles.secondary}>{t("audit.page", { page, pages })}</span>
          <ActionIcon
            variant="default"
            aria-label={t("audit.next")}
            disabled={page >= pages}
            onClick={() => onPage(page + 1)}
          >
            <ChevronRight size={16} aria-hidden />
          </ActionIcon>
        </>
      )}
    </span>
  );
}
