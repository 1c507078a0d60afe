/** The end of an arbitration: what the server has, what is still open, and the decision. */
import { Button, Kbd } from "@mantine/core";
import { Gavel } from "lucide-react";
import { useTranslation } from "react-i18next";
import { currentKeyActions } from "../cases/useKeys";
import styles from "../label/LockBar.module.css";
import type { SaveState } from "../reading/draft";
import { SaveWord } from "../reading/SaveWord";
import { keyHint } from "../viewer/keymap";

interface DecideBarProps {
  save: SaveState<unknown>;
  openCount: number;
  isDecided: boolean;
  isReady: boolean;
  onDecide: () => void;
  onNext: () => void;
}

export function DecideBar(props: DecideBarProps) {
  const { save, openCount, isDecided } = props;
  const { t } = useTranslation("arbitration");
  const hint = (action: string) => <Kbd>{keyHint(currentKeyActions("arbitrate"), action)}</Kbd>;
  return (
    <footer className={styles.bar}>
      <div className={styles.row}>
        <span className={styles.word}>
          {isDecided ? (
            t("is_decided")
          ) : save.kind === "conflict" ? null : (
            <SaveWord
              save={save}
              words={{
                committing: t("deciding"),
                committed: () => t("is_decided"),
                notCommitted: t("not_decided"),
              }}
            />
          )}
          {!isDecided && openCount > 0 && (
            <span className={styles.open}>{t("open", { count: openCount })}</span>
          )}
        </span>
        {isDecided ? (
          <Button rightSection={hint("arbitrate.nextCase")} onClick={props.onNext}>
            {t("next")}
          </Button>
        ) : (
          <Button
            leftSection={<Gavel size={16} aria-hidden />}
            rightSection={hint("arbitrate.decide")}
            loading={save.kind === "committing"}
            disabled={!props.isReady}
            onClick={props.onDecide}
          >
            {t("decide")}
          </Button>
        )}
      </div>
    </footer>
  );
}
