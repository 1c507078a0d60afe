/** The guideline that stands beside every reader's form; each save is a version for all. */
import { Button, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { type RoundSetup, type SentPicture, saveGuideline } from "../../api/rounds";
import form from "../Form.module.css";
import { GuidelinePictures } from "./GuidelinePictures";
import { useRoundAct } from "./queries";
import type { RoundPanelProps } from "./SetupPanel";

export function GuidelineEditor({ project, setup }: RoundPanelProps) {
  const { t } = useTranslation("rounds");
  const { guideline } = setup;
  const [text, setText] = useState(guideline.text);
  const [pictures, setPictures] = useState(() => sentPictures(guideline.pictures));
  const [change, setChange] = useState("");
  const save = useRoundAct({
    projectId: project.id,
    roundId: setup.round_id,
    act: (sent: string) => saveGuideline(setup.round_id, { text: sent, pictures, change }),
    done: () => t("guideline.saved"),
    failed: t("guideline.not_saved"),
  });
  const isDraft = setup.state === "draft";
  const isOver = ["closed", "cancelled"].includes(setup.state);
  const isSame =
    text === guideline.text &&
    JSON.stringify(pictures) === JSON.stringify(sentPictures(guideline.pictures));
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
      <GuidelinePictures
        roundId={setup.round_id}
        pictures={pictures}
        isOver={isOver}
        onChange={setPictures}
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
          disabled={isOver || isSame || (!isDraft && change.trim() === "")}
        >
          {t("guideline.save")}
        </Button>
      </div>
    </form>
  );
}

/** The pictures of the version in force, as the next one is sent: they need no token. */
function sentPictures(pictures: RoundSetup["guideline"]["pictures"]): SentPicture[] {
  return pictures.map(({ sha256, caption = "" }) => ({ sha256, caption, token: "" }));
}
