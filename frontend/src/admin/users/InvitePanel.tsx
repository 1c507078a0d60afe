/** Whom to invite, as what; then the link, this once. */
import { Button, Checkbox, CloseButton, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { invite } from "../../api/administration";
import type { Project, Role } from "../../api/types";
import { errorSentence, fieldErrors } from "../../cases/words";
import { toastFailed } from "../../ui/toast";
import { invitationsKey } from "../administrationQueries";
import { CHOICE } from "../choice";
import form from "../Form.module.css";
import { OneTimeLinkPanel } from "../OneTimeLinkPanel";
import { useArrival } from "../useArrival";
import { ROLES } from "./roles";

export function InvitePanel({ project, onClose }: { project: Project; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [displayName, setDisplayName] = useState("");
  const [note, setNote] = useState("");
  const [roles, setRoles] = useState<Role[]>([]);
  const [isRoleMissing, setIsRoleMissing] = useState(false);
  const make = useMutation({
    mutationFn: () => invite(project.id, { display_name: displayName, note, roles }),
    onSuccess: () => client.invalidateQueries({ queryKey: invitationsKey(project.id) }),
    onError: (error) =>
      toastFailed({ message: t("invitations.not_made"), detail: errorSentence(error) }),
  });
  const panel = useArrival<HTMLFormElement>();
  const errors = fieldErrors(make.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsRoleMissing(roles.length === 0);
    if (roles.length > 0) make.mutate();
  };
  if (make.data) {
    const name = displayName || t("invitations.someone");
    return (
      <OneTimeLinkPanel
        title={t("invitations.link_for", { name })}
        kind="join"
        link={make.data}
        onDone={onClose}
      />
    );
  }
  return (
    <form
      ref={panel}
      className={form.panel}
      aria-label={t("invitations.form_title")}
      onSubmit={submit}
    >
      <div className={form.head}>
        <h2 className={form.heading}>{t("invitations.form_title")}</h2>
        <CloseButton size="sm" aria-label={t("common.close")} onClick={onClose} />
      </div>
      <div className={form.fields}>
        <TextInput
          label={t("invitations.display_name")}
          description={t("invitations.display_name_hint")}
          value={displayName}
          maxLength={128}
          error={errors.display_name}
          onChange={(event) => setDisplayName(event.currentTarget.value)}
        />
        <TextInput
          label={t("invitations.note")}
          description={t("invitations.note_hint")}
          value={note}
          maxLength={500}
          error={errors.note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
      </div>
      <fieldset className={form.group}>
        <legend className={form.legend}>{t("invitations.as")}</legend>
        <div className={form.choices}>
          {ROLES.map((role) => (
            <Checkbox
              classNames={CHOICE}
              key={role}
              label={t(`roles.${role}`)}
              description={t(`roles.${role}_does`)}
              checked={roles.includes(role)}
              onChange={(event) => {
                const isChosen = event.currentTarget.checked;
                setRoles(isChosen ? [...roles, role] : roles.filter((one) => one !== role));
                setIsRoleMissing(false);
              }}
            />
          ))}
        </div>
        {(isRoleMissing || errors.roles) && (
          <p className={form.error} role="alert">
            {errors.roles ?? t("field_errors.no_role")}
          </p>
        )}
      </fieldset>
      <div className={form.buttons}>
        <Button type="submit" loading={make.isPending}>
          {t("invitations.make")}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t("common.cancel")}
        </Button>
      </div>
    </form>
  );
}
