/** Which case this is, under the name it has for this reader alone; how far the day is; what else can be done. */
import { Button, Kbd, Menu } from "@mantine/core";
import { CircleHelp, List, MoreHorizontal, SkipForward, UserX } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { LabelRead, LabelRound } from "../api/labeling";
import { useFacts } from "../cases/facts";
import { ownReadsPath } from "../cases/paths";
import { currentKeyActions } from "../cases/useKeys";
import { keyHint } from "../viewer/keymap";
import { GuidelineMark } from "./GuidelineMark";
import type { LeaveKind } from "./LeavePanel";
import styles from "./ReadStrip.module.css";

interface ReadStripProps {
  read: LabelRead | undefined;
  round: LabelRound | undefined;
  canLeave: boolean;
  isGuidelineNew: boolean;
  onGuideline: () => void;
  onLeave: (kind: LeaveKind) => void;
}

export function ReadStrip(props: ReadStripProps) {
  const { read, round, canLeave, isGuidelineNew, onLeave } = props;
  const { t } = useTranslation("labeling");
  const facts = useFacts();
  if (!read) return <div className={styles.strip} />;
  const { modality, body_part_examined, view_position, patient_sex, patient_age } = read.facts;
  const hint = (action: string) => (
    <Kbd size="xs">{keyHint(currentKeyActions("label"), action)}</Kbd>
  );
  return (
    <section key={read.read_id} className={styles.strip} aria-label={t("read.case")}>
      <h1 className={styles.name}>{read.pseudonym}</h1>
      <span className={styles.facts}>
        {[
          modality,
          body_part_examined,
          view_position,
          facts.sex(patient_sex),
          facts.age(patient_age),
        ]
          .filter(Boolean)
          .join(" · ")}
      </span>
      <span className={styles.gap} />
      {round && (
        <span className={styles.progress}>
          <span className={styles.round}>{round.name}</span>
          <Today round={round} />
        </span>
      )}
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        leftSection={<GuidelineMark isNew={isGuidelineNew} />}
        rightSection={hint("label.guideline")}
        onClick={props.onGuideline}
      >
        {isGuidelineNew ? t("guideline.is_new") : t("guideline.title")}
      </Button>
      <Menu position="bottom-end" returnFocus={false}>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            leftSection={<MoreHorizontal size={14} aria-hidden />}
          >
            {t("read.more")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<CircleHelp size={14} aria-hidden />}
            rightSection={hint("label.question")}
            onClick={() => onLeave("question")}
          >
            {t("leave.question.title")}
          </Menu.Item>
          <Menu.Item
            leftSection={<SkipForward size={14} aria-hidden />}
            rightSection={hint("label.skip")}
            disabled={!canLeave}
            onClick={() => onLeave("skip")}
          >
            {t("leave.skip.title")}
          </Menu.Item>
          <Menu.Item
            leftSection={<UserX size={14} aria-hidden />}
            rightSection={hint("label.recuse")}
            disabled={!canLeave}
            onClick={() => onLeave("recuse")}
          >
            {t("leave.recuse.title")}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            component={Link}
            to={ownReadsPath(read.round_id)}
            leftSection={<List size={14} aria-hidden />}
          >
            {t("reads.title")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </section>
  );
}

/** "17 of 60 today", or without an end "17 today". */
export function Today({ round }: { round: LabelRound }) {
  const { t } = useTranslation("labeling");
  const { locked_today: count, daily_cap: of } = round;
  return (
    <span className={styles.today}>
      {of === null ? t("rounds.today", { count }) : t("rounds.today_of", { count, of })}
    </span>
  );
}
