/** How the installation is doing: does work move, is there room, is the trail being sealed? */
import { Button, Progress, Skeleton } from "@mantine/core";
import { CircleAlert, CircleCheck, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Project, SystemState } from "../../api/types";
import { type Column, DataTable } from "../../ui/DataTable";
import { elapsedSince, formatBytes, formatDateTime } from "../../ui/format";
import { useSystem } from "../administrationQueries";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import styles from "../Section.module.css";
import css from "./SystemSection.module.css";
import { durationParts, isDiskLow, isSealLate, LOW_DISK_PERCENT } from "./systemState";

type Queue = SystemState["queues"][number];
type Tone = "good" | "attention" | "bad";

const TONES: Record<Tone, LucideIcon> = {
  good: CircleCheck,
  attention: TriangleAlert,
  bad: CircleAlert,
};

export function SystemSection({ project }: { project: Project }) {
  const { t } = useTranslation();
  const system = useSystem();
  if (system.isError && !system.data) {
    return (
      <LoadError
        title={t("system.error")}
        error={system.error}
        onRetry={() => void system.refetch()}
      />
    );
  }
  const state = system.data;
  return (
    <>
      <h1 className={styles.title}>{t("system.title")}</h1>
      <p className={styles.lead}>{t("system.lead")}</p>
      <Queues project={project} queues={state?.queues} />
      <div className={css.tiles}>
        <Tile title={t("system.redis")}>{state && <Broker state={state} />}</Tile>
        <Tile title={t("system.disk")}>{state && <Disk state={state} />}</Tile>
        <Tile title={t("system.trail")}>{state && <Trail state={state} />}</Tile>
        <Tile title={t("system.versions")}>{state && <Versions state={state} />}</Tile>
      </div>
    </>
  );
}

function Tile({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={css.tile} aria-label={title}>
      <h2 className={form.heading}>{title}</h2>
      {children || (
        <>
          <Skeleton height={12} mt={8} />
          <Skeleton height={12} mt={8} width="60%" />
        </>
      )}
    </section>
  );
}

function Fact({ tone, children }: { tone: Tone; children: ReactNode }) {
  const Icon = TONES[tone];
  return (
    <p className={css.fact} data-tone={tone}>
      <Icon size={16} aria-hidden />
      <span>{children}</span>
    </p>
  );
}

function Queues({ project, queues }: { project: Project; queues: Queue[] | undefined }) {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const nameOf = (queue: Queue): string => {
    const key = `system.${queue.name}`;
    return i18n.exists(key) ? t(key as "system.training") : queue.name;
  };
  const columns: Column<Queue>[] = [
    { key: "name", header: t("system.queue"), value: nameOf },
    { key: "waiting", header: t("system.waiting"), value: (row) => row.waiting, isNumeric: true },
    {
      key: "oldest",
      header: t("system.oldest"),
      value: (row) => row.oldest_s,
      render: (row) => (row.oldest_s === null ? "–" : <Duration seconds={row.oldest_s} />),
      isNumeric: true,
    },
    { key: "running", header: t("system.running"), value: (row) => row.running, isNumeric: true },
    {
      key: "failed",
      header: t("system.failed"),
      value: (row) => row.failed,
      render: (row) => (
        <span className={form.state} data-tone={row.failed > 0 ? "attention" : "off"}>
          {row.failed > 0 && <TriangleAlert size={14} aria-hidden />}
          {row.failed}
        </span>
      ),
      isNumeric: true,
    },
  ];
  const isStuck = queues?.some((row) => row.name.startsWith("predictions") && row.failed > 0);
  return (
    <DataTable
      caption={t("system.queues")}
      columns={columns}
      rows={queues}
      rowKey={(row) => row.name}
      firstSort={{ key: "", isDescending: false }}
      csv={{ label: t("common.csv"), fileName: "queues.csv" }}
      toolbar={
        <>
          <h2 className={styles.subtitle}>{t("system.queues")}</h2>
          {isStuck && (
            <Button
              variant="default"
              size="compact-xs"
              onClick={() => void navigate(`/projects/${project.id}/admin/ingest`)}
            >
              {t("system.see_stuck")}
            </Button>
          )}
        </>
      }
      empty={null}
    />
  );
}

function Duration({ seconds }: { seconds: number }) {
  const { t } = useTranslation();
  const { unit, count } = durationParts(seconds);
  return unit === "seconds" ? `${count} s` : t(`elapsed.${unit}`, { count });
}

function Broker({ state }: { state: SystemState }) {
  const { t } = useTranslation();
  const at = state.last_prediction_at;
  return (
    <>
      <Fact tone={state.broker_answers ? "good" : "bad"}>
        {t(state.broker_answers ? "system.redis_answers" : "system.redis_away")}
      </Fact>
      <dl className={css.facts}>
        <dt>{t("system.last_prediction")}</dt>
        <dd>{at ? <Ago at={at} /> : t("system.never")}</dd>
      </dl>
    </>
  );
}

function Ago({ at }: { at: string }) {
  const { t } = useTranslation();
  const { unit, count } = elapsedSince(at, new Date());
  const words = count === 0 ? t("system.just_now") : t(`system.ago_${unit}`, { count });
  return <span title={formatDateTime(at)}>{words}</span>;
}

function Disk({ state }: { state: SystemState }) {
  const { t } = useTranslation();
  const { files, database } = state;
  return (
    <>
      {files ? (
        <>
          <Progress
            value={((files.total - files.free) / files.total) * 100}
            color={isDiskLow(files) ? "red" : "accent"}
            aria-label={t("system.used")}
            mt={8}
          />
          <p className={css.line}>
            {t("system.free", { free: formatBytes(files.free), total: formatBytes(files.total) })}
          </p>
          {isDiskLow(files) && (
            <Fact tone="bad">{t("system.low", { percent: LOW_DISK_PERCENT })}</Fact>
          )}
        </>
      ) : (
        <p className={css.line}>{t("system.s3")}</p>
      )}
      <dl className={css.facts}>
        {files && (
          <>
            <dt>{t("system.files")}</dt>
            <dd>
              {t(files.is_counted ? "system.files_of" : "system.files_at_least", {
                stored: formatBytes(files.stored),
              })}
            </dd>
          </>
        )}
        <dt>{t("system.database")}</dt>
        <dd>
          {database.free === null
            ? t("system.database_size", { size: formatBytes(database.bytes) })
            : t("system.database_room", {
                size: formatBytes(database.bytes),
                free: formatBytes(database.free),
              })}
        </dd>
      </dl>
    </>
  );
}

function Trail({ state }: { state: SystemState }) {
  const { t } = useTranslation();
  const { sealed, last_seal_at, unsealed_since } = state.audit;
  const isLate = isSealLate(unsealed_since, new Date());
  return (
    <>
      <Fact tone={isLate ? "attention" : "good"}>
        {last_seal_at ? t("system.sealed", { count: sealed }) : t("system.no_seal")}
      </Fact>
      {last_seal_at && (
        <p className={css.line}>{t("system.last_seal", { at: formatDateTime(last_seal_at) })}</p>
      )}
      {isLate && unsealed_since && (
        <p className={css.line}>
          {t("system.unsealed", { at: formatDateTime(unsealed_since) })} {t("system.seal_late")}
        </p>
      )}
    </>
  );
}

function Versions({ state }: { state: SystemState }) {
  const { t } = useTranslation();
  const { coread, python, django, database } = state.versions;
  return (
    <dl className={css.facts}>
      <dt>{t("system.coread")}</dt>
      <dd>{coread}</dd>
      <dt>{t("system.python")}</dt>
      <dd>{python}</dd>
      <dt>{t("system.django")}</dt>
      <dd>{django}</dd>
      <dt>{t("system.database_version")}</dt>
      <dd>{database}</dd>
    </dl>
  );
}
