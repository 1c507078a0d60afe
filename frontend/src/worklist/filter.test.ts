import { describe, expect, it } from "vitest";
import { worklistPath } from "../cases/paths";
import {
  changeFilter,
  isFiltered,
  isOpenWork,
  nextOrdering,
  readFilter,
  writeFilter,
} from "./filter";

describe("the worklist's filter in the address", () => {
  it("comes back as it went out", () => {
    const query = new URLSearchParams(
      "status=unread&status=draft&modality=CT&finding=nodule&priority=stat&from=2026-11-01&to=2026-11-22&order=-received&page=3",
    );
    const filter = readFilter(query);
    expect(filter.offset).toBe(100);
    expect(readFilter(writeFilter(filter))).toEqual(filter);
  });

  it("is empty for the default, so that the address stays short", () => {
    expect(writeFilter(readFilter(new URLSearchParams())).toString()).toBe("");
  });

  it("takes only what the server knows from a typed address", () => {
    const filter = readFilter(
      new URLSearchParams("status=lost&priority=stat&order=name&page=-2&from=yesterday"),
    );
    expect(filter.status).toEqual([]);
    expect(filter.priority).toEqual(["stat"]);
    expect(filter.ordering).toBe("priority");
    expect(filter.offset).toBe(0);
    expect(filter.date_from).toBeNull();
  });

  it("never holds the search text", () => {
    const typed = { ...readFilter(new URLSearchParams()), search: "Weber^Rosa" };
    expect(writeFilter(typed).toString()).not.toContain("Weber");
  });

  it("starts on the first page again when it changes", () => {
    const third = readFilter(new URLSearchParams("page=3"));
    expect(changeFilter(third, { modality: ["MR"] }).offset).toBe(0);
  });

  it("knows whether anything is filtered", () => {
    const none = readFilter(new URLSearchParams("order=-received&page=2"));
    expect(isFiltered(none, "")).toBe(false);
    expect(isFiltered(none, "weber")).toBe(true);
    expect(isFiltered(readFilter(new URLSearchParams("from=2026-11-01")), "")).toBe(true);
  });

  it("tells finished work from a search without a hit", () => {
    const start = readFilter(new URLSearchParams(worklistPath("p").split("?")[1]));
    expect(isOpenWork(start, "")).toBe(true);
    expect(isOpenWork(start, "weber")).toBe(false);
    expect(isOpenWork({ ...start, modality: ["CT"] }, "")).toBe(false);
    expect(isOpenWork({ ...start, status: ["unread"] }, "")).toBe(false);
  });

  it("turns a column round when it is pressed again", () => {
    expect(nextOrdering("priority", "patient")).toBe("patient");
    expect(nextOrdering("patient", "patient")).toBe("-patient");
    expect(nextOrdering("-patient", "patient")).toBe("patient");
  });
});
