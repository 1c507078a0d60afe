/** The people of a round: how much they may read, and how far they are. Never what anybody said. */
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { RoundMember } from "../../api/rounds";
import { type Column, DataTable } from "../../ui/DataTable";
import { formatDateTime } from "../../ui/format";
import { StateView } from "../../ui/StateView";
import form from "../Form.module.css";
import section from "../Section.module.css";

interface MemberTableProps {
  members: RoundMember[];
  onPause?: ((member: RoundMember) => void) | undefined;
  onWithdraw?: ((member: RoundMember) => void) | undefined;
}

export function MemberTable({ members, onPause, onWithdraw }: MemberTableProps) {
  const { t } = useTranslation(["rounds", "app"]);
  const columns: Column<RoundMember>[] = [
    { key: "name", header: t("members.name"), value: (row) => row.name },
    { key: "role", header: t("members.role"), value: (row) => t(`members.${row.role}`) },
    {
      key: "state",
      header: t("list.state"),
      value: (row) => t(`members.${row.state}`),
      render: (row) => (
        <span className={form.state} data-tone={row.state === "active" ? "good" : "attention"}>
          {t(`members.${row.state}`)}
        </span>
      ),
    },
    {
      key: "readable",
      header: t("members.readable"),
      value: (row) => row.readable_cases,
      isNumeric: true,
    },
    { key: "locked", header: t("members.locked"), value: (row) => row.locked, isNumeric: true },
    { key: "live", header: t("members.live"), value: (row) => row.live, isNumeric: true },
    {
      key: "time",
      header: t("members.time"),
      value: (row) => row.mean_active_s,
      render: (row) =>
        row.mean_active_s === null
          ? "–"
          : t("members.seconds", { s: row.mean_active_s.toFixed(0) }),
      isNumeric: true,
    },
    {
      key: "last",
      header: t("members.last"),
      value: (row) => row.last ?? "",
      render: (row) => (row.last ? formatDateTime(row.last) : "–"),
    },
  ];
  if (onPause && onWithdraw) {
    columns.push({
      key: "acts",
      header: t("members.acts"),
      value: (row) => row.member_id,
      render: (row) =>
        row.state === "withdrawn" ? null : (
          <span className={section.actions}>
            <Button variant="default" size="compact-xs" onClick={() => onPause(row)}>
              {t(row.state === "paused" ? "members.resume" : "members.pause")}
            </Button>
            <Button variant="default" size="compact-xs" onClick={() => onWithdraw(row)}>
              {t("members.withdraw")}
            </Button>
          </span>
        ),
    });
  }
  return (
    <DataTable
      caption={t("members.title")}
      columns={columns}
      rows={members}
      rowKey={(row) => row.member_id}
      firstSort={{ key: "role", isDescending: false }}
      csv={{ label: t("app:common.csv"), fileName: "round-members.csv" }}
      empty={
        <div className={section.empty}>
          <StateView kind="empty" title={t("members.empty")} />
        </div>
      }
    />
  );
}
