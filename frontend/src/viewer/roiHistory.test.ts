import { describe, expect, it } from "vitest";
import {
  canRedo,
  canUndo,
  type HistoryAction,
  historyReducer,
  MOST_STEPS,
  openHistory,
} from "./roiHistory";

const reduce = historyReducer<readonly number[]>((a, b) => a.join() === b.join());

function run(...actions: HistoryAction<readonly number[]>[]) {
  return actions.reduce(reduce, openHistory<readonly number[]>([0]));
}

const pushed = (...state: number[]) => ({ type: "pushed", state }) as const;
const joined = (key: string, ...state: number[]) => ({ type: "joined", state, key }) as const;
const ended = (key: string, ...state: number[]) => ({ type: "ended", state, key }) as const;
const undone = { type: "undone" } as const;
const redone = { type: "redone" } as const;

describe("undo and redo", () => {
  it("go back and forth, and stop at the ends", () => {
    const steps = [pushed(1), pushed(2)] as const;
    expect(run(...steps, undone).present).toEqual([1]);
    expect(run(...steps, undone, undone, undone).present).toEqual([0]);
    expect(run(...steps, undone, undone, redone).present).toEqual([1]);
    expect(run(...steps, undone, redone, redone).present).toEqual([2]);
    expect(canUndo(run())).toBe(false);
    expect(canRedo(run(...steps))).toBe(false);
    expect(canRedo(run(...steps, undone))).toBe(true);
  });

  it("a new act takes the place of what was undone", () => {
    const history = run(pushed(1), pushed(2), undone, pushed(3));
    expect(canRedo(history)).toBe(false);
    expect(reduce(history, undone).present).toEqual([1]);
  });

  it("what changes nothing is no step", () => {
    const history = run(pushed(1), undone, pushed(0));
    expect(canUndo(history)).toBe(false);
    expect(canRedo(history)).toBe(true);
  });

  it("another case has no past", () => {
    const history = run(pushed(1), { type: "reset", state: [9] });
    expect(history).toEqual(openHistory([9]));
  });

  it("remember a limited number of steps", () => {
    const history = run(...Array.from({ length: MOST_STEPS + 50 }, (_, i) => pushed(i + 1)));
    expect(history.past).toHaveLength(MOST_STEPS);
    expect(history.past[0]).toEqual([50]);
  });
});

describe("a drag", () => {
  it("is one step, however many updates it had", () => {
    const history = run(pushed(1), joined("a", 2), joined("a", 3), ended("a", 4));
    expect(history.present).toEqual([4]);
    expect(reduce(history, undone).present).toEqual([1]);
  });

  it("is no step when it ends where it began, and forgets nothing that could be redone", () => {
    const history = run(pushed(1), undone, joined("a", 2), ended("a", 0));
    expect(canUndo(history)).toBe(false);
    expect(reduce(history, redone).present).toEqual([1]);
  });

  it("after another drag is another step, also of the same region", () => {
    const history = run(joined("a", 1), ended("a", 2), joined("a", 3), ended("a", 4));
    expect(reduce(history, undone).present).toEqual([2]);
  });

  it("that nobody ended is ended by the next act", () => {
    const history = run(joined("a", 1), joined("b", 2), pushed(3));
    expect(history.past).toEqual([[0], [1], [2]]);
    expect(run(joined("a", 1), undone).present).toEqual([0]);
  });
});
