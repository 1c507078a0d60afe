/** A read that cannot be saved now: what happened, what is kept, and what the reader can do. */
import { Button } from "@mantine/core";
import { CircleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/errors";
import { errorSentence } from "../cases/words";
import styles from "./ReadEnded.module.css";

interface ReadEndedProps {
  error: unknown;
  onKeepMine: () => void;
  onTakeTheirs: () => void;
  /** The server may let the reader go on by now. */
  onTryAgain: () => void;
  onNext: () => void;
  onRounds: () => void;
}

/** Refusals that pass when the round or its reader goes on. */
const PASSING = new Set(["read_paused", "round_closed"]);

export function ReadEnded(props: ReadEndedProps) {
  const { t } = useTranslation(["labeling", "app"]);
  const code = props.error instanceof ApiError ? props.error.code : "";
  const kind = code === "stale_revision" ? "stale" : PASSING.has(code) ? "stopped" : "over";
  return (
    <section className={styles.panel} role="alert" data-kind={kind}>
      <CircleAlert size={18} aria-hidden />
      <div>
        <p className={styles.title}>
          {kind === "stale" ? t("ended.stale") : errorSentence(props.error)}
        </p>
        <p className={styles.detail}>{t(`ended.${kind}_detail`)}</p>
        <div className={styles.buttons}>
          {kind === "stale" && (
            <>
              <Button variant="default" onClick={props.onKeepMine}>
                {t("app:review.keep_mine")}
              </Button>
              <Button variant="default" onClick={props.onTakeTheirs}>
                {t("app:review.take_theirs")}
              </Button>
            </>
          )}
          {kind === "stopped" && (
            <Button variant="default" onClick={props.onTryAgain}>
              {t("app:common.retry")}
            </Button>
          )}
          {kind === "over" && (
            <Button variant="default" onClick={props.onNext}>
              {t("ended.next")}
            </Button>
          )}
          {kind !== "stale" && (
            <Button variant="default" onClick={props.onRounds}>
              {t("ended.rounds")}
            </Button>
          )}
        </div>
      </div>
    </section>
  );
}
