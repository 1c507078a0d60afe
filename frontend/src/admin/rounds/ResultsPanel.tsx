/** What a round came to: agreement, the readers, the proof of blindness, and the data to take away. */
import { Button, Skeleton } from "@mantine/core";
import { Download, LineChart } from "lucide-react";
import { useTranslation } from "react-i18next";
import { requestRoundReport, roundExportPath } from "../../api/roundResults";
import { formatDateTime } from "../../ui/format";
import { StateView } from "../../ui/StateView";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import section from "../Section.module.css";
import { CertificatePanel } from "./CertificatePanel";
import { useRoundAct, useStatistics } from "./queries";
import type { RoundPanelProps } from "./SetupPanel";
import { StatisticsPanel } from "./StatisticsPanel";

export function ResultsPanel({ project, setup }: RoundPanelProps) {
  const { t } = useTranslation("rounds");
  const statistics = useStatistics(setup.round_id);
  const ask = useRoundAct({
    projectId: project.id,
    roundId: setup.round_id,
    act: () => requestRoundReport(setup.round_id),
    done: () => "",
    failed: t("results.not_asked"),
  });
  if (statistics.isError && !statistics.data) {
    return (
      <LoadError
        title={t("results.error")}
        error={statistics.error}
        onRetry={() => void statistics.refetch()}
      />
    );
  }
  if (!statistics.data) return <Skeleton height={320} />;
  const { report, pending, released_cases: released, people } = statistics.data;
  return (
    <>
      <section className={form.panel} aria-label={t("results.title")}>
        <div className={form.head}>
          <div>
            <h2 className={form.heading}>{t("results.title")}</h2>
            <p className={form.hint}>
              {report
                ? t("results.of", { count: report.cases, time: formatDateTime(report.created_at) })
                : t("results.released", { count: released })}
            </p>
          </div>
          <Button
            variant="default"
            leftSection={<LineChart size={16} aria-hidden />}
            loading={pending || ask.isPending}
            disabled={released === 0}
            onClick={() => ask.mutate(undefined)}
          >
            {t(report ? "results.again" : "results.compute")}
          </Button>
          {(["csv", "json"] as const).map((format) => (
            <Button
              key={format}
              variant="default"
              leftSection={<Download size={16} aria-hidden />}
              {...(released === 0
                ? { disabled: true }
                : { component: "a" as const, href: roundExportPath(setup.round_id, format) })}
            >
              {format.toUpperCase()}
            </Button>
          ))}
        </div>
        {report ? (
          <StatisticsPanel project={project} statistics={report.content} people={people} />
        ) : (
          <div className={section.empty}>
            <StateView
              kind="empty"
              title={t(released === 0 ? "results.nothing" : "results.none")}
              detail={t(released === 0 ? "results.nothing_detail" : "results.none_detail")}
            />
          </div>
        )}
      </section>
      <CertificatePanel roundId={setup.round_id} />
    </>
  );
}
