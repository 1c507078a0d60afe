/** Another window or person was faster: says what happened and lets the reader choose, losing nothing. */
import { Button } from "@mantine/core";
import { CircleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/errors";
import { errorSentence } from "../cases/words";
import styles from "./ConflictPanel.module.css";

interface ConflictPanelProps {
  error: unknown;
  onKeepMine: () => void;
  onTakeTheirs: () => void;
  /** A colleague has signed: what is on this screen may become an addendum to it. */
  onAddendum: () => void;
}

export function ConflictPanel({ error, onKeepMine, onTakeTheirs, onAddendum }: ConflictPanelProps) {
  const { t } = useTranslation();
  const isSigned = error instanceof ApiError && error.code === "already_signed";
  const canKeepMine = error instanceof ApiError && error.code === "stale_revision";
  return (
    <section className={styles.panel} role="alert">
      <CircleAlert size={18} aria-hidden />
      <div>
        <p className={styles.title}>{errorSentence(error)}</p>
        <p className={styles.detail}>
          {t(canKeepMine ? "review.stale_detail" : "review.signed_elsewhere_detail")}
        </p>
        <div className={styles.buttons}>
          {canKeepMine && (
            <Button variant="default" onClick={onKeepMine}>
              {t("review.keep_mine")}
            </Button>
          )}
          {isSigned && (
            <Button variant="default" onClick={onAddendum}>
              {t("review.make_addendum")}
            </Button>
          )}
          <Button variant="default" onClick={onTakeTheirs}>
            {t(canKeepMine ? "review.take_theirs" : "review.show_signed")}
          </Button>
        </div>
      </div>
    </section>
  );
}
