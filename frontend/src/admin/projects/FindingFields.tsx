/** The fields of one new finding. */
import { Checkbox, NumberInput, Select, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { CHOICE } from "../choice";
import form from "../Form.module.css";
import type { FindingDraft } from "./findingDraft";

interface FindingFieldsProps {
  draft: FindingDraft;
  errors: Record<string, string>;
  onChange: (changes: Partial<FindingDraft>) => void;
}

export function FindingFields({ draft, errors, onChange }: FindingFieldsProps) {
  const { t } = useTranslation();
  const kinds = (["binary", "graded"] as const).map((value) => ({
    value,
    label: t(`findings.${value}`),
  }));
  return (
    <div className={form.findingFields}>
      <TextInput
        label={t("findings.code")}
        placeholder={t("findings.code_hint")}
        value={draft.code}
        error={errors.code}
        maxLength={64}
        pattern="[-a-zA-Z0-9_]+"
        title={t("field_errors.code_format")}
        required
        withAsterisk={false}
        onChange={(event) => onChange({ code: event.currentTarget.value })}
      />
      <TextInput
        label={t("findings.name_en")}
        value={draft.name_en}
        error={errors.name_en}
        maxLength={128}
        required
        withAsterisk={false}
        onChange={(event) => onChange({ name_en: event.currentTarget.value })}
      />
      <TextInput
        label={t("findings.name_zh")}
        value={draft.name_zh}
        error={errors.name_zh}
        maxLength={128}
        required
        withAsterisk={false}
        onChange={(event) => onChange({ name_zh: event.currentTarget.value })}
      />
      <Select
        label={t("findings.kind")}
        data={kinds}
        value={draft.kind}
        allowDeselect={false}
        onChange={(value) => onChange({ kind: value === "graded" ? "graded" : "binary" })}
      />
      <MinimumSize
        value={draft.minimum_size_mm}
        error={errors.minimum_size_mm}
        onChange={(minimum_size_mm) => onChange({ minimum_size_mm })}
      />
      <div className={form.checks}>
        <Checkbox
          classNames={CHOICE}
          label={t("findings.needs_roi")}
          checked={draft.needs_roi}
          onChange={(event) => onChange({ needs_roi: event.currentTarget.checked })}
        />
        <Checkbox
          classNames={CHOICE}
          label={t("findings.urgent")}
          checked={draft.is_urgent}
          onChange={(event) => onChange({ is_urgent: event.currentTarget.checked })}
        />
      </div>
      {draft.kind === "graded" && (
        <TextInput
          className={form.wide ?? ""}
          label={t("findings.grades")}
          placeholder={t("findings.grades_hint")}
          value={draft.grades}
          error={errors.grades}
          onChange={(event) => onChange({ grades: event.currentTarget.value })}
        />
      )}
    </div>
  );
}

interface MinimumSizeProps {
  value: number | null;
  error: string | undefined;
  onChange: (value: number | null) => void;
}

export function MinimumSize({ value, error, onChange }: MinimumSizeProps) {
  const { t } = useTranslation();
  return (
    <NumberInput
      label={t("findings.minimum_size")}
      placeholder={t("findings.no_minimum")}
      suffix={` ${t("findings.unit_mm")}`}
      value={value ?? ""}
      error={error}
      min={0}
      max={1000}
      decimalScale={2}
      hideControls
      onChange={(next) => onChange(typeof next === "number" ? next : null)}
    />
  );
}
