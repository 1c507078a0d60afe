/** One person: roles, a link for a new password, and the account's switch. */
import { Button, Checkbox, CloseButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { KeyRound, UserRoundCheck, UserRoundX } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  activateMember,
  addRole,
  deactivateMember,
  makeResetLink,
  removeRole,
} from "../../api/administration";
import type { Member, OneTimeLink, Project, Role } from "../../api/types";
import { errorSentence } from "../../cases/words";
import { ConfirmPanel } from "../../ui/ConfirmPanel";
import { toastDone, toastFailed } from "../../ui/toast";
import { membersKey, useMembershipsChanged } from "../administrationQueries";
import { CHOICE } from "../choice";
import form from "../Form.module.css";
import { OneTimeLinkPanel } from "../OneTimeLinkPanel";
import { useArrival } from "../useArrival";
import { memberName } from "./MemberTable";
import { ROLES } from "./roles";

type Question = { kind: "off" } | { kind: "leave"; role: Role } | { kind: "end"; role: Role };

interface MemberPanelProps {
  project: Project;
  member: Member;
  onClose: () => void;
}

export function MemberPanel({ project, member, onClose }: MemberPanelProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const membershipsChanged = useMembershipsChanged();
  const [question, setQuestion] = useState<Question | null>(null);
  const [link, setLink] = useState<OneTimeLink | null>(null);
  const panel = useArrival<HTMLElement>();
  const name = memberName(member);

  const change = useMutation({
    mutationFn: (act: { send: () => Promise<{ rows: Member[] }>; done: string }) => act.send(),
    onSuccess: async (members, { done }) => {
      setQuestion(null);
      client.setQueryData(membersKey(project.id), members);
      toastDone({ message: done });
      if (member.is_self) await membershipsChanged();
    },
    onError: (error) => {
      setQuestion(null);
      toastFailed({ message: t("users.not_changed"), detail: errorSentence(error) });
    },
  });
  const offer = useMutation({
    mutationFn: () => makeResetLink(project.id, member.id),
    onSuccess: setLink,
    onError: (error) =>
      toastFailed({ message: t("users.not_changed"), detail: errorSentence(error) }),
  });

  const take = (role: Role) =>
    change.mutate({
      send: () => removeRole(project.id, member.id, role),
      done: t("users.role_taken", { name, role: t(`roles.${role}`) }),
    });
  const toggle = (role: Role) => {
    if (!member.roles.includes(role)) {
      change.mutate({
        send: () => addRole(project.id, member.id, role),
        done: t("users.role_given", { name, role: t(`roles.${role}`) }),
      });
    } else if (member.is_self && role === "admin") setQuestion({ kind: "leave", role });
    else if (member.roles.length === 1) setQuestion({ kind: "end", role });
    else take(role);
  };
  const switchOn = () =>
    change.mutate({
      send: () => activateMember(project.id, member.id),
      done: t("users.switched_on", { name }),
    });
  const switchOff = () =>
    change.mutate({
      send: () => deactivateMember(project.id, member.id),
      done: t("users.switched_off", { name }),
    });

  if (link) {
    return (
      <OneTimeLinkPanel
        title={t("users.password_link_for", { name })}
        kind="reset"
        link={link}
        hint={t("users.password_link_why")}
        onDone={() => setLink(null)}
      />
    );
  }
  const isShared = !member.may_manage;
  return (
    <section ref={panel} className={form.panel} aria-label={t("users.change_of", { name })}>
      <div className={form.head}>
        <h2 className={form.heading}>
          <bdi>{name}</bdi>
          {name !== member.username && (
            <span className={form.muted}>
              {" "}
              (<bdi>{member.username}</bdi>)
            </span>
          )}
        </h2>
        <CloseButton size="sm" aria-label={t("common.close")} onClick={onClose} />
      </div>
      <fieldset className={form.group} disabled={change.isPending}>
        <legend className={form.legend}>{t("users.roles")}</legend>
        <div className={form.choices}>
          {ROLES.map((role) => (
            <Checkbox
              classNames={CHOICE}
              key={role}
              label={t(`roles.${role}`)}
              description={t(`roles.${role}_does`)}
              checked={member.roles.includes(role)}
              disabled={role === "admin" && member.is_last_admin}
              onChange={() => toggle(role)}
            />
          ))}
        </div>
      </fieldset>
      <p className={form.hint}>
        {member.is_last_admin && `${t("users.last_admin")} `}
        {t("users.blinded_kept")}
      </p>
      <div className={form.buttons}>
        <Button
          variant="default"
          leftSection={<KeyRound size={16} aria-hidden />}
          loading={offer.isPending}
          disabled={isShared || !member.is_active}
          onClick={() => offer.mutate()}
        >
          {t("users.password_link")}
        </Button>
        {member.is_active ? (
          <Button
            variant="default"
            leftSection={<UserRoundX size={16} aria-hidden />}
            disabled={isShared || member.is_self}
            onClick={() => setQuestion({ kind: "off" })}
          >
            {t("users.switch_off")}
          </Button>
        ) : (
          <Button
            variant="default"
            leftSection={<UserRoundCheck size={16} aria-hidden />}
            loading={change.isPending}
            disabled={isShared}
            onClick={switchOn}
          >
            {t("users.switch_on")}
          </Button>
        )}
        <span className={form.hint}>
          {isShared ? t("users.shared") : member.is_self ? t("users.own_account") : ""}
        </span>
      </div>
      {question?.kind === "off" && (
        <ConfirmPanel
          title={t("users.switch_off_ask", { name })}
          detail={t("users.switch_off_detail")}
          confirmLabel={t("users.switch_off")}
          cancelLabel={t("common.cancel")}
          isSending={change.isPending}
          onConfirm={switchOff}
          onCancel={() => setQuestion(null)}
        />
      )}
      {(question?.kind === "leave" || question?.kind === "end") && (
        <ConfirmPanel
          title={t(`users.${question.kind}_ask`, { name })}
          detail={t(`users.${question.kind}_detail`)}
          confirmLabel={t(`users.${question.kind}`)}
          cancelLabel={t("common.cancel")}
          isSending={change.isPending}
          onConfirm={() => take(question.role)}
          onCancel={() => setQuestion(null)}
        />
      )}
    </section>
  );
}
