/** What the readers agree on, folded: it is as they said, and needs no decision. */
import { Kbd } from "@mantine/core";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Arbitration } from "../api/labeling";
import { currentKeyActions } from "../cases/useKeys";
import { useNameOf } from "../cases/words";
import { keyHint } from "../viewer/keymap";
import styles from "./ConflictPanel.module.css";

interface AgreedProps {
  arbitration: Arbitration;
  isOpen: boolean;
  onToggle: () => void;
}

export function Agreed({ arbitration, isOpen, onToggle }: AgreedProps) {
  const { t } = useTranslation(["arbitration", "labeling"]);
  const nameOf = useNameOf();
  const { agreed, findings } = arbitration;
  if (agreed.length === 0) return null;
  const Mark = isOpen ? ChevronDown : ChevronRight;
  return (
    <section className={styles.agreed}>
      <button type="button" className={styles.head} aria-expanded={isOpen} onClick={onToggle}>
        <Mark size={16} aria-hidden />
        <span className={styles.name}>{t("agreed", { count: agreed.length })}</span>
        <Kbd size="xs">{keyHint(currentKeyActions("arbitrate"), "arbitrate.agreed")}</Kbd>
      </button>
      {isOpen && (
        <dl className={styles.said}>
          {agreed.map(({ finding, value, grade }) => {
            const found = findings.find(({ code }) => code === finding);
            return (
              <div key={finding}>
                <dt>{found ? nameOf(found) : finding}</dt>
                <dd>{[t(`labeling:value.${value}`), grade].filter(Boolean).join(" · ")}</dd>
              </div>
            );
          })}
        </dl>
      )}
    </section>
  );
}
