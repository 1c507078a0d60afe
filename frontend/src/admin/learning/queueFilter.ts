/** The queue's filter as it stands in the address, and as the server takes it; pure. */
import type { QueueFilter } from "../../api/learning";
import type { QueueEntryKind, QueueEntryState } from "../../api/types";

export const KINDS: readonly QueueEntryKind[] = [
  "correction",
  "confirmation",
  "new_label",
  "consensus",
];
export const STATES: readonly QueueEntryState[] = ["waiting", "approved", "excluded", "superseded"];

export interface QueueChoice {
  state: QueueEntryState | "all";
  kind: QueueEntryKind | "";
  finding: string;
  reader: string;
  ai: "" | "shown" | "hidden";
  isNew: boolean;
  /** Local days, both included. */
  from: string | null;
  to: string | null;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

function oneOf<Value extends string>(values: readonly Value[], given: string | null): Value | null {
  return values.find((value) => value === given) ?? null;
}

/** What waits comes first: that is what an admin comes for. */
export function choiceFrom(params: URLSearchParams): QueueChoice {
  const day = (name: string) => {
    const given = params.get(name);
    return given && DAY.test(given) ? given : null;
  };
  return {
    state: oneOf([...STATES, "all"] as const, params.get("state")) ?? "waiting",
    kind: oneOf(KINDS, params.get("kind")) ?? "",
    finding: params.get("finding") ?? "",
    reader: params.get("reader") ?? "",
    ai: oneOf(["shown", "hidden"] as const, params.get("ai")) ?? "",
    isNew: params.get("new") === "yes",
    from: day("from"),
    to: day("to"),
  };
}

export function paramsFrom(choice: QueueChoice): URLSearchParams {
  const given: [string, string | null][] = [
    ["state", choice.state === "waiting" ? null : choice.state],
    ["kind", choice.kind],
    ["finding", choice.finding],
    ["reader", choice.reader],
    ["ai", choice.ai],
    ["new", choice.isNew ? "yes" : null],
    ["from", choice.from],
    ["to", choice.to],
  ];
  return new URLSearchParams(given.filter((pair): pair is [string, string] => Boolean(pair[1])));
}

/** Midnight here, so many days after a local day. */
function midnight(day: string, daysLater: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + daysLater).toISOString();
}

/** What the server is asked; the state is said beside it, because acts choose their own. */
export function filterFrom(choice: QueueChoice): QueueFilter {
  return {
    ...(choice.kind && { kind: choice.kind }),
    ...(choice.finding && { finding: choice.finding }),
    ...(choice.reader && { reader: choice.reader }),
    ...(choice.ai && { ai_visible: choice.ai === "shown" }),
    ...(choice.isNew && { is_new: true }),
    ...(choice.from && { created_from: midnight(choice.from, 0) }),
    ...(choice.to && { created_before: midnight(choice.to, 1) }),
  };
}

export function isNarrowed(choice: QueueChoice): boolean {
  return Object.keys(filterFrom(choice)).length > 0;
}
