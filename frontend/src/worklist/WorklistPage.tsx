/** Which case next? The list with its filters, the focused case beside it, and the way to add images. */
import { Button } from "@mantine/core";
import { ChevronLeft, ChevronRight, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import type { Project } from "../api/types";
import { casePath } from "../cases/paths";
import { useKeys } from "../cases/useKeys";
import { errorSentence } from "../cases/words";
import { StateView } from "../ui/StateView";
import { CaseTable } from "./CaseTable";
import { FilterBar, ProgressCounts } from "./FilterBar";
import {
  changeFilter,
  isFiltered,
  isOpenWork,
  nextOrdering,
  PAGE_SIZE,
  readFilter,
  type UrlFilter,
  writeFilter,
} from "./filter";
import { Preview } from "./Preview";
import { useWorklist } from "./queries";
import { useSearchText } from "./searchText";
import { UploadPanel } from "./upload/UploadPanel";
import { useUpload } from "./upload/UploadProvider";
import { useFileDrop } from "./useFileDrop";
import styles from "./WorklistPage.module.css";

export function WorklistPage({ project }: { project: Project }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [query, setQuery] = useSearchParams();
  const [search, setSearch] = useSearchText(project.id);
  const [focused, setFocused] = useState(0);
  const [isUploadOpen, setIsUploadOpen] = useState(false);
  const searchRef = useRef<HTMLInputElement>(null);
  const upload = useUpload();

  const filter = readFilter(query);
  const worklist = useWorklist(project.id, { ...filter, search });
  const rows = worklist.data?.rows;
  const hasAi = worklist.data?.shows_ai ?? project.policy.ai_display === "from_start";
  const lastPage = Math.max(0, Math.ceil((worklist.data?.count ?? 0) / PAGE_SIZE) - 1);
  const page = filter.offset / PAGE_SIZE;

  const setFilter = (next: UrlFilter) => {
    setFocused(0);
    setQuery(writeFilter(next), { replace: true });
  };
  const turnPage = (step: number, focus: number) => {
    const next = page + step;
    if (next < 0 || next > lastPage) return;
    setFilter({ ...filter, offset: next * PAGE_SIZE });
    setFocused(focus);
  };
  const open = (caseId: string) => void navigate(casePath(project.id, caseId));
  const isDragging = useFileDrop((files) => {
    setIsUploadOpen(true);
    upload.add(project.id, files);
  });

  useKeys({
    contexts: ["global", "worklist"],
    handlers: {
      "worklist.search": () => searchRef.current?.focus(),
      "worklist.next": () => {
        if (rows && focused < rows.length - 1) setFocused(focused + 1);
        else turnPage(1, 0);
      },
      "worklist.previous": () => {
        if (focused > 0) setFocused(focused - 1);
        else turnPage(-1, PAGE_SIZE - 1);
      },
      "worklist.open": () => {
        const row = rows?.[focused];
        if (row) open(row.case_id);
      },
      "worklist.refresh": () => void worklist.refetch(),
    },
  });

  return (
    <div className={styles.page}>
      <h1 className="visually-hidden">{t("worklist.title")}</h1>
      <FilterBar
        search={search}
        filter={filter}
        findings={project.findings}
        hasAi={hasAi}
        searchRef={searchRef}
        onSearch={(text) => {
          setSearch(text);
          setFilter(changeFilter(filter, {}));
        }}
        onFilter={setFilter}
        onUpload={() => setIsUploadOpen(true)}
      />
      <div className={styles.body}>
        <div className={styles.list}>
          <div className={styles.scroll} data-stale={worklist.isPlaceholderData}>
            {worklist.isError && !rows ? (
              <StateView
                kind="error"
                title={t("worklist.error")}
                detail={errorSentence(worklist.error)}
                action={
                  <Button onClick={() => void worklist.refetch()}>{t("common.retry")}</Button>
                }
              />
            ) : rows?.length === 0 ? (
              <EmptyList
                kind={emptyKind(filter, search)}
                onClear={() => {
                  setSearch("");
                  setFilter(readFilter(new URLSearchParams()));
                }}
                onUpload={() => setIsUploadOpen(true)}
              />
            ) : (
              <CaseTable
                rows={rows}
                findings={project.findings}
                hasAi={hasAi}
                ordering={filter.ordering}
                focused={focused}
                onFocusRow={setFocused}
                onOpen={open}
                onSort={(column) =>
                  setFilter(
                    changeFilter(filter, { ordering: nextOrdering(filter.ordering, column) }),
                  )
                }
              />
            )}
          </div>
          <footer className={styles.footer}>
            <ProgressCounts worklist={worklist.data} />
            {lastPage > 0 && (
              <div className={styles.pager}>
                <Button
                  variant="subtle"
                  aria-label={t("worklist.previous_page")}
                  disabled={page === 0}
                  onClick={() => turnPage(-1, 0)}
                >
                  <ChevronLeft size={16} aria-hidden />
                </Button>
                {t("worklist.page", { page: page + 1, pages: lastPage + 1 })}
                <Button
                  variant="subtle"
                  aria-label={t("worklist.next_page")}
                  disabled={page >= lastPage}
                  onClick={() => turnPage(1, 0)}
                >
                  <ChevronRight size={16} aria-hidden />
                </Button>
              </div>
            )}
          </footer>
        </div>
        {isUploadOpen ? (
          <UploadPanel projectId={project.id} onClose={() => setIsUploadOpen(false)} />
        ) : (
          <Preview row={rows?.[focused]} findings={project.findings} onOpen={open} />
        )}
      </div>
      {isDragging && (
        <div className={styles.drop}>
          <Upload size={32} strokeWidth={1.5} aria-hidden />
          {t("upload.drop_now")}
        </div>
      )}
    </div>
  );
}

type EmptyKind = "none_match" | "all_read" | "empty";

function emptyKind(filter: UrlFilter, search: string): EmptyKind {
  if (isOpenWork(filter, search)) return "all_read";
  return isFiltered(filter, search) ? "none_match" : "empty";
}

interface EmptyListProps {
  kind: EmptyKind;
  onClear: () => void;
  onUpload: () => void;
}

function EmptyList({ kind, onClear, onUpload }: EmptyListProps) {
  const { t } = useTranslation();
  return (
    <StateView
      kind="empty"
      title={t(`worklist.${kind}`)}
      detail={kind === "none_match" ? "" : t("worklist.empty_detail")}
      action={
        <>
          {kind !== "none_match" && <Button onClick={onUpload}>{t("upload.button")}</Button>}
          {kind !== "empty" && (
            <Button variant="default" onClick={onClear}>
              {t("worklist.clear_all")}
            </Button>
          )}
        </>
      }
    />
  );
}
