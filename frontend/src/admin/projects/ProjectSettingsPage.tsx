/** One project's settings: names, reading policy with its history, label schema, the switch. */
import { Button, Checkbox, TextInput } from "@mantine/core";
import { ArrowLeft } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { editProject } from "../../api/administration";
import type { ProjectChanges, ProjectSettings } from "../../api/types";
import { errorSentence, fieldErrors, useNameOf } from "../../cases/words";
import { ConfirmPanel } from "../../ui/ConfirmPanel";
import { toastDone, toastFailed } from "../../ui/toast";
import { useProjectSettings, useSettingsChange } from "../administrationQueries";
import { CHOICE } from "../choice";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import styles from "../Section.module.css";
import { FindingsPanel } from "./FindingsPanel";
import { PolicyPanel } from "./PolicyPanel";

interface ProjectSettingsPageProps {
  projectId: string;
  onClose: () => void;
}

export function ProjectSettingsPage({ projectId, onClose }: ProjectSettingsPageProps) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const settings = useProjectSettings(projectId);
  if (settings.isError && !settings.data) {
    return (
      <LoadError
        title={t("projects.error")}
        error={settings.error}
        onRetry={() => void settings.refetch()}
      />
    );
  }
  return (
    <>
      <div>
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<ArrowLeft size={14} aria-hidden />}
          onClick={onClose}
        >
          {t("projects.back")}
        </Button>
      </div>
      {settings.data && (
        <>
          <h1 className={styles.title}>{nameOf(settings.data)}</h1>
          <p className={styles.lead}>
            {t("projects.code")}: <code>{settings.data.code}</code>
          </p>
          <Basics settings={settings.data} />
          <PolicyPanel settings={settings.data} />
          <FindingsPanel settings={settings.data} />
          <Switch settings={settings.data} />
        </>
      )}
    </>
  );
}

function Basics({ settings }: { settings: ProjectSettings }) {
  const { t } = useTranslation();
  const [nameEn, setNameEn] = useState(settings.name_en);
  const [nameZh, setNameZh] = useState(settings.name_zh);
  const [autoClassify, setAutoClassify] = useState(settings.auto_classify);
  const save = useSettingsChange(settings.id, (body: ProjectChanges) =>
    editProject(settings.id, body),
  );
  const errors = fieldErrors(save.error);
  const isChanged =
    nameEn !== settings.name_en ||
    nameZh !== settings.name_zh ||
    autoClassify !== settings.auto_classify;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(
      { name_en: nameEn, name_zh: nameZh, auto_classify: autoClassify },
      {
        onSuccess: () => toastDone({ message: t("projects.saved") }),
        onError: (error) =>
          toastFailed({ message: t("projects.not_saved"), detail: errorSentence(error) }),
      },
    );
  };
  return (
    <form className={form.panel} aria-label={t("projects.basics")} onSubmit={submit}>
      <h2 className={form.heading}>{t("projects.basics")}</h2>
      <div className={form.fields}>
        <TextInput
          label={t("projects.name_en")}
          value={nameEn}
          error={errors.name_en}
          maxLength={128}
          required
          withAsterisk={false}
          onChange={(event) => setNameEn(event.currentTarget.value)}
        />
        <TextInput
          label={t("projects.name_zh")}
          value={nameZh}
          error={errors.name_zh}
          maxLength={128}
          required
          withAsterisk={false}
          onChange={(event) => setNameZh(event.currentTarget.value)}
        />
      </div>
      <div className={form.head}>
        <Checkbox
          classNames={CHOICE}
          label={t("projects.auto_classify")}
          checked={autoClassify}
          onChange={(event) => setAutoClassify(event.currentTarget.checked)}
        />
        <Button type="submit" variant="default" loading={save.isPending} disabled={!isChanged}>
          {t("projects.save")}
        </Button>
      </div>
    </form>
  );
}

function Switch({ settings }: { settings: ProjectSettings }) {
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const [isAsked, setIsAsked] = useState(false);
  const change = useSettingsChange(settings.id, (isActive: boolean) =>
    editProject(settings.id, { is_active: isActive }),
  );
  const turn = (isActive: boolean) =>
    change.mutate(isActive, {
      onError: (error) =>
        toastFailed({ message: t("projects.not_switched"), detail: errorSentence(error) }),
      onSettled: () => setIsAsked(false),
    });
  return (
    <section className={form.panel} aria-label={t("projects.in_use")}>
      <h2 className={form.heading}>{t("projects.in_use")}</h2>
      <div className={form.head}>
        <p className={form.hint}>
          {t(settings.is_active ? "projects.on_lead" : "projects.off_lead")}
        </p>
        {settings.is_active ? (
          <Button variant="default" disabled={isAsked} onClick={() => setIsAsked(true)}>
            {t("projects.switch_off")}
          </Button>
        ) : (
          <Button variant="default" loading={change.isPending} onClick={() => turn(true)}>
            {t("projects.switch_on")}
          </Button>
        )}
      </div>
      {isAsked && (
        <ConfirmPanel
          title={t("projects.switch_off_ask", { name: nameOf(settings) })}
          detail={t("projects.switch_off_detail")}
          confirmLabel={t("projects.switch_off")}
          cancelLabel={t("common.cancel")}
          isSending={change.isPending}
          onConfirm={() => turn(false)}
          onCancel={() => setIsAsked(false)}
        />
      )}
    </section>
  );
}
