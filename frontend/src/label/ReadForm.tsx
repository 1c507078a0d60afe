/** The form of a read: what the round asks, by finding and as a whole, and the lock at its end. */
import { Button, Kbd } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { AnswerValue, LabelRead } from "../api/labeling";
import { currentKeyActions, useKeys } from "../cases/useKeys";
import { useNameOf } from "../cases/words";
import { type Draft, isClosed } from "../reading/draft";
import { toastFailed } from "../ui/toast";
import { keyHint } from "../viewer/keymap";
import { CaseAnswers } from "./CaseAnswers";
import {
  contradictingFindings,
  type LabelContent,
  oddsOf,
  unansweredFindings,
  withConfidence,
  withGrade,
  withNothingFound,
  withUnreadable,
  withValue,
} from "./content";
import { FindingQuestion } from "./FindingQuestion";
import { LockBar, oddsRefused } from "./LockBar";
import styles from "./ReadForm.module.css";
import type { ReadSession } from "./readSession";
import { SelectedMark } from "./SelectedMark";
import {
  confidenceTarget,
  findingAfterAnswer,
  imagesOf,
  isLive,
  spacingIn,
  stepFinding,
} from "./steps";
import type { Marks } from "./useMarks";

interface ReadFormProps {
  read: LabelRead;
  session: ReadSession;
  draft: Draft<LabelContent>;
  marks: Marks;
  selected: string | null;
  isImagePainted: boolean;
  /** A form about leaving or asking is open in the place of the lock. */
  isLeaving: boolean;
  onSelect: (code: string) => void;
  onDraw: (code: string) => void;
  onMeasure: (code: string) => void;
}

export function ReadForm(props: ReadFormProps) {
  const { read, session, draft, marks, selected, isImagePainted, onSelect } = props;
  const { t } = useTranslation("labeling");
  const nameOf = useNameOf();
  const answeredLast = useRef<string | null>(null);
  const quality = useRef<HTMLDivElement>(null);
  const reason = useRef<HTMLInputElement>(null);
  const comment = useRef<HTMLTextAreaElement>(null);
  const [images] = useState(() => imagesOf(read));
  const { content } = draft;
  const { findings } = read;
  const canEdit = isLive(read) && !isClosed(draft);
  const canAct = canEdit && isImagePainted;
  const canAnswer = canAct && !content.isUnreadable;
  const odds = oddsOf(findings, content, spacingIn(images));
  const open = content.isUnreadable ? [] : unansweredFindings(findings, content);
  const edit = (changed: LabelContent) => {
    if (canEdit && changed !== content) session.dispatch({ type: "edited", content: changed });
  };
  const type = (changed: LabelContent, key: string) =>
    session.dispatch({ type: "moved", content: changed, key, isEnd: false });

  const answer = (code: string | null, change: (code: string) => LabelContent) => {
    if (!canAnswer || code === null) return;
    const changed = change(code);
    answeredLast.current = code;
    edit(changed);
    onSelect(findingAfterAnswer(findings, changed, code));
  };
  const value = (code: string | null, said: AnswerValue) =>
    answer(code, (of) => withValue(content, of, said));
  const grade = (code: string | null, place: number) => {
    const given = findings.find((one) => one.code === code)?.grades[place];
    if (given !== undefined) answer(code, (of) => withGrade(content, of, given));
  };
  const confidence = (code: string | null, sure: number) => {
    const target = confidenceTarget(content, code, answeredLast.current);
    if (canAnswer && target !== null) edit(withConfidence(content, target, sure));
  };
  const nothingFound = () => {
    if (!canAnswer) return;
    const against = contradictingFindings(findings, content);
    if (!content.isNothingFound && against.length > 0) {
      const names = findings.filter(({ code }) => against.includes(code)).map(nameOf);
      toastFailed({ message: t("nothing.not_now", { findings: names.join(", ") }) });
      return;
    }
    edit(withNothingFound(findings, content));
  };
  const unreadable = () => {
    if (!canEdit) return;
    edit(withUnreadable(content, !content.isUnreadable));
    if (!content.isUnreadable) requestAnimationFrame(() => reason.current?.focus());
  };
  const lock = () => {
    if (!canAct) return;
    const asked = oddsRefused(draft.save);
    if (asked?.some(({ blocks }) => blocks)) return;
    void session.lock(asked !== null);
  };

  // A key that was meant for another case never reaches this one.
  const here = (run: () => void) => (subject: string) => {
    if (subject === read.read_id) run();
  };
  const numbered = (name: string, count: number, run: (number: number) => void) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`label.${name}${i + 1}`, here(() => run(i + 1))]),
    );
  useKeys({
    contexts: ["label"],
    screen: "label",
    subject: read.read_id,
    isImagePainted,
    handlers: {
      "label.present": here(() => value(selected, "present")),
      "label.absent": here(() => value(selected, "absent")),
      "label.notAssessable": here(() => value(selected, "not_assessable")),
      ...numbered("grade", 6, (place) => grade(selected, place - 1)),
      ...numbered("confidence", 5, (sure) => confidence(selected, sure)),
      "label.nothingFound": here(nothingFound),
      "label.next": () => {
        const next = stepFinding(findings, selected, 1);
        if (next) onSelect(next);
      },
      "label.previous": () => {
        const before = stepFinding(findings, selected, -1);
        if (before) onSelect(before);
      },
      "label.draw": here(() => canAnswer && selected && props.onDraw(selected)),
      "label.measure": here(() => canAnswer && selected && props.onMeasure(selected)),
      "label.quality": () => quality.current?.querySelector("button")?.focus(),
      "label.unreadable": here(unreadable),
      "label.comment": () => comment.current?.focus(),
      "label.undo": here(() => canEdit && session.dispatch({ type: "undone" })),
      "label.redo": here(() => canEdit && session.dispatch({ type: "redone" })),
      "label.lock": here(lock),
    },
  });

  return (
    <>
      <div className={styles.scroll}>
        <div className={styles.head}>
          <h2 className={styles.title}>{t("read.findings")}</h2>
          <Button
            className={styles.nothingButton ?? ""}
            size="compact-sm"
            variant="default"
            aria-pressed={content.isNothingFound}
            disabled={!canAnswer}
            onMouseDown={(event) => event.preventDefault()}
            onClick={nothingFound}
            rightSection={
              <Kbd size="xs">{keyHint(currentKeyActions("label"), "label.nothingFound")}</Kbd>
            }
          >
            {t("nothing.label")}
          </Button>
        </div>
        {content.isNothingFound && (
          <p className={styles.nothing}>{t("nothing.said", { count: findings.length })}</p>
        )}
        <ul className={styles.findings} data-off={content.isUnreadable}>
          {findings.map((finding) => (
            <FindingQuestion
              key={finding.code}
              finding={finding}
              answer={content.answers[finding.code]}
              roiCount={content.rois.filter((one) => one.finding === finding.code).length}
              lineCount={content.measurements.filter((one) => one.finding === finding.code).length}
              odds={odds.filter((one) => one.finding === finding.code)}
              isSelected={finding.code === selected}
              isReadOnly={!canEdit || content.isUnreadable}
              onSelect={() => onSelect(finding.code)}
              onValue={(said) => value(finding.code, said)}
              onGrade={(given) => answer(finding.code, (of) => withGrade(content, of, given))}
              onConfidence={(sure) => confidence(finding.code, sure)}
              onDraw={() => canAnswer && props.onDraw(finding.code)}
              onMeasure={() => canAnswer && props.onMeasure(finding.code)}
            >
              {(marks.roi ?? marks.line)?.finding === finding.code && (
                <SelectedMark finding={finding} marks={marks} images={images} />
              )}
            </FindingQuestion>
          ))}
        </ul>
        <CaseAnswers
          content={content}
          isReadOnly={!canEdit}
          qualityRef={quality}
          reasonRef={reason}
          commentRef={comment}
          onEdit={edit}
          onType={type}
        />
      </div>
      {isLive(read) && !props.isLeaving && (
        <LockBar
          save={draft.save}
          findings={findings}
          unanswered={open.length}
          isReady={canAct}
          onLock={lock}
          onSelect={onSelect}
          onGoOn={() => void session.save()}
        />
      )}
    </>
  );
}
