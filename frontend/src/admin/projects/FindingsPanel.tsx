/** The label schema: what each finding is, what may be edited of it, and adding one. */
import { Button, Checkbox, TextInput } from "@mantine/core";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { addFinding, editFinding } from "../../api/administration";
import type { EditableFinding, FindingChanges, NewFinding, ProjectSettings } from "../../api/types";
import { errorSentence, fieldErrors, useNameOf } from "../../cases/words";
import { type Column, DataTable } from "../../ui/DataTable";
import { toastDone, toastFailed } from "../../ui/toast";
import { useSettingsChange } from "../administrationQueries";
import { CHOICE } from "../choice";
import form from "../Form.module.css";
import { useArrival } from "../useArrival";
import { FindingFields, MinimumSize } from "./FindingFields";
import { emptyFinding, findingToSend } from "./findingDraft";

type Panel = { kind: "add" } | { kind: "edit"; id: string } | null;

export function FindingsPanel({ settings }: { settings: ProjectSettings }) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const [panel, setPanel] = useState<Panel>(null);
  const close = () => setPanel(null);
  const edited =
    panel?.kind === "edit" ? settings.findings.find((one) => one.id === panel.id) : null;
  const columns: Column<EditableFinding>[] = [
    {
      key: "position",
      header: "№",
      value: (row) => row.position + 1,
      isNumeric: true,
      width: "64px",
    },
    {
      key: "code",
      header: t("findings.code"),
      value: (row) => row.code,
      render: (row) => <code>{row.code}</code>,
    },
    { key: "name_en", header: t("findings.name_en"), value: (row) => row.name_en },
    { key: "name_zh", header: t("findings.name_zh"), value: (row) => row.name_zh },
    {
      key: "kind",
      header: t("findings.kind"),
      value: (row) =>
        row.kind === "graded"
          ? `${t("findings.graded")}: ${row.grades.join(" · ")}`
          : t("findings.binary"),
    },
    {
      key: "needs_roi",
      header: t("findings.needs_roi"),
      value: (row) => t(row.needs_roi ? "common.yes" : "common.no"),
    },
    {
      key: "minimum_size",
      header: t("findings.minimum_size"),
      value: (row) => row.minimum_size_mm,
      render: (row) =>
        row.minimum_size_mm === null
          ? t("findings.no_minimum")
          : t("findings.minimum_size_mm", { size: row.minimum_size_mm }),
      isNumeric: true,
    },
    {
      key: "urgent",
      header: t("findings.urgent"),
      value: (row) => t(row.is_urgent ? "common.yes" : "common.no"),
    },
    {
      key: "action",
      header: t("findings.action"),
      value: (row) => row.id,
      render: (row) => (
        <Button
          variant="default"
          size="compact-xs"
          aria-label={t("findings.edit_of", { name: nameOf(row) })}
          onClick={() => setPanel({ kind: "edit", id: row.id })}
        >
          {t("findings.edit")}
        </Button>
      ),
      width: "80px",
    },
  ];
  return (
    <section className={form.panel} aria-label={t("findings.title")}>
      <div className={form.head}>
        <h2 className={form.heading}>{t("findings.title")}</h2>
        <Button
          variant="default"
          leftSection={<Plus size={16} aria-hidden />}
          disabled={panel?.kind === "add"}
          onClick={() => setPanel({ kind: "add" })}
        >
          {t("findings.add")}
        </Button>
      </div>
      {panel?.kind === "add" && <AddFinding settings={settings} onClose={close} />}
      {edited && (
        <EditFinding key={edited.id} settings={settings} finding={edited} onClose={close} />
      )}
      <DataTable
        caption={t("findings.title")}
        columns={columns}
        rows={settings.findings}
        rowKey={(row) => row.id}
        firstSort={{ key: "position", isDescending: false }}
        csv={{ label: t("common.csv"), fileName: `findings-${settings.code}.csv` }}
        toolbar={<p className={form.hint}>{t("findings.lead")}</p>}
        empty={null}
      />
    </section>
  );
}

interface FindingFormProps {
  settings: ProjectSettings;
  onClose: () => void;
}

function AddFinding({ settings, onClose }: FindingFormProps) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const panel = useArrival<HTMLFormElement>();
  const [draft, setDraft] = useState(() => emptyFinding("new"));
  const add = useSettingsChange(settings.id, (body: NewFinding) => addFinding(settings.id, body));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(findingToSend(draft), {
      onSuccess: () => {
        toastDone({ message: t("findings.added", { name: nameOf(draft) }) });
        onClose();
      },
      onError: (error) =>
        toastFailed({ message: t("findings.not_added"), detail: errorSentence(error) }),
    });
  };
  return (
    <form ref={panel} className={form.inner} aria-label={t("findings.add")} onSubmit={submit}>
      <h3 className={form.heading}>{t("findings.add")}</h3>
      <FindingFields
        draft={draft}
        errors={fieldErrors(add.error)}
        onChange={(changes) => setDraft({ ...draft, ...changes })}
      />
      <FormButtons label={t("findings.add")} isSending={add.isPending} onClose={onClose} />
    </form>
  );
}

function EditFinding(props: FindingFormProps & { finding: EditableFinding }) {
  const { settings, finding, onClose } = props;
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const panel = useArrival<HTMLFormElement>();
  const [draft, setDraft] = useState({
    name_en: finding.name_en,
    name_zh: finding.name_zh,
    minimum_size_mm: finding.minimum_size_mm,
    is_urgent: finding.is_urgent,
  });
  const save = useSettingsChange(settings.id, (body: FindingChanges) =>
    editFinding(settings.id, finding.id, body),
  );
  const errors = fieldErrors(save.error);
  const title = t("findings.edit_of", { name: nameOf(finding) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(draft, {
      onSuccess: () => {
        toastDone({ message: t("projects.saved") });
        onClose();
      },
      onError: (error) =>
        toastFailed({ message: t("projects.not_saved"), detail: errorSentence(error) }),
    });
  };
  return (
    <form ref={panel} className={form.inner} aria-label={title} onSubmit={submit}>
      <h3 className={form.heading}>{title}</h3>
      <div className={form.fields}>
        <TextInput
          label={t("findings.name_en")}
          value={draft.name_en}
          error={errors.name_en}
          maxLength={128}
          required
          withAsterisk={false}
          onChange={(event) => setDraft({ ...draft, name_en: event.currentTarget.value })}
        />
        <TextInput
          label={t("findings.name_zh")}
          value={draft.name_zh}
          error={errors.name_zh}
          maxLength={128}
          required
          withAsterisk={false}
          onChange={(event) => setDraft({ ...draft, name_zh: event.currentTarget.value })}
        />
        <MinimumSize
          value={draft.minimum_size_mm}
          error={errors.minimum_size_mm}
          onChange={(minimum_size_mm) => setDraft({ ...draft, minimum_size_mm })}
        />
      </div>
      <Checkbox
        classNames={CHOICE}
        label={t("findings.urgent")}
        checked={draft.is_urgent}
        onChange={(event) => setDraft({ ...draft, is_urgent: event.currentTarget.checked })}
      />
      <FormButtons label={t("projects.save")} isSending={save.isPending} onClose={onClose} />
    </form>
  );
}

interface FormButtonsProps {
  label: string;
  isSending: boolean;
  onClose: () => void;
}

function FormButtons({ label, isSending, onClose }: FormButtonsProps) {
  const { t } = useTranslation();
  return (
    <div className={form.buttons}>
      <Button type="submit" loading={isSending}>
        {label}
      </Button>
      <Button variant="default" onClick={onClose}>
        {t("common.cancel")}
      </Button>
    </div>
  );
}
