/** Up to which version this person has opened a round's guideline on this workstation. */

const PREFIX = "coread.guideline.";

/** 0 before the first time. */
export function seenGuideline(roundId: string): number {
  return Number(localStorage.getItem(PREFIX + roundId) ?? 0);
}

export function markGuidelineSeen(roundId: string, version: number): void {
  if (version > seenGuideline(roundId)) localStorage.setItem(PREFIX + roundId, String(version));
}
