/** The audit browser's filter: what stands in the address, and what is asked of the server; pure. */
import type { AuditFilter } from "../../api/types";

export const EVENTS_AT_ONCE = 100;

export interface AuditChoice {
  actor: string;
  action: string;
  target: string;
  /** Local days, "2026-11-25"; both ends belong to the range. */
  from: string;
  to: string;
  page: number;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

function day(value: string | null): string {
  return value && DAY.test(value) ? value : "";
}

export function choiceIn(address: URLSearchParams): AuditChoice {
  const page = Number(address.get("page") ?? "1");
  return {
    actor: address.get("actor") ?? "",
    action: address.get("action") ?? "",
    target: address.get("target") ?? "",
    from: day(address.get("from")),
    to: day(address.get("to")),
    page: Number.isInteger(page) && page > 0 ? page : 1,
  };
}

export function addressOf(choice: AuditChoice): URLSearchParams {
  const { page, ...texts } = choice;
  const address = new URLSearchParams(Object.entries(texts).filter(([, value]) => value !== ""));
  if (page > 1) address.set("page", String(page));
  return address;
}

/** Midnight, by the clock on this wall, of a local day or of the one after it. */
function midnight(local: string, daysLater: number): string {
  const [year = 0, month = 1, date = 1] = local.split("-").map(Number);
  return new Date(year, month - 1, date + daysLater).toISOString();
}

export function filterOf(choice: AuditChoice): AuditFilter {
  return {
    ...(choice.actor && { actor: choice.actor }),
    action: choice.action,
    target_type: choice.target,
    ...(choice.from && { since: midnight(choice.from, 0) }),
    ...(choice.to && { until: midnight(choice.to, 1) }),
    offset: (choice.page - 1) * EVENTS_AT_ONCE,
    limit: EVENTS_AT_ONCE,
    choices: false,
  };
}

/** An event's detail on one line: "role: admin · images: 3"; of a change, "old → new". */
export function detailLine(action: string, detail: Record<string, unknown>): string {
  const between = action.endsWith(".changed") ? " → " : ", ";
  const said = (value: unknown): string => {
    if (value === null || value === "") return "–";
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  const line = (value: unknown): string =>
    Array.isArray(value) ? value.map(said).join(between) : said(value);
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${line(value)}`)
    .join(" · ");
}
