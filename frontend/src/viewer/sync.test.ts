import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Follower, ViewSync } from "./sync";
import { isSameView, type StackView } from "./view";

function view(change: Partial<StackView> & { zoom?: number; window?: number[] } = {}): StackView {
  const { zoom = 100, window: shownWindow = [0, 100], ...rest } = change;
  return {
    stackKey: "read-1/s",
    tool: "window",
    sliceIndex: 0,
    shown: {
      camera: { parallelScale: zoom, focalPoint: [1, 2, 3], viewUp: [0, -1, 0] },
      window: shownWindow,
    },
    isInverted: false,
    ...rest,
  };
}

/** A viewport that answers as one does: at once, or (`isSlow`) only when its slice has come. */
class FakeViewport implements Follower {
  readonly told = vi.fn();
  private listeners = new Set<() => void>();
  private awaited: StackView | null = null;

  constructor(
    private shown: StackView | null,
    private readonly options: { isSlow?: boolean; clamp?: (view: StackView) => StackView } = {},
  ) {}

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getView = () => this.shown;

  readonly follow = (next: StackView) => {
    this.told(next);
    if (this.options.isSlow && next.sliceIndex !== this.shown?.sliceIndex) {
      this.awaited = { ...view(), sliceIndex: next.sliceIndex };
      this.change({ ...view(), sliceIndex: next.sliceIndex, shown: null });
    } else if (this.options.isSlow && this.awaited) {
      this.change({ ...next, shown: null });
    } else {
      this.change(this.options.clamp?.(next) ?? next);
    }
  };

  /** Its own doing: a hand, or an image that has come. */
  change(next: StackView | null): void {
    this.shown = next;
    for (const listener of this.listeners) listener();
  }

  arrive(): void {
    const arrived = this.awaited;
    this.awaited = null;
    this.change(arrived);
  }

  get listenerCount(): number {
    return this.listeners.size;
  }
}

let sync: ViewSync;
let left: FakeViewport;
let right: FakeViewport;

beforeEach(() => {
  sync = new ViewSync();
  left = new FakeViewport(view());
  right = new FakeViewport(view());
  sync.join(left);
  sync.join(right);
  sync.lead(left);
});

describe("viewports side by side", () => {
  it.each([
    ["zoom", view({ zoom: 50 })],
    ["slice", view({ sliceIndex: 7 })],
    ["window", view({ window: [-160, 240] })],
    ["polarity", view({ isInverted: true })],
    ["tool", view({ tool: "pan" })],
  ])("follow the one under the hand: %s", (_, changed) => {
    left.change(changed);
    expect(right.getView()).toEqual(changed);
    expect(right.told).toHaveBeenCalledTimes(1);
    expect(left.told).not.toHaveBeenCalled();
  });

  it("change the leader with the hand", () => {
    sync.lead(right);
    right.change(view({ zoom: 25 }));
    expect(left.getView()).toEqual(view({ zoom: 25 }));
    left.change(view({ zoom: 80 })); // nobody's hand: it is brought back
    expect(left.getView()).toEqual(view({ zoom: 25 }));
    expect(right.getView()).toEqual(view({ zoom: 25 }));
  });

  it("take the hand from the element's own events", () => {
    const element = new EventTarget();
    const third = new FakeViewport(view());
    const leave = sync.join(third, element);
    element.dispatchEvent(new Event("wheel"));
    third.change(view({ zoom: 10 }));
    expect(left.getView()).toEqual(view({ zoom: 10 }));
    expect(right.getView()).toEqual(view({ zoom: 10 }));
    leave();
    element.dispatchEvent(new Event("wheel"));
    third.change(view({ zoom: 99 }));
    expect(left.getView()).toEqual(view({ zoom: 10 }));
    expect(third.listenerCount).toBe(0);
  });

  it("wait for a slice that is on its way, and then look at it alike", () => {
    const slow = new FakeViewport(view(), { isSlow: true });
    sync.join(slow);
    left.change(view({ sliceIndex: 3, zoom: 60 }));
    expect(slow.getView()?.shown).toBeNull();
    slow.arrive(); // fitted, as a slice comes
    expect(slow.getView()).toEqual(view({ sliceIndex: 3, zoom: 60 }));
    expect(left.getView()).toEqual(view({ sliceIndex: 3, zoom: 60 }));
  });

  it("do not go round in circles with one that cannot come nearer", () => {
    const stubborn = new FakeViewport(view(), { clamp: () => view({ zoom: 77 }) });
    sync.join(stubborn);
    left.change(view({ zoom: 50 }));
    const told = stubborn.told.mock.calls.length;
    stubborn.change(view({ zoom: 77 }));
    stubborn.change(view({ zoom: 77 }));
    expect(stubborn.told.mock.calls.length).toBeLessThanOrEqual(told + 1);
    left.change(view({ zoom: 40 }));
    expect(stubborn.told).toHaveBeenLastCalledWith(view({ zoom: 40 }));
  });

  it("bring one that comes late to where the others look", () => {
    left.change(view({ zoom: 33 }));
    const late = new FakeViewport(null);
    sync.join(late);
    late.change(view());
    expect(late.getView()).toEqual(view({ zoom: 33 }));
  });

  it("let the first that has an image lead until a hand comes", () => {
    const fresh = new ViewSync();
    const [empty, filled] = [new FakeViewport(null), new FakeViewport(view({ zoom: 12 }))];
    fresh.join(empty);
    fresh.join(filled);
    empty.change(view());
    expect(empty.getView()).toEqual(view({ zoom: 12 }));
    expect(filled.told).not.toHaveBeenCalled();
  });
});

describe("two views", () => {
  it("are alike when only the last digits differ", () => {
    expect(isSameView(view({ zoom: 100 }), view({ zoom: 100 + 1e-9 }))).toBe(true);
    expect(isSameView(view({ zoom: 100 }), view({ zoom: 100.01 }))).toBe(false);
    expect(isSameView(view(), { ...view(), shown: null })).toBe(false);
    expect(isSameView(view(), view({ window: [0, 101] }))).toBe(false);
  });
});
