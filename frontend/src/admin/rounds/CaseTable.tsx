/** The cases of a round and what an admin may still do with one. Where each stands, never what was said of it. */
import { Button, NumberInput, Select } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { actOnCase, type CaseAct, type RoundCase, type RoundCasesQuery } from "../../api/rounds";
import { type Column, DataTable } from "../../ui/DataTable";
import { formatDateTime } from "../../ui/format";
import { StateView } from "../../ui/StateView";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import { ReasonForm } from "../ReasonForm";
import section from "../Section.module.css";
import { PageTurner } from "./PageTurner";
import { useRoundAct, useRoundCases } from "./queries";
import type { RoundPanelProps } from "./SetupPanel";

const PAGE = 50;
const MOST_READERS = 9;
export const CASE_STATES = [
  "open",
  "arbitration",
  "sealed",
  "unreadable",
  "cancelled",
  "reopened",
] as const;
const PURPOSES = ["primary", "gold", "qualification"] as const;
const FIRST_PAGE: RoundCasesQuery = { state: "", purpose: "", offset: 0, limit: PAGE };

/** What is asked for more about before it is done. */
interface Asked {
  row: RoundCase;
  act: Exclude<CaseAct, "remove">;
}

/** What the server would do with this case now. */
function actsOf(row: RoundCase, roundState: string): CaseAct[] {
  if (roundState === "draft") return row.purpose === "primary" ? ["remove"] : [];
  if (roundState !== "open") return [];
  if (row.state === "open") {
    const canRaise = row.purpose === "primary" && row.readers < MOST_READERS;
    return [...(canRaise ? (["readers"] as const) : []), "reassign", "cancel"];
  }
  if (row.state === "arbitration") return ["reassign", "cancel"];
  return ["sealed", "unreadable"].includes(row.state) && row.purpose === "primary"
    ? ["reopen"]
    : [];
}

export function CaseTable({ project, setup }: RoundPanelProps) {
  const { t } = useTranslation(["rounds", "app"]);
  const [query, setQuery] = useState(FIRST_PAGE);
  const [asked, setAsked] = useState<Asked | null>(null);
  const page = useRoundCases(setup.round_id, query);
  const act = useRoundAct({
    projectId: project.id,
    roundId: setup.round_id,
    act: ({ row, act: chosen, value }: { row: RoundCase; act: CaseAct; value: string }) =>
      actOnCase(setup.round_id, row.round_case_id, chosen, value),
    done: ({ act: chosen }) => t(`case_act.${chosen}_done`),
    failed: t("act.failed"),
    onDone: () => setAsked(null),
  });
  const removeNow = (row: RoundCase) => act.mutate({ row, act: "remove", value: "" });
  const narrow = (changes: Partial<RoundCasesQuery>) => {
    setAsked(null);
    setQuery({ ...query, offset: 0, ...changes });
  };
  if (page.isError && !page.data) {
    return (
      <LoadError
        title={t("case_list.error")}
        error={page.error}
        onRetry={() => void page.refetch()}
      />
    );
  }
  const columns: Column<RoundCase>[] = [
    { key: "patient", header: t("case_list.patient"), value: (row) => row.patient_id },
    {
      key: "study",
      header: t("case_list.study"),
      value: (row) => row.study_date ?? "",
      render: (row) => [row.study_date, row.description].filter(Boolean).join(" · ") || "–",
    },
    {
      key: "purpose",
      header: t("case_list.purpose"),
      value: (row) => t(`purpose.${row.purpose}`),
    },
    {
      key: "state",
      header: t("list.state"),
      value: (row) => t(`case_state.${row.state}`),
      render: (row) =>
        row.epoch > 1
          ? `${t(`case_state.${row.state}`)} (${t("case_list.epoch", { epoch: row.epoch })})`
          : t(`case_state.${row.state}`),
    },
    {
      key: "readers",
      header: t("case_list.readers"),
      value: (row) => row.readers,
      render: (row) => (row.purpose === "primary" ? row.readers : t("case_list.everybody")),
      isNumeric: true,
    },
    {
      key: "sealed",
      header: t("case_list.sealed"),
      value: (row) => row.sealed_at ?? "",
      render: (row) => (row.sealed_at ? formatDateTime(row.sealed_at) : "–"),
    },
    {
      key: "acts",
      header: t("members.acts"),
      value: () => "",
      render: (row) => (
        <span className={section.actions}>
          {actsOf(row, setup.state).map((name) => (
            <Button
              key={name}
              variant="default"
              size="compact-xs"
              disabled={act.isPending}
              onClick={() => (name === "remove" ? removeNow(row) : setAsked({ row, act: name }))}
            >
              {t(`case_act.${name}`)}
            </Button>
          ))}
        </span>
      ),
    },
  ];
  return (
    <section className={form.panel} aria-label={t("case_list.title")}>
      <h2 className={form.heading}>{t("case_list.title")}</h2>
      <DataTable
        caption={t("case_list.title")}
        columns={columns}
        rows={page.data?.rows}
        rowKey={(row) => row.round_case_id}
        firstSort={{ key: "patient", isDescending: false }}
        csv={{ label: t("app:common.csv"), fileName: "round-cases.csv" }}
        toolbar={
          <>
            <Select
              aria-label={t("list.state")}
              placeholder={t("case_list.any_state")}
              clearable
              data={CASE_STATES.map((value) => ({ value, label: t(`case_state.${value}`) }))}
              value={query.state || null}
              onChange={(state) => narrow({ state: (state ?? "") as RoundCasesQuery["state"] })}
            />
            <Select
              aria-label={t("case_list.purpose")}
              placeholder={t("case_list.any_purpose")}
              clearable
              data={PURPOSES.map((value) => ({ value, label: t(`purpose.${value}`) }))}
              value={query.purpose || null}
              onChange={(value) => narrow({ purpose: (value ?? "") as RoundCasesQuery["purpose"] })}
            />
          </>
        }
        expanded={(row) =>
          asked?.row.round_case_id === row.round_case_id ? (
            <CaseActForm
              key={asked.act}
              asked={asked}
              isSending={act.isPending}
              onSubmit={(value) => act.mutate({ ...asked, value })}
              onCancel={() => setAsked(null)}
            />
          ) : null
        }
        empty={
          <div className={section.empty}>
            <StateView kind="empty" title={t("case_list.empty")} />
          </div>
        }
      />
      <PageTurner
        offset={query.offset}
        size={PAGE}
        count={page.data?.count ?? 0}
        onTurn={(offset) => narrow({ offset })}
      />
    </section>
  );
}

interface CaseActFormProps {
  asked: Asked;
  isSending: boolean;
  onSubmit: (value: string) => void;
  onCancel: () => void;
}

/** More readers need a number; whatever takes something away needs a reason. */
function CaseActForm({ asked, isSending, onSubmit, onCancel }: CaseActFormProps) {
  const { t } = useTranslation(["rounds", "app"]);
  const fewest = asked.row.readers + 1;
  const [readers, setReaders] = useState(fewest);
  if (asked.act !== "readers") {
    return (
      <ReasonForm
        title={t(`case_act.${asked.act}_why`)}
        hint={t("act.reason_hint")}
        confirm={t(`case_act.${asked.act}`)}
        isSending={isSending}
        onSubmit={onSubmit}
        onCancel={onCancel}
      />
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit(String(readers));
  };
  return (
    <form className={section.reason} onSubmit={submit}>
      <NumberInput
        label={t("case_act.readers_how_many", { count: asked.row.readers })}
        min={fewest}
        max={MOST_READERS}
        allowDecimal={false}
        clampBehavior="strict"
        value={readers}
        onChange={(value) => typeof value === "number" && setReaders(value)}
      />
      <Button type="submit" loading={isSending}>
        {t("case_act.readers")}
      </Button>
      <Button variant="default" onClick={onCancel}>
        {t("app:common.cancel")}
      </Button>
    </form>
  );
}
