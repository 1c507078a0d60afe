/** One training: the verdict first, then the numbers, the curves and where it all comes from. */
import { Button } from "@mantine/core";
import { ArrowLeft } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import type { Project, RunDetail } from "../../api/types";
import { LoadError } from "../LoadError";
import section from "../Section.module.css";
import { ComparisonTable } from "./ComparisonTable";
import styles from "./Learning.module.css";
import { Promotion } from "./Promotion";
import { useRun } from "./queries";
import { RunActions } from "./RunActions";
import { RunCurves } from "./RunCurves";
import { RunLineage } from "./RunLineage";
import { RunProgress } from "./RunProgress";
import { VerdictSentence } from "./VerdictSentence";
import { verdictOf } from "./verdict";

export function RunPage({ project }: { project: Project }) {
  const { t } = useTranslation("learning");
  const { runId = "" } = useParams();
  const navigate = useNavigate();
  const run = useRun(project.id, runId);
  if (run.isError && !run.data) {
    return (
      <LoadError title={t("run.error")} error={run.error} onRetry={() => void run.refetch()} />
    );
  }
  return (
    <>
      <div className={styles.pageHead}>
        <Button
          variant="default"
          leftSection={<ArrowLeft size={16} aria-hidden />}
          onClick={() => void navigate(`/projects/${project.id}/admin/runs`)}
        >
          {t("run.back")}
        </Button>
        <h1 className={section.title}>
          {run.data
            ? t("runs.name", { model: run.data.parent.name, number: run.data.number })
            : t("run.title")}
        </h1>
        {run.data && <RunActions project={project} run={run.data} size="xs" />}
      </div>
      {run.data && <Whole project={project} run={run.data} at_ms={run.dataUpdatedAt} />}
    </>
  );
}

interface WholeProps {
  project: Project;
  run: RunDetail;
  at_ms: number;
}

function Whole({ project, run, at_ms }: WholeProps) {
  const verdict = verdictOf(
    run.evaluation,
    project.findings.map((one) => one.code),
  );
  const isEvaluated = run.state === "evaluated";
  return (
    <>
      {isEvaluated ? (
        <VerdictSentence project={project} verdict={verdict} />
      ) : (
        <div className={styles.going}>
          <RunProgress run={run} at_ms={at_ms} />
        </div>
      )}
      <Promotion project={project} run={run} headline={verdict.headline} />
      {isEvaluated && (
        <ComparisonTable project={project} evaluation={run.evaluation} verdict={verdict} />
      )}
      <RunCurves project={project} run={run} />
      <RunLineage project={project} run={run} />
    </>
  );
}
