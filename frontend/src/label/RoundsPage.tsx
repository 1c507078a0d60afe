/** The rounds a person reads in: how far they are themselves, and the one button that goes on. */
import { Button, Skeleton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowRight, CircleCheck, CirclePause, Lock } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { LabelRound, NoNextReason } from "../api/labeling";
import { arbitrationPath, ownReadsPath, readPath } from "../cases/paths";
import { errorSentence, useNameOf } from "../cases/words";
import { useSession } from "../session/context";
import { StateView } from "../ui/StateView";
import { toastFailed } from "../ui/toast";
import { GuidelineMark } from "./GuidelineMark";
import { GuidelinePanel } from "./GuidelinePanel";
import { seenGuideline } from "./guidelineSeen";
import { labelRoundsQuery, openNext } from "./queries";
import styles from "./RoundsPage.module.css";

interface RoundsPageProps {
  /** Only the rounds of this role; without it those of both. */
  only?: LabelRound["role"];
}

export function RoundsPage({ only }: RoundsPageProps) {
  const { t } = useTranslation(["labeling", "app"]);
  const rounds = useQuery({ ...labelRoundsQuery, refetchOnMount: "always" });
  const [guideline, setGuideline] = useState<string | null>(null);
  if (rounds.isError && !rounds.data) {
    return (
      <StateView
        kind="error"
        title={t("rounds.error")}
        detail={errorSentence(rounds.error)}
        action={<Button onClick={() => void rounds.refetch()}>{t("app:common.retry")}</Button>}
      />
    );
  }
  const shown = rounds.data?.filter((one) => only === undefined || one.role === only);
  if (shown?.length === 0) {
    return <StateView kind="empty" title={t("rounds.none")} detail={t("rounds.none_detail")} />;
  }
  return (
    <div className={styles.page}>
      <div className={styles.list}>
        <h1 className={styles.title}>
          {t(only === "arbitrator" ? "rounds.arbitrate_title" : "rounds.title")}
        </h1>
        {shown ? (
          shown.map((round) => (
            <RoundCard
              key={round.round_id}
              round={round}
              onGuideline={() => setGuideline(round.round_id)}
            />
          ))
        ) : (
          <Skeleton height={136} />
        )}
      </div>
      {guideline && (
        <GuidelinePanel key={guideline} roundId={guideline} onClose={() => setGuideline(null)} />
      )}
    </div>
  );
}

/** Why there is nothing to do in a round, as far as the round itself says it. */
function stopOf(round: LabelRound): Exclude<NoNextReason, "nothing_now"> | null {
  if (round.state === "closed") return "closed";
  if (round.is_paused) return "paused";
  if (round.waiting_read_id) return null;
  const { qualification } = round;
  if (qualification && !qualification.passed && qualification.done >= qualification.of) {
    return "not_qualified";
  }
  if (round.cap !== null && round.locked >= round.cap) return "cap";
  if (round.daily_cap !== null && round.locked_today >= round.daily_cap) return "daily_cap";
  return null;
}

function RoundCard({ round, onGuideline }: { round: LabelRound; onGuideline: () => void }) {
  const { t } = useTranslation("labeling");
  const { user } = useSession();
  const nameOf = useNameOf();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [isBusy, setIsBusy] = useState(false);
  const [answered, setAnswered] = useState<NoNextReason | null>(null);
  const stop = stopOf(round) ?? answered;
  const { qualification } = round;
  const isQualifying = qualification !== null && !qualification.passed;
  const isGuidelineNew = round.guideline_version > seenGuideline(user.id, round.round_id);
  const goOn = async () => {
    setIsBusy(true);
    try {
      const next = await openNext(client, round.round_id);
      if (next.read_id) void navigate(readPath(round.round_id, next.read_id));
      else if (next.arbitration_id) {
        void navigate(arbitrationPath(round.round_id, next.arbitration_id));
      } else setAnswered(next.reason === "" ? "nothing_now" : next.reason);
    } catch (error) {
      toastFailed({ message: t("read.no_next"), detail: errorSentence(error) });
    } finally {
      setIsBusy(false);
    }
  };
  const label = round.waiting_read_id
    ? t("rounds.go_on")
    : isQualifying
      ? t("rounds.qualify")
      : t(round.role === "arbitrator" ? "rounds.arbitrate" : "rounds.read");
  return (
    <article className={styles.card} data-stopped={stop !== null} data-testid="round">
      <header className={styles.head}>
        <div className={styles.names}>
          <h2 className={styles.name}>{round.name}</h2>
          <p className={styles.project}>
            {nameOf(round.project)} · {t(`rounds.role.${round.role}`)}
          </p>
        </div>
        <div className={styles.acts}>
          <Button variant="default" component={Link} to={ownReadsPath(round.round_id)}>
            {t("reads.title")}
          </Button>
          <Button
            variant="default"
            leftSection={<GuidelineMark isNew={isGuidelineNew} />}
            onClick={onGuideline}
          >
            {isGuidelineNew ? t("guideline.is_new") : t("guideline.title")}
          </Button>
          <Button
            loading={isBusy}
            disabled={stop !== null && stop !== "nothing_now"}
            rightSection={<ArrowRight size={16} aria-hidden />}
            onClick={() => void goOn()}
          >
            {label}
          </Button>
        </div>
      </header>
      <dl className={styles.numbers}>
        <Amount label={t("rounds.today_label")} count={round.locked_today} of={round.daily_cap} />
        <Amount label={t("rounds.locked_label")} count={round.locked} of={round.cap} />
        {qualification && (
          <Amount
            label={t(qualification.passed ? "rounds.qualified" : "rounds.qualification")}
            count={qualification.done}
            of={qualification.of}
          />
        )}
      </dl>
      {stop && (
        <p className={styles.stop} role="status">
          <StopMark stop={stop} />
          {t(`why.${stop}`)}
        </p>
      )}
    </article>
  );
}

function StopMark({ stop }: { stop: NoNextReason }) {
  if (stop === "closed") return <Lock size={16} aria-hidden />;
  if (stop === "paused" || stop === "not_qualified") return <CirclePause size={16} aria-hidden />;
  return <CircleCheck size={16} aria-hidden />;
}

function Amount({ label, count, of }: { label: string; count: number; of: number | null }) {
  const { t } = useTranslation("labeling");
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <span>{of === null ? count : t("rounds.of", { count, of })}</span>
        {of !== null && of > 0 && (
          <progress className={styles.bar} value={Math.min(count, of)} max={of} aria-hidden />
        )}
      </dd>
    </div>
  );
}
