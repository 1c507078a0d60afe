/**
 * Up to which version a person has opened a round's guideline on this workstation. By person: one who sits
 * down after another must still be told that it is new.
 */

const keyOf = (userId: string, roundId: string): string => `coread.guideline.${userId}.${roundId}`;

/** 0 before the first time. */
export function seenGuideline(userId: string, roundId: string): number {
  return Number(localStorage.getItem(keyOf(userId, roundId)) ?? 0);
}

export function markGuidelineSeen(userId: string, roundId: string, version: number): void {
  if (version <= seenGuideline(userId, roundId)) return;
  localStorage.setItem(keyOf(userId, roundId), String(version));
}
