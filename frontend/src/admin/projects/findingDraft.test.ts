import { describe, expect, it } from "vitest";
import { emptyFinding, errorsOfFinding, findingToSend, gradesOf } from "./findingDraft";

describe("the grades of a finding", () => {
  it.each([
    ["0, 1, 2", ["0", "1", "2"]],
    ["轻，中、重", ["轻", "中", "重"]],
    ["a;b；c", ["a", "b", "c"]],
    [" , 1,, 2 ,", ["1", "2"]],
    ["", []],
  ])("are read from %j", (text, grades) => expect(gradesOf(text)).toEqual(grades));
});

describe("a finding that is sent", () => {
  it("has its grades as a list and no key of the screen", () => {
    const draft = { ...emptyFinding("k1"), code: "grade", kind: "graded" as const, grades: "0,1" };
    const sent = findingToSend(draft);
    expect(sent.grades).toEqual(["0", "1"]);
    expect(sent).not.toHaveProperty("key");
    expect(sent.code).toBe("grade");
  });

  it("has no grades when it is not graded, whatever was typed before", () => {
    expect(findingToSend({ ...emptyFinding("k1"), grades: "0,1" }).grades).toEqual([]);
  });
});

describe("the errors of one finding", () => {
  const errors = {
    code: "of the project",
    "findings.1.code": "second",
    "findings.1.grades": "second too",
    "findings.10.code": "eleventh",
  };

  it("are those of its place and no other", () => {
    expect(errorsOfFinding(errors, 1)).toEqual({ code: "second", grades: "second too" });
    expect(errorsOfFinding(errors, 10)).toEqual({ code: "eleventh" });
    expect(errorsOfFinding(errors, 0)).toEqual({});
  });
});
