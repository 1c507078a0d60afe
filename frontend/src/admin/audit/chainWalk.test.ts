import { describe, expect, it } from "vitest";
import type { ChainPlace } from "../../api/administration";
import type { ChainWalk } from "../../api/types";
import { walkChain } from "./chainWalk";

const LENGTH = 7;
const PIECE = 3;

/** A server with seven links h1 … h7, of which it checks three at a time. */
function server(changes: Partial<Record<number, Partial<ChainWalk>>> = {}) {
  const asked: ChainPlace[] = [];
  const ask = async (place: ChainPlace): Promise<ChainWalk> => {
    asked.push(place);
    const checked_to = Math.min(LENGTH, place.after_sequence + PIECE);
    return {
      checked_to,
      head_sha256: `h${checked_to}`,
      broken_at: null,
      has_anchor: false,
      is_end: place.after_sequence + PIECE > LENGTH,
      sealed: LENGTH,
      unsealed: 2,
      ...changes[asked.length],
    };
  };
  return { ask, asked };
}

describe("the walk along the chain", () => {
  it("goes on from each piece's last link and ends at the chain's end", async () => {
    const { ask, asked } = server();
    const seen: number[] = [];
    const verdict = await walkChain(ask, {
      hasAnchor: false,
      onProgress: (walk) => seen.push(walk.checked_to),
    });
    expect(asked.map((place) => place.after_sequence)).toEqual([0, 3, 6]);
    expect(asked[0]?.after_sha256).toBe("0".repeat(64));
    expect(asked[1]?.after_sha256).toBe("h3");
    expect(seen).toEqual([3, 6, 7]);
    expect(verdict).toEqual({
      kind: "whole",
      checked: 7,
      unsealed: 2,
      head_sha256: "h7",
      broken_at: null,
    });
  });

  it("stops at the first wrong link", async () => {
    const { ask, asked } = server({ 2: { broken_at: 5, checked_to: 4, head_sha256: "h4" } });
    const verdict = await walkChain(ask, { hasAnchor: false, onProgress: () => undefined });
    expect(asked).toHaveLength(2);
    expect(verdict.kind).toBe("broken");
    expect(verdict.broken_at).toBe(5);
    expect(verdict.head_sha256).toBe("h4");
  });

  it("finds a noted link in any piece", async () => {
    const { ask } = server({ 2: { has_anchor: true } });
    const verdict = await walkChain(ask, { hasAnchor: true, onProgress: () => undefined });
    expect(verdict.kind).toBe("whole");
  });

  it("says so when the noted link is nowhere, although the chain is whole in itself", async () => {
    const { ask } = server();
    const verdict = await walkChain(ask, { hasAnchor: true, onProgress: () => undefined });
    expect(verdict.kind).toBe("anchor_missing");
  });

  it("fails with the request", async () => {
    const failing = () => Promise.reject(new Error("away"));
    await expect(
      walkChain(failing, { hasAnchor: false, onProgress: () => undefined }),
    ).rejects.toThrow("away");
  });
});
