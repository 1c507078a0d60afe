/** Whose images these are; always in sight, and it flashes once when the case changes. */
import { useTranslation } from "react-i18next";
import type { ReviewPayload } from "../api/types";
import { useFacts } from "../cases/facts";
import { PatientName } from "../cases/PatientName";
import styles from "./IdentityStrip.module.css";

export function IdentityStrip({ payload }: { payload: ReviewPayload | undefined }) {
  const { t } = useTranslation();
  const facts = useFacts();
  if (!payload) return <div className={styles.strip} />;
  const { patient, study } = payload;
  const items: [string, string][] = [
    [t("patient.id"), patient.patient_id],
    [t("patient.sex"), facts.sex(patient.sex)],
    [t("patient.age"), facts.age(patient.age)],
    [t("patient.birth_date"), patient.birth_date ?? ""],
    [t("study.date"), study.study_date ?? ""],
    [t("study.accession"), study.accession_number],
  ];
  return (
    <section key={payload.case_id} className={styles.strip} aria-label={t("review.identity")}>
      <h1 className={styles.name}>
        <PatientName name={patient.name} flag={patient.name_flag} />
      </h1>
      <dl className={styles.items}>
        {items.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <bdi>{value || "–"}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      <bdi className={styles.study}>
        {[study.modalities.join(" "), study.description || study.body_part]
          .filter(Boolean)
          .join(" · ")}
      </bdi>
    </section>
  );
}
