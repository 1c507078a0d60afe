/** Versions, who saw what when, which model spoke and how long it took: the evidence of one case. */
import { ActionIcon, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { fetchHistory } from "../api/endpoints";
import { errorSentence } from "../cases/words";
import { formatDateTime } from "../ui/format";
import styles from "./HistoryPanel.module.css";

export function HistoryPanel({ caseId, onClose }: { caseId: string; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const history = useQuery({
    queryKey: ["history", caseId],
    queryFn: ({ signal }) => fetchHistory(caseId, signal),
    staleTime: 0,
  });
  const wordOf = (action: string): string => {
    const key = `history.acts.${action.replace(".", "_")}`;
    return i18n.exists(key) ? (t(key as never) as string) : action;
  };
  return (
    <aside className={styles.panel} aria-label={t("history.title")}>
      <header className={styles.head}>
        <h2 className={styles.title}>{t("history.title")}</h2>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          aria-label={t("common.close")}
          onClick={onClose}
        >
          <X size={16} aria-hidden />
        </ActionIcon>
      </header>
      {history.isPending && <Loader size="sm" className={styles.loading ?? ""} />}
      {history.isError && (
        <p className={styles.note} role="alert">
          {errorSentence(history.error)}
        </p>
      )}
      {history.data?.events.length === 0 && <p className={styles.note}>{t("history.empty")}</p>}
      <ol className={styles.events}>
        {history.data?.events.map((event) => (
          <li key={`${event.at} ${event.action}`}>
            <time dateTime={event.at}>{formatDateTime(event.at)}</time>
            <span>
              {wordOf(event.action)}
              {event.version !== null && ` · ${t("history.version", { version: event.version })}`}
            </span>
            <bdi className={styles.actor}>{event.actor || t("history.system")}</bdi>
          </li>
        ))}
      </ol>
      {history.data?.models && history.data.models.length > 0 && (
        <>
          <h3 className={styles.title}>{t("history.models")}</h3>
          <dl className={styles.models}>
            {history.data.models.map((model) => (
              <div key={model.model_hash}>
                <dt>{`${model.name} ${model.version}`}</dt>
                <dd>
                  {t("history.took", { seconds: (model.duration_ms / 1000).toFixed(1) })}
                  <code>{model.model_hash.slice(0, 12)}</code>
                  <code>{model.preprocess_hash.slice(0, 12)}</code>
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </aside>
  );
}
