import { describe, expect, it } from "vitest";
import en from "../i18n/viewer.en.json";
import zh from "../i18n/viewer.zh.json";
import { KEY_ACTIONS, type Screen } from "./keyActions";
import {
  actionsOn,
  chordOf,
  effectiveActions,
  keyCaps,
  keyConflicts,
  keyHint,
  parseOverrides,
  remapKey,
} from "./keymap";

const PRESS = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };

/** Every leaf of nested i18n resources as "a.b.c". */
function leaves(tree: object, prefix = ""): string[] {
  return Object.entries(tree).flatMap(([name, value]) =>
    typeof value === "string" ? [prefix + name] : leaves(value, `${prefix}${name}.`),
  );
}

describe("the key map", () => {
  it("has no chord with two meanings on one screen", () => {
    expect(keyConflicts(KEY_ACTIONS)).toEqual([]);
  });

  it("would notice one", () => {
    const twice = [
      { id: "viewer.a", context: "viewer", chords: ["KeyA"] },
      { id: "findings.a", context: "findings", chords: ["KeyA"] },
      { id: "worklist.a", context: "worklist", chords: ["KeyA"] },
    ] as const;
    expect(keyConflicts(twice)).toEqual([{ chord: "KeyA", actions: ["viewer.a", "findings.a"] }]);
  });

  it("lets a selected region take the image's keys, and nobody else's", () => {
    const own = { id: "roi.a", context: "roi", chords: ["ArrowDown"] } as const;
    const others = (["viewer", "findings", "global"] as const).map(
      (context) => ({ id: `${context}.a`, context, chords: ["ArrowDown"] }) as const,
    );
    const [viewer, findings, global] = others;
    expect(keyConflicts([own, ...(viewer ? [viewer] : [])])).toEqual([]);
    for (const other of [findings, global]) {
      expect(keyConflicts([own, ...(other ? [other] : [])])).toHaveLength(1);
    }
    expect(keyConflicts([own, { ...own, id: "roi.b" }])).toHaveLength(1);
  });

  it("has a name for every action in both languages, and none for what is gone", () => {
    const ids = KEY_ACTIONS.map(({ id }) => id).sort();
    expect(leaves(en.keys).sort()).toEqual(ids);
    expect(leaves(zh.keys).sort()).toEqual(ids);
  });

  it("holds irreversible acts until the key comes up", () => {
    const held = KEY_ACTIONS.filter(({ onRelease }) => onRelease).map(({ id }) => id);
    expect(held).toEqual([
      "findings.revealAi",
      "findings.sign",
      "findings.withdraw",
      "findings.nextCase",
      "findings.previousCase",
      "label.takeBack",
      "label.nextCase",
      "label.lock",
      "arbitrate.decide",
      "arbitrate.nextCase",
    ]);
    const judged = KEY_ACTIONS.filter(({ needsImage }) => needsImage).map(({ id }) => id);
    expect(judged).toEqual([
      "findings.accept",
      "findings.reject",
      "findings.edit",
      "findings.allAbsent",
      "findings.revealAi",
      "findings.sign",
      "label.present",
      "label.absent",
      "label.notAssessable",
      ...[1, 2, 3, 4, 5, 6].map((place) => `label.grade${place}`),
      ...[1, 2, 3, 4, 5].map((sure) => `label.confidence${sure}`),
      "label.nothingFound",
      "label.draw",
      "label.measure",
      "arbitrate.chooseA",
      "arbitrate.chooseB",
      "arbitrate.chooseOwn",
      "arbitrate.chooseMerged",
      "arbitrate.chooseIndeterminate",
      "arbitrate.edit",
      "arbitrate.decide",
    ]);
  });

  it("gives a form the keys it takes from the image on its own screen, and nowhere else", () => {
    const chordsOf = (screen: Screen, id: string) =>
      actionsOn(screen, KEY_ACTIONS).find((action) => action.id === id)?.chords;
    expect(chordsOf("arbitrate", "arbitrate.showA")).toEqual(["Digit1"]);
    expect(chordsOf("arbitrate", "viewer.preset1")).toEqual(["Numpad1"]);
    expect(chordsOf("arbitrate", "viewer.preset5")).toEqual(["Digit5", "Numpad5"]);
    expect(chordsOf("arbitrate", "viewer.toolRectangle")).toEqual(["Shift+KeyB"]);
    expect(chordsOf("review", "viewer.preset1")).toEqual(["Digit1", "Numpad1"]);
    expect(chordsOf("review", "arbitrate.showA")).toBeUndefined();
  });

  it("has the digits for answers on the label screen, and no heat map where no model speaks", () => {
    const onDigit = (screen: Screen, chord: string) =>
      actionsOn(screen, KEY_ACTIONS)
        .filter(({ chords }) => chords.includes(chord))
        .map(({ id }) => id);
    expect(onDigit("label", "Digit1")).toEqual(["label.present"]);
    expect(onDigit("label", "Numpad9")).toEqual(["label.grade6"]);
    expect(onDigit("label", "Digit0")).toEqual(["viewer.oneToOne"]);
    expect(onDigit("label", "KeyO")).toEqual([]);
    expect(onDigit("review", "KeyO")).toEqual(["viewer.heatMap"]);
  });

  it("leaves the image a key that the form has been moved away from", () => {
    const moved = effectiveActions({ "arbitrate.showA": ["KeyD"] });
    const preset = actionsOn("arbitrate", moved).find(({ id }) => id === "viewer.preset1");
    expect(preset?.chords).toEqual(["Digit1", "Numpad1"]);
  });
});

it("says the same in both languages", () => {
  expect(leaves(zh).sort()).toEqual(leaves(en).sort());
});

describe("chords", () => {
  it("come from the physical key", () => {
    expect(chordOf({ ...PRESS, code: "KeyA" })).toBe("KeyA");
    expect(chordOf({ ...PRESS, code: "Enter", ctrlKey: true, shiftKey: true })).toBe(
      "Ctrl+Shift+Enter",
    );
    expect(chordOf({ ...PRESS, code: "Enter", metaKey: true })).toBe("Ctrl+Enter");
  });

  it("are none for a modifier alone or an unknown key", () => {
    expect(chordOf({ ...PRESS, code: "ShiftLeft", shiftKey: true })).toBeNull();
    expect(chordOf({ ...PRESS, code: "ControlRight", ctrlKey: true })).toBeNull();
    expect(chordOf({ ...PRESS, code: "" })).toBeNull();
  });

  it("are written as on the keyboard", () => {
    expect(keyCaps("Ctrl+BracketLeft")).toEqual(["Ctrl", "["]);
    expect(keyCaps("Shift+Slash")).toEqual(["?"]);
    expect(keyCaps("Shift+KeyR")).toEqual(["Shift", "R"]);
    expect(keyCaps("NumpadAdd")).toEqual(["Num Add"]);
    expect(keyHint(KEY_ACTIONS, "findings.sign")).toBe("Ctrl+⏎");
    expect(keyHint(KEY_ACTIONS, "no.such.action")).toBe("");
  });
});

describe("remapping", () => {
  it("changes one action and leaves the others", () => {
    const { overrides, conflicts } = remapKey({}, "viewer.invert", ["F2"]);
    expect(conflicts).toEqual([]);
    const actions = effectiveActions(overrides);
    expect(actions.find(({ id }) => id === "viewer.invert")?.chords).toEqual(["F2"]);
    expect(actions.find(({ id }) => id === "viewer.reset")?.chords).toEqual(["Shift+Digit0"]);
  });

  it("refuses a chord that is taken on the same screen and changes nothing", () => {
    const before = { "viewer.reset": ["F2"] };
    const { overrides, conflicts } = remapKey(before, "findings.accept", ["KeyI"]);
    expect(overrides).toBe(before);
    expect(conflicts).toEqual([{ chord: "KeyI", actions: ["viewer.invert", "findings.accept"] }]);
  });

  it("can switch a key off", () => {
    const { overrides } = remapKey({}, "findings.accept", []);
    expect(keyHint(effectiveActions(overrides), "findings.accept")).toBe("");
  });

  it("reads back what was stored and drops what makes no sense", () => {
    const stored = {
      "viewer.invert": ["Ctrl+KeyQ"],
      "viewer.reset": "KeyQ",
      "viewer.fit": ["Hyper+KeyF"],
      "no.such.action": ["KeyA"],
    };
    expect(parseOverrides(JSON.stringify(stored))).toEqual({ "viewer.invert": ["Ctrl+KeyQ"] });
    expect(parseOverrides(null)).toEqual({});
    expect(parseOverrides("{not json")).toEqual({});
    expect(parseOverrides("null")).toEqual({});
  });
});
