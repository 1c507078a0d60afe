/** Anything being read, as one pure reducer: its content with undo and redo, and how far the server has it. */
import {
  type History,
  type HistoryAction,
  historyReducer,
  openHistory,
} from "../viewer/roiHistory";

/**
 * Where the content stands with the server. `committing` is the act that ends the draft (a signature, a
 * lock, a decision); it and `saving` hold what was sent.
 */
export type SaveState<C> =
  | { kind: "clean" }
  | { kind: "dirty" }
  | { kind: "saving"; sent: C }
  | { kind: "saved"; savedAt: string }
  | { kind: "save_failed"; error: unknown }
  | { kind: "conflict"; error: unknown }
  | { kind: "committing"; sent: C }
  | { kind: "commit_failed"; error: unknown }
  | { kind: "committed"; at: string };

export interface Draft<C> {
  /** What stands now; the newest state of the history. */
  content: C;
  history: History<C>;
  save: SaveState<C>;
}

export type DraftEvent<C> =
  | { type: "edited"; content: C }
  /** One of many updates of one drag or one run of typing: all with the same key are one step to undo. */
  | { type: "moved"; content: C; key: string; isEnd: boolean }
  | { type: "undone" }
  | { type: "redone" }
  /** What was kept on this workstation stands again, to be saved. */
  | { type: "restored"; content: C }
  | { type: "save_started"; sent: C }
  | { type: "save_done"; savedAt: string }
  | { type: "save_failed"; error: unknown }
  | { type: "conflicted"; error: unknown }
  | { type: "kept_mine" }
  | { type: "commit_started"; sent: C }
  | { type: "commit_done"; at: string }
  | { type: "commit_failed"; error: unknown };

/** `savedAt` is the server's time; null for a draft that was never saved. */
export function openDraftOf<C>(content: C, savedAt: string | null): Draft<C> {
  return {
    content,
    history: openHistory(content),
    save: savedAt ? { kind: "saved", savedAt } : { kind: "clean" },
  };
}

/** Ended, being ended, or overtaken by another window: nothing may be changed here now. */
export function isClosed({ save }: Pick<Draft<unknown>, "save">): boolean {
  return save.kind === "committing" || save.kind === "committed" || save.kind === "conflict";
}

const UNSAVED = new Set([
  "dirty",
  "saving",
  "save_failed",
  "conflict",
  "committing",
  "commit_failed",
]);

/** There is something here that the server has not confirmed. */
export function isUnsaved({ save }: Pick<Draft<unknown>, "save">): boolean {
  return UNSAVED.has(save.kind);
}

/** A reducer that tells changes from none by `isSame`. */
export function draftReducer<C>(isSame: (a: C, b: C) => boolean) {
  const remember = historyReducer<C>(isSame);
  const withHistory = (draft: Draft<C>, action: HistoryAction<C>): Draft<C> => {
    if (isClosed(draft)) return draft;
    const history = remember(draft.history, action);
    if (history.present === draft.content) return { ...draft, history };
    // A save on its way keeps its state; save_done sees that the content has moved on.
    const save: SaveState<C> = draft.save.kind === "saving" ? draft.save : { kind: "dirty" };
    return { content: history.present, history, save };
  };
  return (draft: Draft<C>, event: DraftEvent<C>): Draft<C> => {
    switch (event.type) {
      case "edited":
      case "restored":
        return withHistory(draft, { type: "pushed", state: event.content });
      case "moved":
        return withHistory(draft, {
          type: event.isEnd ? "ended" : "joined",
          state: event.content,
          key: event.key,
        });
      case "undone":
      case "redone":
        return withHistory(draft, { type: event.type });
      default:
        return withSave(draft, event);
    }
  };
}

type SaveEvent<C> = Exclude<
  DraftEvent<C>,
  { type: "edited" | "restored" | "moved" | "undone" | "redone" }
>;

function withSave<C>(draft: Draft<C>, event: SaveEvent<C>): Draft<C> {
  switch (event.type) {
    case "save_started":
      return isClosed(draft) ? draft : { ...draft, save: { kind: "saving", sent: event.sent } };
    case "save_done": {
      if (draft.save.kind !== "saving") return draft;
      const save: SaveState<C> =
        draft.save.sent === draft.content
          ? { kind: "saved", savedAt: event.savedAt }
          : { kind: "dirty" };
      return { ...draft, save };
    }
    case "save_failed":
      if (draft.save.kind !== "saving") return draft;
      return { ...draft, save: { kind: "save_failed", error: event.error } };
    case "conflicted":
      return { ...draft, save: { kind: "conflict", error: event.error } };
    case "kept_mine":
      return { ...draft, save: { kind: "dirty" } };
    case "commit_started":
      return isClosed(draft) ? draft : { ...draft, save: { kind: "committing", sent: event.sent } };
    case "commit_done":
      return { ...draft, save: { kind: "committed", at: event.at } };
    case "commit_failed":
      return { ...draft, save: { kind: "commit_failed", error: event.error } };
  }
}
