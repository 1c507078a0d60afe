"""A review in a real browser: regions that answer while they move, and nothing that is ever lost.

One stack with the demo; every test takes cases of its own. Pictures are kept in test-results/e2e.
"""

import contextlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Error, Page, Route, expect

from apps.explain.compute.roi import roi_coverage, roi_pooled_logits
from scripts.stack import Person, Stack, running
from tests.e2e import screen
from tests.e2e.screen import PATIENCE_MS, draw, open_case, select_finding, shot, wait_until_saved

pytestmark = pytest.mark.e2e
WITHDRAWAL_S = 25
SIZE = (1440, 900)


@dataclass
class Room:
    """The running stack, its project, and cases that no test has touched yet."""

    stack: Stack
    project: str
    person: Person
    rows: list[dict[str, Any]] = field(default_factory=list)
    unread: list[dict[str, Any]] = field(default_factory=list)

    def take(self, *, above: str = "") -> str:
        """An unread case for one test alone; `above`: one whose finding the model calls present.

        Who asks for no finding gets the most normal case, so that the others are left for who does.
        """
        for row in sorted(self.unread, key=findings_above):
            called = {each["code"] for each in row["ai"]["findings"] if each["above"]}
            if not above or above in called:
                self.unread.remove(row)
                return str(row["case_id"])
        raise LookupError(f"no unread case is left with {above or 'anything'}")

    def review(self, case: str) -> dict[str, Any]:
        found: dict[str, Any] = self.person.json(f"/api/cases/{case}/review")
        return found


def findings_above(row: dict[str, Any]) -> int:
    return sum(each["above"] for each in row["ai"]["findings"])


@pytest.fixture(scope="module")
def room(phantoms: Path) -> Iterator[Room]:
    environment = {"COREAD_WITHDRAWAL_WINDOW_S": str(WITHDRAWAL_S)}
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder), environment=environment, phantoms=phantoms) as stack,
    ):
        person = Person(stack, "radiologist", "coread-radiologist")
        project = person.json("/api/projects")[0]["id"]
        made = Room(stack, project, person)
        deadline = time.monotonic() + 2 * PATIENCE_MS / 1000
        while True:
            query = {"status": ["unread"], "limit": 100}
            rows = person.send("POST", f"/api/projects/{project}/worklist", query)["rows"]
            if all(row["ai"]["state"] != "waiting" for row in rows):
                break
            assert time.monotonic() < deadline, "the model does not answer"
            time.sleep(0.5)
        made.rows = rows
        made.unread = [row for row in rows if row["ai"]["state"] == "done"]
        yield made


@pytest.fixture
def at_case(room: Room, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """A logged-in browser with a case open and painted."""

    def opened(case: str, *, username: str = "radiologist", **options: Any) -> Page:
        page = new_page(size=SIZE, **options)
        screen.log_in(page, room.stack, username)
        open_case(page, room.stack, room.project, case)
        return page

    return opened


def another_tab(page: Page, room: Room, case: str) -> Page:
    """A second window of the same browser: same login, same store."""
    tab = page.context.new_page()
    open_case(tab, room.stack, room.project, case)
    return tab


def report(page: Page) -> Any:
    return page.locator("#report-findings")


# --- a key finds the screen that it sees ---------------------------------------------------------

PRESS_IN_THE_INSTANT_OF_THE_PAINT = """new MutationObserver((_, observer) => {
  if (document.querySelector('[data-testid="viewport"][data-painted="true"]') === null) return;
  observer.disconnect();
  document.body.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyE", bubbles: true }));
}).observe(document, { subtree: true, childList: true, attributeFilter: ["data-painted"] })"""


def test_key_pressed_in_the_instant_of_the_paint_is_not_lost(room, new_page):
    """Before any task that the paint left behind can run: a reader may be that quick."""
    page = new_page(size=SIZE)
    screen.log_in(page, room.stack, "radiologist")
    page.add_init_script(PRESS_IN_THE_INSTANT_OF_THE_PAINT)
    open_case(page, room.stack, room.project, room.unread[0]["case_id"])
    expect(page.get_by_test_id("rois").first).to_have_attribute("data-drawing", "ellipse")


# --- the region answers while it moves ---------------------------------------------------------


def test_pooled_logit_of_the_browser_is_the_servers(room, at_case):
    case = room.take(above="effusion")
    page = at_case(case)
    shapes = {
        "b": [(300.0, 700.0), (620.0, 1010.0)],
        "e": [(640.0, 560.0), (1000.0, 900.0)],
        "f": [(200.0, 200.0), (700.0, 260.0), (820.0, 700.0), (420.0, 900.0), (230.0, 560.0)],
    }
    what_if = page.get_by_test_id("what-if")
    for tool, path in shapes.items():
        select_finding(page, "Pleural effusion")
        draw(page, tool, path)
        expect(what_if).to_have_attribute("data-state", "ok")
        wait_until_saved(page)
        assert_is_the_servers(room, case, what_if_of(page))
    page.keyboard.press("o")
    shot(page, "20-what-if")
    # the answer moves with the region, and says where it came from
    before = what_if_of(page)
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    expect(what_if).not_to_have_attribute("data-pooled-logit", str(before["pooled-logit"]))
    wait_until_saved(page)
    assert_is_the_servers(room, case, what_if_of(page))
    expect(page.get_by_text("Exploratory, not stored as AI output.")).to_be_visible()


def what_if_of(page: Page) -> dict[str, float]:
    panel = page.get_by_test_id("what-if")
    names = ("pooled-logit", "outside-logit", "evidence-share", "area-share")
    return {name: float(panel.get_attribute(f"data-{name}") or "nan") for name in names}


def assert_is_the_servers(room: Room, case: str, shown: dict[str, float]) -> None:
    """Recompute from the stored maps and the newest stored region, by the server's own code."""
    payload = room.review(case)
    roi = payload["draft"]["rois"][-1]
    prediction = next(
        each
        for each in payload["ai"]["predictions"]
        if each["sop_instance_uid"] == roi["sop_instance_uid"]
    )
    shape = prediction["maps"]["shape"]
    stored = np.frombuffer(room.person.get(prediction["maps"]["url"]), "<f2").reshape(shape)
    index = [output["finding"] for output in prediction["outputs"]].index(roi["finding"])
    coverage = roi_coverage(roi["vertices"], prediction["maps"]["image_to_grid"], shape[1:])
    biases = [output["bias"] for output in prediction["outputs"]]
    expected = roi_pooled_logits(stored.astype(np.float64), biases, coverage)[index]
    tolerance = 1e-3 * max(1.0, abs(expected))
    assert abs(shown["pooled-logit"] - expected) <= tolerance
    assert 0 < shown["area-share"] < 1


def test_regions_come_back_in_another_browser_at_another_pixel_ratio(room, at_case):
    case = room.take()
    page = at_case(case)
    select_finding(page, "Nodule")
    draw(page, "b", [(400.0, 500.0), (700.0, 640.0)])
    page.get_by_test_id("roi-fields").get_by_text("Left", exact=True).click()
    wait_until_saved(page)
    (drawn,) = room.review(case)["draft"]["rois"]
    corners = np.array(drawn["vertices"])
    wanted = np.array([[400, 500], [700, 500], [700, 640], [400, 640]])
    assert np.abs(corners - wanted).max() <= 0.75  # half a screen pixel at this zoom, and its edge
    assert drawn["laterality"] == "L"
    assert (drawn["area_mm2"], drawn["spacing_kind"]) != (None, "none")

    other = at_case(case, pixel_ratio=2)
    outline = other.get_by_test_id("rois").locator("path").first
    expect(outline).to_be_visible()
    assert room.review(case)["draft"]["rois"] == [drawn]
    for key in ("h", "r"):
        other.keyboard.press(key)
    select_finding(other, "Nodule")
    findings_panel = screen.findings(other)
    findings_panel.get_by_role("button", name=re.compile("Edit the region of Nodule")).click()
    other.keyboard.press("ArrowRight")
    wait_until_saved(other)
    (moved,) = room.review(case)["draft"]["rois"]
    assert moved["roi_id"] == drawn["roi_id"]
    shift = np.array(moved["vertices"]) - corners
    assert np.allclose(np.abs(shift).max(axis=0).max(), 1, atol=0.011)


def test_undo_and_redo_go_over_regions_and_verdicts(room, at_case):
    case = room.take()
    page = at_case(case)
    select_finding(page, "Nodule")
    draw(page, "e", [(400.0, 500.0), (560.0, 700.0)])
    page.keyboard.press("Shift+X")
    wait_until_saved(page)
    draft = room.review(case)["draft"]
    assert len(draft["rois"]) == 1
    assert len(draft["decisions"]) == 5
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    wait_until_saved(page)
    draft = room.review(case)["draft"]
    assert (draft["rois"], draft["decisions"]) == ([], [])
    page.keyboard.press("Control+y")
    wait_until_saved(page)
    assert len(room.review(case)["draft"]["rois"]) == 1


# --- nothing acknowledged is lost --------------------------------------------------------------


def test_offline_in_mid_drag_loses_nothing(room, at_case):
    case = room.take()
    page = at_case(case)
    select_finding(page, "Nodule")
    draw(page, "b", [(300.0, 300.0), (500.0, 500.0)])
    wait_until_saved(page)
    screen.drag(page, [(400.0, 400.0), (440.0, 420.0)], release=False)
    page.context.set_offline(True)
    page.mouse.move(*screen.on_screen(page, 500.0, 480.0), steps=4)
    page.mouse.up()
    expect(page.get_by_text("Not saved")).to_be_visible(timeout=PATIENCE_MS)
    report(page).fill("written without a network")
    shot(page, "21-offline")
    (stored,) = room.review(case)["draft"]["rois"]
    assert np.allclose(stored["vertices"][0], [300, 300], atol=1)  # the server has the old place
    page.context.set_offline(False)
    wait_until_saved(page)
    draft = room.review(case)["draft"]
    assert np.allclose(draft["rois"][0]["vertices"][0], [400, 380], atol=1.5)
    assert draft["findings_text"] == "written without a network"


def test_crashed_tab_gives_the_draft_back_to_its_reader_and_nobody_else(room, at_case):
    case = room.take()
    page = at_case(case)
    select_finding(page, "Nodule")
    draw(page, "b", [(300.0, 300.0), (500.0, 500.0)])
    wait_until_saved(page)
    context = page.context
    context.set_offline(True)
    secret = "unsent words 未发送"
    report(page).fill(secret)
    page.keyboard.press("Escape")
    page.keyboard.press("Delete")  # the region is taken away, and the server does not know
    expect(page.get_by_text("Not saved")).to_be_visible(timeout=PATIENCE_MS)
    kept = kept_on_workstation(page)
    assert len(kept) == 1
    assert secret not in kept[0]
    crash(page)
    context.set_offline(False)

    stranger = context.new_page()
    stranger.goto(room.stack.url)
    log_out(stranger)
    screen.fill_login(stranger, "reader")
    expect(stranger.get_by_role("link", name="工作列表")).to_be_visible(timeout=PATIENCE_MS)
    open_case(stranger, room.stack, room.project, case)
    expect(report(stranger)).to_have_value("")
    log_out(stranger)

    screen.fill_login(stranger, "radiologist")
    expect(stranger.get_by_role("link", name="Worklist")).to_be_visible(timeout=PATIENCE_MS)
    open_case(stranger, room.stack, room.project, case)
    expect(report(stranger)).to_have_value(secret, timeout=PATIENCE_MS)
    expect(stranger.get_by_text("Restored what was not saved")).to_be_visible()
    shot(stranger, "22-restored")
    wait_until_saved(stranger)
    draft = room.review(case)["draft"]
    assert (draft["findings_text"], draft["rois"]) == (secret, [])
    assert kept_on_workstation(stranger) == []


KEPT = """async () => {
  const opening = indexedDB.open("coread", 1);
  const database = await new Promise((done) => { opening.onsuccess = () => done(opening.result); });
  const asked = database.transaction("drafts").objectStore("drafts").getAll();
  const rows = await new Promise((done) => { asked.onsuccess = () => done(asked.result); });
  const text = (bytes) => new TextDecoder("utf-8").decode(bytes);
  return rows.map((row) => JSON.stringify({ ...row, data: text(row.data), iv: "" }));
}"""


def kept_on_workstation(page: Page) -> list[str]:
    """What lies in the browser's store, as whoever looks into the profile would read it."""
    rows: list[str] = page.evaluate(KEPT)
    assert all(set(json.loads(row)) >= {"id", "owner", "caseId"} for row in rows)
    return rows


def crash(page: Page) -> None:
    """Kill the tab: no handler of the page runs."""
    with contextlib.suppress(Error):
        page.goto("chrome://crash")
    page.close()


def log_out(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^(Account|账户)")).click()
    page.get_by_role("menuitem").last.click()
    expect(page.get_by_label(re.compile("User name|用户名"))).to_be_visible(timeout=PATIENCE_MS)
    english = page.get_by_text("English", exact=True)
    if english.count():
        english.first.click()


def test_expired_login_keeps_what_was_entered(room, at_case):
    case = room.take()
    page = at_case(case)
    page.wait_for_load_state("networkidle")  # the images of the next case are here too

    def end_login(route: Route) -> None:
        drop_session(page.context)
        route.continue_()

    # the login ends with the save on its way: sooner, the dialog would take the keyboard
    page.route("**/review/draft", end_login, times=1)
    report(page).fill("typed as the login ended")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible(timeout=PATIENCE_MS)
    shot(page, "23-expired")
    assert room.review(case)["draft"] is None
    screen.fill_login(page, "radiologist")
    expect(dialog).to_be_hidden(timeout=PATIENCE_MS)
    wait_until_saved(page)
    assert room.review(case)["draft"]["findings_text"] == "typed as the login ended"


def drop_session(context: BrowserContext) -> None:
    context.clear_cookies(name="coread_session")


def test_two_tabs_meet_in_a_readable_conflict(room, at_case):
    case = room.take()
    first = at_case(case)
    second = another_tab(first, room, case)
    report(first).fill("from the first window")
    wait_until_saved(first)
    report(second).fill("from the second window")
    expect(second.get_by_text("Which version shall stand?")).to_be_visible(timeout=PATIENCE_MS)
    assert room.review(case)["draft"]["findings_text"] == "from the first window"
    second.get_by_role("button", name="Keep this screen's").click()
    wait_until_saved(second)
    assert room.review(case)["draft"]["findings_text"] == "from the second window"
    report(first).fill("first again")
    expect(first.get_by_text("Which version shall stand?")).to_be_visible(timeout=PATIENCE_MS)
    first.get_by_role("button", name="Take the other window's").click()
    expect(report(first)).to_have_value("from the second window", timeout=PATIENCE_MS)


# --- signing, and what follows -----------------------------------------------------------------


def test_signature_is_withdrawn_signed_again_and_followed_by_an_addendum(room, at_case):
    case = room.take(above="effusion")
    page = at_case(case)
    page.keyboard.press("Shift+X")
    report(page).fill("Left base dense.")
    wait_until_saved(page)
    screen.sign(page)
    page.keyboard.press("Control+Enter")  # a second press: the case is gone already, or signed
    bar = page.get_by_text("Signed.", exact=True)
    expect(bar).to_be_visible(timeout=PATIENCE_MS)
    shot(page, "24-signed")
    page.get_by_role("button", name=re.compile("^Withdraw")).click()
    page.wait_for_url(re.compile(case), timeout=PATIENCE_MS)
    screen.wait_for_paint(page)
    expect(report(page)).to_have_value("Left base dense.", timeout=PATIENCE_MS)
    (withdrawn,) = room.review(case)["reviews"]
    assert withdrawn["state"] == "withdrawn"

    screen.sign(page)
    expect(bar).to_be_visible(timeout=PATIENCE_MS)
    wait_for(
        lambda: [each["state"] for each in room.review(case)["reviews"]], ["withdrawn", "signed"]
    )
    open_case(page, room.stack, room.project, case)
    shot(page, "25-signed-case")
    reason = page.get_by_label("Why a new version is needed")
    expect(reason).to_be_visible(timeout=PATIENCE_MS)  # once it can no longer be withdrawn
    reason.fill("measured again")
    page.get_by_role("button", name="Write addendum").click()
    expect(report(page)).to_have_value("Left base dense.", timeout=PATIENCE_MS)
    report(page).fill("Left base dense, 12 mm.")
    wait_until_saved(page)
    shot(page, "26-addendum")
    screen.sign(page)
    versions = wait_for(lambda: len(room.review(case)["reviews"]), 3)
    assert versions == 3
    last = room.review(case)["reviews"][-1]
    assert (last["version"], last["addendum_to_version"]) == (3, 2)
    assert last["addendum_reason"] == "measured again"


def wait_for(ask: Callable[[], Any], wanted: Any) -> Any:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while (found := ask()) != wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found == wanted
    return found


def test_colleague_sees_who_reads_and_takes_over_to_sign(room, at_case):
    case = room.take()
    mine = at_case(case)
    expect(viewport_ready(mine)).to_be_enabled()
    theirs = at_case(case, username="reader")
    notice = theirs.get_by_text("Dr. Rada Demo 正在阅片")
    expect(notice).to_be_visible(timeout=PATIENCE_MS)
    theirs.keyboard.press("Shift+X")
    theirs.keyboard.press("Control+Enter")
    expect(theirs.get_by_text("未签署")).to_be_visible(timeout=PATIENCE_MS)
    shot(theirs, "27-claimed-zh")
    assert room.review(case)["reviews"] == []
    theirs.get_by_role("button", name="接管").last.click()
    wait_for(lambda: [each["state"] for each in room.review(case)["reviews"]], ["signed"])
    (signed,) = room.review(case)["reviews"]
    assert not signed["is_own"]


def viewport_ready(page: Page) -> Any:
    return page.get_by_role("button", name=re.compile("^Sign"))


def test_first_impression_is_locked_before_ai_is_shown(room, at_case, new_page):
    case = room.take(above="effusion")
    policy_set(room, "after_first_impression")
    try:
        page = at_case(case)
        expect(page.get_by_text("First impression first")).to_be_visible()
        expect(page.get_by_test_id("what-if")).to_have_count(0)
        assert "ai" not in room.review(case)
        page.keyboard.press("y")
        expect(page.get_by_text("Say present or absent for every finding")).to_be_visible()
        page.keyboard.press("Shift+X")
        wait_until_saved(page)
        shot(page, "28-first-impression")
        page.keyboard.press("y")
        expect(page.get_by_text("First impression locked")).to_be_visible(timeout=PATIENCE_MS)
        screen.wait_for_paint(page)
        payload = room.review(case)
        blind = payload["policy"]["first_impression"]["decisions"]
        assert {each["verdict"] for each in blind} == {"rejected"}
        assert len(blind) == 5
        assert payload["ai"]["state"] == "done"
        select_finding(page, "Pleural effusion")
        page.keyboard.press("a")
        wait_until_saved(page)
        shot(page, "29-after-the-lock")
        kept = room.review(case)["policy"]["first_impression"]["decisions"]
        assert kept == blind
    finally:
        policy_set(room, "from_start")


def policy_set(room: Room, ai_display: str) -> None:
    """Put a new version of the reading policy in force, as the admin does."""
    memberships = room.person.json("/api/session")["memberships"]
    policy = next(
        each["project"]["policy"] for each in memberships if each["project"]["id"] == room.project
    )
    body = {
        "after_version": policy["version"],
        "ai_display": ai_display,
        "second_signature": False,
        "reason": "a study of its influence",
    }
    admin = Person(room.stack, "admin", "coread-admin")
    admin.send("POST", f"/api/projects/{room.project}/policies", body)


def test_prior_and_history_open_beside_the_image(room, at_case):
    rows = room.rows
    case = next(
        (str(row["case_id"]) for row in rows if room.review(row["case_id"])["prior_count"] > 0),
        None,
    )
    assert case is not None, "the demo has a patient with two studies"
    page = at_case(case)
    page.keyboard.press("p")
    prior = page.get_by_test_id("prior")
    expect(prior.get_by_text("Prior of")).to_be_visible(timeout=PATIENCE_MS)
    expect(prior.get_by_test_id("viewport")).to_have_attribute(
        "data-painted", "true", timeout=PATIENCE_MS
    )
    shot(page, "30-prior")
    page.keyboard.press("p")
    expect(prior).to_be_hidden()
    page.keyboard.press("Control+h")
    expect(page.get_by_role("complementary", name="History of the case")).to_be_visible()
    shot(page, "31-history")


TOO_WIDE = """[...document.querySelectorAll("section[aria-label] *")]
  .filter((element) => element instanceof HTMLElement && element.clientWidth > 0)
  .filter((element) => element.scrollWidth > element.clientWidth + 1)
  .filter((element) => getComputedStyle(element).overflowX === "visible")
  .filter((element) => getComputedStyle(element).display !== "inline")
  .map((element) => `${element.className} ${element.scrollWidth} > ${element.clientWidth}`)"""


@pytest.mark.parametrize("size", [(1440, 900), (1920, 1080)])
@pytest.mark.parametrize("username", ["radiologist", "reader"])
def test_screen_holds_its_content_in_both_languages(room, new_page, size, username):
    """No sideways scrolling of the page or the panel: Chinese and English, both sizes."""
    case = room.unread[0]["case_id"]
    page = new_page(size=size)
    page.goto(room.stack.url)
    screen.fill_login(page, username)
    page.get_by_role("link", name=re.compile("Worklist|工作列表")).wait_for()
    open_case(page, room.stack, room.project, case)
    draw(page, "e", [(400.0, 500.0), (700.0, 800.0)])
    expect(page.get_by_test_id("roi-fields")).to_be_visible()
    shot(page, f"32-review-{username}-{size[0]}")
    assert page.evaluate(TOO_WIDE) == []
