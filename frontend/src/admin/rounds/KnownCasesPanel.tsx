/** The cases whose answer is known: what qualifies a reader, and what watches over the round. */
import { Button } from "@mantine/core";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { actOnCase, type RoundCase, type RoundRules } from "../../api/rounds";
import { useNameOf } from "../../cases/words";
import { type Column, DataTable } from "../../ui/DataTable";
import { StateView } from "../../ui/StateView";
import { useProjectSettings } from "../administrationQueries";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import { ReasonForm } from "../ReasonForm";
import section from "../Section.module.css";
import { VALUES } from "./KnownAnswers";
import { KnownCaseForm } from "./KnownCaseForm";
import styles from "./KnownCases.module.css";
import type { AskedFinding } from "./knownDraft";
import { PageTurner } from "./PageTurner";
import { useRoundAct, useRoundCases } from "./queries";
import type { RoundPanelProps } from "./SetupPanel";

const PAGE = 50;

export function KnownCasesPanel({ project, setup }: RoundPanelProps) {
  const { t } = useTranslation("rounds");
  const settings = useProjectSettings(project.id);
  const [isAdding, setAdding] = useState(false);
  const rules = setup.policy.content as unknown as RoundRules;
  const asked = useMemo(() => {
    const codes = new Set(rules.findings.map(({ code }) => code));
    return settings.data?.findings.filter(({ code }) => codes.has(code));
  }, [rules, settings.data]);
  const isOver = ["closed", "cancelled"].includes(setup.state);
  const isGoldIdle = (setup.case_counts.gold ?? 0) > 0 && !rules.gold_share;
  return (
    <section id="known" className={form.panel} aria-label={t("known.title")}>
      <h2 className={form.heading}>{t("known.title")}</h2>
      <p className={form.hint}>{t("known.lead")}</p>
      {isGoldIdle && !isOver && (
        <p className={`${form.warning} ${styles.notice}`} role="status">
          {t("known.gold_idle", { rule: t("rules.gold_share") })}
        </p>
      )}
      <KnownTable project={project} setup={setup} asked={asked} />
      {settings.isError && !settings.data && (
        <LoadError
          title={t("known.findings_error")}
          error={settings.error}
          onRetry={() => void settings.refetch()}
        />
      )}
      {isAdding && asked && !isOver && (
        <KnownCaseForm
          project={project}
          setup={setup}
          asked={asked}
          onClose={() => setAdding(false)}
        />
      )}
      {!isAdding && !isOver && (
        <div className={form.buttons}>
          <Button
            variant="default"
            leftSection={<Plus size={14} aria-hidden />}
            disabled={!asked}
            onClick={() => setAdding(true)}
          >
            {t("known.add")}
          </Button>
        </div>
      )}
    </section>
  );
}

const studyOf = (row: RoundCase): string =>
  [row.study_date, row.description].filter(Boolean).join(" · ") || "–";

interface KnownTableProps extends RoundPanelProps {
  /** Undefined until the project's findings are here. */
  asked: readonly AskedFinding[] | undefined;
}

function KnownTable({ project, setup, asked = [] }: KnownTableProps) {
  const { t } = useTranslation(["rounds", "app"]);
  const said = useSaid(asked);
  const [offset, setOffset] = useState(0);
  const [givenUp, setGivenUp] = useState<RoundCase | null>(null);
  const page = useRoundCases(setup.round_id, { state: "", purpose: "known", offset, limit: PAGE });
  const giveUp = useRoundAct({
    projectId: project.id,
    roundId: setup.round_id,
    act: ({ row, reason }: { row: RoundCase; reason: string }) =>
      actOnCase(setup.round_id, row.round_case_id, "cancel", reason),
    done: () => t("case_act.cancel_done"),
    failed: t("act.failed"),
    onDone: () => setGivenUp(null),
  });
  if (page.isError && !page.data) {
    return (
      <LoadError title={t("known.error")} error={page.error} onRetry={() => void page.refetch()} />
    );
  }
  const mayGiveUp = (row: RoundCase) =>
    row.state === "open" && ["draft", "open"].includes(setup.state);
  const purposeOf = (row: RoundCase) =>
    row.state === "cancelled"
      ? `${t(`purpose.${row.purpose}`)} (${t("known.given_up")})`
      : t(`purpose.${row.purpose}`);
  const columns: Column<RoundCase>[] = [
    {
      key: "patient",
      header: t("case_list.patient"),
      value: (row) => row.patient_id,
      render: (row) => <span className={styles.whole}>{row.patient_id}</span>,
    },
    {
      key: "study",
      header: t("case_list.study"),
      value: studyOf,
      render: (row) => <span className={styles.whole}>{studyOf(row)}</span>,
    },
    {
      key: "purpose",
      header: t("case_list.purpose"),
      value: purposeOf,
      render: (row) => (
        <span className={row.state === "cancelled" ? form.muted : undefined}>{purposeOf(row)}</span>
      ),
    },
    {
      key: "answers",
      header: t("known.answers_short"),
      value: (row) => said.linesOf(row).join(" | "),
      render: (row) => <Answers lines={said.linesOf(row)} open={said.openOf(row)} />,
    },
    {
      key: "explanation",
      header: t("known.explanation"),
      value: (row) => row.known?.explanation ?? "",
      render: (row) => <span className={section.wrap}>{row.known?.explanation || "–"}</span>,
    },
    { key: "author", header: t("known.author"), value: (row) => row.known?.author ?? "" },
    {
      key: "acts",
      header: t("members.acts"),
      value: () => "",
      render: (row) =>
        mayGiveUp(row) && (
          <Button
            variant="default"
            size="compact-xs"
            aria-label={t("known.give_up_one", { patient: row.patient_id })}
            onClick={() => setGivenUp(row)}
          >
            {t("case_act.cancel")}
          </Button>
        ),
    },
  ];
  return (
    <>
      <DataTable
        caption={t("known.title")}
        columns={columns}
        rows={page.data?.rows}
        rowKey={(row) => row.round_case_id}
        firstSort={{ key: "patient", isDescending: false }}
        csv={{ label: t("app:common.csv"), fileName: "known-cases.csv" }}
        expanded={(row) =>
          givenUp?.round_case_id === row.round_case_id && mayGiveUp(row) ? (
            <ReasonForm
              title={t(setup.state === "draft" ? "known.give_up_draft_why" : "case_act.cancel_why")}
              hint={t("act.reason_hint")}
              confirm={t("case_act.cancel")}
              isSending={giveUp.isPending}
              onSubmit={(reason) => giveUp.mutate({ row, reason })}
              onCancel={() => setGivenUp(null)}
            />
          ) : null
        }
        empty={
          <div className={section.empty}>
            <StateView kind="empty" title={t("known.empty")} detail={t("known.empty_detail")} />
          </div>
        }
      />
      <PageTurner offset={offset} size={PAGE} count={page.data?.count ?? 0} onTurn={setOffset} />
    </>
  );
}

function Answers({ lines, open }: { lines: readonly string[]; open: string }) {
  return (
    <>
      {lines.map((line) => (
        <p key={line} className={styles.said}>
          {line}
        </p>
      ))}
      {open && <p className={`${styles.said} ${styles.open}`}>{open}</p>}
    </>
  );
}

/** Known answers in short: one line for each value, and what the rules ask that has no answer. */
function useSaid(asked: readonly AskedFinding[]) {
  const { t } = useTranslation(["rounds", "labeling"]);
  const nameOf = useNameOf();
  const placeOf = (code: string) => asked.findIndex((one) => one.code === code);
  const nameOfCode = (code: string) => {
    const finding = asked[placeOf(code)];
    return finding ? nameOf(finding) : code;
  };
  const linesOf = ({ known }: RoundCase): string[] => {
    if (!known) return [];
    if (known.unreadable) return [t("known.unreadable")];
    const lines = VALUES.flatMap((value) => {
      const names = known.answers
        .filter((answer) => answer.value === value)
        .toSorted((a, b) => placeOf(a.finding) - placeOf(b.finding))
        .map(({ finding, grade }) =>
          grade ? `${nameOfCode(finding)} (${grade})` : nameOfCode(finding),
        );
      const findings = names.join(", ");
      return findings ? [t("known.said", { value: t(`labeling:value.${value}`), findings })] : [];
    });
    return known.regions > 0 ? [...lines, t("known.regions", { count: known.regions })] : lines;
  };
  const openOf = ({ known, state }: RoundCase): string => {
    if (!known || known.unreadable || state === "cancelled") return "";
    const answered = new Set(known.answers.map(({ finding }) => finding));
    const open = asked.filter(({ code }) => !answered.has(code));
    return open.length > 0 ? t("known.not_known", { findings: open.map(nameOf).join(", ") }) : "";
  };
  return { linesOf, openOf };
}
