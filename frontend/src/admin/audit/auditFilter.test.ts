import { describe, expect, it } from "vitest";
import { addressOf, choiceIn, detailLine, filterOf } from "./auditFilter";

const NOTHING = { actor: "", action: "", target: "", from: "", to: "", page: 1 };

describe("the audit browser's address", () => {
  it("says a choice and gives it back", () => {
    const choice = {
      actor: "u1",
      action: "member.added",
      target: "user",
      from: "2026-11-01",
      to: "2026-11-02",
      page: 3,
    };
    expect(choiceIn(addressOf(choice))).toEqual(choice);
  });

  it("is empty for everything", () => {
    expect(addressOf(NOTHING).toString()).toBe("");
    expect(choiceIn(new URLSearchParams())).toEqual(NOTHING);
  });

  it.each(["page=0", "page=-1", "page=x", "page=1.5", "from=yesterday", "to=1"])(
    "is read as everything where it says nonsense: %s",
    (address) => expect(choiceIn(new URLSearchParams(address))).toEqual(NOTHING),
  );
});

describe("what is asked of the server", () => {
  it("begins at midnight of the first day and ends at midnight after the last", () => {
    const filter = filterOf({ ...NOTHING, from: "2026-02-28", to: "2026-02-28" });
    expect(new Date(filter.since ?? "")).toEqual(new Date(2026, 1, 28));
    expect(new Date(filter.until ?? "")).toEqual(new Date(2026, 2, 1));
  });

  it("leaves out what is not chosen", () => {
    const filter = filterOf(NOTHING);
    expect(filter).not.toHaveProperty("actor");
    expect(filter).not.toHaveProperty("since");
    expect(filter.offset).toBe(0);
    expect(filterOf({ ...NOTHING, page: 3 }).offset).toBe(200);
  });
});

describe("an event's detail", () => {
  it.each([
    ["thing.done", {}, ""],
    ["thing.done", { role: "admin", images: 3 }, "role: admin · images: 3"],
    ["invitation.created", { roles: ["annotator", "admin"] }, "roles: annotator, admin"],
    ["finding.changed", { minimum_size_mm: [null, 10] }, "minimum_size_mm: – → 10"],
    ["policy.added", { second_signature: false }, "second_signature: false"],
    ["password.reset", { offered_by: "" }, "offered_by: –"],
    ["thing.done", { nested: { a: 1 } }, 'nested: {"a":1}'],
  ])("of %s %j is %j", (action, detail, line) => expect(detailLine(action, detail)).toBe(line));
});
