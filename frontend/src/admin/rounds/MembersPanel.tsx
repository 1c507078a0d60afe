/** Who reads and who arbitrates in a round; whoever has seen answers can read so many cases less. */
import { Button, Select } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addMember, changeMember, type RoundMember } from "../../api/rounds";
import form from "../Form.module.css";
import { ReasonForm } from "../ReasonForm";
import { MemberTable } from "./MemberTable";
import { useRoundAct } from "./queries";
import type { RoundPanelProps } from "./SetupPanel";

export function MembersPanel({ project, setup }: RoundPanelProps) {
  const { t } = useTranslation("rounds");
  const [chosen, setChosen] = useState<string | null>(null);
  const [withdrawn, setWithdrawn] = useState<RoundMember | null>(null);
  const shared = { projectId: project.id, roundId: setup.round_id };
  const add = useRoundAct({
    ...shared,
    act: async ({ user_id, role }: { user_id: string; role: RoundMember["role"] }) => {
      await addMember(setup.round_id, user_id, role);
      setChosen(null);
    },
    done: () => "",
    failed: t("members.not_added"),
  });
  const change = useRoundAct({
    ...shared,
    act: ({
      member,
      state,
      reason,
    }: {
      member: RoundMember;
      state: RoundMember["state"];
      reason: string;
    }) => changeMember(setup.round_id, member.member_id, { state, reason }),
    done: ({ member, state }) => t(`members.${state}_done`, { name: member.name }),
    failed: t("members.not_changed"),
    onDone: () => setWithdrawn(null),
  });
  const keyOf = (one: { user_id: string; role: string }) => `${one.role} ${one.user_id}`;
  const candidate = setup.candidates.find((one) => keyOf(one) === chosen);
  const isOver = ["closed", "cancelled"].includes(setup.state);
  return (
    <section id="members" className={form.panel} aria-label={t("members.title")}>
      <h2 className={form.heading}>{t("members.title")}</h2>
      <p className={form.hint}>{t("members.lead")}</p>
      {!isOver && (
        <div className={form.buttons}>
          <Select
            aria-label={t("members.who")}
            placeholder={setup.candidates.length > 0 ? t("members.who") : t("members.nobody")}
            searchable
            disabled={setup.candidates.length === 0}
            w={320}
            data={setup.candidates.map((one) => ({
              value: keyOf(one),
              label: `${one.name} · ${t(`members.${one.role}`)}`,
            }))}
            value={chosen}
            onChange={setChosen}
          />
          <Button
            variant="default"
            loading={add.isPending}
            disabled={!candidate}
            onClick={() => candidate && add.mutate(candidate)}
          >
            {t("members.add")}
          </Button>
        </div>
      )}
      {withdrawn && (
        <ReasonForm
          key={withdrawn.member_id}
          title={t("members.withdraw_why", { name: withdrawn.name })}
          hint={t("act.reason_hint")}
          confirm={t("members.withdraw")}
          isSending={change.isPending}
          onSubmit={(reason) => change.mutate({ member: withdrawn, state: "withdrawn", reason })}
          onCancel={() => setWithdrawn(null)}
        />
      )}
      <MemberTable
        members={setup.members}
        onPause={
          isOver
            ? undefined
            : (member) =>
                change.mutate({
                  member,
                  state: member.state === "paused" ? "active" : "paused",
                  reason: "",
                })
        }
        onWithdraw={isOver ? undefined : setWithdrawn}
      />
    </section>
  );
}
