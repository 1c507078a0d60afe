import { describe, expect, it } from "vitest";
import { csvCell, toCsv } from "./csv";
import { nextSort, sortRows } from "./sort";

describe("CSV", () => {
  it("quotes what would break a row", () => {
    expect(toCsv([["a,b", 'say "no"', "two\nlines", 1.5, null, true]])).toBe(
      '"a,b","say ""no""","two\nlines",1.5,,true',
    );
    expect(toCsv([["a"], ["b"]])).toBe("a\r\nb");
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])(
    "keeps a spreadsheet from computing %j",
    (text) => {
      expect(csvCell(text).replace(/^"/, "").startsWith("'")).toBe(true);
    },
  );

  it("leaves negative numbers numbers", () => {
    expect(csvCell(-1.5)).toBe("-1.5");
  });
});

describe("sorting", () => {
  const rows = [{ n: 2 }, { n: null }, { n: 10 }, { n: 1 }];

  it("orders numbers as numbers and keeps empty values last in both directions", () => {
    const value = (row: { n: number | null }) => row.n;
    expect(sortRows(rows, value, false).map(value)).toEqual([1, 2, 10, null]);
    expect(sortRows(rows, value, true).map(value)).toEqual([10, 2, 1, null]);
  });

  it("is stable", () => {
    const same = [
      { k: "x", id: 1 },
      { k: "x", id: 2 },
    ];
    expect(sortRows(same, (row) => row.k, true).map((row) => row.id)).toEqual([1, 2]);
  });

  it("starts a new column ascending and turns the same one round", () => {
    expect(nextSort({ key: "a", isDescending: true }, "b")).toEqual({
      key: "b",
      isDescending: false,
    });
    expect(nextSort({ key: "a", isDescending: false }, "a")).toEqual({
      key: "a",
      isDescending: true,
    });
  });
});
