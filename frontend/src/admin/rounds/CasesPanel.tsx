/** Which cases the round reads: all that fit, or a random sample of them. */
import { Button, NumberInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { addCases, type CaseFilter } from "../../api/rounds";
import form from "../Form.module.css";
import { useRoundAct } from "./queries";
import type { RoundPanelProps } from "./SetupPanel";

const ALL: CaseFilter = { modality: "", body_part_examined: "", sample_size: null };

export function CasesPanel({ project, setup }: RoundPanelProps) {
  const { t } = useTranslation("rounds");
  const [filter, setFilter] = useState(ALL);
  const [added, setAdded] = useState<number | null>(null);
  const add = useRoundAct({
    projectId: project.id,
    roundId: setup.round_id,
    act: async (chosen: CaseFilter) => setAdded((await addCases(setup.round_id, chosen)).count),
    done: () => "",
    failed: t("cases.failed"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(filter);
  };
  const isOver = ["closed", "cancelled"].includes(setup.state);
  return (
    <form id="cases" className={form.panel} onSubmit={submit} aria-label={t("cases.title")}>
      <h2 className={form.heading}>{t("cases.title")}</h2>
      <p className={form.hint}>{t("cases.lead", { count: setup.preview.cases })}</p>
      <div className={form.fields}>
        <TextInput
          label={t("cases.modality")}
          placeholder={t("cases.any")}
          maxLength={16}
          value={filter.modality}
          onChange={(event) => setFilter({ ...filter, modality: event.currentTarget.value })}
        />
        <TextInput
          label={t("cases.body_part")}
          placeholder={t("cases.any")}
          maxLength={16}
          value={filter.body_part_examined}
          onChange={(event) =>
            setFilter({ ...filter, body_part_examined: event.currentTarget.value })
          }
        />
        <NumberInput
          label={t("cases.sample")}
          placeholder={t("cases.all")}
          min={1}
          allowDecimal={false}
          value={filter.sample_size ?? ""}
          onChange={(value) =>
            setFilter({ ...filter, sample_size: typeof value === "number" ? value : null })
          }
        />
      </div>
      <div className={form.buttons}>
        <Button type="submit" variant="default" loading={add.isPending} disabled={isOver}>
          {t("cases.add")}
        </Button>
        {added !== null && (
          <span className={form.muted} role="status">
            {t("cases.added", { count: added })}
          </span>
        )}
      </div>
    </form>
  );
}
