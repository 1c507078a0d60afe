/**
 * The actions that have a key, by context, and the contexts of each screen. The names on the `?` sheet are
 * the i18n keys `keys.<id>` of the viewer's texts.
 */

export type KeyContext =
  | "global"
  | "worklist"
  | "viewer"
  | "roi"
  | "findings"
  | "label"
  | "arbitrate";

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
  label: ["global", "viewer", "roi", "label"],
  arbitrate: ["global", "viewer", "roi", "arbitrate"],
} as const satisfies Readonly<Record<string, readonly KeyContext[]>>;
export type Screen = keyof typeof SCREENS;

const DIGITS = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

/** No model speaks on these screens: there is no heat map to show. */
export const WITHOUT_HEAT_MAP: ReadonlySet<Screen> = new Set<Screen>(["label", "arbitrate"]);

/**
 * Chords that a form takes from the image on its own screen, named one by one so that none changes its
 * meaning unseen. What loses its only chord keeps its button.
 */
export const TAKEN_FROM_IMAGE: Readonly<Partial<Record<KeyContext, readonly string[]>>> = {
  label: DIGITS.flatMap((digit) => [`Digit${digit}`, `Numpad${digit}`]),
  arbitrate: ["Digit0", "Digit1", "Digit2", "Digit3", "Digit4", "KeyB"],
};

/**
 * Contexts that are active only at times and then take the keys of others: while a region is selected the
 * arrows move it and no longer scroll. Only the image's keys give way, never a decision's or the signature's.
 */
export const PRECEDENCE: Readonly<Partial<Record<KeyContext, readonly KeyContext[]>>> = {
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

/** A digit of either row: of the answers of the selected finding, or of how sure the reader is. */
const labelDigit = (id: string, number: number, modifier = ""): KeyAction => ({
  id: `label.${id}`,
  context: "label",
  chords: [`${modifier}Digit${number}`, `${modifier}Numpad${number}`],
  needsImage: true,
});

const labelActions: readonly KeyAction[] = [
  labelDigit("present", 1),
  labelDigit("absent", 2),
  labelDigit("notAssessable", 3),
  ...[1, 2, 3, 4, 5, 6].map((place) => labelDigit(`grade${place}`, place + 3)),
  ...[1, 2, 3, 4, 5].map((sure) => labelDigit(`confidence${sure}`, sure, "Shift+")),
  { id: "label.nothingFound", context: "label", chords: ["KeyN"], needsImage: true },
  { id: "label.next", context: "label", chords: ["Ctrl+BracketRight", "KeyJ"] },
  { id: "label.previous", context: "label", chords: ["Ctrl+BracketLeft", "KeyK"] },
  { id: "label.draw", context: "label", chords: ["Enter", "NumpadEnter"], needsImage: true },
  { id: "label.measure", context: "label", chords: ["KeyM"], needsImage: true },
  { id: "label.quality", context: "label", chords: ["KeyP"] },
  { id: "label.unreadable", context: "label", chords: ["KeyU"] },
  { id: "label.comment", context: "label", chords: ["KeyC"] },
  { id: "label.guideline", context: "label", chords: ["KeyG"] },
  { id: "label.question", context: "label", chords: ["KeyQ"] },
  { id: "label.skip", context: "label", chords: ["Shift+KeyS"] },
  { id: "label.recuse", context: "label", chords: ["Shift+KeyQ"] },
  { id: "label.takeBack", context: "label", chords: ["Shift+KeyT"], onRelease: true },
  { id: "label.nextCase", context: "label", chords: ["Shift+KeyN"], onRelease: true },
  { id: "label.undo", context: "label", chords: ["Ctrl+KeyZ"], repeats: true },
  { id: "label.redo", context: "label", chords: ["Ctrl+KeyY", "Ctrl+Shift+KeyZ"], repeats: true },
  {
    id: "label.lock",
    context: "label",
    chords: ["Ctrl+Enter", "Ctrl+NumpadEnter"],
    onRelease: true,
    inText: true,
  },
];

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

  ...labelActions,
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
