/** The report: findings, impression, ready sentences, the critical flag, and the text for other systems. */
import { ActionIcon, Checkbox, Textarea, TextInput, Tooltip } from "@mantine/core";
import { ClipboardCopy, TriangleAlert } from "lucide-react";
import type { Ref } from "react";
import { useTranslation } from "react-i18next";
import type { ReportSection, ReviewPayload } from "../api/types";
import { useNameOf } from "../cases/words";
import { toastDone, toastFailed } from "../ui/toast";
import { type DraftContent, textOf, withText } from "./draft";
import { PhraseMenu } from "./PhraseMenu";
import styles from "./ReportPanel.module.css";
import { reportText } from "./reportText";

const SECTIONS: readonly ReportSection[] = ["findings", "impression"];
const MAXIMUM_TEXT = 20_000;

interface ReportPanelProps {
  payload: ReviewPayload;
  projectId: string;
  content: DraftContent;
  isReadOnly: boolean;
  textRef: Ref<HTMLTextAreaElement>;
  /** `key` joins a run of typing into one step to undo. */
  onChange: (content: DraftContent, key: string) => void;
}

export function ReportPanel(props: ReportPanelProps) {
  const { payload, content, isReadOnly, onChange } = props;
  const { t } = useTranslation();
  const nameOf = useNameOf();
  const copy = async () => {
    const text = reportText(payload.findings, content, {
      nameOf,
      verdictOf: (verdict) => t(`verdict.${verdict}`),
      titleOf: (section) => t(`report.${section}`),
      critical: t("report.critical"),
    });
    try {
      await navigator.clipboard.writeText(text);
      toastDone({ message: t("report.copied") });
    } catch {
      toastFailed({ message: t("report.not_copied") });
    }
  };
  return (
    <section className={styles.report} aria-label={t("report.title")}>
      <div className={styles.head}>
        <h2 className={styles.title}>{t("report.title")}</h2>
        <Tooltip label={t("report.copy")}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={28}
            aria-label={t("report.copy")}
            onClick={() => void copy()}
          >
            <ClipboardCopy size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
      {SECTIONS.map((section) => (
        <div key={section} className={styles.section}>
          <div className={styles.label}>
            <label htmlFor={`report-${section}`}>{t(`report.${section}`)}</label>
            {!isReadOnly && (
              <PhraseMenu
                projectId={props.projectId}
                section={section}
                written={textOf(content, section)}
                onInsert={(text) =>
                  onChange(
                    withText(content, section, joined(textOf(content, section), text)),
                    `phrase ${crypto.randomUUID()}`,
                  )
                }
              />
            )}
          </div>
          <Textarea
            id={`report-${section}`}
            ref={section === "findings" ? props.textRef : null}
            value={textOf(content, section)}
            onChange={(event) =>
              onChange(withText(content, section, event.currentTarget.value), `text ${section}`)
            }
            onKeyDown={(event) => {
              if (event.key === "Escape") event.currentTarget.blur();
            }}
            readOnly={isReadOnly}
            maxLength={MAXIMUM_TEXT}
            autosize
            minRows={2}
            maxRows={6}
          />
        </div>
      ))}
      <Checkbox
        className={styles.critical ?? ""}
        size="xs"
        label={
          <span className={styles.criticalLabel} data-on={content.isCritical}>
            <TriangleAlert size={14} aria-hidden />
            {t("report.critical")}
          </span>
        }
        checked={content.isCritical}
        disabled={isReadOnly}
        onChange={(event) =>
          onChange({ ...content, isCritical: event.currentTarget.checked }, "critical")
        }
      />
      {content.isCritical && (
        <TextInput
          size="xs"
          aria-label={t("report.critical_note")}
          placeholder={t("report.critical_note")}
          value={content.criticalNote}
          maxLength={500}
          readOnly={isReadOnly}
          onChange={(event) =>
            onChange({ ...content, criticalNote: event.currentTarget.value }, "critical note")
          }
        />
      )}
    </section>
  );
}

function joined(before: string, added: string): string {
  return before.trim() === "" ? added : `${before.trimEnd()}\n${added}`;
}
