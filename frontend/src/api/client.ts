/** How the browser talks to the server: session cookie, CSRF header, one error type, login on expiry. */
import { ApiError, errorFrom, OFFLINE } from "./errors";
import { loginAgain } from "./expiry";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** Read at every request: Django gives a new token at login. */
export function csrfToken(): string {
  const match = /(?:^|;\s*)(?:__Host-|__Secure-)?csrftoken=([^;]*)/.exec(document.cookie);
  return match?.[1] ? decodeURIComponent(match[1]) : "";
}

async function sendOnce(request: Request): Promise<Response> {
  const copy = request.clone();
  if (!SAFE_METHODS.has(copy.method)) copy.headers.set("X-CSRFToken", csrfToken());
  try {
    return await fetch(copy);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw OFFLINE();
  }
}

/** `fetch` for our own server: throws ApiError on every failure, and outlives an expired login. */
export async function serverFetch(request: Request): Promise<Response> {
  let response = await sendOnce(request);
  if (response.status === 401) {
    await loginAgain();
    response = await sendOnce(request);
  }
  if (!response.ok) throw await errorFrom(response);
  return response;
}

/** The same for pages that need no login: a 401 is an error there, not a question. */
export async function publicFetch(request: Request): Promise<Response> {
  const response = await sendOnce(request);
  if (!response.ok) throw await errorFrom(response);
  return response;
}

/** Requests whose 401 is an answer, not an expiry (login itself). */
export async function fetchWithoutLogin(path: string, init: RequestInit): Promise<Response> {
  return sendOnce(new Request(path, { credentials: "same-origin", ...init }));
}

/** Whether a failed query is worth repeating: only what may go away by itself. */
export function isRetryable(error: unknown): boolean {
  return error instanceof ApiError && (error.isOffline || error.status >= 502);
}
