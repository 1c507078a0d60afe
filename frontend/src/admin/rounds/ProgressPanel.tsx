/** How far a round is: cases by state, people, what starves, and the questions that wait. */
import { Button, Skeleton, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { answerQuestion, type RoundQuestion } from "../../api/rounds";
import { formatDateTime } from "../../ui/format";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import section from "../Section.module.css";
import { CASE_STATES, CaseTable } from "./CaseTable";
import { MemberTable } from "./MemberTable";
import { useProgress, useQuestions, useRoundAct } from "./queries";
import type { RoundPanelProps } from "./SetupPanel";

export function ProgressPanel({ project, setup }: RoundPanelProps) {
  const { t } = useTranslation("rounds");
  const progress = useProgress(setup.round_id);
  if (progress.isError && !progress.data) {
    return (
      <LoadError
        title={t("progress.error")}
        error={progress.error}
        onRetry={() => void progress.refetch()}
      />
    );
  }
  if (!progress.data) return <Skeleton height={240} />;
  const { case_counts: counts, starved_cases: starved } = progress.data;
  const shown = CASE_STATES.filter((state) => state === "open" || (counts[state] ?? 0) > 0);
  return (
    <>
      <ul className={section.counts} aria-label={t("progress.cases")}>
        {shown.map((state) => (
          <li key={state}>
            <strong>{counts[state] ?? 0}</strong>
            <span>{t(`case_state.${state}`)}</span>
          </li>
        ))}
        <li>
          <strong>{progress.data.reads_locked}</strong>
          <span>{t("progress.reads_locked")}</span>
        </li>
      </ul>
      {starved > 0 && (
        <p className={form.warning} role="alert">
          {t("progress.starved", { count: starved })}
        </p>
      )}
      <Questions project={project} setup={setup} />
      <section className={form.panel} aria-label={t("members.title")}>
        <h2 className={form.heading}>{t("members.title")}</h2>
        <MemberTable members={progress.data.members} />
      </section>
      <CaseTable project={project} setup={setup} />
    </>
  );
}

function Questions({ project, setup }: RoundPanelProps) {
  const { t } = useTranslation("rounds");
  const questions = useQuestions(setup.round_id);
  const rows = questions.data?.rows ?? [];
  if (rows.length === 0) return null;
  return (
    <section className={form.panel} aria-label={t("questions.title")}>
      <h2 className={form.heading}>{t("questions.title")}</h2>
      <p className={form.hint}>{t("questions.lead")}</p>
      {rows.map((question) => (
        <Question key={question.question_id} project={project} setup={setup} question={question} />
      ))}
    </section>
  );
}

function Question(props: RoundPanelProps & { question: RoundQuestion }) {
  const { project, setup, question } = props;
  const { t } = useTranslation(["rounds", "app"]);
  const [text, setText] = useState<string | null>(null);
  const [change, setChange] = useState("");
  const answer = useRoundAct({
    projectId: project.id,
    roundId: setup.round_id,
    act: (guideline_text: string) =>
      answerQuestion(setup.round_id, question.question_id, { guideline_text, change }),
    done: () => t("questions.answered"),
    failed: t("questions.not_answered"),
    onDone: () => setText(null),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text !== null) answer.mutate(text);
  };
  return (
    <article>
      <p>
        {question.text}{" "}
        <span className={form.muted}>
          {question.asker} · {formatDateTime(question.asked_at)}
        </span>
      </p>
      {question.answered_by_version !== null ? (
        <p className={form.hint}>
          {t("questions.by_version", { version: question.answered_by_version })}
        </p>
      ) : text === null ? (
        <Button variant="default" size="compact-sm" onClick={() => setText(setup.guideline.text)}>
          {t("questions.answer")}
        </Button>
      ) : (
        <form className={form.inner} onSubmit={submit}>
          <Textarea
            label={t("questions.guideline")}
            autosize
            minRows={4}
            maxRows={16}
            maxLength={20_000}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <TextInput
            label={t("guideline.change")}
            maxLength={500}
            value={change}
            onChange={(event) => setChange(event.currentTarget.value)}
          />
          <div className={form.buttons}>
            <Button type="submit" loading={answer.isPending} disabled={change.trim() === ""}>
              {t("questions.publish")}
            </Button>
            <Button variant="default" onClick={() => setText(null)}>
              {t("app:common.cancel")}
            </Button>
          </div>
        </form>
      )}
    </article>
  );
}
