/**
 * Turns key events into actions of the key map. It leaves text fields and widgets that use the key
 * themselves alone, drops repeats of a key that was pressed for another case, and holds irreversible acts
 * until the key comes up.
 */
import type { KeyAction, KeyContext } from "./keyActions";
import { chordOf, type KeyPress } from "./keymap";

/** What a handler learns: which case (or other subject) the key went down on. */
export type KeyHandler = (subject: string) => void;
/** How long the key of an action was held, in milliseconds. */
export type ReleaseHandler = (heldMs: number) => void;

export interface KeyboardOptions {
  /** Where two of them know the same chord, the first one listed takes it. */
  readonly contexts: readonly KeyContext[];
  readonly actions: () => readonly KeyAction[];
  readonly handlers: () => Readonly<Record<string, KeyHandler | undefined>>;
  /** The case that keys are meant for now. */
  readonly subject: () => string;
  /** Whether the image of that case has been painted. */
  readonly isImagePainted: () => boolean;
  /** For actions that last while their key is held. */
  readonly releases?: () => Readonly<Record<string, ReleaseHandler | undefined>>;
  /** Milliseconds that only ever grow. */
  readonly now?: () => number;
}

interface Pressed {
  readonly subject: string;
  readonly onRelease: KeyAction | null;
  readonly held?: { readonly id: string; readonly sinceMs: number };
}

/** The part of a key event that decides. */
export interface KeyboardPress extends KeyPress {
  readonly repeat: boolean;
  readonly isComposing: boolean;
  /** Another part of the page has answered the key. */
  readonly isAnswered: boolean;
}

/** The part of a DOM event target that decides; kept small so that it can be tested without a browser. */
export interface KeyTarget {
  readonly tagName?: string;
  readonly type?: string;
  readonly isContentEditable?: boolean;
  readonly role?: string | null;
}

const TYPELESS_INPUTS = new Set([
  "button",
  "checkbox",
  "color",
  "radio",
  "range",
  "reset",
  "submit",
]);
const TEXT_ROLES = new Set(["textbox", "searchbox", "combobox", "spinbutton"]);
const ARROW_ROLES = new Set([
  "listbox",
  "menu",
  "menuitem",
  "option",
  "radio",
  "slider",
  "tab",
  "tablist",
  "tree",
]);
const BUTTON_ROLES = new Set(["button", "link", "checkbox", "switch", "menuitem", "tab", "option"]);
const NAVIGATION_CODES = /^(Arrow(Up|Down|Left|Right)|Home|End|PageUp|PageDown)$/;
const PRESS_CODES = /^(Enter|NumpadEnter|Space)$/;

export function isTextTarget(target: KeyTarget | null): boolean {
  const tag = target?.tagName?.toUpperCase();
  if (tag === "INPUT") {
    return !TYPELESS_INPUTS.has(target?.type ?? "text");
  }
  return (
    tag === "TEXTAREA" ||
    tag === "SELECT" ||
    target?.isContentEditable === true ||
    TEXT_ROLES.has(target?.role ?? "")
  );
}

/** Whether the focused widget itself answers this unmodified key: Enter on a button, arrows on a slider. */
export function isWidgetKey(target: KeyTarget | null, code: string): boolean {
  const tag = target?.tagName?.toUpperCase() ?? "";
  const role = target?.role ?? "";
  if (PRESS_CODES.test(code)) {
    return ["BUTTON", "A", "SUMMARY", "INPUT"].includes(tag) || BUTTON_ROLES.has(role);
  }
  return NAVIGATION_CODES.test(code) && (tag === "INPUT" || ARROW_ROLES.has(role));
}

/** Key events that a keyboard has taken: a screen may have several of them, for several contexts. */
const taken = new WeakSet<KeyboardEvent>();

export class Keyboard {
  private readonly pressed = new Map<string, Pressed>();

  constructor(private readonly options: KeyboardOptions) {}

  /** Starts listening; returns what stops it. */
  attach(target: Window): () => void {
    const onKeyDown = (event: KeyboardEvent) => {
      if (this.down(pressOf(event), keyTargetOf(event))) {
        taken.add(event);
        event.preventDefault();
      }
    };
    const onKeyUp = (event: KeyboardEvent) => this.up(event.code);
    const onBlur = () => this.letGo();
    target.addEventListener("keydown", onKeyDown);
    target.addEventListener("keyup", onKeyUp);
    target.addEventListener("blur", onBlur);
    return () => {
      target.removeEventListener("keydown", onKeyDown);
      target.removeEventListener("keyup", onKeyUp);
      target.removeEventListener("blur", onBlur);
      this.letGo();
    };
  }

  /** True when the key belongs to an action here, also when that action has to wait. */
  down(event: KeyboardPress, target: KeyTarget | null): boolean {
    const subject = this.options.subject();
    const heldFor = event.repeat ? this.pressed.get(event.code)?.subject : subject;
    const action = event.isAnswered ? undefined : this.actionFor(event, target);
    if (action === undefined) {
      this.remember(event, { subject, onRelease: null });
      return false;
    }
    const isAllowed =
      heldFor === subject &&
      (!event.repeat || action.repeats === true) &&
      (action.needsImage !== true || this.options.isImagePainted());
    if (!event.repeat) {
      const waits = isAllowed && action.onRelease === true;
      this.remember(event, {
        subject,
        onRelease: waits ? action : null,
        ...(isAllowed && action.isHeld ? { held: { id: action.id, sinceMs: this.now() } } : {}),
      });
    }
    if (isAllowed && action.onRelease !== true) {
      this.options.handlers()[action.id]?.(subject);
    }
    return true;
  }

  up(code: string): void {
    const pressed = this.pressed.get(code);
    this.pressed.delete(code);
    this.release(pressed);
    const action = pressed?.onRelease;
    if (pressed && action && pressed.subject === this.options.subject()) {
      this.options.handlers()[action.id]?.(pressed.subject);
    }
  }

  /** The window is left: no key will be seen coming up. */
  private letGo(): void {
    const all = [...this.pressed.values()];
    this.pressed.clear();
    for (const pressed of all) {
      this.release(pressed);
    }
  }

  private release(pressed: Pressed | undefined): void {
    if (pressed?.held) {
      const { id, sinceMs } = pressed.held;
      this.options.releases?.()[id]?.(this.now() - sinceMs);
    }
  }

  private now(): number {
    return this.options.now?.() ?? performance.now();
  }

  private remember(event: { code: string; repeat: boolean }, pressed: Pressed): void {
    if (!event.repeat) {
      this.pressed.set(event.code, pressed);
    }
  }

  private actionFor(event: KeyboardPress, target: KeyTarget | null): KeyAction | undefined {
    const chord = chordOf(event);
    const isText = isTextTarget(target);
    // Outside a text field nothing can be composed: with an input method on the browser still reports
    // key "Process" and keyCode 229 there, and only `code` tells which key it was.
    if (chord === null || (isText && event.isComposing)) {
      return undefined;
    }
    if (!isText && chord === event.code && isWidgetKey(target, event.code)) {
      return undefined;
    }
    const { contexts, actions, handlers } = this.options;
    const fitting = actions().filter(
      (action) =>
        contexts.includes(action.context) &&
        action.chords.includes(chord) &&
        (!isText || action.inText === true) &&
        handlers()[action.id] !== undefined,
    );
    const rank = (action: KeyAction) => contexts.indexOf(action.context);
    return fitting.sort((a, b) => rank(a) - rank(b))[0];
  }
}

function pressOf(event: KeyboardEvent): KeyboardPress {
  const { code, ctrlKey, metaKey, altKey, shiftKey, repeat, isComposing, target } = event;
  // Cornerstone prevents the default of every key while its element has the focus, whether it uses it or not.
  const isOnImage = target instanceof Element && target.closest(".viewer-element") !== null;
  const isAnswered = taken.has(event) || (event.defaultPrevented && !isOnImage);
  return { code, ctrlKey, metaKey, altKey, shiftKey, repeat, isComposing, isAnswered };
}

function keyTargetOf(event: KeyboardEvent): KeyTarget | null {
  const element = event.target instanceof HTMLElement ? event.target : null;
  return element === null
    ? null
    : {
        tagName: element.tagName,
        isContentEditable: element.isContentEditable,
        role: element.getAttribute("role"),
        ...(element instanceof HTMLInputElement ? { type: element.type } : {}),
      };
}
