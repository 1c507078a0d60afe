/** The rules of a round: how many read, what is asked, when answers agree, who decides, what counts when. */
import { Button, Checkbox, NumberInput, Select, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { type FindingRule, type RoundRules, saveRules } from "../../api/rounds";
import { fieldErrors, useNameOf } from "../../cases/words";
import { useProjectSettings } from "../administrationQueries";
import { CHOICE } from "../choice";
import form from "../Form.module.css";
import { useRoundAct } from "./queries";
import styles from "./Rounds.module.css";
import type { RoundPanelProps } from "./SetupPanel";

const PERCENT = 100;

export function RulesPanel({ project, setup }: RoundPanelProps) {
  const { t } = useTranslation(["rounds", "app"]);
  const nameOf = useNameOf();
  const settings = useProjectSettings(project.id);
  const [rules, setRules] = useState(() => setup.policy.content as unknown as RoundRules);
  const [reason, setReason] = useState("");
  const save = useRoundAct({
    projectId: project.id,
    roundId: setup.round_id,
    act: (sent: RoundRules) => saveRules(setup.round_id, sent, reason),
    done: () => t("rules.saved"),
    failed: t("rules.not_saved"),
  });
  const errors = fieldErrors(save.error);
  const isDraft = setup.state === "draft";
  const isOver = ["closed", "cancelled"].includes(setup.state);
  const change = (changes: Partial<RoundRules>) => setRules({ ...rules, ...changes });
  const changeRule = (code: string, changes: Partial<FindingRule>) =>
    change({
      findings: rules.findings.map((rule) => (rule.code === code ? { ...rule, ...changes } : rule)),
    });
  const toggle = (code: string, isAsked: boolean) =>
    change({
      findings: isAsked
        ? [...rules.findings, { code }]
        : rules.findings.filter((rule) => rule.code !== code),
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(rules);
  };
  const number = (
    name: "readers_per_case" | "washout_days",
    standard: number,
    [min, max]: readonly [number, number],
  ) => (
    <NumberInput
      label={t(`rules.${name}`)}
      min={min}
      max={max}
      allowDecimal={false}
      error={errors[name]}
      value={rules[name] ?? standard}
      onChange={(value) => typeof value === "number" && change({ [name]: value })}
    />
  );
  const share = (
    name: "multiply_read_share" | "reread_share" | "gold_share" | "qualification_pass_share",
    standard: number,
  ) => (
    <NumberInput
      label={t(`rules.${name}`)}
      suffix=" %"
      min={0}
      max={100}
      allowDecimal={false}
      error={errors[name]}
      value={Math.round((rules[name] ?? standard) * PERCENT)}
      onChange={(value) => typeof value === "number" && change({ [name]: value / PERCENT })}
    />
  );
  return (
    <form id="rules" className={form.panel} onSubmit={submit} aria-label={t("rules.title")}>
      <h2 className={form.heading}>{t("rules.title")}</h2>
      <p className={form.hint}>{t(isDraft ? "rules.lead" : "rules.lead_open")}</p>
      <div className={form.fields}>
        {number("readers_per_case", 2, [1, 9])}
        {share("multiply_read_share", 1)}
        <Select
          label={t("rules.trigger")}
          allowDeselect={false}
          data={(["discordant", "discordant_or_positive"] as const).map((value) => ({
            value,
            label: t(`rules.trigger_${value}`),
          }))}
          value={rules.trigger ?? "discordant"}
          onChange={(value) => change({ trigger: value as NonNullable<RoundRules["trigger"]> })}
        />
        <Select
          label={t("rules.seats")}
          allowDeselect={false}
          data={[
            { value: "1", label: t("rules.seats_1") },
            { value: "3", label: t("rules.seats_3") },
          ]}
          value={String(rules.seats ?? 1)}
          onChange={(value) => change({ seats: value === "3" ? 3 : 1 })}
        />
        <Select
          label={t("rules.release")}
          allowDeselect={false}
          data={(["round_closed", "each_case", "manual"] as const).map((value) => ({
            value,
            label: t(`rules.release_${value}`),
          }))}
          value={rules.release ?? "round_closed"}
          onChange={(value) => change({ release: value as NonNullable<RoundRules["release"]> })}
        />
        {share("reread_share", 0)}
        {number("washout_days", 14, [0, 3650])}
        {share("gold_share", 0)}
        {share("qualification_pass_share", 0.8)}
        <NumberInput
          label={t("rules.daily_cap")}
          placeholder={t("rules.no_cap")}
          min={1}
          allowDecimal={false}
          error={errors.daily_cap}
          value={rules.daily_cap ?? ""}
          onChange={(value) => change({ daily_cap: typeof value === "number" ? value : null })}
        />
      </div>
      <Checkbox
        classNames={CHOICE}
        label={t("rules.shows_result_to_reader")}
        checked={rules.shows_result_to_reader ?? false}
        onChange={(event) => change({ shows_result_to_reader: event.currentTarget.checked })}
      />
      <fieldset className={form.group}>
        <legend className={form.legend}>{t("rules.findings")}</legend>
        {(settings.data?.findings ?? []).map((finding) => {
          const rule = rules.findings.find(({ code }) => code === finding.code);
          const name = nameOf(finding);
          return (
            <div key={finding.code} className={styles.rule}>
              <Checkbox
                classNames={CHOICE}
                label={name}
                checked={rule !== undefined}
                onChange={(event) => toggle(finding.code, event.currentTarget.checked)}
              />
              {rule && (
                <>
                  {(["needs_roi", "needs_measurement", "compares_rois"] as const).map((flag) => (
                    <Checkbox
                      key={flag}
                      classNames={CHOICE}
                      label={t(`rules.${flag}`)}
                      aria-label={t("rules.of", { what: t(`rules.${flag}`), finding: name })}
                      checked={rule[flag] ?? false}
                      onChange={(event) =>
                        changeRule(finding.code, { [flag]: event.currentTarget.checked })
                      }
                    />
                  ))}
                  <NumberInput
                    aria-label={t("rules.of", { what: t("rules.minimum_size"), finding: name })}
                    placeholder={t("rules.minimum_size")}
                    suffix=" mm"
                    min={0.1}
                    value={rule.minimum_size_mm ?? ""}
                    onChange={(value) =>
                      changeRule(finding.code, {
                        minimum_size_mm: typeof value === "number" ? value : null,
                      })
                    }
                  />
                  <NumberInput
                    aria-label={t("rules.of", { what: t("rules.minimum_iou"), finding: name })}
                    placeholder={t("rules.minimum_iou")}
                    prefix="IoU ≥ "
                    min={0}
                    max={1}
                    step={0.05}
                    disabled={!rule.compares_rois}
                    value={rule.minimum_iou ?? 0.5}
                    onChange={(value) =>
                      typeof value === "number" && changeRule(finding.code, { minimum_iou: value })
                    }
                  />
                </>
              )}
            </div>
          );
        })}
        {errors.findings && <p className={form.error}>{errors.findings}</p>}
      </fieldset>
      {!isDraft && (
        <TextInput
          label={t("rules.reason")}
          maxLength={500}
          value={reason}
          error={errors.reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
      )}
      <div className={form.buttons}>
        <Button
          type="submit"
          loading={save.isPending}
          disabled={isOver || (!isDraft && reason.trim() === "")}
        >
          {t("rules.save")}
        </Button>
        {!isDraft && (
          <span className={form.muted}>
            {t("rules.versions", { count: setup.policy_versions.length })}
          </span>
        )}
      </div>
    </form>
  );
}
