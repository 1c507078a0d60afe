/** A patient's name: characters first, letters after, and a mark where the file did not say how to read it. */
import { Tooltip } from "@mantine/core";
import { TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import styles from "./PatientName.module.css";
import { writePersonName } from "./patient";
import { codeSentence } from "./words";

export function PatientName({ name, flag }: { name: string; flag: string }) {
  const { t } = useTranslation();
  const written = writePersonName(name);
  return (
    <span className={styles.name}>
      <bdi className={styles.primary}>{written.primary || t("patient.no_name")}</bdi>
      {written.secondary && <bdi className={styles.secondary}>{written.secondary}</bdi>}
      {flag && (
        <Tooltip label={codeSentence("name_flag", flag, {})} multiline maw={320}>
          <span className={styles.flag}>
            <TriangleAlert size={13} role="img" aria-label={codeSentence("name_flag", flag, {})} />
          </span>
        </Tooltip>
      )}
    </span>
  );
}
