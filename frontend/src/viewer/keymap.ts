/**
 * Which key does what, where? One map for every context, remappable, read from the physical key
 * (`event.code`), so that letters work with a Chinese input method on and on any layout. Pure: the events
 * are listened to in `keyboard.ts`.
 */

export type KeyContext = "global" | "worklist" | "viewer" | "roi" | "findings" | "arbitrate";

export interface KeyAction {
  readonly id: string;
  readonly context: KeyContext;
  readonly chords: readonly string[];
  /** Holding the key repeats the act. */
  readonly repeats?: boolean;
  /** Not to be taken back: acts when the key comes up, and only for the subject it went down on. */
  readonly onRelease?: boolean;
  /** Says something about the image: waits until the image can be seen. */
  readonly needsImage?: boolean;
  /** Works in a text field too. */
  readonly inText?: boolean;
  /** Told when the key comes up, and after how long: held it shows for as long, tapped it stays. */
  readonly isHeld?: boolean;
}

/** The contexts of each screen, as the `?` sheet lists them. */
export const SCREENS = {
  worklist: ["global", "worklist"],
  review: ["global", "viewer", "roi", "findings"],
  arbitrate: ["global", "viewer", "roi", "arbitrate"],
} as const satisfies Readonly<Record<string, readonly KeyContext[]>>;
export type Screen = keyof typeof SCREENS;

/**
 * Chords that a form takes from the image on its own screen, named one by one so that none changes its
 * meaning unseen. What loses its only chord keeps its button.
 */
const TAKEN_FROM_IMAGE: Readonly<Partial<Record<KeyContext, readonly string[]>>> = {
  arbitrate: ["Digit0", "Digit1", "Digit2", "Digit3", "Digit4", "KeyB"],
};

/**
 * Contexts that are active only at times and then take the keys of others: while a region is selected the
 * arrows move it and no longer scroll. Only the image's keys give way, never a decision's or the signature's.
 */
const PRECEDENCE: Readonly<Partial<Record<KeyContext, readonly KeyContext[]>>> = {
  roi: ["viewer"],
};

/** A direction of the region's keys, the chord that goes one pixel, and with Shift ten. */
const roiSteps = [
  ["Left", "ArrowLeft"],
  ["Right", "ArrowRight"],
  ["Up", "ArrowUp"],
  ["Down", "ArrowDown"],
  ["Narrower", "Ctrl+ArrowLeft"],
  ["Wider", "Ctrl+ArrowRight"],
  ["Taller", "Ctrl+ArrowUp"],
  ["Shorter", "Ctrl+ArrowDown"],
].flatMap(([name = "", chord = ""]): KeyAction[] => [
  { id: `roi.by1${name}`, context: "roi", chords: [chord], repeats: true },
  {
    id: `roi.by10${name}`,
    context: "roi",
    chords: [chord.replace("Arrow", "Shift+Arrow")],
    repeats: true,
  },
]);

const presets = Array.from(
  { length: 9 },
  (_, i): KeyAction => ({
    id: `viewer.preset${i + 1}`,
    context: "viewer",
    chords: [`Digit${i + 1}`, `Numpad${i + 1}`],
  }),
);

/** Who is shown on the image of an arbitration: held for as long, or tapped to stay. */
const shownReads = [
  ["showA", "Digit1"],
  ["showB", "Digit2"],
  ["showOwn", "Digit3"],
  ["showBoth", "Digit4"],
  ["showNone", "Digit0"],
].map(
  ([name = "", chord = ""]): KeyAction => ({
    id: `arbitrate.${name}`,
    context: "arbitrate",
    chords: [chord],
    isHeld: true,
  }),
);

const arbitrationChoices = [
  ["chooseA", "KeyA"],
  ["chooseB", "KeyB"],
  ["chooseOwn", "KeyM"],
  ["chooseMerged", "KeyU"],
  ["chooseIndeterminate", "KeyQ"],
].map(
  ([name = "", chord = ""]): KeyAction => ({
    id: `arbitrate.${name}`,
    context: "arbitrate",
    chords: [chord],
    needsImage: true,
  }),
);

const arbitrationReasons = Array.from(
  { length: 9 },
  (_, i): KeyAction => ({
    id: `arbitrate.reason${i + 1}`,
    context: "arbitrate",
    chords: [`Shift+Digit${i + 1}`],
  }),
);

/** The names on the `?` sheet are the i18n keys `keys.<id>`. */
export const KEY_ACTIONS: readonly KeyAction[] = [
  { id: "global.help", context: "global", chords: ["Shift+Slash"] },
  { id: "global.worklist", context: "global", chords: ["Alt+KeyW"] },

  { id: "worklist.search", context: "worklist", chords: ["Slash"] },
  { id: "worklist.next", context: "worklist", chords: ["ArrowDown", "KeyJ"], repeats: true },
  { id: "worklist.previous", context: "worklist", chords: ["ArrowUp", "KeyK"], repeats: true },
  { id: "worklist.open", context: "worklist", chords: ["Enter"] },
  { id: "worklist.refresh", context: "worklist", chords: ["KeyR"] },

  { id: "viewer.nextSlice", context: "viewer", chords: ["ArrowDown"], repeats: true },
  { id: "viewer.previousSlice", context: "viewer", chords: ["ArrowUp"], repeats: true },
  { id: "viewer.next10Slices", context: "viewer", chords: ["Shift+ArrowDown"], repeats: true },
  { id: "viewer.previous10Slices", context: "viewer", chords: ["Shift+ArrowUp"], repeats: true },
  { id: "viewer.firstSlice", context: "viewer", chords: ["Home"] },
  { id: "viewer.lastSlice", context: "viewer", chords: ["End"] },
  { id: "viewer.nextSeries", context: "viewer", chords: ["PageDown"] },
  { id: "viewer.previousSeries", context: "viewer", chords: ["PageUp"] },
  { id: "viewer.toolWindow", context: "viewer", chords: ["KeyW"] },
  { id: "viewer.toolPan", context: "viewer", chords: ["KeyT"] },
  { id: "viewer.toolZoom", context: "viewer", chords: ["KeyZ"] },
  { id: "viewer.toolScroll", context: "viewer", chords: ["KeyS"] },
  { id: "viewer.toolLength", context: "viewer", chords: ["KeyL"] },
  { id: "viewer.toolRectangle", context: "viewer", chords: ["KeyB", "Shift+KeyB"] },
  { id: "viewer.toolEllipse", context: "viewer", chords: ["KeyE"] },
  { id: "viewer.toolFreehand", context: "viewer", chords: ["KeyF"] },
  { id: "viewer.deleteLength", context: "viewer", chords: ["Delete", "Backspace"] },
  { id: "viewer.zoomIn", context: "viewer", chords: ["Shift+Equal", "NumpadAdd"], repeats: true },
  { id: "viewer.zoomOut", context: "viewer", chords: ["Minus", "NumpadSubtract"], repeats: true },
  { id: "viewer.panLeft", context: "viewer", chords: ["Alt+ArrowLeft"], repeats: true },
  { id: "viewer.panRight", context: "viewer", chords: ["Alt+ArrowRight"], repeats: true },
  { id: "viewer.panUp", context: "viewer", chords: ["Alt+ArrowUp"], repeats: true },
  { id: "viewer.panDown", context: "viewer", chords: ["Alt+ArrowDown"], repeats: true },
  { id: "viewer.fit", context: "viewer", chords: ["Equal"] },
  { id: "viewer.oneToOne", context: "viewer", chords: ["Digit0", "Numpad0"] },
  ...presets,
  { id: "viewer.invert", context: "viewer", chords: ["KeyI"] },
  { id: "viewer.rotateRight", context: "viewer", chords: ["KeyR"] },
  { id: "viewer.rotateLeft", context: "viewer", chords: ["Shift+KeyR"] },
  { id: "viewer.flipHorizontal", context: "viewer", chords: ["KeyH"] },
  { id: "viewer.flipVertical", context: "viewer", chords: ["KeyV"] },
  { id: "viewer.reset", context: "viewer", chords: ["Shift+Digit0"] },
  { id: "viewer.toggleText", context: "viewer", chords: ["Space"] },
  { id: "viewer.heatMap", context: "viewer", chords: ["KeyO"] },
  { id: "viewer.heatMapMode", context: "viewer", chords: ["Shift+KeyO"] },
  { id: "viewer.heatMapMore", context: "viewer", chords: ["Period"], repeats: true },
  { id: "viewer.heatMapLess", context: "viewer", chords: ["Comma"], repeats: true },

  ...roiSteps,
  { id: "roi.delete", context: "roi", chords: ["Delete", "Backspace"] },
  { id: "roi.deselect", context: "roi", chords: ["Escape"] },

  { id: "findings.accept", context: "findings", chords: ["KeyA"], needsImage: true },
  { id: "findings.reject", context: "findings", chords: ["KeyX"], needsImage: true },
  { id: "findings.next", context: "findings", chords: ["Ctrl+BracketRight", "KeyJ"] },
  { id: "findings.previous", context: "findings", chords: ["Ctrl+BracketLeft", "KeyK"] },
  { id: "findings.edit", context: "findings", chords: ["Enter", "NumpadEnter"], needsImage: true },
  { id: "findings.allAbsent", context: "findings", chords: ["Shift+KeyX"], needsImage: true },
  { id: "review.undo", context: "findings", chords: ["Ctrl+KeyZ"], repeats: true },
  {
    id: "review.redo",
    context: "findings",
    chords: ["Ctrl+KeyY", "Ctrl+Shift+KeyZ"],
    repeats: true,
  },
  { id: "findings.prior", context: "findings", chords: ["KeyP"] },
  { id: "findings.history", context: "findings", chords: ["Ctrl+KeyH"] },
  {
    id: "findings.revealAi",
    context: "findings",
    chords: ["KeyY"],
    onRelease: true,
    needsImage: true,
  },
  { id: "findings.report", context: "findings", chords: ["KeyC"] },
  {
    id: "findings.sign",
    context: "findings",
    chords: ["Ctrl+Enter", "Ctrl+NumpadEnter"],
    onRelease: true,
    needsImage: true,
    inText: true,
  },
  {
    id: "findings.withdraw",
    context: "findings",
    chords: ["Ctrl+Shift+Backspace"],
    onRelease: true,
  },
  { id: "findings.nextCase", context: "findings", chords: ["KeyN"], onRelease: true },
  {
    id: "findings.previousCase",
    context: "findings",
    chords: ["Shift+KeyN"],
    onRelease: true,
  },

  ...arbitrationChoices,
  ...arbitrationReasons,
  { id: "arbitrate.comment", context: "arbitrate", chords: ["KeyC"] },
  {
    id: "arbitrate.edit",
    context: "arbitrate",
    chords: ["Enter", "NumpadEnter"],
    needsImage: true,
  },
  { id: "arbitrate.next", context: "arbitrate", chords: ["Ctrl+BracketRight", "KeyJ"] },
  { id: "arbitrate.previous", context: "arbitrate", chords: ["Ctrl+BracketLeft", "KeyK"] },
  ...shownReads,
  { id: "arbitrate.agreed", context: "arbitrate", chords: ["KeyY"] },
  { id: "arbitrate.guideline", context: "arbitrate", chords: ["KeyG"] },
  { id: "arbitrate.undo", context: "arbitrate", chords: ["Ctrl+KeyZ"], repeats: true },
  {
    id: "arbitrate.redo",
    context: "arbitrate",
    chords: ["Ctrl+KeyY", "Ctrl+Shift+KeyZ"],
    repeats: true,
  },
  {
    id: "arbitrate.decide",
    context: "arbitrate",
    chords: ["Ctrl+Enter", "Ctrl+NumpadEnter"],
    onRelease: true,
    needsImage: true,
    inText: true,
  },
  { id: "arbitrate.nextCase", context: "arbitrate", chords: ["KeyN"], onRelease: true },
];

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
  return actions
    .filter(({ context }) => contexts.includes(context))
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
