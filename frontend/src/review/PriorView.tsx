/** The newest earlier study beside this one, with what was signed of it; never with AI output. */
import { ActionIcon } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { fetchPrior } from "../api/endpoints";
import type { PriorCase, ReviewPayload } from "../api/types";
import { currentKeyActions } from "../cases/useKeys";
import { errorSentence, useNameOf } from "../cases/words";
import { stackChoices } from "../reading/stacks";
import { roiOf } from "../reading/storedRoi";
import { formatDateTime } from "../ui/format";
import { StateView } from "../ui/StateView";
import type { RoiLayerProps } from "../viewer/roiScene";
import { Viewport } from "../viewer/Viewport";
import { caseStack } from "./caseStack";
import styles from "./PriorView.module.css";
import { metadataQuery } from "./queries";

interface PriorViewProps {
  payload: ReviewPayload;
  onClose: () => void;
}

export function PriorView({ payload, onClose }: PriorViewProps) {
  const { t } = useTranslation();
  const asked = useQuery({
    queryKey: ["prior", payload.case_id],
    queryFn: ({ signal }) => fetchPrior(payload.case_id, signal),
  });
  const prior = asked.data?.prior ?? null;
  return (
    <section className={styles.prior} aria-label={t("prior.title")} data-testid="prior">
      <header className={styles.head}>
        <h2 className={styles.title}>
          {prior ? t("prior.of", { date: prior.study.study_date ?? "–" }) : t("prior.title")}
        </h2>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          aria-label={t("prior.close")}
          onClick={onClose}
        >
          <X size={16} aria-hidden />
        </ActionIcon>
      </header>
      {asked.isError && (
        <StateView kind="error" title={t("prior.error")} detail={errorSentence(asked.error)} />
      )}
      {asked.data && !prior && <StateView kind="empty" title={t("prior.none")} />}
      {prior && <PriorImages prior={prior} findings={payload.findings} />}
      {prior && <PriorReport prior={prior} findings={payload.findings} />}
    </section>
  );
}

type Findings = ReviewPayload["findings"];

function PriorImages({ prior, findings }: { prior: PriorCase; findings: Findings }) {
  const nameOf = useNameOf();
  const [first] = stackChoices(prior);
  const studyUid = prior.study.study_instance_uid;
  const seriesUid = first?.series.series_instance_uid ?? "";
  const metadata = useQuery({ ...metadataQuery(studyUid, seriesUid), enabled: seriesUid !== "" });
  const stack = first && metadata.data ? caseStack(prior, first, metadata.data) : null;
  const rois: RoiLayerProps = {
    items: (prior.report?.rois ?? []).map((stored) => {
      const finding = findings.find((one) => one.code === stored.finding);
      return {
        roi: roiOf(stored),
        label: finding ? nameOf(finding) : stored.finding,
        tone: "prior",
        isSelected: false,
        isReadOnly: true,
      };
    }),
    onChange: () => undefined,
    onSelect: () => undefined,
  };
  return (
    <div className={styles.images}>
      <Viewport
        stack={stack}
        isPending={first !== undefined && stack === null}
        text={{
          topLeft: [],
          topRight: [prior.study.study_date ?? "", prior.study.description].filter(Boolean),
          bottomLeft: [first?.label ?? ""].filter(Boolean),
        }}
        actions={currentKeyActions()}
        rois={rois}
      />
    </div>
  );
}

function PriorReport({ prior, findings }: { prior: PriorCase; findings: Findings }) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const { report } = prior;
  if (!report) return <p className={styles.report}>{t("prior.no_report")}</p>;
  const present = report.decisions
    .filter((decision) => decision.verdict === "accepted")
    .map((decision) => {
      const finding = findings.find((one) => one.code === decision.finding);
      return finding ? nameOf(finding) : decision.finding;
    });
  return (
    <div className={styles.report}>
      <p className={styles.signed}>
        {t("review.signed_by", {
          version: report.version,
          reader: report.reader,
          at: formatDateTime(report.signed_at),
        })}
      </p>
      <p className={styles.text}>
        {present.length > 0
          ? t("prior.present", { findings: present.join(", ") })
          : t("prior.nothing_present")}
      </p>
      {[report.findings_text, report.impression_text].filter(Boolean).map((text) => (
        <p key={text} className={styles.text}>
          <bdi>{text}</bdi>
        </p>
      ))}
    </div>
  );
}
