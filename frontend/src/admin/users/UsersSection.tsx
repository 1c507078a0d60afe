/** Who works in the project, in which roles, and whom its administrators have invited. */
import { Button } from "@mantine/core";
import { UserPlus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Project } from "../../api/types";
import { useMembers } from "../administrationQueries";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import styles from "../Section.module.css";
import { InvitationTable } from "./InvitationTable";
import { InvitePanel } from "./InvitePanel";
import { MemberPanel } from "./MemberPanel";
import { MemberTable } from "./MemberTable";

type Panel = { kind: "invite" } | { kind: "member"; userId: string } | null;

export function UsersSection({ project }: { project: Project }) {
  const { t } = useTranslation();
  const members = useMembers(project.id);
  const [panel, setPanel] = useState<Panel>(null);
  const close = () => setPanel(null);
  if (members.isError && !members.data) {
    return (
      <LoadError
        title={t("users.error")}
        error={members.error}
        onRetry={() => void members.refetch()}
      />
    );
  }
  const selected =
    panel?.kind === "member" ? members.data?.rows.find((row) => row.id === panel.userId) : null;
  return (
    <>
      <div className={form.titleRow}>
        <div>
          <h1 className={styles.title}>{t("users.title")}</h1>
          <p className={styles.lead}>{t("users.lead")}</p>
        </div>
        <Button
          leftSection={<UserPlus size={16} aria-hidden />}
          disabled={panel?.kind === "invite"}
          onClick={() => setPanel({ kind: "invite" })}
        >
          {t("users.invite")}
        </Button>
      </div>
      {panel?.kind === "invite" && <InvitePanel project={project} onClose={close} />}
      {selected && (
        <MemberPanel key={selected.id} project={project} member={selected} onClose={close} />
      )}
      <MemberTable
        members={members.data?.rows}
        selectedId={selected?.id ?? null}
        onSelect={(userId) => setPanel({ kind: "member", userId })}
      />
      <InvitationTable project={project} />
    </>
  );
}
