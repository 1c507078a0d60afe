import { describe, expect, it } from "vitest";
import { choiceFrom, filterFrom, isNarrowed, paramsFrom } from "./queueFilter";

const from = (address: string) => choiceFrom(new URLSearchParams(address));

describe("the queue's filter", () => {
  it("shows what waits when nothing is asked for", () => {
    expect(from("").state).toBe("waiting");
    expect(filterFrom(from(""))).toEqual({});
    expect(isNarrowed(from(""))).toBe(false);
  });

  it.each([
    "",
    "state=all",
    "state=excluded&kind=correction&finding=nodule&reader=r1&ai=hidden&new=yes",
    "from=2026-11-01&to=2026-11-30",
  ])("survives a round trip through the address: %s", (address) => {
    expect(paramsFrom(from(address)).toString()).toBe(address);
  });

  it("ignores what nobody offered", () => {
    expect(from("state=burnt&kind=x&ai=maybe&new=1&from=yesterday")).toEqual(from(""));
  });

  it("asks for whole local days", () => {
    const asked = filterFrom(from("from=2026-11-01&to=2026-11-01"));
    expect(asked.created_from).toBe(new Date(2026, 10, 1).toISOString());
    expect(asked.created_before).toBe(new Date(2026, 10, 2).toISOString());
  });

  it("says whether AI output was shown as the server does", () => {
    expect(filterFrom(from("ai=shown")).ai_visible).toBe(true);
    expect(filterFrom(from("ai=hidden")).ai_visible).toBe(false);
  });
});
