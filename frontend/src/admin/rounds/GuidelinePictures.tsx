/** The pictures of a guideline: added, captioned, taken out; nothing counts before the guideline is saved. */
import { ActionIcon, Button, FileButton, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { ImagePlus, X } from "lucide-react";
import { type Dispatch, type SetStateAction, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { pictureUrl, type SentPicture, storePicture } from "../../api/rounds";
import { errorSentence } from "../../cases/words";
import { toastFailed } from "../../ui/toast";
import form from "../Form.module.css";
import styles from "./Rounds.module.css";

interface GuidelinePicturesProps {
  roundId: string;
  pictures: SentPicture[];
  isOver: boolean;
  onChange: Dispatch<SetStateAction<SentPicture[]>>;
}

export function GuidelinePictures(props: GuidelinePicturesProps) {
  const { roundId, pictures, isOver, onChange } = props;
  const { t } = useTranslation("rounds");
  // The server shows a picture once a version has it; until then it is shown from the file.
  const [previews] = useState(() => new Map<string, string>());
  useEffect(() => () => previews.forEach((url) => void URL.revokeObjectURL(url)), [previews]);
  const store = useMutation({
    mutationFn: (file: File) => storePicture(roundId, file),
    onSuccess: ({ sha256, token }, file) => {
      previews.set(sha256, URL.createObjectURL(file));
      onChange((before) =>
        before.some((one) => one.sha256 === sha256)
          ? before
          : [...before, { sha256, token, caption: "" }],
      );
    },
    onError: (error) =>
      toastFailed({ message: t("guideline.picture_failed"), detail: errorSentence(error) }),
  });
  return (
    <fieldset className={styles.pictures} disabled={isOver}>
      <legend className={form.heading}>{t("guideline.pictures")}</legend>
      <p className={form.hint}>{t("guideline.picture_lead")}</p>
      {pictures.map((picture) => (
        <div key={picture.sha256} className={styles.pictureRow}>
          <img
            className={styles.picture}
            src={previews.get(picture.sha256) ?? pictureUrl(roundId, picture.sha256)}
            alt={picture.caption}
          />
          <TextInput
            aria-label={t("guideline.caption")}
            placeholder={t("guideline.caption")}
            maxLength={300}
            value={picture.caption}
            onChange={(event) => {
              const caption = event.currentTarget.value;
              onChange(pictures.map((one) => (one === picture ? { ...one, caption } : one)));
            }}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t("guideline.remove_picture")}
            onClick={() => onChange(pictures.filter((one) => one !== picture))}
          >
            <X size={16} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <FileButton
        accept="image/png,image/jpeg"
        onChange={(file) => file && store.mutate(file)}
        disabled={isOver}
      >
        {(button) => (
          <Button
            {...button}
            variant="default"
            size="compact-sm"
            loading={store.isPending}
            leftSection={<ImagePlus size={14} aria-hidden />}
          >
            {t("guideline.add_picture")}
          </Button>
        )}
      </FileButton>
    </fieldset>
  );
}
