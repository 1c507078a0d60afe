/** What a number of the system's state means; pure. */

export const LOW_DISK_PERCENT = 5; // settings.MINIMUM_FREE_FRACTION: below it uploads are paused
const WARN_BELOW = 0.1;
// The sealer runs every half minute; five minutes without a seal are no accident.
const LATE_AFTER_MS = 5 * 60_000;

export function isDiskLow({ free, total }: { free: number; total: number }): boolean {
  return free < WARN_BELOW * total;
}

export function isSealLate(unsealedSince: string | null, now: Date): boolean {
  return unsealedSince !== null && now.getTime() - Date.parse(unsealedSince) > LATE_AFTER_MS;
}

export interface Duration {
  unit: "seconds" | "minutes" | "hours" | "days";
  count: number;
}

/** A duration in the one unit that says enough. */
export function durationParts(seconds: number): Duration {
  if (seconds < 60) return { unit: "seconds", count: Math.round(seconds) };
  if (seconds < 3600) return { unit: "minutes", count: Math.floor(seconds / 60) };
  if (seconds < 48 * 3600) return { unit: "hours", count: Math.floor(seconds / 3600) };
  return { unit: "days", count: Math.floor(seconds / 86_400) };
}
