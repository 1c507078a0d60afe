/** A new project: its names, its label schema and the first version of its reading policy. */
import { Button, Checkbox, CloseButton, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { ArrowLeft, Plus } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { createProject } from "../../api/administration";
import { errorSentence, fieldErrors, useNameOf } from "../../cases/words";
import { toastDone, toastFailed } from "../../ui/toast";
import { useMembershipsChanged } from "../administrationQueries";
import { CHOICE } from "../choice";
import form from "../Form.module.css";
import styles from "../Section.module.css";
import { FindingFields } from "./FindingFields";
import { emptyFinding, errorsOfFinding, type FindingDraft, findingToSend } from "./findingDraft";
import { PolicyChoice, type PolicyChoiceValue } from "./PolicyChoice";

export function NewProject({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const membershipsChanged = useMembershipsChanged();
  const [names, setNames] = useState({ code: "", name_en: "", name_zh: "" });
  const [autoClassify, setAutoClassify] = useState(true);
  const [policy, setPolicy] = useState<PolicyChoiceValue>({
    ai_display: "from_start",
    second_signature: false,
  });
  const lastKey = useRef(1);
  const [findings, setFindings] = useState<FindingDraft[]>([emptyFinding("1")]);
  const create = useMutation({
    mutationFn: () =>
      createProject({
        ...names,
        ...policy,
        auto_classify: autoClassify,
        findings: findings.map(findingToSend),
      }),
    onSuccess: async (project) => {
      await membershipsChanged();
      toastDone({ message: t("projects.created", { name: nameOf(project) }) });
      onClose();
    },
    onError: (error) =>
      toastFailed({ message: t("projects.not_created"), detail: errorSentence(error) }),
  });
  const errors = fieldErrors(create.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  const addFinding = () => {
    lastKey.current += 1;
    setFindings([...findings, emptyFinding(String(lastKey.current))]);
  };
  const changeFinding = (key: string, changes: Partial<FindingDraft>) =>
    setFindings(findings.map((one) => (one.key === key ? { ...one, ...changes } : one)));
  const name = (field: keyof typeof names) => ({
    value: names[field],
    error: errors[field],
    required: true,
    withAsterisk: false,
    onChange: (event: { currentTarget: { value: string } }) =>
      setNames({ ...names, [field]: event.currentTarget.value }),
  });
  return (
    <form onSubmit={submit} aria-label={t("projects.new")}>
      <Button
        variant="subtle"
        size="compact-xs"
        leftSection={<ArrowLeft size={14} aria-hidden />}
        onClick={onClose}
      >
        {t("projects.back")}
      </Button>
      <h1 className={styles.title}>{t("projects.new")}</h1>
      <p className={styles.lead}>{t("projects.new_lead")}</p>
      <section className={form.panel} aria-label={t("projects.basics")}>
        <h2 className={form.heading}>{t("projects.basics")}</h2>
        <div className={form.fields}>
          <TextInput label={t("projects.name_en")} maxLength={128} {...name("name_en")} />
          <TextInput label={t("projects.name_zh")} maxLength={128} {...name("name_zh")} />
          <TextInput
            label={t("projects.code")}
            placeholder={t("projects.code_hint")}
            maxLength={64}
            pattern="[-a-zA-Z0-9_]+"
            title={t("field_errors.code_format")}
            {...name("code")}
          />
        </div>
        <Checkbox
          classNames={CHOICE}
          label={t("projects.auto_classify")}
          checked={autoClassify}
          onChange={(event) => setAutoClassify(event.currentTarget.checked)}
        />
      </section>
      <section className={form.panel} aria-label={t("policy.title")}>
        <h2 className={form.heading}>{t("policy.title")}</h2>
        <p className={form.hint}>{t("policy.lead")}</p>
        <PolicyChoice value={policy} onChange={setPolicy} />
      </section>
      <section className={form.panel} aria-label={t("findings.title")}>
        <h2 className={form.heading}>{t("findings.title")}</h2>
        <p className={form.hint}>{t("findings.lead")}</p>
        {findings.map((finding, index) => (
          <fieldset
            key={finding.key}
            className={form.finding}
            aria-label={t("findings.number", { number: index + 1 })}
          >
            <FindingFields
              draft={finding}
              errors={errorsOfFinding(errors, index)}
              onChange={(changes) => changeFinding(finding.key, changes)}
            />
            <CloseButton
              size="sm"
              aria-label={t("findings.remove")}
              disabled={findings.length === 1}
              onClick={() => setFindings(findings.filter((one) => one.key !== finding.key))}
            />
          </fieldset>
        ))}
        <div className={form.buttons}>
          <Button
            variant="default"
            leftSection={<Plus size={16} aria-hidden />}
            onClick={addFinding}
          >
            {t("findings.add")}
          </Button>
        </div>
      </section>
      <div className={form.foot}>
        <Button type="submit" loading={create.isPending}>
          {t("projects.create")}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t("common.cancel")}
        </Button>
      </div>
    </form>
  );
}
