/** Labels of the queue as rows: what was said, beside what the model had said, and what to do. */
import { Button } from "@mantine/core";
import { Check, Eye, EyeOff, Minus, RotateCcw, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Project, QueueEntry } from "../../api/types";
import { casePath } from "../../cases/paths";
import { errorSentence, useNameOf } from "../../cases/words";
import { type Column, DataTable } from "../../ui/DataTable";
import { formatDateTime, formatProbability } from "../../ui/format";
import { toastFailed } from "../../ui/toast";
import { ReasonForm } from "../ReasonForm";
import styles from "./Learning.module.css";
import { useEntryAct } from "./queries";

interface EntryTableProps {
  project: Project;
  rows: QueueEntry[] | undefined;
  caption: string;
  empty: ReactNode;
  toolbar?: ReactNode;
}

export function EntryTable({ project, rows, caption, empty, toolbar }: EntryTableProps) {
  const { t } = useTranslation(["learning", "app"]);
  const nameOf = useNameOf();
  const [excluding, setExcluding] = useState<string | null>(null);
  const act = useEntryAct(project.id, {
    done: () => setExcluding(null),
    failed: (error) =>
      toastFailed({ message: t("queue.not_decided"), detail: errorSentence(error) }),
  });
  const nameOfCode = (code: string): string => {
    const found = project.findings.find((one) => one.code === code);
    return found ? nameOf(found) : code;
  };
  const before = (label: boolean | null): string =>
    label === null ? t("queue.before_unknown") : t(label ? "queue.present" : "queue.absent");
  const isBusy = (row: QueueEntry): boolean => act.isPending && act.variables.entryId === row.id;
  const columns: Column<QueueEntry>[] = [
    {
      key: "created_at",
      header: t("queue.released"),
      value: (row) => row.created_at,
      render: (row) => <span className={styles.nowrap}>{formatDateTime(row.created_at)}</span>,
    },
    { key: "finding", header: t("queue.finding"), value: (row) => nameOfCode(row.finding) },
    {
      key: "label",
      header: t("queue.label"),
      value: (row) => t(row.label ? "queue.present" : "queue.absent"),
      render: (row) => <Label isPresent={row.label} grade={row.grade} />,
    },
    { key: "kind", header: t("queue.kind"), value: (row) => t(`kind.${row.kind}`) },
    {
      key: "ai_probability",
      header: t("queue.ai_said"),
      isNumeric: true,
      value: (row) => row.ai_probability,
      render: (row) => <AiSaid entry={row} />,
    },
    {
      key: "ai_visible",
      header: t("queue.ai_visible"),
      value: (row) => t(row.ai_visible ? "app:common.yes" : "app:common.no"),
      render: (row) => <Seen isShown={row.ai_visible} />,
    },
    {
      key: "before_ai",
      header: t("queue.before_ai"),
      value: (row) => before(row.label_before_ai),
      render: (row) => (
        <span className={row.label_before_ai === null ? styles.muted : styles.nowrap}>
          {before(row.label_before_ai)}
        </span>
      ),
    },
    {
      key: "reader",
      header: t("queue.reader"),
      value: (row) => row.reader,
      render: (row) => <span className={styles.nowrap}>{row.reader}</span>,
    },
    {
      key: "state",
      header: t("queue.state"),
      value: (row) => t(`state.${row.state}`),
      render: (row) => <State entry={row} />,
    },
    {
      key: "decide",
      header: t("queue.decide"),
      value: () => "",
      render: (row) => (
        <span className={styles.rowActions}>
          <Decide
            entry={row}
            isBusy={isBusy(row)}
            onApprove={() => act.mutate({ verb: "approve", entryId: row.id })}
            onTakeBack={() => act.mutate({ verb: "take_back", entryId: row.id })}
            onExclude={() => setExcluding(row.id)}
          />
          <Link className={styles.link} to={casePath(project.id, row.case_id)}>
            {t("queue.open_case")}
          </Link>
        </span>
      ),
    },
  ];
  return (
    <DataTable
      caption={caption}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      firstSort={{ key: "created_at", isDescending: true }}
      csv={{ label: t("app:common.csv"), fileName: "retraining-queue.csv" }}
      empty={empty}
      toolbar={toolbar}
      expanded={(row) =>
        excluding === row.id && (
          <ReasonForm
            title={t("queue.exclude_why", { finding: nameOfCode(row.finding) })}
            hint={t("queue.reason_hint")}
            confirm={t("queue.exclude")}
            isSending={isBusy(row)}
            onSubmit={(reason) => act.mutate({ verb: "exclude", entryId: row.id, reason })}
            onCancel={() => setExcluding(null)}
          />
        )
      }
    />
  );
}

function Label({ isPresent, grade }: { isPresent: boolean; grade: string }) {
  const { t } = useTranslation("learning");
  const Icon = isPresent ? Check : X;
  return (
    <span className={styles.label} data-present={isPresent}>
      <Icon size={14} aria-hidden />
      {t(isPresent ? "queue.present" : "queue.absent")}
      {grade && <span className={styles.muted}>{grade}</span>}
    </span>
  );
}

function AiSaid({ entry }: { entry: QueueEntry }) {
  const { t } = useTranslation("learning");
  if (entry.ai_probability === null || entry.ai_threshold === null) {
    return <span className={styles.muted}>{t("queue.ai_nothing")}</span>;
  }
  return (
    <span className={styles.nowrap} title={entry.model}>
      {t(entry.ai_above_threshold ? "queue.ai_above" : "queue.ai_below", {
        probability: formatProbability(entry.ai_probability),
        threshold: entry.ai_threshold.toFixed(2),
      })}
    </span>
  );
}

function Seen({ isShown }: { isShown: boolean }) {
  const { t } = useTranslation("learning");
  const Icon = isShown ? Eye : EyeOff;
  return (
    <span className={styles.label}>
      <Icon size={14} aria-hidden />
      {t(isShown ? "queue.shown" : "queue.hidden")}
    </span>
  );
}

function State({ entry }: { entry: QueueEntry }) {
  const { t } = useTranslation("learning");
  const last = entry.decisions.at(-1);
  const isOverruled = !entry.holds && entry.state !== "superseded";
  return (
    <span className={styles.stacked}>
      <span className={styles.state} data-state={entry.state}>
        {t(`state.${entry.state}`)}
        {entry.first_snapshot !== null && (
          <span className={styles.muted}>
            {t("queue.in_snapshot", { number: entry.first_snapshot })}
          </span>
        )}
      </span>
      {isOverruled && <span className={styles.muted}>{t("queue.overruled")}</span>}
      {last && entry.state !== "waiting" && (
        <span className={styles.muted} title={formatDateTime(last.created_at)}>
          {t(`way.${last.way}`, { actor: last.actor })}
          {last.reason && `: ${last.reason}`}
        </span>
      )}
    </span>
  );
}

interface DecideProps {
  entry: QueueEntry;
  isBusy: boolean;
  onApprove: () => void;
  onExclude: () => void;
  onTakeBack: () => void;
}

function Decide({ entry, isBusy, onApprove, onExclude, onTakeBack }: DecideProps) {
  const { t } = useTranslation("learning");
  if (!entry.holds) return null;
  return (
    <>
      {entry.state === "waiting" && (
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<Check size={14} aria-hidden />}
          loading={isBusy}
          onClick={onApprove}
        >
          {t("queue.approve")}
        </Button>
      )}
      {(entry.state === "waiting" || entry.state === "approved") && (
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<Minus size={14} aria-hidden />}
          disabled={isBusy}
          onClick={onExclude}
        >
          {t("queue.exclude")}
        </Button>
      )}
      {entry.state !== "waiting" && (
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<RotateCcw size={14} aria-hidden />}
          loading={isBusy}
          onClick={onTakeBack}
        >
          {t("queue.take_back")}
        </Button>
      )}
    </>
  );
}
