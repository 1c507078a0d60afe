/** Pick one case of the project: type, and the server searches as in the worklist. */
import { Select } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { type RefObject, useState } from "react";
import { useTranslation } from "react-i18next";
import type { WorklistRow } from "../../api/types";
import { writePersonName } from "../../cases/patient";
import { errorSentence } from "../../cases/words";
import form from "../Form.module.css";
import { useCaseSearch } from "./queries";

const SEARCH_DELAY_MS = 250;

const labelOf = ({ patient, study }: WorklistRow): string =>
  [patient.patient_id, writePersonName(patient.name).primary, study.study_date, study.description]
    .filter(Boolean)
    .join(" · ");

const isSameOption = (row: { value: string }, option: object): boolean =>
  "value" in option && option.value === row.value;

interface CasePickerProps {
  projectId: string;
  caseId: string;
  error: string | null;
  inputRef: RefObject<HTMLInputElement | null>;
  onPick: (caseId: string) => void;
}

export function CasePicker({ projectId, caseId, error, inputRef, onPick }: CasePickerProps) {
  const { t } = useTranslation("rounds");
  const [typed, setTyped] = useState("");
  const [wanted, setWanted] = useState("");
  const [picked, setPicked] = useState<{ value: string; label: string } | null>(null);
  const searchLater = useDebouncedCallback(setWanted, SEARCH_DELAY_MS);
  const found = useCaseSearch(projectId, wanted);
  const rows = (found.data?.rows ?? []).map((row) => ({
    value: row.case_id,
    label: labelOf(row),
  }));
  // What was picked stays an option, whatever is searched for now.
  const isKept = caseId !== "" && picked?.value === caseId;
  const options = isKept && !rows.some(({ value }) => value === caseId) ? [picked, ...rows] : rows;
  const search = (text: string) => {
    setTyped(text);
    // Picking an option writes its label into the field: nobody searches for that.
    searchLater(options.some(({ label }) => label === text) ? "" : text);
  };
  const more = (found.data?.count ?? 0) - (found.data?.rows.length ?? 0);
  const nothing = found.isFetching ? t("known.searching") : t("known.no_case");
  return (
    <Select
      ref={inputRef}
      classNames={{ description: form.choiceHint ?? "" }}
      label={t("known.case")}
      placeholder={t("known.case_hint")}
      description={
        more > 0 && caseId === "" ? t("known.more", { count: more }) : t("known.case_means")
      }
      error={error ?? (found.isError ? errorSentence(found.error) : null)}
      searchable
      autoComplete="off"
      maxLength={128}
      data={options}
      // The server has searched; what was picked before is not offered as if it fitted.
      filter={({ options: all }) =>
        wanted === "" ? all : all.filter((one) => rows.some((row) => isSameOption(row, one)))
      }
      value={caseId || null}
      onChange={(value, option) => {
        setPicked(value ? option : null);
        onPick(value ?? "");
      }}
      searchValue={typed}
      onSearchChange={search}
      nothingFoundMessage={nothing}
    />
  );
}
