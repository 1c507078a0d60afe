/**
 * The end of a login, told to every window of this browser at once: on a shared workstation the next person
 * may sit down before a window that another one has left open. Says that a login ended, and nothing else.
 */
import { logOut } from "../api/endpoints";

const CHANNEL = "coread.login-ended";

let hasEnded = false;
const listeners = new Set<() => void>();
// Browsers without it find out when a window is looked at, or asks the server for something.
const siblings = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;
siblings?.addEventListener("message", end);

function end(): void {
  hasEnded = true;
  for (const listener of listeners) listener();
}

/** Ends the login; every window, this one too, then shows nothing of it any more. */
export async function leave(): Promise<void> {
  await logOut();
  siblings?.postMessage(null);
  end();
}

export function onLoginEnded(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function hasLoginEnded(): boolean {
  return hasEnded;
}
