/** What narrows the queue, in one row; every choice is in the address. */
import { Button, Checkbox, Popover, Select, TextInput } from "@mantine/core";
import { ChevronDown } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Project, QueuePage } from "../../api/types";
import { useNameOf } from "../../cases/words";
import styles from "./Learning.module.css";
import { isNarrowed, KINDS, type QueueChoice, STATES } from "./queueFilter";

interface QueueFilterBarProps {
  project: Project;
  page: QueuePage | undefined;
  choice: QueueChoice;
  onChange: (choice: QueueChoice) => void;
}

export function QueueFilterBar({ project, page, choice, onChange }: QueueFilterBarProps) {
  const { t } = useTranslation("learning");
  const nameOf = useNameOf();
  const change = (changes: Partial<QueueChoice>) => onChange({ ...choice, ...changes });
  const cleared = {
    kind: "",
    finding: "",
    reader: "",
    ai: "",
    isNew: false,
    from: null,
    to: null,
  } as const;
  return (
    <search className={styles.filters} aria-label={t("filter.title")}>
      <Select
        w={128}
        aria-label={t("queue.state")}
        data={[
          ...STATES.map((value) => ({ value, label: t(`state.${value}`) })),
          { value: "all" as const, label: t("filter.all_states") },
        ]}
        value={choice.state}
        onChange={(state) => change({ state: state ?? "waiting" })}
        allowDeselect={false}
      />
      <Select
        w={152}
        aria-label={t("queue.kind")}
        data={[
          { value: "" as const, label: t("filter.all_kinds") },
          ...KINDS.map((value) => ({ value, label: t(`kind.${value}`) })),
        ]}
        value={choice.kind}
        onChange={(kind) => change({ kind: kind ?? "" })}
        allowDeselect={false}
      />
      <Select
        w={168}
        aria-label={t("queue.finding")}
        data={[
          { value: "", label: t("filter.all_findings") },
          ...project.findings.map((one) => ({ value: one.code, label: nameOf(one) })),
        ]}
        value={choice.finding}
        onChange={(finding) => change({ finding: finding ?? "" })}
        allowDeselect={false}
      />
      <Select
        w={152}
        aria-label={t("queue.reader")}
        data={[
          { value: "", label: t("filter.all_readers") },
          ...(page?.readers ?? []).map((one) => ({ value: one.id, label: one.name })),
        ]}
        value={choice.reader}
        onChange={(reader) => change({ reader: reader ?? "" })}
        allowDeselect={false}
      />
      <Select
        w={152}
        aria-label={t("queue.ai_visible")}
        data={[
          { value: "" as const, label: t("filter.ai_any") },
          { value: "shown" as const, label: t("filter.ai_shown") },
          { value: "hidden" as const, label: t("filter.ai_hidden") },
        ]}
        value={choice.ai}
        onChange={(ai) => change({ ai: ai ?? "" })}
        allowDeselect={false}
      />
      <Days choice={choice} onChange={change} />
      <Checkbox
        label={
          page?.last_snapshot
            ? t("filter.new_since", { number: page.last_snapshot })
            : t("filter.new_no_snapshot")
        }
        checked={choice.isNew}
        disabled={page?.last_snapshot === null}
        onChange={(event) => change({ isNew: event.currentTarget.checked })}
      />
      {isNarrowed(choice) && (
        <Button variant="subtle" onClick={() => change(cleared)}>
          {t("filter.clear")}
        </Button>
      )}
    </search>
  );
}

interface DaysProps {
  choice: QueueChoice;
  onChange: (changes: Partial<QueueChoice>) => void;
}

function Days({ choice: { from, to }, onChange }: DaysProps) {
  const { t } = useTranslation("learning");
  const isSet = from !== null || to !== null;
  return (
    <Popover position="bottom-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant={isSet ? "light" : "default"}
          rightSection={<ChevronDown size={14} aria-hidden />}
        >
          {isSet ? `${from ?? "…"} – ${to ?? "…"}` : t("filter.date")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="md">
        <div className={styles.dates}>
          <TextInput
            type="date"
            label={t("filter.date_from")}
            value={from ?? ""}
            onChange={(event) => onChange({ from: event.currentTarget.value || null })}
          />
          <TextInput
            type="date"
            label={t("filter.date_to")}
            value={to ?? ""}
            onChange={(event) => onChange({ to: event.currentTarget.value || null })}
          />
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
