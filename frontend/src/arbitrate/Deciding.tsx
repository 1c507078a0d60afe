/** The arbitrator's screen of one case. Below 1920 px one image and held keys; above, two that move as one. */
import { useMediaQuery } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type Arbitration, DECISION_REASONS, nextRead } from "../api/labeling";
import { ARBITRATE_PATH, arbitrationPath, readPath } from "../cases/paths";
import { useKeys } from "../cases/useKeys";
import { errorSentence } from "../cases/words";
import { GuidelinePanel } from "../label/GuidelinePanel";
import { labelRoundsQuery } from "../label/queries";
import { ReadEnded } from "../label/ReadEnded";
import { isClosed } from "../reading/draft";
import { useDraft } from "../reading/useLocalDrafts";
import { toastDone, toastFailed } from "../ui/toast";
import { KEY_ACTIONS } from "../viewer/keyActions";
import { Thumbnails } from "../viewer/Thumbnails";
import { Agreed } from "./Agreed";
import { ArbitrationStrip } from "./ArbitrationStrip";
import type { GivenReason } from "./ConflictPanel";
import { ConflictPanel } from "./ConflictPanel";
import { DecideBar } from "./DecideBar";
import styles from "./Deciding.module.css";
import {
  type Choice,
  type Decisions,
  mergedRois,
  NO_DECISIONS,
  nextOpen,
  openCodeOf,
  openEndsOf,
  stepConflict,
  withChoice,
  withComment,
  withReason,
} from "./decisions";
import { ImagePanes } from "./ImagePanes";
import { useArbitrationSession } from "./useArbitrationSession";
import { usePanes } from "./usePanes";

const VIEWER_ACTIONS = KEY_ACTIONS.filter(
  ({ context }) => context === "viewer" || context === "roi",
);
const CHOICE_KEYS: readonly (readonly [string, Choice])[] = [
  ["arbitrate.chooseA", "a"],
  ["arbitrate.chooseB", "b"],
  ["arbitrate.chooseOwn", "own"],
  ["arbitrate.chooseMerged", "merged"],
  ["arbitrate.chooseIndeterminate", "indeterminate"],
];

interface DecidingProps {
  arbitration: Arbitration;
  /** Loads the server's version in place of what is on the screen. */
  onReload: () => Promise<void>;
}

export function Deciding({ arbitration, onReload }: DecidingProps) {
  const { t } = useTranslation(["arbitration", "labeling", "app"]);
  const navigate = useNavigate();
  const client = useQueryClient();
  const isWide = useMediaQuery("(min-width: 1920px)", undefined, {
    getInitialValueInEffect: false,
  });
  const { conflicts, round_id: roundId } = arbitration;

  const goOn = async () => {
    void client.invalidateQueries(labelRoundsQuery);
    try {
      const next = await nextRead(roundId);
      if (next.read_id && !next.arbitration_id)
        return void navigate(readPath(roundId, next.read_id));
      if (next.read_id && next.arbitration_id) {
        // The own blind read comes first; one that is locked leads here by itself.
        return void navigate(
          next.arbitration_id === arbitration.arbitration_id
            ? arbitrationPath(roundId, next.arbitration_id)
            : readPath(roundId, next.read_id),
        );
      }
      if (next.reason) toastDone({ message: t(`labeling:why.${next.reason}`) });
    } catch (error) {
      toastFailed({ message: t("labeling:read.no_next"), detail: errorSentence(error) });
    }
    return void navigate(ARBITRATE_PATH);
  };
  const session = useArbitrationSession(arbitration, () => {
    toastDone({ message: t("decided", { pseudonym: arbitration.pseudonym }) });
    void goOn();
  });
  const draft = useDraft(session);
  const decisions = draft?.content ?? NO_DECISIONS;
  const canEdit = arbitration.state === "revealed" && draft !== null && !isClosed(draft);
  const [selected, setSelected] = useState(
    () => openEndsOf(arbitration, decisions)[0]?.finding ?? conflicts[0]?.finding ?? "",
  );
  const [isAgreedOpen, setIsAgreedOpen] = useState(false);
  const [isGuidelineOpen, setIsGuidelineOpen] = useState(false);
  const [isAsked, setIsAsked] = useState(false);
  const openEnds = openEndsOf(arbitration, decisions);

  const edit = (changed: Decisions) => {
    if (canEdit && changed !== decisions) session.dispatch({ type: "edited", content: changed });
  };
  const panes = usePanes({
    arbitration,
    session,
    decisions,
    finding: selected,
    canEdit,
    isWide: isWide === true,
  });
  const choose = (finding: string, choice: Choice) => {
    if (!canEdit || !panes.isReady) return;
    const merged = () => mergedRois(arbitration, finding, () => crypto.randomUUID());
    edit(withChoice(decisions, finding, choice, merged));
    setSelected(finding);
  };
  const reason = (finding: string, given: GivenReason) => {
    const changed = withReason(decisions, finding, given);
    edit(changed);
    const isDone = openCodeOf(changed[finding]) === null;
    setSelected(isDone ? nextOpen(arbitration, changed, finding) : finding);
  };
  const decide = () => {
    if (!canEdit || !panes.isReady) return;
    setIsAsked(true);
    const [first] = openEnds;
    if (first) setSelected(first.finding);
    else void session.decide();
  };
  const step = (way: 1 | -1) => {
    const next = stepConflict(arbitration, selected, way);
    if (next !== null) setSelected(next);
  };

  useKeys({
    contexts: panes.hasSelectedRoi ? ["roi", "viewer"] : ["viewer"],
    screen: "arbitrate",
    subject: arbitration.arbitration_id,
    isImagePainted: panes.isReady,
    handlers: Object.fromEntries(VIEWER_ACTIONS.map(({ id }) => [id, () => panes.run(id)])),
  });
  useKeys({
    contexts: ["arbitrate"],
    screen: "arbitrate",
    subject: arbitration.arbitration_id,
    isImagePainted: panes.isReady,
    handlers: {
      ...Object.fromEntries(
        CHOICE_KEYS.map(([id, choice]) => [id, () => choose(selected, choice)]),
      ),
      ...Object.fromEntries(
        DECISION_REASONS.map((given, place) => [
          `arbitrate.reason${place + 1}`,
          () => reason(selected, given),
        ]),
      ),
      ...panes.held.handlers,
      "arbitrate.comment": () => document.getElementById("decision-comment")?.focus(),
      "arbitrate.edit": panes.editMerged,
      "arbitrate.next": () => step(1),
      "arbitrate.previous": () => step(-1),
      "arbitrate.agreed": () => setIsAgreedOpen((isOpen) => !isOpen),
      "arbitrate.guideline": () => setIsGuidelineOpen((isOpen) => !isOpen),
      "arbitrate.undo": () => session.dispatch({ type: "undone" }),
      "arbitrate.redo": () => session.dispatch({ type: "redone" }),
      "arbitrate.decide": decide,
      "arbitrate.nextCase": arbitration.state === "decided" ? () => void goOn() : undefined,
    },
    releases: panes.held.releases,
  });

  return (
    <div className={styles.page}>
      <ArbitrationStrip
        arbitration={arbitration}
        onGuideline={() => setIsGuidelineOpen((isOpen) => !isOpen)}
      />
      <div className={styles.body}>
        <div className={styles.thumbnails}>
          <Thumbnails
            items={panes.stack.choices.map((one) => ({
              key: one.key,
              url: one.thumbnailUrl,
              label: one.label,
              count: one.imageCount,
            }))}
            current={panes.stack.choice?.key ?? null}
            onSelect={panes.chooseStack}
          />
        </div>
        <div className={styles.images}>
          {/* Made anew when a second pane comes or goes: each begins fitted to its own place. */}
          <ImagePanes key={panes.list.length} panes={panes} arbitration={arbitration} />
          {isGuidelineOpen && (
            <GuidelinePanel roundId={roundId} onClose={() => setIsGuidelineOpen(false)} />
          )}
        </div>
        <section className={styles.panel} aria-label={t("panel")}>
          {draft?.save.kind === "conflict" && (
            <ReadEnded
              error={draft.save.error}
              onKeepMine={session.keepMine}
              onTakeTheirs={() => void session.discard().then(onReload)}
              onTryAgain={session.resume}
              onNext={() => void goOn()}
              onRounds={() => void navigate(ARBITRATE_PATH)}
            />
          )}
          <div className={styles.scroll}>
            <ul className={styles.conflicts}>
              {conflicts.map((conflict) => (
                <ConflictPanel
                  key={conflict.finding}
                  arbitration={arbitration}
                  conflict={conflict}
                  decision={decisions[conflict.finding]}
                  open={openEnds.find(({ finding }) => finding === conflict.finding)?.code ?? null}
                  isAsked={isAsked}
                  isSelected={conflict.finding === selected}
                  isReadOnly={!canEdit}
                  onSelect={() => setSelected(conflict.finding)}
                  onChoice={(choice) => choose(conflict.finding, choice)}
                  onReason={(given) => reason(conflict.finding, given)}
                  onComment={(text) =>
                    canEdit &&
                    session.dispatch({
                      type: "moved",
                      content: withComment(decisions, conflict.finding, text),
                      key: `comment ${conflict.finding}`,
                      isEnd: false,
                    })
                  }
                >
                  {panes.mergedFields}
                </ConflictPanel>
              ))}
            </ul>
            <Agreed
              arbitration={arbitration}
              isOpen={isAgreedOpen}
              onToggle={() => setIsAgreedOpen((isOpen) => !isOpen)}
            />
          </div>
          {draft && (
            <DecideBar
              save={draft.save}
              openCount={openEnds.length}
              isDecided={arbitration.state === "decided"}
              isReady={panes.isReady && canEdit}
              onDecide={decide}
              onNext={() => void goOn()}
            />
          )}
        </section>
      </div>
    </div>
  );
}
