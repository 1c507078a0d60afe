/**
 * Viewports that look at the same stack side by side and follow the one under the hand: slice, zoom, pan,
 * rotation, window and tool. No loop can arise: only the leader is listened to, and a follower that cannot
 * come nearer is left alone.
 */
import { isSameView, type StackView } from "./view";

/** What takes part: a StackViewer, or anything that behaves like one. */
export interface Follower {
  readonly subscribe: (listener: () => void) => () => void;
  /** Null while there is nothing on the screen to follow or to lead by. */
  readonly getView: () => StackView | null;
  readonly follow: (view: StackView) => void;
}

/** What a follower was last told, and where it stood then. */
interface Told {
  readonly view: StackView;
  readonly from: StackView | null;
}

const HAND_EVENTS = ["pointerenter", "pointerdown", "wheel", "focusin"] as const;

export class ViewSync {
  private readonly members = new Map<Follower, Told | null>();
  private leader: Follower | null = null;
  private isSettling = false;

  /** Takes part until the returned function is called; a hand on the element makes it the leader. */
  join(member: Follower, element?: EventTarget): () => void {
    this.members.set(member, null);
    const unsubscribe = member.subscribe(this.settle);
    const lead = () => this.lead(member);
    for (const type of HAND_EVENTS) {
      element?.addEventListener(type, lead, { capture: true, passive: true });
    }
    this.settle();
    return () => {
      unsubscribe();
      for (const type of HAND_EVENTS) {
        element?.removeEventListener(type, lead, { capture: true });
      }
      this.members.delete(member);
      this.leader = this.leader === member ? null : this.leader;
    };
  }

  /** From now on the others follow this one. */
  lead(member: Follower): void {
    this.leader = member;
    this.settle();
  }

  private readonly settle = (): void => {
    const leader = this.leader ?? this.firstWithView();
    const view = leader?.getView() ?? null;
    if (this.isSettling || leader === null || view === null) {
      return;
    }
    this.isSettling = true;
    try {
      for (const member of this.members.keys()) {
        if (member !== leader) {
          this.tell(member, view);
        }
      }
    } finally {
      this.isSettling = false;
    }
  };

  /** Before any hand was on one of them, whoever has an image first. */
  private firstWithView(): Follower | null {
    this.leader = [...this.members.keys()].find((member) => member.getView() !== null) ?? null;
    return this.leader;
  }

  private tell(member: Follower, view: StackView): void {
    const from = member.getView();
    if (from !== null && isSameView(from, view)) {
      this.members.set(member, null);
      return;
    }
    const told = this.members.get(member);
    const isStuck = told && isSameView(told.view, view) && isSameStanding(told.from, from);
    if (!isStuck) {
      this.members.set(member, { view, from });
      member.follow(view);
    }
  }
}

function isSameStanding(a: StackView | null, b: StackView | null): boolean {
  return a === b || (a !== null && b !== null && isSameView(a, b));
}
