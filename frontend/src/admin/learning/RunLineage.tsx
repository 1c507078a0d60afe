/** Where a candidate comes from: snapshot, parent, settings, seed and machine, each by its hash. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Project, RunDetail } from "../../api/types";
import { formatDateTime } from "../../ui/format";
import section from "../Section.module.css";
import styles from "./Learning.module.css";
import { useSnapshot } from "./queries";

const SHORT_HASH = 12;

export function RunLineage({ project, run }: { project: Project; run: RunDetail }) {
  const { t } = useTranslation("learning");
  const snapshot = useSnapshot(project.id, run.snapshot_id);
  const { config } = run;
  const settings = [
    t(`train.mode_${config.mode}`),
    t("lineage.epochs", { count: config.epochs }),
    t("lineage.learning_rate", { rate: config.learning_rate }),
  ].join(" · ");
  return (
    <section className={styles.block} aria-label={t("lineage.title")}>
      <h2 className={section.subtitle}>{t("lineage.title")}</h2>
      <dl className={styles.facts}>
        <Fact name={t("lineage.snapshot")}>
          <Link className={styles.link} to={`/projects/${project.id}/admin/snapshots`}>
            {snapshot.data ? t("snapshots.name", { number: snapshot.data.number }) : "…"}
          </Link>
          <Hash value={run.manifest_sha256} />
        </Fact>
        <Fact name={t("lineage.parent")}>
          <Model model={run.parent} />
        </Fact>
        <Fact name={t("lineage.candidate")}>
          {run.candidate ? <Model model={run.candidate} /> : t("lineage.no_candidate")}
        </Fact>
        <Fact name={t("lineage.compared_with")}>
          {run.champion ? <Model model={run.champion} /> : "–"}
        </Fact>
        <Fact name={t("lineage.settings")}>{settings}</Fact>
        <Fact name={t("lineage.seed")}>{run.seed}</Fact>
        <Fact name={t("lineage.machine")}>
          {run.hardware || "–"}
          {run.thread_count !== null && (
            <span className={styles.muted}>
              {t("lineage.threads", { count: run.thread_count })}
            </span>
          )}
        </Fact>
        <Fact name={t("lineage.asked")}>
          {formatDateTime(run.created_at)}
          <span className={styles.muted}>{run.requested_by}</span>
        </Fact>
        <Fact name={t("lineage.ended")}>
          {run.completed_at ? formatDateTime(run.completed_at) : "–"}
        </Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Hash({ value }: { value: string }) {
  return <code title={value}>{value.slice(0, SHORT_HASH)}</code>;
}

function Model({ model }: { model: { name: string; version: string; hash: string } }) {
  return (
    <>
      {`${model.name} ${model.version}`}
      <Hash value={model.hash} />
    </>
  );
}
