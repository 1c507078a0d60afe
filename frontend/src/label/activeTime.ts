/** How long somebody really looked at a read: time without a hand on anything does not count. Pure. */

/** So long after the last input a reader is still taken to be looking. */
export const IDLE_AFTER_MS = 60_000;

export class ActiveTime {
  private countedTo: number;
  private lastInput: number;
  private totalMs: number;
  private isVisible: boolean;

  /** `nowMs` is of a clock that only grows; `spent_s` what earlier sittings have brought together. */
  constructor(nowMs: number, spent_s: number, isVisible = true) {
    this.countedTo = nowMs;
    this.lastInput = nowMs;
    this.totalMs = spent_s * 1000;
    this.isVisible = isVisible;
  }

  input(nowMs: number): void {
    this.advance(nowMs);
    this.lastInput = nowMs;
    this.countedTo = nowMs;
  }

  /** The page was covered or uncovered. */
  show(nowMs: number, isVisible: boolean): void {
    this.advance(nowMs);
    this.isVisible = isVisible;
    if (isVisible) this.input(nowMs);
  }

  isActive(nowMs: number): boolean {
    return this.isVisible && nowMs - this.lastInput < IDLE_AFTER_MS;
  }

  seconds(nowMs: number): number {
    this.advance(nowMs);
    return Math.round(this.totalMs / 100) / 10;
  }

  private advance(nowMs: number): void {
    const until = Math.min(nowMs, this.lastInput + IDLE_AFTER_MS);
    if (this.isVisible && until > this.countedTo) this.totalMs += until - this.countedTo;
    this.countedTo = Math.max(this.countedTo, nowMs);
  }
}
