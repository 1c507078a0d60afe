/** The people of a project. */
import { Button } from "@mantine/core";
import { CircleCheck, CircleOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Member } from "../../api/types";
import { type Column, DataTable } from "../../ui/DataTable";
import { DateTime } from "../../ui/DateTime";
import { StateView } from "../../ui/StateView";
import form from "../Form.module.css";
import styles from "../Section.module.css";
import { useRoleWords } from "./roles";

interface MemberTableProps {
  members: Member[] | undefined;
  selectedId: string | null;
  onSelect: (userId: string) => void;
}

export function memberName(member: Pick<Member, "display_name" | "username">): string {
  return member.display_name || member.username;
}

export function MemberTable({ members, selectedId, onSelect }: MemberTableProps) {
  const { t } = useTranslation();
  const roleWords = useRoleWords();
  const columns: Column<Member>[] = [
    {
      key: "name",
      header: t("users.name"),
      value: memberName,
      render: (row) => (
        <span className={form.person}>
          <bdi>{memberName(row)}</bdi>
          {row.is_self && <span className={form.muted}>({t("users.you")})</span>}
        </span>
      ),
    },
    {
      key: "username",
      header: t("users.username"),
      value: (row) => row.username,
      render: (row) => <bdi>{row.username}</bdi>,
    },
    { key: "roles", header: t("users.roles"), value: (row) => roleWords(row.roles) },
    {
      key: "last_login",
      header: t("users.last_login"),
      value: (row) => row.last_login,
      render: (row) => (row.last_login ? <DateTime iso={row.last_login} /> : t("users.never")),
    },
    {
      key: "since",
      header: t("users.since"),
      value: (row) => row.member_since,
      render: (row) => <DateTime iso={row.member_since} />,
    },
    {
      key: "state",
      header: t("users.state"),
      value: (row) => t(row.is_active ? "users.active" : "users.off"),
      render: (row) => <AccountState isActive={row.is_active} />,
    },
    {
      key: "action",
      header: t("users.action"),
      value: (row) => row.id,
      render: (row) => (
        <Button
          variant="default"
          size="compact-xs"
          aria-label={t("users.change_of", { name: memberName(row) })}
          aria-pressed={row.id === selectedId}
          onClick={() => onSelect(row.id)}
        >
          {t("users.change")}
        </Button>
      ),
      width: "96px",
    },
  ];
  return (
    <div className={form.table}>
      <DataTable
        caption={t("users.members")}
        columns={columns}
        rows={members}
        rowKey={(row) => row.id}
        firstSort={{ key: "name", isDescending: false }}
        csv={{ label: t("common.csv"), fileName: "members.csv" }}
        toolbar={<h2 className={styles.subtitle}>{t("users.members")}</h2>}
        empty={
          <div className={styles.empty}>
            <StateView kind="empty" title={t("users.empty")} />
          </div>
        }
      />
    </div>
  );
}

function AccountState({ isActive }: { isActive: boolean }) {
  const { t } = useTranslation();
  const Icon = isActive ? CircleCheck : CircleOff;
  return (
    <span className={form.state} data-tone={isActive ? "good" : "off"}>
      <Icon size={14} aria-hidden />
      {t(isActive ? "users.active" : "users.off")}
    </span>
  );
}
