/**
 * Which key does what, where? One map for every context, remappable, read from the physical key
 * (`event.code`), so that letters work with a Chinese input method on and on any layout. Pure: the events
 * are listened to in `keyboard.ts`.
 */
import {
  KEY_ACTIONS,
  type KeyAction,
  type KeyContext,
  PRECEDENCE,
  SCREENS,
  type Screen,
  TAKEN_FROM_IMAGE,
  WITHOUT_HEAT_MAP,
} from "./keyActions";

/** What a user changed: chords by action id. An empty list switches the key off (WCAG 2.1.4). */
export type KeyOverrides = Readonly<Record<string, readonly string[]>>;

export interface KeyConflict {
  readonly chord: string;
  readonly actions: readonly string[];
}

const CHORD = /^(Ctrl\+)?(Alt\+)?(Shift\+)?[A-Za-z][A-Za-z0-9]*$/;
const MODIFIER_CODE = /^(Control|Shift|Alt|Meta|OS)(Left|Right)?$/;

export function effectiveActions(overrides: KeyOverrides = {}): KeyAction[] {
  return KEY_ACTIONS.map((action) => ({
    ...action,
    chords: overrides[action.id] ?? action.chords,
  }));
}

/** The actions of a screen with the chords that they have there: a form may take some from the image. */
export function actionsOn(screen: Screen, actions: readonly KeyAction[]): KeyAction[] {
  const contexts: readonly KeyContext[] = SCREENS[screen];
  const taken = new Set(
    actions
      .filter(({ context }) => contexts.includes(context))
      .flatMap(({ context, chords }) =>
        chords.filter((chord) => TAKEN_FROM_IMAGE[context]?.includes(chord)),
      ),
  );
  const isOffered = (id: string) =>
    !id.startsWith("viewer.heatMap") || !WITHOUT_HEAT_MAP.has(screen);
  return actions
    .filter(({ id, context }) => contexts.includes(context) && isOffered(id))
    .map((action) =>
      action.context === "viewer"
        ? { ...action, chords: action.chords.filter((chord) => !taken.has(chord)) }
        : action,
    );
}

/** Chords that mean two things at one time on one screen. */
export function keyConflicts(actions: readonly KeyAction[]): KeyConflict[] {
  const found = new Map<string, readonly string[]>();
  for (const screen of Object.keys(SCREENS) as Screen[]) {
    const there = actionsOn(screen, actions);
    for (const contexts of momentsOf(SCREENS[screen])) {
      for (const [chord, ids] of idsByChord(there, contexts)) {
        if (ids.length > 1) {
          found.set(chord, ids);
        }
      }
    }
  }
  return [...found].map(([chord, ids]) => ({ chord, actions: ids }));
}

function idsByChord(actions: readonly KeyAction[], contexts: readonly KeyContext[]) {
  const byChord = new Map<string, string[]>();
  for (const { id, context, chords } of actions) {
    for (const chord of contexts.includes(context) ? chords : []) {
      byChord.set(chord, [...(byChord.get(chord) ?? []), id]);
    }
  }
  return byChord;
}

/** The sets of contexts whose keys hold at one time: without those that come and go, and with each. */
function momentsOf(screen: readonly KeyContext[]): KeyContext[][] {
  const passing = screen.filter((context) => PRECEDENCE[context] !== undefined);
  const lasting = screen.filter((context) => PRECEDENCE[context] === undefined);
  return [
    lasting,
    ...passing.map((context) => [
      ...lasting.filter((other) => PRECEDENCE[context]?.includes(other) !== true),
      context,
    ]),
  ];
}

/** Overrides as stored text; anything unknown or malformed in it is left out. */
export function parseOverrides(text: string | null): KeyOverrides {
  let stored: unknown;
  try {
    stored = JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
  if (typeof stored !== "object" || stored === null) {
    return {};
  }
  const known = new Set(KEY_ACTIONS.map(({ id }) => id));
  const valid = Object.entries(stored).filter(
    ([id, chords]) =>
      known.has(id) &&
      Array.isArray(chords) &&
      chords.every((chord) => typeof chord === "string" && CHORD.test(chord)),
  );
  return Object.fromEntries(valid);
}

/** One action on new chords, or the conflicts that stand against it. */
export function remapKey(
  overrides: KeyOverrides,
  id: string,
  chords: readonly string[],
): { overrides: KeyOverrides; conflicts: readonly KeyConflict[] } {
  const changed = { ...overrides, [id]: chords };
  const conflicts = keyConflicts(effectiveActions(changed)).filter(({ actions }) =>
    actions.includes(id),
  );
  return conflicts.length > 0 ? { overrides, conflicts } : { overrides: changed, conflicts: [] };
}

export interface KeyPress {
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** "Ctrl+Alt+Shift+Code" of a key event; Command counts as Ctrl; null for a modifier alone. */
export function chordOf(press: KeyPress): string | null {
  if (press.code === "" || MODIFIER_CODE.test(press.code)) {
    return null;
  }
  const modifiers = [
    press.ctrlKey || press.metaKey ? "Ctrl+" : "",
    press.altKey ? "Alt+" : "",
    press.shiftKey ? "Shift+" : "",
  ];
  return modifiers.join("") + press.code;
}

const KEY_CAPS: Readonly<Record<string, string>> = {
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  Backspace: "⌫",
  BracketLeft: "[",
  BracketRight: "]",
  Comma: ",",
  Delete: "Del",
  Enter: "⏎",
  Equal: "=",
  Escape: "Esc",
  Minus: "−",
  Period: ".",
  Slash: "/",
};
/** Shifted signs that everybody knows by the sign. */
const SHIFTED_CAPS: Readonly<Record<string, string>> = { "Shift+Slash": "?", "Shift+Equal": "+" };

/** Key caps of a chord for tooltips and the `?` sheet: "Ctrl+BracketLeft" is ["Ctrl", "["]. */
export function keyCaps(chord: string): string[] {
  const shifted = SHIFTED_CAPS[chord];
  if (shifted !== undefined) {
    return [shifted];
  }
  return chord
    .split("+")
    .map(
      (part) =>
        KEY_CAPS[part] ??
        part
          .replace(/^(Key|Digit)/, "")
          .replace(/^Numpad(Enter|.+)/, (_, key: string) => `Num ${key}`),
    );
}

/** First chord of an action as text, for a button's tooltip; empty when switched off. */
export function keyHint(actions: readonly KeyAction[], id: string): string {
  const chord = actions.find((action) => action.id === id)?.chords[0];
  return chord === undefined ? "" : keyCaps(chord).join("+");
}
