/** The training sets of the project: what the next one would hold, and those that were made. */
import { Button, Skeleton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Camera, Play } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { makeSnapshot } from "../../api/learning";
import type { Project, Snapshot, SnapshotPreview } from "../../api/types";
import { errorSentence } from "../../cases/words";
import { type Column, DataTable } from "../../ui/DataTable";
import { formatDateTime } from "../../ui/format";
import { StateView } from "../../ui/StateView";
import { toastDone, toastFailed } from "../../ui/toast";
import { LoadError } from "../LoadError";
import section from "../Section.module.css";
import styles from "./Learning.module.css";
import { queueKey, snapshotsKey, useSnapshotPreview, useSnapshots } from "./queries";
import { SnapshotContent } from "./SnapshotContent";
import { TrainForm, Why } from "./TrainForm";

const SHORT_HASH = 12;

interface Open {
  id: string;
  as: "content" | "train";
}

export function SnapshotsSection({ project }: { project: Project }) {
  const { t } = useTranslation(["learning", "app"]);
  const snapshots = useSnapshots(project.id);
  const [open, setOpen] = useState<Open | null>(null);
  if (snapshots.isError && !snapshots.data) {
    return (
      <LoadError
        title={t("snapshots.error")}
        error={snapshots.error}
        onRetry={() => void snapshots.refetch()}
      />
    );
  }
  const toggle = (id: string, as: Open["as"]) =>
    setOpen(open?.id === id && open.as === as ? null : { id, as });
  const columns: Column<Snapshot>[] = [
    {
      key: "number",
      header: t("snapshots.number"),
      value: (row) => row.number,
      render: (row) => <strong>{t("snapshots.name", { number: row.number })}</strong>,
    },
    {
      key: "created_at",
      header: t("snapshots.made"),
      value: (row) => row.created_at,
      render: (row) => <span className={styles.nowrap}>{formatDateTime(row.created_at)}</span>,
    },
    {
      key: "made_by",
      header: t("snapshots.by"),
      value: (row) => row.made_by,
      render: (row) => <span className={styles.nowrap}>{row.made_by}</span>,
    },
    {
      key: "entries",
      header: t("snapshots.labels"),
      isNumeric: true,
      value: (row) => row.entries,
    },
    {
      key: "added",
      header: t("snapshots.added"),
      isNumeric: true,
      value: (row) => row.added,
    },
    ...(["train", "validation", "test"] as const).map(
      (part): Column<Snapshot> => ({
        key: part,
        header: t(`snapshots.images_${part}`),
        isNumeric: true,
        value: (row) => row.image_counts[part],
      }),
    ),
    {
      key: "hash",
      header: t("snapshots.hash"),
      value: (row) => row.manifest_sha256,
      render: (row) => (
        <code title={row.manifest_sha256}>{row.manifest_sha256.slice(0, SHORT_HASH)}</code>
      ),
    },
    {
      key: "act",
      header: t("runs.act"),
      value: () => "",
      render: (row) => (
        <span className={styles.rowActions}>
          <Button
            variant="default"
            size="compact-xs"
            aria-expanded={open?.id === row.id && open.as === "content"}
            onClick={() => toggle(row.id, "content")}
          >
            {t("snapshots.content")}
          </Button>
          <Button
            variant="default"
            size="compact-xs"
            leftSection={<Play size={14} aria-hidden />}
            aria-expanded={open?.id === row.id && open.as === "train"}
            onClick={() => toggle(row.id, "train")}
          >
            {t("snapshots.train")}
          </Button>
        </span>
      ),
    },
  ];
  const expanded = (row: Snapshot) => {
    if (open?.id !== row.id) return null;
    if (open.as === "train") {
      return <TrainForm project={project} snapshot={row} onClose={() => setOpen(null)} />;
    }
    return (
      <div className={styles.inRow}>
        <Why project={project} snapshot={row} />
        <SnapshotContent
          project={project}
          caption={t("snapshots.name", { number: row.number })}
          content={row}
        />
      </div>
    );
  };
  return (
    <>
      <h1 className={section.title}>{t("snapshots.title")}</h1>
      <p className={section.lead}>{t("snapshots.lead")}</p>
      <Next project={project} onMade={(id) => setOpen({ id, as: "train" })} />
      <div className={section.fill}>
        <DataTable
          caption={t("snapshots.title")}
          columns={columns}
          rows={snapshots.data?.rows}
          rowKey={(row) => row.id}
          firstSort={{ key: "number", isDescending: true }}
          csv={{ label: t("app:common.csv"), fileName: "snapshots.csv" }}
          expanded={expanded}
          toolbar={<h2 className={section.subtitle}>{t("snapshots.made_before")}</h2>}
          empty={
            <div className={section.empty}>
              <StateView
                kind="empty"
                title={t("snapshots.empty")}
                detail={t("snapshots.empty_detail")}
              />
            </div>
          }
        />
      </div>
    </>
  );
}

function Next({ project, onMade }: { project: Project; onMade: (id: string) => void }) {
  const { t } = useTranslation("learning");
  const client = useQueryClient();
  const preview = useSnapshotPreview(project.id);
  const make = useMutation({
    mutationFn: () => makeSnapshot(project.id),
    onSuccess: async ({ is_new, snapshot }) => {
      await client.invalidateQueries({ queryKey: snapshotsKey(project.id) });
      await client.invalidateQueries({ queryKey: queueKey(project.id) });
      const { number } = snapshot;
      toastDone({ message: t(is_new ? "snapshots.was_made" : "snapshots.existed", { number }) });
      onMade(snapshot.id);
    },
    onError: (error) =>
      toastFailed({ message: t("snapshots.not_made"), detail: errorSentence(error) }),
  });
  if (preview.isError && !preview.data) {
    return (
      <LoadError
        title={t("snapshots.error")}
        error={preview.error}
        onRetry={() => void preview.refetch()}
      />
    );
  }
  const next = preview.data;
  const hasContent = next !== undefined && next.entries > 0;
  return (
    <section className={styles.panel} aria-label={t("snapshots.next")}>
      <div className={styles.panelHead}>
        <h2 className={section.subtitle}>{t("snapshots.next")}</h2>
        <span className={styles.nextWords}>{next ? <NextWords next={next} /> : null}</span>
        <Button
          leftSection={<Camera size={16} aria-hidden />}
          disabled={!hasContent}
          loading={make.isPending}
          onClick={() => make.mutate()}
        >
          {t("snapshots.make")}
        </Button>
      </div>
      {next === undefined && <Skeleton height={96} />}
      {hasContent && (
        <SnapshotContent project={project} caption={t("snapshots.next")} content={next} />
      )}
    </section>
  );
}

function NextWords({ next }: { next: SnapshotPreview }) {
  const { t } = useTranslation("learning");
  if (next.entries === 0) {
    return t(next.waiting > 0 ? "snapshots.approve_first" : "snapshots.nothing_yet", {
      count: next.waiting,
    });
  }
  const number = next.last_snapshot;
  const isSame = number !== null && next.added === 0 && next.removed === 0;
  return (
    <>
      {t("snapshots.would_hold", { count: next.entries })}
      {isSame && ` ${t("snapshots.same", { number })}`}
      {!isSame &&
        number !== null &&
        ` ${t("snapshots.since", { number, added: next.added, removed: next.removed })}`}
      {next.waiting > 0 && ` ${t("snapshots.waiting", { count: next.waiting })}`}
    </>
  );
}
