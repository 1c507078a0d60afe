import { beforeEach, describe, expect, it, vi } from "vitest";
import { KEY_ACTIONS, type KeyContext, SCREENS } from "./keyActions";
import { isTextTarget, isWidgetKey, Keyboard, type KeyTarget } from "./keyboard";
import { actionsOn } from "./keymap";

interface Press {
  code: string;
  ctrlKey?: boolean;
  shiftKey?: boolean;
  repeat?: boolean;
  isComposing?: boolean;
  isAnswered?: boolean;
}

const handlers = {
  "viewer.invert": vi.fn(),
  "viewer.nextSlice": vi.fn(),
  "viewer.toggleText": vi.fn(),
  "findings.accept": vi.fn(),
  "findings.sign": vi.fn(),
};
let subject = "case-1";
let isPainted = true;
let keyboard: Keyboard;

function down(press: Press, target: KeyTarget | null = { tagName: "BODY" }): boolean {
  return keyboard.down(
    {
      ctrlKey: false,
      metaKey: false,
      altKey: false,
      shiftKey: false,
      repeat: false,
      isComposing: false,
      isAnswered: false,
      ...press,
    },
    target,
  );
}

beforeEach(() => {
  vi.clearAllMocks();
  subject = "case-1";
  isPainted = true;
  keyboard = new Keyboard({
    contexts: SCREENS.review,
    actions: () => KEY_ACTIONS,
    handlers: () => handlers,
    subject: () => subject,
    isImagePainted: () => isPainted,
  });
});

describe("where keys work", () => {
  it("takes a letter outside text fields and claims the event", () => {
    expect(down({ code: "KeyI" })).toBe(true);
    expect(handlers["viewer.invert"]).toHaveBeenCalledExactlyOnceWith("case-1");
  });

  it("works with a Chinese input method on: only the code tells the key", () => {
    // what Chromium sends outside a text field: key "Process", keyCode 229, isComposing may be true
    expect(down({ code: "KeyA", isComposing: true })).toBe(true);
    expect(handlers["findings.accept"]).toHaveBeenCalledOnce();
  });

  it("leaves text fields alone, but for acts that belong there too", () => {
    const textarea = { tagName: "TEXTAREA" };
    expect(down({ code: "KeyA" }, textarea)).toBe(false);
    expect(down({ code: "KeyA" }, { tagName: "DIV", isContentEditable: true })).toBe(false);
    expect(handlers["findings.accept"]).not.toHaveBeenCalled();
    expect(down({ code: "Enter", ctrlKey: true }, textarea)).toBe(true);
    keyboard.up("Enter");
    expect(handlers["findings.sign"]).toHaveBeenCalledOnce();
  });

  it("does not sign while a word is being composed in the text field", () => {
    expect(down({ code: "Enter", ctrlKey: true, isComposing: true }, { tagName: "TEXTAREA" })).toBe(
      false,
    );
    keyboard.up("Enter");
    expect(handlers["findings.sign"]).not.toHaveBeenCalled();
  });

  it("leaves widgets their own keys and takes the others", () => {
    expect(down({ code: "Space" }, { tagName: "BUTTON" })).toBe(false);
    expect(down({ code: "ArrowDown" }, { tagName: "DIV", role: "slider" })).toBe(false);
    expect(down({ code: "KeyI" }, { tagName: "BUTTON" })).toBe(true);
    expect(handlers["viewer.toggleText"]).not.toHaveBeenCalled();
    expect(handlers["viewer.nextSlice"]).not.toHaveBeenCalled();
  });

  it("leaves alone what another part of the page has answered, and keys nobody handles", () => {
    expect(down({ code: "KeyI", isAnswered: true })).toBe(false);
    expect(down({ code: "KeyR" })).toBe(false);
    expect(down({ code: "KeyI", ctrlKey: true })).toBe(false);
    expect(handlers["viewer.invert"]).not.toHaveBeenCalled();
  });
});

describe("contexts that come and go", () => {
  const moved = vi.fn();
  const scrolled = vi.fn();
  const press = (...contexts: KeyContext[]) => {
    keyboard = new Keyboard({
      contexts,
      actions: () => KEY_ACTIONS,
      handlers: () => ({ "roi.by1Down": moved, "viewer.nextSlice": scrolled }),
      subject: () => subject,
      isImagePainted: () => isPainted,
    });
    return down({ code: "ArrowDown" });
  };

  it("the first context that knows the key takes it, in whichever order the map lists them", () => {
    expect(press("roi", "viewer", "findings")).toBe(true);
    expect(moved).toHaveBeenCalledOnce();
    expect(scrolled).not.toHaveBeenCalled();
    expect(press("viewer", "roi")).toBe(true);
    expect(moved).toHaveBeenCalledOnce();
    expect(scrolled).toHaveBeenCalledOnce();
  });

  it("without it the key does what it always did", () => {
    expect(press("viewer", "findings")).toBe(true);
    expect(scrolled).toHaveBeenCalledOnce();
    expect(moved).not.toHaveBeenCalled();
  });
});

describe("holding a key", () => {
  it("repeats scrolling and nothing else", () => {
    down({ code: "ArrowDown" });
    down({ code: "ArrowDown", repeat: true });
    down({ code: "KeyI" });
    down({ code: "KeyI", repeat: true });
    expect(handlers["viewer.nextSlice"]).toHaveBeenCalledTimes(2);
    expect(handlers["viewer.invert"]).toHaveBeenCalledTimes(1);
  });

  it("does not carry over to the next case", () => {
    down({ code: "ArrowDown" });
    subject = "case-2";
    down({ code: "ArrowDown", repeat: true });
    expect(handlers["viewer.nextSlice"]).toHaveBeenCalledTimes(1);
    keyboard.up("ArrowDown");
    down({ code: "ArrowDown" });
    expect(handlers["viewer.nextSlice"]).toHaveBeenLastCalledWith("case-2");
  });
});

describe("acts that cannot be taken back", () => {
  it("wait for the key to come up and happen once", () => {
    down({ code: "Enter", ctrlKey: true });
    down({ code: "Enter", ctrlKey: true, repeat: true });
    expect(handlers["findings.sign"]).not.toHaveBeenCalled();
    keyboard.up("ControlLeft");
    keyboard.up("Enter");
    keyboard.up("Enter");
    expect(handlers["findings.sign"]).toHaveBeenCalledExactlyOnceWith("case-1");
  });

  it("are dropped when the case changed while the key was down", () => {
    down({ code: "Enter", ctrlKey: true });
    subject = "case-2";
    keyboard.up("Enter");
    expect(handlers["findings.sign"]).not.toHaveBeenCalled();
  });

  it("wait for the image, and a key pressed too early is not kept for later", () => {
    isPainted = false;
    expect(down({ code: "Enter", ctrlKey: true })).toBe(true);
    expect(down({ code: "KeyA" })).toBe(true);
    isPainted = true;
    keyboard.up("Enter");
    keyboard.up("KeyA");
    expect(handlers["findings.sign"]).not.toHaveBeenCalled();
    expect(handlers["findings.accept"]).not.toHaveBeenCalled();
  });
});

describe("targets", () => {
  it.each([
    [{ tagName: "INPUT", type: "text" }, true],
    [{ tagName: "input" }, true],
    [{ tagName: "INPUT", type: "checkbox" }, false],
    [{ tagName: "SELECT" }, true],
    [{ tagName: "DIV", role: "combobox" }, true],
    [{ tagName: "BUTTON" }, false],
    [null, false],
  ] as const)("%o takes text: %s", (target, takesText) => {
    expect(isTextTarget(target)).toBe(takesText);
  });

  it("a radio button owns the arrows, a link owns Enter", () => {
    expect(isWidgetKey({ tagName: "INPUT", type: "radio" }, "ArrowDown")).toBe(true);
    expect(isWidgetKey({ tagName: "A" }, "Enter")).toBe(true);
    expect(isWidgetKey({ tagName: "A" }, "ArrowDown")).toBe(false);
    expect(isWidgetKey(null, "Space")).toBe(false);
  });
});

describe("a key that is held", () => {
  const onRelease = vi.fn();
  let nowMs = 0;

  beforeEach(() => {
    nowMs = 1000;
    keyboard = new Keyboard({
      contexts: SCREENS.arbitrate,
      actions: () => actionsOn("arbitrate", KEY_ACTIONS),
      handlers: () => ({ ...handlers, "arbitrate.showA": handlers["findings.accept"] }),
      releases: () => ({ "arbitrate.showA": onRelease }),
      subject: () => subject,
      isImagePainted: () => isPainted,
      now: () => nowMs,
    });
  });

  it("acts once when it goes down and says how long it was held when it comes up", () => {
    down({ code: "Digit1" });
    down({ code: "Digit1", repeat: true });
    nowMs += 700;
    keyboard.up("Digit1");
    keyboard.up("Digit1");
    expect(handlers["findings.accept"]).toHaveBeenCalledTimes(1);
    expect(onRelease).toHaveBeenCalledExactlyOnceWith(700);
  });

  it("is let go of when the window is left, for its coming up is not seen", () => {
    const target = new EventTarget() as Window;
    const detach = keyboard.attach(target);
    down({ code: "Digit1" });
    nowMs += 50;
    target.dispatchEvent(new Event("blur"));
    expect(onRelease).toHaveBeenCalledExactlyOnceWith(50);
    detach();
    expect(onRelease).toHaveBeenCalledTimes(1);
  });
});
