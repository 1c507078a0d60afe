/**
 * What was it before? A stack of states to undo and redo, for any immutable state. A drag is one step: its
 * updates are joined until it ends, and one that ends where it began was no step at all. Pure.
 */

export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
  /** What the present updates belong to (a drag of one ROI); null when the next push is a step of its own. */
  readonly joining: string | null;
}

export type HistoryAction<T> =
  | { readonly type: "pushed"; readonly state: T }
  /** One of many updates of the same act; all with the same key become one step. */
  | { readonly type: "joined"; readonly state: T; readonly key: string }
  /** The act is over, with its last state. */
  | { readonly type: "ended"; readonly state: T; readonly key: string }
  | { readonly type: "undone" }
  | { readonly type: "redone" }
  /** Another case, or the server's word: nothing before it can be gone back to. */
  | { readonly type: "reset"; readonly state: T };

export const MOST_STEPS = 200;

export function openHistory<T>(present: T): History<T> {
  return { past: [], present, future: [], joining: null };
}

export const canUndo = (history: History<unknown>): boolean => history.past.length > 0;
export const canRedo = (history: History<unknown>): boolean => history.future.length > 0;

/** A reducer that tells steps from none by `isSame`. */
export function historyReducer<T>(isSame: (a: T, b: T) => boolean) {
  return (history: History<T>, action: HistoryAction<T>): History<T> => {
    switch (action.type) {
      case "pushed":
        return push(settle(history, isSame), action.state, isSame);
      case "joined":
        return join(history, action.state, action.key, isSame);
      case "ended":
        return settle(join(history, action.state, action.key, isSame), isSame);
      case "undone":
        return undo(settle(history, isSame));
      case "redone":
        return redo(settle(history, isSame));
      case "reset":
        return openHistory(action.state);
    }
  };
}

function push<T>(history: History<T>, state: T, isSame: (a: T, b: T) => boolean): History<T> {
  if (isSame(history.present, state)) {
    return history;
  }
  const past = [...history.past, history.present].slice(-MOST_STEPS);
  return { past, present: state, future: [], joining: null };
}

function join<T>(
  history: History<T>,
  state: T,
  key: string,
  isSame: (a: T, b: T) => boolean,
): History<T> {
  if (history.joining === key) {
    return { ...history, present: state };
  }
  const settled = settle(history, isSame);
  const begun = push(settled, state, isSame);
  // What could be redone is kept until it is known that the act changes anything.
  return begun === settled ? settled : { ...begun, future: settled.future, joining: key };
}

/** The end of an act: the step goes again if it changed nothing. */
function settle<T>(history: History<T>, isSame: (a: T, b: T) => boolean): History<T> {
  const before = history.past.at(-1);
  if (history.joining === null) {
    return history;
  }
  if (before !== undefined && isSame(before, history.present)) {
    return { ...history, past: history.past.slice(0, -1), present: before, joining: null };
  }
  return { ...history, future: [], joining: null };
}

function undo<T>(history: History<T>): History<T> {
  const { past, present, future } = history;
  const before = past.at(-1);
  return before === undefined
    ? history
    : { past: past.slice(0, -1), present: before, future: [present, ...future], joining: null };
}

function redo<T>(history: History<T>): History<T> {
  const { past, present, future } = history;
  const [next, ...rest] = future;
  return next === undefined
    ? history
    : { past: [...past, present], present: next, future: rest, joining: null };
}
