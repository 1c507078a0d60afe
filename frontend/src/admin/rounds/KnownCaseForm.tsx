/** A known case being written: which, what for, what is true of it, and what readers learn from it. */
import { Button, Radio, Textarea } from "@mantine/core";
import { ExternalLink } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { addKnownCase, type KnownPurpose } from "../../api/rounds";
import { errorSentence, useNameOf } from "../../cases/words";
import { CHOICE } from "../choice";
import form from "../Form.module.css";
import { CasePicker } from "./CasePicker";
import { KnownAnswers } from "./KnownAnswers";
import styles from "./KnownCases.module.css";
import { type AskedFinding, emptyDraft, sentOf, unansweredIn } from "./knownDraft";
import { useRoundAct } from "./queries";
import type { RoundPanelProps } from "./SetupPanel";

const PURPOSES: readonly KnownPurpose[] = ["qualification", "gold"];
const LONGEST_EXPLANATION = 1000;

interface KnownCaseFormProps extends RoundPanelProps {
  asked: readonly AskedFinding[];
  onClose: () => void;
}

export function KnownCaseForm({ project, setup, asked, onClose }: KnownCaseFormProps) {
  const { t } = useTranslation(["rounds", "app"]);
  const nameOf = useNameOf();
  const [draft, setDraft] = useState(() => emptyDraft("qualification"));
  const [isTried, setTried] = useState(false);
  const caseInput = useRef<HTMLInputElement>(null);
  // The form has just been asked for: the next key belongs into it.
  useEffect(() => caseInput.current?.focus(), []);
  const add = useRoundAct({
    projectId: project.id,
    roundId: setup.round_id,
    act: () => addKnownCase(setup.round_id, sentOf(draft, asked)),
    done: () => t("known.added"),
    failed: t("known.not_added"),
    // The form itself says it, beside what was entered.
    isTold: () => true,
    onDone: () => {
      setTried(false);
      setDraft(emptyDraft(draft.purpose));
      caseInput.current?.focus();
    },
  });
  const open = unansweredIn(draft, asked);
  const isCaseMissing = draft.caseId === "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (isCaseMissing) caseInput.current?.focus();
    else if (open.length === 0) add.mutate(undefined);
  };
  return (
    <form className={form.inner} onSubmit={submit} aria-label={t("known.add")}>
      <div className={styles.pick}>
        <CasePicker
          projectId={project.id}
          caseId={draft.caseId}
          error={isTried && isCaseMissing ? t("known.case_missing") : null}
          inputRef={caseInput}
          onPick={(caseId) => setDraft({ ...draft, caseId })}
        />
        {!isCaseMissing && (
          <a
            className={styles.look}
            href={`/projects/${project.id}/cases/${draft.caseId}`}
            target="_blank"
            rel="noreferrer"
          >
            {t("known.look")}
            <ExternalLink size={14} aria-hidden />
          </a>
        )}
      </div>
      <Radio.Group
        label={t("known.purpose")}
        value={draft.purpose}
        onChange={(chosen) => {
          const purpose = PURPOSES.find((one) => one === chosen);
          if (purpose) setDraft({ ...draft, purpose });
        }}
      >
        <div className={`${form.choices} ${form.radios}`}>
          {PURPOSES.map((purpose) => (
            <Radio
              key={purpose}
              classNames={CHOICE}
              size="xs"
              value={purpose}
              label={t(`known.${purpose}`)}
              description={t(`known.${purpose}_means`)}
            />
          ))}
        </div>
      </Radio.Group>
      <KnownAnswers asked={asked} draft={draft} onChange={setDraft} />
      <Textarea
        classNames={{ description: form.choiceHint ?? "" }}
        label={t("known.explanation")}
        description={t(`known.explanation_${draft.purpose}`)}
        autosize
        minRows={2}
        maxRows={8}
        maxLength={LONGEST_EXPLANATION}
        value={draft.explanation}
        onChange={(event) => setDraft({ ...draft, explanation: event.currentTarget.value })}
      />
      {isTried && open.length > 0 && (
        <p className={form.error} role="alert">
          {t("known.unanswered", { findings: open.map(nameOf).join(", ") })}
        </p>
      )}
      {add.isError && (
        <p className={form.error} role="alert">
          {t("known.not_added")}: {errorSentence(add.error)}
        </p>
      )}
      <div className={form.buttons}>
        <Button type="submit" loading={add.isPending}>
          {t("known.add_now")}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t("app:common.close")}
        </Button>
      </div>
    </form>
  );
}
