/** The upload beside the list: choose or drop, watch, cancel, and read why a file was not taken. */
import { Button, CloseButton, FileButton, Progress } from "@mantine/core";
import { CircleCheck, CircleX, Copy, Hourglass, Upload } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { codeSentence } from "../../cases/words";
import { formatBytes } from "../../ui/format";
import { isWorthSending } from "./collect";
import { filesToShow, totalsOf, type UploadFile } from "./queue";
import styles from "./UploadPanel.module.css";
import { useUpload } from "./UploadProvider";

const SHOWN_FILES = 200;

interface UploadPanelProps {
  projectId: string;
  onClose: () => void;
}

export function UploadPanel({ projectId, onClose }: UploadPanelProps) {
  const { t } = useTranslation();
  const upload = useUpload();
  const folderInput = useRef<HTMLInputElement>(null);
  const totals = totalsOf(upload.queue);
  const shown = filesToShow(upload.queue, SHOWN_FILES);
  const add = (files: Iterable<File>) => upload.add(projectId, [...files].filter(isWorthSending));
  return (
    <aside className={styles.panel} aria-label={t("upload.title")}>
      <header className={styles.header}>
        <h2>{t("upload.title")}</h2>
        <CloseButton aria-label={t("common.close")} onClick={onClose} />
      </header>
      <div className={styles.choose}>
        <Upload size={20} strokeWidth={1.5} aria-hidden />
        <p>{t("upload.drop_hint")}</p>
        <div className={styles.buttons}>
          <FileButton multiple onChange={add}>
            {(button) => (
              <Button {...button} variant="default">
                {t("upload.choose_files")}
              </Button>
            )}
          </FileButton>
          <Button variant="default" onClick={() => folderInput.current?.click()}>
            {t("upload.choose_folder")}
          </Button>
          <input
            ref={folderInput}
            type="file"
            hidden
            {...{ webkitdirectory: "" }}
            onChange={(event) => {
              add(event.currentTarget.files ?? []);
              event.currentTarget.value = "";
            }}
          />
        </div>
      </div>
      {totals.files > 0 && (
        <>
          <Progress
            className={styles.total ?? ""}
            value={totals.bytes ? (totals.sentBytes / totals.bytes) * 100 : 0}
            aria-label={t("upload.total")}
          />
          <p className={styles.counts} role="status">
            {t("upload.counts", { ...totals, done: totals.files - totals.open })}
          </p>
          <div className={styles.actions}>
            {totals.open > 0 && (
              <Button variant="default" onClick={upload.cancelAll}>
                {t("upload.cancel")}
              </Button>
            )}
            {totals.failed > 0 && (
              <Button variant="default" onClick={upload.retryFailed}>
                {t("upload.retry", { count: totals.failed })}
              </Button>
            )}
            {totals.files > totals.open && (
              <Button variant="subtle" onClick={upload.clearFinished}>
                {t("upload.clear")}
              </Button>
            )}
          </div>
          <ul className={styles.files}>
            {shown.map((file) => (
              <FileRow key={file.id} file={file} />
            ))}
          </ul>
          {totals.files > shown.length && (
            <p className={styles.counts}>
              {t("upload.more", { count: totals.files - shown.length })}
            </p>
          )}
        </>
      )}
    </aside>
  );
}

const ICONS: Record<string, ReactNode> = {
  stored: <CircleCheck size={14} aria-hidden />,
  duplicate: <Copy size={14} aria-hidden />,
  refused: <CircleX size={14} aria-hidden />,
  conflict: <CircleX size={14} aria-hidden />,
  failed: <CircleX size={14} aria-hidden />,
  cancelled: <CircleX size={14} aria-hidden />,
  waiting: <Hourglass size={14} aria-hidden />,
  sending: <Upload size={14} aria-hidden />,
};

function FileRow({ file }: { file: UploadFile }) {
  const { state } = file;
  const result = state.kind === "answered" ? state.answer.result : state.kind;
  return (
    <li className={styles.file} data-result={result}>
      {ICONS[result]}
      <span className={styles.text}>
        <bdi className={styles.fileName} title={file.name}>
          {file.name}
        </bdi>
        <span className={styles.result}>
          <FileResult file={file} />
        </span>
      </span>
      <span className={styles.size}>{formatBytes(file.sizeBytes)}</span>
    </li>
  );
}

function FileResult({ file: { state, sizeBytes } }: { file: UploadFile }) {
  const { t } = useTranslation();
  if (state.kind === "sending") {
    const percent = sizeBytes ? Math.floor((state.sentBytes / sizeBytes) * 100) : 0;
    return percent >= 100 ? t("upload.judging") : t("upload.sending", { percent });
  }
  if (state.kind === "failed") return codeSentence("errors", state.code, state.params);
  if (state.kind !== "answered") return t(`upload.${state.kind}`);
  const { answer } = state;
  if (answer.result === "stored" || answer.result === "duplicate")
    return t(`upload.${answer.result}`);
  return codeSentence("ingest", answer.code, answer.params, answer.message);
}
