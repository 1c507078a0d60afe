/** Which case this is, under the name it has for this arbitrator alone, and how it is decided. */
import { Button, Kbd } from "@mantine/core";
import { BookOpen } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Arbitration } from "../api/labeling";
import { useFacts } from "../cases/facts";
import { currentKeyActions } from "../cases/useKeys";
import styles from "../label/ReadStrip.module.css";
import { keyHint } from "../viewer/keymap";

interface ArbitrationStripProps {
  arbitration: Arbitration;
  onGuideline: () => void;
}

export function ArbitrationStrip({ arbitration, onGuideline }: ArbitrationStripProps) {
  const { t } = useTranslation(["arbitration", "labeling"]);
  const words = useFacts();
  const { facts, conflicts, seats } = arbitration;
  const its = [
    facts.modality,
    facts.body_part_examined,
    facts.view_position,
    words.sex(facts.patient_sex),
    words.age(facts.patient_age),
  ];
  return (
    <section className={styles.strip} aria-label={t("labeling:read.case")}>
      <h1 className={styles.name}>{arbitration.pseudonym}</h1>
      <span className={styles.facts}>{its.filter(Boolean).join(" · ")}</span>
      <span className={styles.gap} />
      <span className={styles.progress}>
        {[
          t("conflicts", { count: conflicts.length }),
          seats > 1 ? t("panel_of", { count: seats }) : "",
        ]
          .filter(Boolean)
          .join(" · ")}
      </span>
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        leftSection={<BookOpen size={14} aria-hidden />}
        rightSection={
          <Kbd size="xs">{keyHint(currentKeyActions("arbitrate"), "arbitrate.guideline")}</Kbd>
        }
        onClick={onGuideline}
      >
        {t("labeling:guideline.title")}
      </Button>
    </section>
  );
}
