/** Numbers and times as text; pure, so that each rule can be tested. */

/** Never rounds a probability to certainty: 0.997 is ">0.99", 0.004 is "<0.01". */
export function formatProbability(value: number): string {
  if (value > 0.99 && value < 1) return value >= 0.995 ? ">0.99" : "0.99";
  if (value < 0.01 && value > 0) return value < 0.005 ? "<0.01" : "0.01";
  return value.toFixed(2);
}

/** Local wall-clock time of an ISO timestamp, "10:42:07". */
export function formatClock(iso: string): string {
  return new Date(iso).toLocaleTimeString("en-GB", { hour12: false });
}

/** Local date and time, "2026-11-22 10:42". */
export function formatDateTime(iso: string): string {
  const at = new Date(iso);
  const pad = (value: number): string => String(value).padStart(2, "0");
  const date = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${date} ${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

export interface Elapsed {
  unit: "minutes" | "hours" | "days";
  count: number;
}

/** Time since an ISO timestamp in the one unit a reader needs. */
export function elapsedSince(iso: string, now: Date): Elapsed {
  const minutes = Math.max(0, Math.floor((now.getTime() - new Date(iso).getTime()) / 60_000));
  if (minutes < 60) return { unit: "minutes", count: minutes };
  if (minutes < 48 * 60) return { unit: "hours", count: Math.floor(minutes / 60) };
  return { unit: "days", count: Math.floor(minutes / (24 * 60)) };
}

/** 112.4 s as whole minutes and seconds. */
export function minutesAndSeconds(duration_s: number): { minutes: number; seconds: number } {
  const whole = Math.round(duration_s);
  return { minutes: Math.floor(whole / 60), seconds: whole % 60 };
}

const SIZE_UNITS = ["B", "kB", "MB", "GB", "TB"];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < SIZE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${SIZE_UNITS[unit] ?? ""}`;
}
