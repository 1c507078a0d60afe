import { describe, expect, it } from "vitest";
import { readAge, writePersonName } from "./patient";

describe("writePersonName", () => {
  it.each([
    ["Weber^Rosa", "Weber, Rosa", ""],
    ["Weber^Rosa^Maria", "Weber, Rosa Maria", ""],
    ["Wang^XiaoDong=王^小东", "王小东", "Wang, XiaoDong"],
    ["Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎", "Yamada, Tarou"],
    ["王^小东", "王小东", ""],
    ["Hong^Gildong=洪^吉洞=홍^길동", "洪吉洞", "Hong, Gildong"],
    ["Люкceмбypг", "Люкceмбypг", ""],
    ["", "", ""],
    ["<script>alert(1)</script>", "<script>alert(1)</script>", ""],
  ])("writes %s", (value, primary, secondary) => {
    expect(writePersonName(value)).toEqual({ primary, secondary });
  });
});

describe("readAge", () => {
  it("reads DICOM ages and nothing else", () => {
    expect(readAge("045Y")).toEqual({ count: 45, unit: "years" });
    expect(readAge("006M")).toEqual({ count: 6, unit: "months" });
    expect(readAge("45")).toBeNull();
    expect(readAge("")).toBeNull();
  });
});
