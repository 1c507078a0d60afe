/** The focused case beside the list: thumbnail and the facts that help to choose, for keyboard and pointer alike. */
import { Button, Kbd } from "@mantine/core";
import { ImageOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Finding, WorklistRow } from "../api/types";
import { useFacts } from "../cases/facts";
import { PatientName } from "../cases/PatientName";
import { Probability } from "../cases/Probability";
import { useNameOf } from "../cases/words";
import styles from "./Preview.module.css";

interface PreviewProps {
  row: WorklistRow | undefined;
  findings: Finding[];
  onOpen: (caseId: string) => void;
}

export function Preview({ row, findings, onOpen }: PreviewProps) {
  const { t } = useTranslation();
  const facts = useFacts();
  if (!row) return <aside className={styles.preview} aria-label={t("worklist.preview")} />;
  const { patient, study } = row;
  const rows: [string, string][] = [
    [t("patient.id"), patient.patient_id],
    [
      t("patient.sex_age"),
      [facts.sex(patient.sex), facts.age(patient.age)].filter(Boolean).join(" · "),
    ],
    [t("study.date"), study.study_date ?? ""],
    [t("study.accession"), study.accession_number],
    [t("study.body_part"), study.body_part],
    [t("study.images"), String(study.image_count)],
  ];
  return (
    <aside className={styles.preview} aria-label={t("worklist.preview")}>
      <div className={styles.picture}>
        {row.thumbnail_url ? (
          <img src={row.thumbnail_url} alt="" />
        ) : (
          <ImageOff size={24} strokeWidth={1.5} aria-hidden />
        )}
      </div>
      <PatientName name={patient.name} flag={patient.name_flag} />
      <bdi className={styles.description}>{study.description || study.body_part}</bdi>
      <dl className={styles.facts}>
        {rows
          .filter(([, value]) => value !== "")
          .map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ))}
      </dl>
      {row.ai?.state === "done" && <PreviewFindings row={row} findings={findings} />}
      <Button
        className={styles.open ?? ""}
        rightSection={<Kbd>⏎</Kbd>}
        onClick={() => onOpen(row.case_id)}
      >
        {t("worklist.open")}
      </Button>
    </aside>
  );
}

function PreviewFindings({ row, findings }: { row: WorklistRow; findings: Finding[] }) {
  const nameOf = useNameOf();
  const answers = new Map(row.ai?.findings.map((answer) => [answer.code, answer]));
  return (
    <ul className={styles.findings}>
      {findings.map((finding) => {
        const answer = answers.get(finding.code);
        if (!answer) return null;
        return (
          <li key={finding.code}>
            <span>{nameOf(finding)}</span>
            <Probability
              probability={answer.probability}
              threshold={answer.threshold}
              isAbove={answer.above}
            />
          </li>
        );
      })}
    </ul>
  );
}
