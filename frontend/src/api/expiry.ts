/** A login that ended while somebody works: requests wait here until the person is back, none is lost. */
import { useSyncExternalStore } from "react";

interface Waiting {
  promise: Promise<void>;
  resume: () => void;
}

let waiting: Waiting | null = null;
const listeners = new Set<() => void>();

function announce(): void {
  for (const listener of listeners) listener();
}

/** Ask for a new login; resolves when it succeeded. Many requests share one question. */
export function loginAgain(): Promise<void> {
  if (!waiting) {
    let resume: () => void = () => undefined;
    const promise = new Promise<void>((resolve) => {
      resume = resolve;
    });
    waiting = { promise, resume };
    announce();
  }
  return waiting.promise;
}

export function loginRestored(): void {
  const ended = waiting;
  waiting = null;
  announce();
  ended?.resume();
}

export function useLoginExpired(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => waiting !== null,
  );
}
