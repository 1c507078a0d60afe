/** The worklist's filter as a part of the URL and back. The search text is not in it: it can hold a name. */
import type { WorklistFilter } from "../api/types";

export const PAGE_SIZE = 50;
export const STATUSES = ["unread", "draft", "signed"] as const;
export const PRIORITIES = ["stat", "high", "normal", "low"] as const;
export const SORT_COLUMNS = ["priority", "patient", "study_date", "status", "received"] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];
type Ordering = SortColumn | `-${SortColumn}`;

const DEFAULT_ORDERING: Ordering = "priority";
const LISTS = ["status", "modality", "finding", "priority"] as const;

export type UrlFilter = Omit<WorklistFilter, "search" | "ordering"> & { ordering: Ordering };

/** An address can be typed: only what the server knows is taken from it. */
function known<Value extends string>(values: readonly Value[], given: string[]): Value[] {
  return values.filter((value) => given.includes(value));
}

function orderingOf(given: string | null): Ordering {
  const columns = SORT_COLUMNS.flatMap((column): Ordering[] => [column, `-${column}`]);
  return columns.find((ordering) => ordering === given) ?? DEFAULT_ORDERING;
}

function dateOrNull(value: string | null): string | null {
  return value && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : null;
}

export function readFilter(query: URLSearchParams): UrlFilter {
  const page = Number(query.get("page") ?? "1");
  return {
    status: known(STATUSES, query.getAll("status")),
    modality: query.getAll("modality"),
    finding: query.getAll("finding"),
    priority: known(PRIORITIES, query.getAll("priority")),
    date_from: dateOrNull(query.get("from")),
    date_to: dateOrNull(query.get("to")),
    ordering: orderingOf(query.get("order")),
    offset: (Number.isInteger(page) && page > 0 ? page - 1 : 0) * PAGE_SIZE,
    limit: PAGE_SIZE,
  };
}

export function writeFilter(filter: UrlFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of LISTS) for (const value of filter[name]) query.append(name, value);
  if (filter.date_from) query.set("from", filter.date_from);
  if (filter.date_to) query.set("to", filter.date_to);
  if (filter.ordering !== DEFAULT_ORDERING) query.set("order", filter.ordering);
  if (filter.offset > 0) query.set("page", String(filter.offset / PAGE_SIZE + 1));
  return query;
}

/** Nothing but "not signed yet" is filtered: an empty list then means that the work is done. */
export function isOpenWork(filter: UrlFilter, search: string): boolean {
  const isOpenStatus = filter.status.join() === "unread,draft";
  return isOpenStatus && !isFiltered({ ...filter, status: [] }, search);
}

/** A change of what is listed starts on the first page again. */
export function changeFilter(filter: UrlFilter, change: Partial<UrlFilter>): UrlFilter {
  return { ...filter, offset: 0, ...change };
}

export function isFiltered(filter: UrlFilter, search: string): boolean {
  const hasList = LISTS.some((name) => filter[name].length > 0);
  return hasList || filter.date_from !== null || filter.date_to !== null || search !== "";
}

/** The next ordering when a column's header is pressed. */
export function nextOrdering(current: Ordering, column: SortColumn): Ordering {
  return current === column ? `-${column}` : column;
}
