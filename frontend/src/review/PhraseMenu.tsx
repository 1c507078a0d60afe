/** Ready sentences for one part of the report: insert one, keep what is written as a new one, delete an old one. */
import { ActionIcon, Button, Menu, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Quote, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { addPhrase, deletePhrase, fetchPhrases } from "../api/endpoints";
import type { ReportSection } from "../api/types";
import { errorSentence } from "../cases/words";
import { useMembership } from "../session/context";
import { toastFailed } from "../ui/toast";
import styles from "./PhraseMenu.module.css";

interface PhraseMenuProps {
  projectId: string;
  section: ReportSection;
  /** What stands in the report now, and may be kept. */
  written: string;
  onInsert: (text: string) => void;
}

export function PhraseMenu({ projectId, section, written, onInsert }: PhraseMenuProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const key = ["phrases", projectId];
  const [isOpen, setIsOpen] = useState(false);
  const [title, setTitle] = useState("");
  const phrases = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => fetchPhrases(projectId, signal),
    enabled: isOpen,
  });
  const isAdmin = useMembership(projectId)?.roles.includes("admin") ?? false;
  const shown = phrases.data?.filter((phrase) => phrase.section === section) ?? [];
  const change = async (act: Promise<unknown>) => {
    try {
      await act;
      await client.invalidateQueries({ queryKey: key });
    } catch (error) {
      toastFailed({ message: t("phrases.failed"), detail: errorSentence(error) });
    }
  };
  const keep = async (event: FormEvent) => {
    event.preventDefault();
    const body = { section, title: title.trim(), text: written.trim(), is_shared: false };
    await change(addPhrase(projectId, body));
    setTitle("");
  };
  return (
    <Menu
      opened={isOpen}
      onChange={setIsOpen}
      position="left-start"
      width={320}
      returnFocus
      withinPortal
    >
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          leftSection={<Quote size={12} aria-hidden />}
        >
          {t("phrases.open")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {phrases.isError && <p className={styles.note}>{errorSentence(phrases.error)}</p>}
        {phrases.data && shown.length === 0 && <p className={styles.note}>{t("phrases.empty")}</p>}
        {shown.map((phrase) => (
          <div key={phrase.id} className={styles.row}>
            <Menu.Item className={styles.item ?? ""} onClick={() => onInsert(phrase.text)}>
              <span className={styles.title}>
                <bdi>{phrase.title}</bdi>
                {phrase.is_shared && <span className={styles.shared}>{t("phrases.shared")}</span>}
              </span>
              <bdi className={styles.text}>{phrase.text}</bdi>
            </Menu.Item>
            {(!phrase.is_shared || isAdmin) && (
              <ActionIcon
                variant="subtle"
                color="gray"
                size={28}
                aria-label={t("phrases.delete", { title: phrase.title })}
                onClick={() => void change(deletePhrase(projectId, phrase.id))}
              >
                <Trash2 size={14} aria-hidden />
              </ActionIcon>
            )}
          </div>
        ))}
        {written.trim() !== "" && (
          <form className={styles.keep} onSubmit={(event) => void keep(event)}>
            <TextInput
              size="xs"
              maxLength={64}
              required
              aria-label={t("phrases.title")}
              placeholder={t("phrases.title")}
              value={title}
              onChange={(event) => setTitle(event.currentTarget.value)}
              onKeyDown={(event) => event.stopPropagation()}
            />
            <Button type="submit" size="xs" variant="default" disabled={title.trim() === ""}>
              {t("phrases.keep")}
            </Button>
          </form>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
