/** Whom the admins have invited, and what became of each invitation. */
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleX, Clock3, Hourglass, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { revokeInvitation } from "../../api/administration";
import type { Invitation, Project } from "../../api/types";
import { errorSentence } from "../../cases/words";
import { ConfirmPanel } from "../../ui/ConfirmPanel";
import { type Column, DataTable } from "../../ui/DataTable";
import { DateTime } from "../../ui/DateTime";
import { StateView } from "../../ui/StateView";
import { toastDone, toastFailed } from "../../ui/toast";
import { invitationsKey, useInvitations } from "../administrationQueries";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import styles from "../Section.module.css";
import { useRoleWords } from "./roles";

const STATES: Record<Invitation["state"], { icon: LucideIcon; tone: string }> = {
  open: { icon: Hourglass, tone: "attention" },
  used: { icon: CircleCheck, tone: "good" },
  expired: { icon: Clock3, tone: "off" },
  revoked: { icon: CircleX, tone: "off" },
};

export function InvitationTable({ project }: { project: Project }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const roleWords = useRoleWords();
  const invitations = useInvitations(project.id);
  const [asked, setAsked] = useState<Invitation | null>(null);
  const withdraw = useMutation({
    mutationFn: (id: string) => revokeInvitation(project.id, id),
    onSuccess: () => toastDone({ message: t("invitations.withdrawn") }),
    onError: (error) =>
      toastFailed({ message: t("invitations.not_withdrawn"), detail: errorSentence(error) }),
    onSettled: async () => {
      setAsked(null);
      await client.invalidateQueries({ queryKey: invitationsKey(project.id) });
    },
  });
  const columns: Column<Invitation>[] = [
    {
      key: "for",
      header: t("invitations.for"),
      value: (row) => row.display_name || t("invitations.nobody"),
      render: (row) => <bdi>{row.display_name || t("invitations.nobody")}</bdi>,
    },
    {
      key: "note",
      header: t("invitations.note"),
      value: (row) => row.note,
      render: (row) => <bdi className={styles.wrap}>{row.note}</bdi>,
    },
    { key: "roles", header: t("invitations.roles"), value: (row) => roleWords(row.roles) },
    {
      key: "state",
      header: t("invitations.state"),
      value: (row) => t(`invitations.${row.state}`),
      render: (row) => <InvitationState state={row.state} />,
    },
    { key: "by", header: t("invitations.by"), value: (row) => row.created_by },
    {
      key: "created",
      header: t("invitations.created"),
      value: (row) => row.created_at,
      render: (row) => <DateTime iso={row.created_at} />,
    },
    {
      key: "until",
      header: t("invitations.until"),
      value: (row) => row.expires_at,
      render: (row) => <DateTime iso={row.expires_at} />,
    },
    { key: "used_by", header: t("invitations.used_by"), value: (row) => row.used_by || "–" },
    {
      key: "action",
      header: t("invitations.action"),
      value: (row) => row.id,
      render: (row) =>
        row.state === "open" ? (
          <Button variant="default" size="compact-xs" onClick={() => setAsked(row)}>
            {t("invitations.withdraw")}
          </Button>
        ) : (
          "–"
        ),
      width: "96px",
    },
  ];
  if (invitations.isError && !invitations.data) {
    return (
      <LoadError
        title={t("invitations.error")}
        error={invitations.error}
        onRetry={() => void invitations.refetch()}
      />
    );
  }
  const shown = invitations.data?.rows.length ?? 0;
  const count = invitations.data?.count ?? 0;
  return (
    <div className={form.table}>
      {asked && (
        <ConfirmPanel
          title={t("invitations.withdraw_ask", {
            name: asked.display_name || t("invitations.someone"),
          })}
          detail={t("invitations.withdraw_detail")}
          confirmLabel={t("invitations.withdraw")}
          cancelLabel={t("common.cancel")}
          isSending={withdraw.isPending}
          onConfirm={() => withdraw.mutate(asked.id)}
          onCancel={() => setAsked(null)}
        />
      )}
      <DataTable
        caption={t("invitations.title")}
        columns={columns}
        rows={invitations.data?.rows}
        rowKey={(row) => row.id}
        firstSort={{ key: "created", isDescending: true }}
        csv={{ label: t("common.csv"), fileName: "invitations.csv" }}
        toolbar={
          <>
            <h2 className={styles.subtitle}>{t("invitations.title")}</h2>
            {count > shown && (
              <span className={styles.secondary}>{t("common.shown_of", { shown, count })}</span>
            )}
          </>
        }
        empty={
          <div className={styles.empty}>
            <StateView kind="empty" title={t("invitations.empty")} />
          </div>
        }
      />
    </div>
  );
}

function InvitationState({ state }: { state: Invitation["state"] }) {
  const { t } = useTranslation();
  const { icon: Icon, tone } = STATES[state];
  return (
    <span className={form.state} data-tone={tone}>
      <Icon size={14} aria-hidden />
      {t(`invitations.${state}`)}
    </span>
  );
}
