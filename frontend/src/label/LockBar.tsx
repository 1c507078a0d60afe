/** The end of a read: what the server has, what is odd, and the lock. */
import { Button, Kbd } from "@mantine/core";
import { CircleAlert, Lock } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/errors";
import type { LabelFinding, Odd } from "../api/labeling";
import { currentKeyActions } from "../cases/useKeys";
import { useNameOf } from "../cases/words";
import type { SaveState } from "../reading/draft";
import { SaveWord } from "../reading/SaveWord";
import { keyHint } from "../viewer/keymap";
import styles from "./LockBar.module.css";

/** What the server found odd about the lock it refused; null where it refused for another reason. */
export function oddsRefused(save: SaveState<unknown>): Odd[] | null {
  if (save.kind !== "commit_failed" || !(save.error instanceof ApiError)) return null;
  const { odd } = save.error.params;
  return save.error.code === "lock_odd" && Array.isArray(odd) ? (odd as Odd[]) : null;
}

interface LockBarProps {
  save: SaveState<unknown>;
  findings: readonly LabelFinding[];
  unanswered: number;
  isReady: boolean;
  onLock: () => void;
  onSelect: (code: string) => void;
  onGoOn: () => void;
}

export function LockBar(props: LockBarProps) {
  const { save, unanswered, isReady } = props;
  const { t } = useTranslation("labeling");
  const odds = oddsRefused(save);
  const isBlocked = odds?.some(({ blocks }) => blocks) ?? false;
  return (
    <footer className={styles.bar}>
      {odds && <Odds {...props} odds={odds} isBlocked={isBlocked} />}
      <div className={styles.row}>
        {odds || save.kind === "conflict" ? (
          // What is odd, or what has happened to the read, stands above in full.
          <span className={styles.word} />
        ) : (
          <span className={styles.word}>
            <SaveWord
              save={save}
              words={{
                committing: t("lock.locking"),
                committed: () => t("lock.locked"),
                notCommitted: t("lock.not_locked"),
              }}
            />
            {unanswered > 0 && (
              <span className={styles.open}>{t("lock.unanswered", { count: unanswered })}</span>
            )}
          </span>
        )}
        <Button
          leftSection={<Lock size={16} aria-hidden />}
          rightSection={<Kbd>{keyHint(currentKeyActions("label"), "label.lock")}</Kbd>}
          loading={save.kind === "committing"}
          disabled={!isReady || isBlocked}
          onClick={props.onLock}
        >
          {odds && !isBlocked ? t("lock.anyway") : t("lock.lock")}
        </Button>
      </div>
    </footer>
  );
}

function Odds(props: LockBarProps & { odds: Odd[]; isBlocked: boolean }) {
  const { odds, isBlocked, findings, onSelect, onGoOn } = props;
  const { t } = useTranslation("labeling");
  const nameOf = useNameOf();
  return (
    <div className={styles.odds} role="alert">
      <p className={styles.title}>
        <CircleAlert size={16} aria-hidden />
        {t(isBlocked ? "lock.blocked" : "lock.odd")}
      </p>
      <ul>
        {odds.map(({ code, finding }) => {
          const found = findings.find((one) => one.code === finding);
          const words = t(`odd.${code}`, { mm: found?.minimum_size_mm ?? 0 });
          return (
            <li key={`${code} ${finding}`}>
              {found ? (
                <button type="button" onClick={() => onSelect(finding)}>
                  <strong>{nameOf(found)}</strong> {words}
                </button>
              ) : (
                words
              )}
            </li>
          );
        })}
      </ul>
      <Button variant="subtle" color="gray" size="compact-xs" onClick={onGoOn}>
        {t("lock.go_on")}
      </Button>
    </div>
  );
}
