/** The guideline that stands beside every reader's form; each save is a version for all. */
import { Button, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { saveGuideline } from "../../api/rounds";
import form from "../Form.module.css";
import { useRoundAct } from "./queries";
import type { RoundPanelProps } from "./SetupPanel";

export function GuidelineEditor({ project, setup }: RoundPanelProps) {
  const { t } = useTranslation("rounds");
  const { guideline } = setup;
  const [text, setText] = useState(guideline.text);
  const [change, setChange] = useState("");
  const save = useRoundAct({
    projectId: project.id,
    roundId: setup.round_id,
    act: (sent: string) =>
      saveGuideline(setup.round_id, { text: sent, pictures: guideline.pictures, change }),
    done: () => t("guideline.saved"),
    failed: t("guideline.not_saved"),
  });
  const isDraft = setup.state === "draft";
  const isOver = ["closed", "cancelled"].includes(setup.state);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(text);
  };
  return (
    <form id="guideline" className={form.panel} onSubmit={submit} aria-label={t("guideline.title")}>
      <h2 className={form.heading}>
        {t("guideline.title_version", { version: guideline.version })}
      </h2>
      <p className={form.hint}>{t("guideline.lead")}</p>
      <Textarea
        aria-label={t("guideline.text")}
        autosize
        minRows={6}
        maxRows={20}
        maxLength={20_000}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {!isDraft && (
        <TextInput
          label={t("guideline.change")}
          maxLength={500}
          value={change}
          onChange={(event) => setChange(event.currentTarget.value)}
        />
      )}
      <div className={form.buttons}>
        <Button
          type="submit"
          variant="default"
          loading={save.isPending}
          disabled={isOver || text === guideline.text || (!isDraft && change.trim() === "")}
        >
          {t("guideline.save")}
        </Button>
      </div>
    </form>
  );
}
