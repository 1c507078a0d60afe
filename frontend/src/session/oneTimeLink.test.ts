import { describe, expect, it } from "vitest";
import { linkAddress, linkKindOf, tokenIn } from "./oneTimeLink";

describe("a one-time link", () => {
  it("carries its token where no server sees it, and gives it back", () => {
    const address = new URL(linkAddress("https://coread.example.org", "join", "abc_-123"));
    expect(address.pathname).toBe("/join");
    expect(address.search).toBe("");
    expect(tokenIn(address.hash)).toBe("abc_-123");
    expect(linkKindOf(address.pathname)).toBe("join");
    expect(linkKindOf(new URL(linkAddress("http://localhost", "reset", "x")).pathname)).toBe(
      "reset",
    );
  });

  it("without a token holds an empty one, which opens nothing", () => {
    expect(tokenIn("")).toBe("");
    expect(tokenIn("#")).toBe("");
  });

  it.each(["/", "/projects/1/join", "/join/", "/reset/x", "/joined"])(
    "is not what stands at %s",
    (pathname) => expect(linkKindOf(pathname)).toBeNull(),
  );
});
