/** What lies on the images of an arbitration: who is shown where, the merged outline in hand, held keys. */
import { type ReactNode, type RefObject, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Arbitration, ReaderLetter } from "../api/labeling";
import { useNameOf } from "../cases/words";
import { imagesOf } from "../label/steps";
import { type ReadStack, useReadStack } from "../label/useReadStack";
import { isStackOf } from "../reading/stacks";
import type { LineItem, LineLayerProps } from "../viewer/line";
import { RoiFields } from "../viewer/RoiFields";
import type { Roi } from "../viewer/roi";
import type { RoiLayerProps } from "../viewer/roiScene";
import { ViewSync } from "../viewer/sync";
import type { ViewportHandle } from "../viewer/Viewport";
import { EMPTY_STATE, type ViewerState } from "../viewer/viewerState";
import type { ArbitrationSession } from "./arbitrationSession";
import { type Decisions, withoutRoi, withRoi } from "./decisions";
import { lineItemsOf, mergedItemsOf, roiItemsOf, type Shown, sourcesOf } from "./shown";

/** A key held longer shows for as long; one tapped stays. */
const HELD_MS = 300;
const SHOWN_KEYS: readonly (readonly [string, Shown])[] = [
  ["arbitrate.showA", "A"],
  ["arbitrate.showB", "B"],
  ["arbitrate.showOwn", "own"],
  ["arbitrate.showBoth", "all"],
  ["arbitrate.showNone", "none"],
];
const nothing = () => undefined;

export interface Pane {
  readonly shown: Shown;
  readonly rois: RoiLayerProps;
  readonly lines: LineLayerProps;
  readonly handle: RefObject<ViewportHandle | null>;
}

interface Input {
  readonly arbitration: Arbitration;
  readonly session: ArbitrationSession;
  readonly decisions: Decisions;
  readonly finding: string;
  readonly canEdit: boolean;
  readonly isWide: boolean;
}

export interface Panes {
  readonly list: readonly Pane[];
  readonly stack: ReadStack;
  readonly sync: ViewSync;
  readonly isReady: boolean;
  readonly shown: Shown | null;
  readonly show: (shown: Shown) => void;
  readonly showIn: (place: number, letter: ReaderLetter) => void;
  readonly chooseStack: (key: string) => void;
  readonly onState: (state: ViewerState) => void;
  readonly run: (actionId: string) => void;
  readonly hasSelectedRoi: boolean;
  readonly editMerged: () => void;
  readonly mergedFields: ReactNode;
  readonly held: {
    readonly handlers: Readonly<Record<string, () => void>>;
    readonly releases: Readonly<Record<string, (heldMs: number) => void>>;
  };
}

export function usePanes(input: Input): Panes {
  const { arbitration, session, decisions, finding, canEdit, isWide } = input;
  const { t } = useTranslation("arbitration");
  const nameOf = useNameOf();
  const [chosenStack, chooseStack] = useState<string>();
  const stack = useReadStack(arbitration, chosenStack);
  const sync = useMemo(() => new ViewSync(), []);
  const first = useRef<ViewportHandle>(null);
  const second = useRef<ViewportHandle>(null);
  const [viewer, setViewer] = useState<ViewerState>(EMPTY_STATE);
  const letters = arbitration.readers.map(({ letter }) => letter);
  const [inPanes, setInPanes] = useState<readonly (ReaderLetter | undefined)[]>([
    letters[0],
    letters[1] ?? letters[0],
  ]);
  /** Null: side by side each pane shows its own reader; on one image everybody is shown. */
  const [shown, setShown] = useState<Shown | null>(null);
  const before = useRef<Shown | null>(null);
  const [selectedId, select] = useState<string | null>(null);

  const decision = decisions[finding];
  const merged = decision?.choice === "merged" ? decision.rois : [];
  const inHand = canEdit ? (merged.find(({ roiId }) => roiId === selectedId) ?? null) : null;
  const edit = (content: Decisions) => session.dispatch({ type: "edited", content });
  const remove = (roiId: string) => {
    edit(withoutRoi(decisions, roiId));
    select(null);
  };
  const change = (roi: Roi) => edit(withRoi(decisions, roi));
  const words = {
    reader: (letter: ReaderLetter) => t("reader", { letter }),
    own: t("own"),
  };
  const canDraw = canEdit && decision?.choice === "merged";
  const paneOf = (its: Shown, handle: RefObject<ViewportHandle | null>): Pane => {
    const sources = sourcesOf(arbitration, its, words);
    const lineItems: readonly LineItem[] = lineItemsOf(sources, finding);
    return {
      shown: its,
      handle,
      lines: { items: lineItems, onChange: nothing, onSelect: nothing },
      rois: {
        items: [
          ...roiItemsOf(sources, finding),
          ...(its === "none"
            ? []
            : mergedItemsOf(merged, {
                label: t("choice.merged"),
                selectedId: inHand?.roiId ?? null,
                isReadOnly: !canEdit,
              })),
        ],
        onDraw: canDraw
          ? (drawn) => {
              const roiId = crypto.randomUUID();
              change({ ...drawn, roiId, finding, laterality: "" });
              select(roiId);
            }
          : undefined,
        onChange: (roiId, vertices, phase) => {
          const roi = merged.find((one) => one.roiId === roiId);
          if (!roi) return;
          const content = withRoi(decisions, { ...roi, vertices });
          session.dispatch({
            type: "moved",
            content,
            key: `drag ${roiId}`,
            isEnd: phase === "end",
          });
        },
        onSelect: select,
        onDelete: canEdit ? remove : undefined,
      },
    };
  };
  const [left, right] = inPanes;
  const list = isWide
    ? [paneOf(shown ?? left ?? "all", first), paneOf(shown ?? right ?? "all", second)]
    : [paneOf(shown ?? "all", first)];

  const hasPainted = viewer.isPainted && isStackOf(viewer.stackKey, arbitration.read_id);
  const image = inHand && imagesOf(arbitration).get(inHand.sopInstanceUid);
  const found = arbitration.findings.find(({ code }) => code === finding);
  return {
    list,
    stack,
    sync,
    isReady: hasPainted || stack.choices.length === 0,
    shown,
    show: (its) => setShown((now) => (now === its ? null : its)),
    showIn: (place, letter) =>
      setInPanes((now) => now.map((one, at) => (at === place ? letter : one))),
    chooseStack,
    onState: setViewer,
    run: (actionId) => void first.current?.run(actionId),
    hasSelectedRoi: inHand !== null,
    editMerged: () => {
      const [roi] = merged;
      if (!canDraw) return;
      if (!roi) {
        first.current?.run("viewer.toolFreehand");
        return;
      }
      const at = merged.findIndex(({ roiId }) => roiId === selectedId);
      const next = merged[(at + 1) % merged.length] ?? roi;
      select(next.roiId);
      first.current?.show(next);
    },
    mergedFields:
      inHand && image ? (
        <RoiFields
          key={inHand.roiId}
          roi={inHand}
          label={found ? nameOf(found) : finding}
          image={image}
          minimumMm={null}
          isReadOnly={false}
          onChange={(vertices) => change({ ...inHand, vertices })}
          onLaterality={(laterality) => change({ ...inHand, laterality })}
          onDelete={() => remove(inHand.roiId)}
        />
      ) : null,
    held: {
      handlers: Object.fromEntries(
        SHOWN_KEYS.map(([id, its]) => [
          id,
          () => {
            before.current = shown;
            setShown(shown === its ? null : its);
          },
        ]),
      ),
      releases: Object.fromEntries(
        SHOWN_KEYS.map(([id]) => [
          id,
          (heldMs: number) => {
            if (heldMs >= HELD_MS) setShown(before.current);
          },
        ]),
      ),
    },
  };
}
