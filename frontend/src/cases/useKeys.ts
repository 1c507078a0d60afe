/** Connects a screen's acts to the key map for as long as the screen is open. */
import { useLayoutEffect } from "react";
import type { KeyAction, KeyContext, Screen } from "../viewer/keyActions";
import { Keyboard, type KeyHandler, type ReleaseHandler } from "../viewer/keyboard";
import { actionsOn, effectiveActions, type KeyOverrides, parseOverrides } from "../viewer/keymap";
import { useLatest } from "../viewer/useLatest";

const STORAGE_KEY = "coread.keys";

let actions = effectiveActions(parseOverrides(localStorage.getItem(STORAGE_KEY)));

/** With the chords that they have on that screen, where one is named. */
export function currentKeyActions(screen?: Screen): readonly KeyAction[] {
  return screen ? actionsOn(screen, actions) : actions;
}

export function storedOverrides(): KeyOverrides {
  return parseOverrides(localStorage.getItem(STORAGE_KEY));
}

export function storeOverrides(overrides: KeyOverrides): void {
  localStorage.setItem(STORAGE_KEY, JSON.stringify(overrides));
  actions = effectiveActions(overrides);
}

export interface KeysOptions {
  contexts: readonly KeyContext[];
  handlers: Readonly<Record<string, KeyHandler | undefined>>;
  /** For actions that last while their key is held. */
  releases?: Readonly<Record<string, ReleaseHandler | undefined>>;
  /** A screen whose form takes keys from the image. */
  screen?: Screen;
  /** The case that keys are meant for now. */
  subject?: string;
  isImagePainted?: boolean;
}

export function useKeys(options: KeysOptions): void {
  const latest = useLatest(options);
  const contexts = options.contexts.join();
  useLayoutEffect(() => {
    const keyboard = new Keyboard({
      contexts: contexts.split(",") as KeyContext[],
      actions: () => currentKeyActions(latest.current.screen),
      handlers: () => latest.current.handlers,
      releases: () => latest.current.releases ?? {},
      subject: () => latest.current.subject ?? "",
      isImagePainted: () => latest.current.isImagePainted ?? true,
    });
    return keyboard.attach(window);
  }, [contexts]);
}
