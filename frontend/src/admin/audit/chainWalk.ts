/** Walking along the whole chain, piece by piece, and what that found; pure but for the request. */
import type { ChainPlace } from "../../api/administration";
import type { ChainWalk } from "../../api/types";

const FIRST_LINK = "0".repeat(64);

export interface Verdict {
  kind: "whole" | "broken" | "anchor_missing";
  checked: number;
  unsealed: number;
  head_sha256: string;
  broken_at: number | null;
}

type Ask = (place: ChainPlace) => Promise<ChainWalk>;

/** `onProgress` hears of every piece; the walk ends at the first wrong link or at the chain's end. */
export async function walkChain(
  ask: Ask,
  { hasAnchor, onProgress }: { hasAnchor: boolean; onProgress: (walk: ChainWalk) => void },
): Promise<Verdict> {
  let place: ChainPlace = { after_sequence: 0, after_sha256: FIRST_LINK };
  let isAnchorSeen = !hasAnchor;
  for (;;) {
    const walk = await ask(place);
    onProgress(walk);
    isAnchorSeen = isAnchorSeen || walk.has_anchor;
    const found = {
      checked: walk.checked_to,
      unsealed: walk.unsealed,
      head_sha256: walk.head_sha256,
      broken_at: walk.broken_at,
    };
    if (walk.broken_at !== null) return { kind: "broken", ...found };
    if (walk.is_end) return { kind: isAnchorSeen ? "whole" : "anchor_missing", ...found };
    place = { after_sequence: walk.checked_to, after_sha256: walk.head_sha256 };
  }
}
