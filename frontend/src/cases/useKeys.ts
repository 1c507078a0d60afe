/** Connects a screen's acts to the key map for as long as the screen is open. */
import { useEffect, useRef } from "react";
import { Keyboard, type KeyHandler } from "../viewer/keyboard";
import {
  effectiveActions,
  type KeyAction,
  type KeyContext,
  type KeyOverrides,
  parseOverrides,
} from "../viewer/keymap";

const STORAGE_KEY = "coread.keys";

let actions = effectiveActions(parseOverrides(localStorage.getItem(STORAGE_KEY)));

export function currentKeyActions(): readonly KeyAction[] {
  return actions;
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
  /** The case that keys are meant for now. */
  subject?: string;
  isImagePainted?: boolean;
}

export function useKeys(options: KeysOptions): void {
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const contexts = options.contexts.join();
  useEffect(() => {
    const keyboard = new Keyboard({
      contexts: contexts.split(",") as KeyContext[],
      actions: currentKeyActions,
      handlers: () => latest.current.handlers,
      subject: () => latest.current.subject ?? "",
      isImagePainted: () => latest.current.isImagePainted ?? true,
    });
    return keyboard.attach(window);
  }, [contexts]);
}
