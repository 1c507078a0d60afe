/** Search and filters of the worklist, and the progress of the day. */
import { Button, CloseButton, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { Search, Upload } from "lucide-react";
import { type RefObject, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Finding, Worklist } from "../api/types";
import { useNameOf } from "../cases/words";
import { FilterMenu } from "../ui/FilterMenu";
import { minutesAndSeconds } from "../ui/format";
import { DateFilter } from "./DateFilter";
import styles from "./FilterBar.module.css";
import { changeFilter, PRIORITIES, STATUSES, type UrlFilter } from "./filter";

const SEARCH_DELAY_MS = 250;
const MODALITIES = ["CR", "DX", "CT", "MR", "MG", "US", "PT", "NM", "XA", "OT"];

interface FilterBarProps {
  search: string;
  filter: UrlFilter;
  findings: Finding[];
  hasAi: boolean;
  searchRef: RefObject<HTMLInputElement | null>;
  onSearch: (text: string) => void;
  onFilter: (filter: UrlFilter) => void;
  onUpload: () => void;
}

export function FilterBar(props: FilterBarProps) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const { filter, onFilter } = props;
  const clearLabel = t("worklist.clear");
  const change = (part: Partial<UrlFilter>) => onFilter(changeFilter(filter, part));
  return (
    <search className={styles.bar}>
      <SearchField text={props.search} inputRef={props.searchRef} onSearch={props.onSearch} />
      <FilterMenu
        label={t("worklist.status")}
        clearLabel={clearLabel}
        options={STATUSES.map((value) => ({ value, label: t(`status.${value}`) }))}
        chosen={filter.status}
        onChange={(status) => change({ status })}
      />
      <FilterMenu
        label={t("worklist.modality")}
        clearLabel={clearLabel}
        options={MODALITIES.map((value) => ({ value, label: value }))}
        chosen={filter.modality}
        onChange={(modality) => change({ modality })}
      />
      {props.hasAi && (
        <>
          <FilterMenu
            label={t("worklist.finding")}
            clearLabel={clearLabel}
            options={props.findings.map((one) => ({ value: one.code, label: nameOf(one) }))}
            chosen={filter.finding}
            onChange={(finding) => change({ finding })}
          />
          <FilterMenu
            label={t("worklist.priority")}
            clearLabel={clearLabel}
            options={PRIORITIES.map((value) => ({ value, label: t(`priority.${value}`) }))}
            chosen={filter.priority}
            onChange={(priority) => change({ priority })}
          />
        </>
      )}
      <DateFilter
        from={filter.date_from}
        to={filter.date_to}
        onChange={(date_from, date_to) => change({ date_from, date_to })}
      />
      <Button
        className={styles.upload ?? ""}
        leftSection={<Upload size={16} aria-hidden />}
        onClick={props.onUpload}
      >
        {t("upload.button")}
      </Button>
    </search>
  );
}

interface SearchFieldProps {
  text: string;
  inputRef: RefObject<HTMLInputElement | null>;
  onSearch: (text: string) => void;
}

function SearchField({ text, inputRef, onSearch }: SearchFieldProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(text);
  const searchLater = useDebouncedCallback(onSearch, SEARCH_DELAY_MS);
  const change = (value: string) => {
    setTyped(value);
    searchLater(value);
  };
  return (
    <TextInput
      ref={inputRef}
      className={styles.search ?? ""}
      type="text"
      role="searchbox"
      aria-label={t("worklist.search")}
      placeholder={t("worklist.search_hint")}
      leftSection={<Search size={16} aria-hidden />}
      rightSection={
        typed && (
          <CloseButton
            size="sm"
            aria-label={t("worklist.clear_search")}
            onClick={() => change("")}
          />
        )
      }
      value={typed}
      onChange={(event) => change(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "Escape" && event.key !== "Enter") return;
        if (event.nativeEvent.isComposing) return;
        event.currentTarget.blur();
      }}
      autoComplete="off"
      spellCheck={false}
      maxLength={128}
    />
  );
}

export function ProgressCounts({ worklist }: { worklist: Worklist | undefined }) {
  const { t } = useTranslation();
  if (!worklist) return <p className={styles.counts}>{"\u00a0"}</p>;
  const median = worklist.median_read_s;
  const parts = [
    t("worklist.cases", { count: worklist.count }),
    t("worklist.unread", { count: worklist.unread_count }),
    t("worklist.signed_today", { count: worklist.signed_today_count }),
    ...(median === null ? [] : [t("worklist.median", minutesAndSeconds(median))]),
  ];
  return (
    <p className={styles.counts} role="status">
      {parts.join(" · ")}
    </p>
  );
}
