/** Ordering of a table's rows by one column; pure. */

export type SortValue = string | number | boolean | null;

export interface Sort {
  key: string;
  isDescending: boolean;
}

/** The next sort when a header is pressed: ascending, descending, then ascending again. */
export function nextSort(current: Sort, key: string): Sort {
  return { key, isDescending: current.key === key && !current.isDescending };
}

function compare(left: SortValue, right: SortValue): number {
  if (left === null || right === null) return 0;
  if (typeof left === "string" && typeof right === "string") return left.localeCompare(right);
  return Number(left) - Number(right);
}

/** Stable; empty values come last in both directions. */
export function sortRows<Row>(
  rows: readonly Row[],
  value: (row: Row) => SortValue,
  isDescending: boolean,
): Row[] {
  return [...rows].sort((a, b) => {
    const left = value(a);
    const right = value(b);
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return isDescending ? compare(right, left) : compare(left, right);
  });
}
