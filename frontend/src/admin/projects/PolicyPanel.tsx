/** The reading policy in force, a new version with its reason, and every version there was. */
import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { addPolicy, type PolicyDraft } from "../../api/administration";
import type { PolicyVersion, ProjectSettings } from "../../api/types";
import { errorSentence, fieldErrors } from "../../cases/words";
import { type Column, DataTable } from "../../ui/DataTable";
import { DateTime } from "../../ui/DateTime";
import { toastDone, toastFailed } from "../../ui/toast";
import { useSettingsChange } from "../administrationQueries";
import form from "../Form.module.css";
import styles from "../Section.module.css";
import { useArrival } from "../useArrival";
import { PolicyChoice, type PolicyChoiceValue } from "./PolicyChoice";

export function PolicyPanel({ settings }: { settings: ProjectSettings }) {
  const { t } = useTranslation();
  const [isEditing, setIsEditing] = useState(false);
  const inForce = settings.policies[0];
  const columns: Column<PolicyVersion>[] = [
    {
      key: "version",
      header: t("policy.version"),
      value: (row) => row.version,
      render: (row) =>
        row === inForce ? (
          <strong>
            {row.version} · {t("policy.in_force")}
          </strong>
        ) : (
          row.version
        ),
      width: "120px",
    },
    {
      key: "ai_display",
      header: t("policy.ai_display"),
      value: (row) => t(`policy.${row.ai_display}`),
    },
    {
      key: "second",
      header: t("policy.second"),
      value: (row) => t(row.second_signature ? "common.yes" : "common.no"),
    },
    {
      key: "reason",
      header: t("policy.reason"),
      value: (row) => row.reason || "–",
      render: (row) => <bdi className={styles.wrap}>{row.reason || "–"}</bdi>,
    },
    {
      key: "author",
      header: t("policy.author"),
      value: (row) => row.author || t("models.command_line"),
    },
    {
      key: "at",
      header: t("policy.at"),
      value: (row) => row.created_at,
      render: (row) => <DateTime iso={row.created_at} />,
    },
  ];
  return (
    <section className={form.panel} aria-label={t("policy.title")}>
      <div className={form.head}>
        <h2 className={form.heading}>{t("policy.title")}</h2>
        <Button variant="default" disabled={isEditing} onClick={() => setIsEditing(true)}>
          {t("policy.change")}
        </Button>
      </div>
      <p className={form.hint}>{t("policy.lead")}</p>
      {isEditing && inForce && (
        <NewVersion settings={settings} inForce={inForce} onClose={() => setIsEditing(false)} />
      )}
      <DataTable
        caption={t("policy.history")}
        columns={columns}
        rows={settings.policies}
        rowKey={(row) => String(row.version)}
        firstSort={{ key: "version", isDescending: true }}
        csv={{ label: t("common.csv"), fileName: `policy-${settings.code}.csv` }}
        toolbar={<h3 className={styles.subtitle}>{t("policy.history")}</h3>}
        empty={null}
      />
    </section>
  );
}

interface NewVersionProps {
  settings: ProjectSettings;
  inForce: PolicyVersion;
  onClose: () => void;
}

function NewVersion({ settings, inForce, onClose }: NewVersionProps) {
  const { t } = useTranslation();
  const [choice, setChoice] = useState<PolicyChoiceValue>(inForce);
  const panel = useArrival<HTMLFormElement>();
  const [reason, setReason] = useState("");
  const add = useSettingsChange(settings.id, (body: PolicyDraft) => addPolicy(settings.id, body));
  const errors = fieldErrors(add.error);
  const isChanged =
    choice.ai_display !== inForce.ai_display ||
    choice.second_signature !== inForce.second_signature;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = {
      after_version: inForce.version,
      ai_display: choice.ai_display,
      second_signature: choice.second_signature,
      reason,
    };
    add.mutate(body, {
      onSuccess: () => {
        toastDone({ message: t("policy.changed", { version: inForce.version + 1 }) });
        onClose();
      },
      onError: (error) =>
        toastFailed({ message: t("policy.not_changed"), detail: errorSentence(error) }),
    });
  };
  return (
    <form ref={panel} className={form.inner} aria-label={t("policy.new_version")} onSubmit={submit}>
      <h3 className={form.heading}>{t("policy.new_version")}</h3>
      <PolicyChoice value={choice} onChange={setChoice} />
      <TextInput
        label={t("policy.reason")}
        placeholder={t("policy.reason_hint")}
        value={reason}
        error={errors.reason}
        maxLength={500}
        required
        withAsterisk={false}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <div className={form.buttons}>
        <Button type="submit" loading={add.isPending} disabled={!isChanged}>
          {t("policy.put_in_force")}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <span className={form.warning}>{t("policy.warning")}</span>
      </div>
    </form>
  );
}
