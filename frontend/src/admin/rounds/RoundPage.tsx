/** One round: how it is set up, how far it is, what it came to; and the acts that move it on. */
import { Button, Skeleton } from "@mantine/core";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, NavLink, Route, Routes, useParams } from "react-router";
import { ApiError } from "../../api/errors";
import { endRound, openRound, type RoundAct, type RoundSetup } from "../../api/rounds";
import type { Project } from "../../api/types";
import form from "../Form.module.css";
import { LoadError } from "../LoadError";
import { ReasonForm } from "../ReasonForm";
import section from "../Section.module.css";
import { ProgressPanel } from "./ProgressPanel";
import { useRoundAct, useRoundSetup } from "./queries";
import { ResultsPanel } from "./ResultsPanel";
import { RoundStateWord } from "./RoundStateWord";
import styles from "./Rounds.module.css";
import { SetupPanel } from "./SetupPanel";

const TABS = ["setup", "progress", "results"] as const;

export function RoundPage({ project }: { project: Project }) {
  const { t } = useTranslation(["rounds", "app"]);
  const { roundId = "" } = useParams();
  const setup = useRoundSetup(roundId);
  const list = `/projects/${project.id}/admin/rounds`;
  const root = `${list}/${roundId}`;
  if (setup.isError && !setup.data) {
    return (
      <LoadError title={t("page.error")} error={setup.error} onRetry={() => void setup.refetch()} />
    );
  }
  if (!setup.data) return <Skeleton height={320} />;
  const props = { project, setup: setup.data };
  return (
    <>
      <div>
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<ArrowLeft size={14} aria-hidden />}
          component={Link}
          to={list}
        >
          {t("page.back")}
        </Button>
      </div>
      <Head {...props} />
      <nav className={styles.tabs} aria-label={t("page.parts")}>
        {TABS.map((tab) => (
          <NavLink key={tab} to={`${root}/${tab}`} className={styles.tab ?? ""}>
            {t(`page.${tab}`)}
          </NavLink>
        ))}
      </nav>
      <Routes>
        <Route path="setup" element={<SetupPanel key={roundId} {...props} />} />
        <Route path="progress" element={<ProgressPanel {...props} />} />
        <Route path="results" element={<ResultsPanel {...props} />} />
        <Route path="*" element={<Navigate to={`${root}/setup`} replace />} />
      </Routes>
    </>
  );
}

/** What keeps a round from beginning, by the server's word. */
function missingOf(error: unknown): string[] {
  if (!(error instanceof ApiError) || error.code !== "round_not_ready") return [];
  const { missing } = error.params;
  return Array.isArray(missing) ? missing.map(String) : [];
}

function Head({ project, setup }: { project: Project; setup: RoundSetup }) {
  const { t } = useTranslation(["rounds", "app"]);
  const [asked, setAsked] = useState<RoundAct | null>(null);
  const shared = { projectId: project.id, roundId: setup.round_id };
  const open = useRoundAct({
    ...shared,
    act: () => openRound(setup.round_id),
    done: () => t("act.opened"),
    failed: t("act.not_opened"),
    isTold: (error) => missingOf(error).length > 0,
  });
  const end = useRoundAct({
    ...shared,
    act: ({ act, reason }: { act: RoundAct; reason: string }) =>
      endRound(setup.round_id, act, reason),
    done: ({ act }) => t(`act.${act}_done`),
    failed: t("act.failed"),
    onDone: () => setAsked(null),
  });
  const missing = missingOf(open.error);
  const isReleased = setup.released_at !== null;
  const acts: RoundAct[] = [
    ...(setup.state === "open" ? (["close"] as const) : []),
    ...(["open", "closed"].includes(setup.state) && !isReleased ? (["release"] as const) : []),
    ...(["draft", "open"].includes(setup.state) ? (["cancel"] as const) : []),
  ];
  return (
    <>
      <div className={form.titleRow}>
        <div>
          <h1 className={section.title}>{setup.name}</h1>
          <p className={styles.facts}>
            <RoundStateWord state={setup.state} isReleased={isReleased} />
            <span>{t("page.rules_version", { version: setup.policy.version })}</span>
          </p>
        </div>
        <div className={form.buttons}>
          {setup.state === "draft" && (
            <Button loading={open.isPending} onClick={() => open.mutate(undefined)}>
              {t("act.open")}
            </Button>
          )}
          {acts.map((act) => (
            <Button
              key={act}
              variant={act === "cancel" ? "subtle" : "default"}
              color="gray"
              onClick={() => setAsked(act)}
            >
              {t(`act.${act}`)}
            </Button>
          ))}
        </div>
      </div>
      {missing.length > 0 && (
        <div className={styles.missing} role="alert">
          <p>{t("act.missing")}</p>
          <ul>
            {missing.map((code) => (
              <li key={code}>
                <a href={`#${SECTION_OF[code] ?? "cases"}`}>
                  {t(`missing.${code}` as "missing.cases")}
                </a>
              </li>
            ))}
          </ul>
        </div>
      )}
      {asked && (
        <ReasonForm
          key={asked}
          title={t(`act.${asked}_why`)}
          hint={t("act.reason_hint")}
          confirm={t(`act.${asked}`)}
          isSending={end.isPending}
          onSubmit={(reason) => end.mutate({ act: asked, reason })}
          onCancel={() => setAsked(null)}
        />
      )}
    </>
  );
}

/** Where on the set-up page each missing thing is mended. */
const SECTION_OF: Record<string, string> = {
  cases: "cases",
  annotators: "members",
  arbitrators: "members",
  guideline: "guideline",
  eligible_readers: "members",
};
