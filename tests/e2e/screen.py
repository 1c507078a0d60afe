"""What browser tests do on the review screen: log in, wait for the image, point at it."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from scripts.stack import Person, Stack

SHOTS = Path(__file__).resolve().parents[2] / "test-results" / "e2e"
# For what a whole stack must work on, and for the rest: software graphics, the server and its
# workers share two cores.
PATIENCE_MS = 180_000
USUAL_PATIENCE_MS = 30_000
WORKLIST = re.compile("^(Worklist|工作列表)$")
SAVED = re.compile(r"Saved \d\d:\d\d:\d\d")


def shot(page: Page, name: str) -> None:
    """Keep a picture for whoever looks at the run."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def fill_login(page: Page, username: str, password: str = "") -> None:
    """Fill the login form of the page, or the one that lies over an expired page."""
    name = page.get_by_label("User name")
    if name.is_enabled():
        name.fill(username)
    page.get_by_label("Password", exact=True).fill(password or f"coread-{username}")
    page.get_by_role("button", name="Log in").click()


def log_in(page: Page, stack: Stack, username: str, password: str = "") -> None:
    """Log in with the password of the demo, unless another one is given."""
    page.goto(stack.url)
    fill_login(page, username, password)
    expect(page.get_by_role("link", name=WORKLIST)).to_be_visible(timeout=PATIENCE_MS)


def speak_english(stack: Stack, username: str) -> None:
    """Give an account back as the tests after this one expect it."""
    person = Person(stack, username, f"coread-{username}")
    person.send("PATCH", "/api/session", {"language": "en"})


def viewport(page: Page) -> Locator:
    return page.get_by_test_id("viewport").first


def wait_for_paint(page: Page) -> None:
    expect(viewport(page)).to_have_attribute("data-painted", "true", timeout=PATIENCE_MS)


def open_case(page: Page, stack: Stack, project: str, case: str) -> None:
    page.goto(f"{stack.url}/projects/{project}/cases/{case}")
    wait_for_paint(page)


def on_screen(page: Page, column: float, row: float) -> tuple[float, float]:
    """Where an image point lies in the window, by the transform that the viewer publishes."""
    text = viewport(page).get_attribute("data-transform") or ""
    a, b, c, d, e, f = (float(number) for number in text.split())
    box = viewport(page).bounding_box()
    assert box is not None
    return box["x"] + a * column + b * row + c, box["y"] + d * column + e * row + f


def drag(page: Page, path: list[tuple[float, float]], *, release: bool = True) -> None:
    """Drag the mouse along image points."""
    points = [on_screen(page, *point) for point in path]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    if release:
        page.mouse.up()


def draw(page: Page, tool: str, path: list[tuple[float, float]]) -> None:
    """Draw a region with the tool of this key, once the screen has taken it up."""
    page.keyboard.press(tool)
    expect(page.get_by_test_id("rois").first).to_have_attribute("data-drawing", re.compile("."))
    drag(page, path)
    page.keyboard.press("w")


def select_finding(page: Page, name: str) -> None:
    findings(page).get_by_role("button", name=re.compile(name)).first.click()


def findings(page: Page) -> Locator:
    return page.get_by_role("region", name="Findings", exact=True)


def wait_until_saved(page: Page) -> None:
    """The server's word, for what stands on the screen now."""
    expect(findings(page).get_by_text("Saving")).to_be_hidden(timeout=PATIENCE_MS)
    expect(findings(page).get_by_text(SAVED)).to_be_visible(timeout=PATIENCE_MS)


def sign(page: Page) -> None:
    """Ctrl+Enter, once the screen says that it may be pressed."""
    expect(page.get_by_role("button", name=re.compile("^Sign"))).to_be_enabled()
    page.keyboard.press("Control+Enter")
