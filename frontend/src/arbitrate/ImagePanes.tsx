/** The images: one pane for each of two readers, moving as one, or a single one with a choice of whom it shows. */
import { Button, SegmentedControl } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Arbitration, ReaderLetter } from "../api/labeling";
import { currentKeyActions } from "../cases/useKeys";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { StateView } from "../ui/StateView";
import { keyHint } from "../viewer/keymap";
import { Viewport } from "../viewer/Viewport";
import styles from "./ImagePanes.module.css";
import type { Shown } from "./shown";
import type { Pane, Panes } from "./usePanes";

const HINTS: Partial<Record<Shown, string>> = {
  A: "arbitrate.showA",
  B: "arbitrate.showB",
  own: "arbitrate.showOwn",
  all: "arbitrate.showBoth",
  none: "arbitrate.showNone",
};

export function ImagePanes({ panes, arbitration }: { panes: Panes; arbitration: Arbitration }) {
  const { t } = useTranslation(["arbitration", "app"]);
  const isWide = panes.list.length > 1;
  const letters = arbitration.readers.map(({ letter }) => letter);
  const choices: Shown[] = [...letters, "own", "all", "none"];
  return (
    <div className={styles.panes} data-wide={isWide}>
      {panes.list.map((pane, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a pane is its place
        <section key={place} className={styles.pane} aria-label={nameOf(pane.shown)}>
          <header className={styles.head} data-shown={pane.shown}>
            <span className={styles.mark} aria-hidden />
            <h2 className={styles.title}>{nameOf(pane.shown)}</h2>
            {isWide && letters.length > 2 && panes.shown === null && (
              <SegmentedControl
                size="xs"
                aria-label={t("show")}
                data={letters}
                value={pane.shown}
                onChange={(letter) => panes.showIn(place, letter as ReaderLetter)}
              />
            )}
            {place === 0 && (
              <SegmentedControl
                className={styles.choices ?? ""}
                size="xs"
                aria-label={t("show")}
                data={[
                  ...(isWide ? [{ value: "sides", label: t("shown.sides") }] : []),
                  ...choices.map((value) => ({ value, label: <ShownLabel shown={value} /> })),
                ]}
                value={panes.shown ?? (isWide ? "sides" : "all")}
                onChange={(value) =>
                  panes.show(value === "sides" ? (panes.shown ?? "all") : (value as Shown))
                }
              />
            )}
          </header>
          <OnePane pane={pane} panes={panes} arbitration={arbitration} isFirst={place === 0} />
        </section>
      ))}
    </div>
  );

  function nameOf(shown: Shown): string {
    if (shown === "own" || shown === "all" || shown === "none") return t(`shown.${shown}_long`);
    return t("reader", { letter: shown });
  }
}

function ShownLabel({ shown }: { shown: Shown }) {
  const { t } = useTranslation("arbitration");
  const hint = HINTS[shown] ? keyHint(currentKeyActions("arbitrate"), HINTS[shown]) : "";
  const word = shown === "own" || shown === "all" || shown === "none" ? t(`shown.${shown}`) : shown;
  return (
    <span className={styles.choice}>
      {word}
      {hint && <kbd>{hint}</kbd>}
    </span>
  );
}

function OnePane(props: { pane: Pane; panes: Panes; arbitration: Arbitration; isFirst: boolean }) {
  const { pane, panes, arbitration, isFirst } = props;
  const { t } = useTranslation("app");
  const { stack } = panes;
  return (
    <div className={styles.image}>
      <ErrorBoundary
        fallback={(retry) => (
          <StateView
            kind="error"
            title={t("review.viewer_error")}
            action={<Button onClick={retry}>{t("common.retry")}</Button>}
          />
        )}
      >
        <Viewport
          ref={pane.handle}
          stack={stack.stack}
          isPending={stack.isPending}
          text={{
            topLeft: [arbitration.pseudonym],
            topRight: [],
            bottomLeft: [
              [stack.choice?.series.modality, stack.choice?.label].filter(Boolean).join(" · "),
            ],
          }}
          actions={currentKeyActions("arbitrate")}
          rois={pane.rois}
          lines={pane.lines}
          sync={panes.sync}
          {...(isFirst ? { onState: panes.onState } : {})}
        />
      </ErrorBoundary>
    </div>
  );
}
