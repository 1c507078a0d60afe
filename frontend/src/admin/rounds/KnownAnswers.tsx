/** What is known of each finding that the round asks about: present, absent or not assessable, and its grade. */
import { Button, Checkbox, Radio, Select } from "@mantine/core";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { AnswerValue } from "../../api/labeling";
import { useNameOf } from "../../cases/words";
import { CHOICE } from "../choice";
import form from "../Form.module.css";
import styles from "./KnownCases.module.css";
import {
  type AskedFinding,
  type KnownDraft,
  unansweredIn,
  withGrade,
  withRestAbsent,
  withValue,
} from "./knownDraft";

export const VALUES: readonly AnswerValue[] = ["present", "absent", "not_assessable"];

interface KnownAnswersProps {
  asked: readonly AskedFinding[];
  draft: KnownDraft;
  onChange: (draft: KnownDraft) => void;
}

export function KnownAnswers({ asked, draft, onChange }: KnownAnswersProps) {
  const { t } = useTranslation(["rounds", "labeling"]);
  const isAnyOpen = asked.some(({ code }) => draft.answers[code] === undefined);
  return (
    <div>
      <p className={form.legend}>{t("known.answers")}</p>
      <Checkbox
        classNames={CHOICE}
        label={t("known.unreadable")}
        checked={draft.isUnreadable}
        onChange={(event) => onChange({ ...draft, isUnreadable: event.currentTarget.checked })}
        mb={8}
      />
      {!draft.isUnreadable && (
        <>
          <div className={styles.answers}>
            {asked.map((finding) => (
              <Answer key={finding.code} finding={finding} draft={draft} onChange={onChange} />
            ))}
          </div>
          {asked.length > 1 && (
            <Button
              variant="default"
              size="compact-sm"
              mt={8}
              disabled={!isAnyOpen}
              onClick={() => onChange(withRestAbsent(draft, asked))}
            >
              {t("known.rest_absent")}
            </Button>
          )}
        </>
      )}
    </div>
  );
}

interface AnswerProps {
  finding: AskedFinding;
  draft: KnownDraft;
  onChange: (draft: KnownDraft) => void;
}

function Answer({ finding, draft, onChange }: AnswerProps) {
  const { t } = useTranslation(["rounds", "labeling"]);
  const nameOf = useNameOf();
  const group = useId();
  const name = nameOf(finding);
  const answer = draft.answers[finding.code];
  const isOpen = unansweredIn(draft, [finding]).length > 0;
  return (
    <fieldset className={styles.answer} data-finding={finding.code}>
      <legend className="visually-hidden">{t("labeling:value.of", { finding: name })}</legend>
      <span aria-hidden>{name}</span>
      <div className={styles.values}>
        {VALUES.map((value) => (
          <Radio
            key={value}
            classNames={CHOICE}
            size="xs"
            name={group}
            value={value}
            label={t(`labeling:value.${value}`)}
            checked={answer?.value === value}
            onChange={() => onChange(withValue(draft, finding.code, value))}
          />
        ))}
      </div>
      {answer?.value === "present" && finding.grades.length > 0 && (
        <Select
          aria-label={t("known.grade_of", { finding: name })}
          placeholder={t("labeling:grade")}
          data={[...finding.grades]}
          value={answer.grade || null}
          allowDeselect={false}
          error={isOpen && answer.grade === ""}
          onChange={(grade) => onChange(withGrade(draft, finding.code, grade ?? ""))}
        />
      )}
    </fieldset>
  );
}
