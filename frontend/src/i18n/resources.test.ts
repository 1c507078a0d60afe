import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import arbitrationEn from "./arbitration.en.json";
import arbitrationZh from "./arbitration.zh.json";
import en from "./en.json";
import labelingEn from "./labeling.en.json";
import labelingZh from "./labeling.zh.json";
import learningEn from "./learning.en.json";
import learningZh from "./learning.zh.json";
import roundsEn from "./rounds.en.json";
import roundsZh from "./rounds.zh.json";
import viewerEn from "./viewer.en.json";
import viewerZh from "./viewer.zh.json";
import zh from "./zh.json";

type Tree = { [key: string]: string | Tree };
const SOURCE = path.resolve(import.meta.dirname, "..");
const BACKEND = path.resolve(SOURCE, "../../apps");

/** Chinese has one plural form, so `_one` and `_other` count as one key. */
function flat(tree: Tree, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const name = `${prefix}${key}`.replace(/_(one|other)$/, "");
    if (typeof value === "string") found.set(name, value);
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) found.set(inner, text);
  }
  return found;
}

const blanks = (text: string): string[] => (text.match(/\{\{\w+\}\}/g) ?? []).sort();

describe.each([
  ["app", en, zh],
  ["viewer", viewerEn, viewerZh],
  ["learning", learningEn, learningZh],
  ["labeling", labelingEn, labelingZh],
  ["arbitration", arbitrationEn, arbitrationZh],
  ["rounds", roundsEn, roundsZh],
])("the %s texts", (_, english, chinese) => {
  const left = flat(english as Tree);
  const right = flat(chinese as Tree);

  it("exist in both languages", () => {
    expect([...right.keys()].sort()).toEqual([...left.keys()].sort());
  });

  it("take the same blanks in both languages", () => {
    const different = [...left.keys()].filter(
      (key) => blanks(left.get(key) ?? "").join() !== blanks(right.get(key) ?? "").join(),
    );
    expect(different).toEqual([]);
  });
});

/** A closed list of codes in the backend: Python's `"code": "Sentence with {blank}"`. */
function backendCodes(file: string, name: string): Map<string, string[]> {
  const text = readFileSync(path.join(BACKEND, file), "utf8");
  const start = text.indexOf(`${name}: Final`);
  const body = text.slice(start, text.indexOf("\n}", start));
  const entries = [...body.matchAll(/^ {4}"(\w+)": (?:\(\n)?((?:.|\n {8})*)/gm)];
  return new Map(
    entries.map(([, code = "", sentence = ""]) => [code, sentence.match(/\{\w+\}/g) ?? []]),
  );
}

describe.each([
  ["ingest", "cases/compute/refusals.py", "REFUSAL_CODES"],
  ["reason", "inference/reasons.py", "REASONS"],
] as const)("the backend's %s codes", (group, file, name) => {
  const codes = backendCodes(file, name);

  it("are found, and each has a sentence that uses only blanks the backend fills", () => {
    expect(codes.size).toBeGreaterThan(20);
    const sentences: Record<string, string> = en[group];
    for (const [code, filled] of codes) {
      expect(Object.keys(sentences), `${group}.${code}`).toContain(code);
      const known = filled.map((blank) => `{${blank}}`);
      for (const blank of blanks(sentences[code] ?? "")) expect(known).toContain(blank);
    }
  });
});

describe("the acts that the backend records", () => {
  const files = readdirSync(BACKEND, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".py"),
  );
  const acts = new Set(
    files.flatMap((file) =>
      [...readFileSync(path.join(BACKEND, file), "utf8").matchAll(/\baction="(\w+\.\w+)"/g)].map(
        ([, act = ""]) => act,
      ),
    ),
  );

  it("are found, and each has its words", () => {
    expect(acts.size).toBeGreaterThan(30);
    const known = flat(en.audit_action as Tree);
    expect([...acts].filter((act) => !known.has(act))).toEqual([]);
  });
});

function componentFiles(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".tsx"),
  );
}

const SPOKEN_ATTRIBUTES = new Set(["title", "label", "placeholder", "aria-label", "alt", "detail"]);
const HAS_WORD = /\p{L}{2,}/u;

/** Words between tags, or in an attribute that people read, that did not come through t(). */
function literalsIn(file: string): string[] {
  const text = readFileSync(path.join(SOURCE, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node) && HAS_WORD.test(node.text)) found.push(node.text.trim());
    if (
      ts.isJsxAttribute(node) &&
      SPOKEN_ATTRIBUTES.has(node.name.getText()) &&
      node.initializer &&
      ts.isStringLiteral(node.initializer) &&
      HAS_WORD.test(node.initializer.text)
    ) {
      found.push(node.initializer.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe("the components", () => {
  // Parses every component: seconds on a machine with other work.
  it("speak only through the resources", { timeout: 30_000 }, () => {
    const files = componentFiles();
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap((file) => literalsIn(file).map((text) => `${file}: ${text}`))).toEqual([]);
  });
});
