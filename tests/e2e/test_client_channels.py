"""Two annotators share a workstation: can the second learn anything that the first has answered?

One browser context, as one browser profile is: everything that outlives a login is common to both.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Response, expect

from scripts.stack import Stack, running
from tests.e2e.screen import PATIENCE_MS, fill_login, shot, speak_english, wait_for_paint
from tests.e2e.workstation import Ears, header_faults, kept, numbers_in, traces

pytestmark = pytest.mark.e2e

FIRST, SECOND = "annotator", "annotator2"
COMMENT = "Spiculated behind the left clavicle 毛刺"
DRAFT_COMMENT = "Perhaps a nipple shadow 乳头影"
QUESTION = "Does a calcified granuloma count 钙化"
READ = re.compile(r"/label/[0-9a-f-]{36}/reads/[0-9a-f-]{36}$")
ROUND = """
from django.utils import timezone
from apps.cases.models import Case, Project, User
from apps.feedback.labeling.models.rounds import (
    Guideline, ReadingRound, RoundCase, RoundMember, RoundPolicy,
)

number = ReadingRound.objects.count()
ReadingRound.objects.update(state="cancelled")
project = Project.objects.get(code="chest")
admin = User.objects.get(username="admin")
made = ReadingRound.objects.create(
    project=project, name=f"Shared workstation {number}", state="open", seed="7" * 64,
    made_by=admin, opened_at=timezone.now(),
)
asked = [{"code": "nodule", "needs_roi": True}, {"code": "effusion"}]
RoundPolicy.objects.create(
    round=made, version=1, content={"findings": asked, "readers_per_case": 2}, author=admin
)
Guideline.objects.create(round=made, version=1, text="A nodule is round.", author=admin)
for name in ("annotator", "annotator2"):
    RoundMember.objects.create(
        round=made, user=User.objects.get(username=name), role="annotator"
    )
# as many as one person leaves behind: whatever the other is offered, it is one of those
cases = Case.objects.filter(project=project).order_by("pk")[2 * number : 2 * number + 2]
for place, case in enumerate(cases):
    RoundCase.objects.create(
        round=made, case=case, readers=2, open_slots=2, unfinal=2, draw=(place * 0.618) % 1
    )
"""
# Opens every record of the workstation with the key that the server gives to whoever is logged in.
OPENED = """async () => {
  const asked = (request) => new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
  });
  const { key } = await (await fetch("/api/session/draft-key")).json();
  const raw = Uint8Array.from(
    atob(key.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0),
  );
  const usable = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
  const database = await asked(indexedDB.open("coread"));
  const rows = await asked(database.transaction("drafts").objectStore("drafts").getAll());
  database.close();
  const opened = rows.map(async ({ iv, data, owner, caseId }) => {
    const additionalData = new TextEncoder().encode(`${owner}/${caseId}`);
    try {
      const plain = await crypto.subtle.decrypt(
        { name: "AES-GCM", iv, additionalData }, usable, data,
      );
      return new TextDecoder().decode(plain);
    } catch (error) {
      return error.name;
    }
  });
  return Promise.all(opened);
}"""


@pytest.fixture(scope="module")
def stack(phantoms: Path) -> Iterator[Stack]:
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder), phantoms=phantoms) as stack,
    ):
        speak_english(stack, SECOND)
        yield stack


@dataclass
class Workstation:
    """A browser profile, what was heard from its pages and what the server said to them."""

    stack: Stack
    page: Page
    ears: Ears
    answers: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def listen(self) -> None:
        self.context.on("response", self.keep_answer)
        self.context.on("request", self.keep_sent)

    def keep_answer(self, response: Response) -> None:
        self.answers.append((response.url.removeprefix(self.stack.url), response.headers))

    def keep_sent(self, request: Request) -> None:
        if re.search("/api/reads/.*(draft|lock)$", request.url):
            self.sent.append(json.loads(request.post_data or "{}"))

    def secrets(self) -> list[str]:
        """What the first person wrote, drew and answered, and who that is."""
        drawn = {number for number in numbers_in(self.sent) if len(number) >= 6}
        assert len(drawn) >= 2
        said = ('"value":"present"', '"value": "present"')
        return [COMMENT, DRAFT_COMMENT, QUESTION, "Dr. Anna Demo", *said, *sorted(drawn)]

    def found(self, page: Page) -> list[tuple[str, str]]:
        """Where what the first person said can be read from this page on."""
        return traces({**kept(page), **self.ears.heard()}, self.secrets())


@pytest.fixture
def workstation(stack: Stack, new_page: Any) -> Workstation:
    """A browser nobody has used, before an open round of two cases nobody has read."""
    stack.manage("shell", given=ROUND)
    page = new_page(size=(1440, 900))
    here = Workstation(stack, page, Ears(page.context))
    here.listen()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(stack.url)
    return here


def enter(page: Page, name: str) -> None:
    fill_login(page, name)
    expect(page.get_by_role("button", name=re.compile("^Account"))).to_be_visible()


def next_case(page: Page) -> None:
    page.get_by_test_id("round").get_by_role("button", name="Next case").click()
    expect(page).to_have_url(READ, timeout=PATIENCE_MS)
    wait_for_paint(page)


def form(page: Page) -> Any:
    return page.get_by_role("region", name="Your read")


def wait_until_saved(page: Page) -> None:
    expect(form(page).get_by_text("Saving")).to_be_hidden(timeout=PATIENCE_MS)
    expect(form(page).get_by_text(re.compile(r"Saved \d\d:\d\d:\d\d"))).to_be_visible()


def write_comment(page: Page, text: str) -> None:
    page.get_by_label("Comment").fill(text)
    page.keyboard.press("Escape")


def answer(page: Page, comment: str) -> None:
    """A nodule with its region, no effusion, and a comment; saved."""
    page.keyboard.press("Digit1")
    expect(page.locator("[data-finding=nodule]")).to_have_attribute("data-value", "present")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("rois")).to_have_attribute("data-drawing", re.compile("^(?!false)."))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("roi")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("j")
    page.keyboard.press("Digit2")
    expect(page.locator("[data-finding=effusion]")).to_have_attribute("data-value", "absent")
    write_comment(page, comment)
    wait_until_saved(page)


def ask(page: Page, question: str) -> None:
    page.keyboard.press("q")
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Question sent")).to_be_visible(timeout=PATIENCE_MS)


def read_guideline(page: Page) -> None:
    page.keyboard.press("g")
    expect(page.get_by_text("A nodule is round.")).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("g")


def read_as_first(here: Workstation) -> tuple[str, str]:
    """Lock one case, leave the other unfinished and unsent; give the addresses of both."""
    page = here.page
    enter(page, FIRST)
    next_case(page)
    read_guideline(page)
    answer(page, COMMENT)
    ask(page, QUESTION)
    locked = page.url
    page.keyboard.press("Control+Enter")
    expect(page).not_to_have_url(locked, timeout=PATIENCE_MS)
    wait_for_paint(page)
    answer(page, "")
    page.route("**/api/reads/*/draft", lambda route: route.abort())
    write_comment(page, DRAFT_COMMENT)
    expect(form(page).get_by_text("Not saved")).to_be_visible(timeout=PATIENCE_MS)
    return locked, page.url


def log_out(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Account")).click()
    page.get_by_role("menuitem").last.click()
    expect_login(page)


def expect_login(page: Page) -> None:
    """The page of the login alone, not the question for it that lies over a case."""
    expect(page.get_by_test_id("viewport")).to_have_count(0, timeout=PATIENCE_MS)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_label("User name")).to_be_visible(timeout=PATIENCE_MS)


def expect_refused(page: Page) -> None:
    """The address of somebody else's read says nothing."""
    expect(page.get_by_text("The case could not be opened")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("viewport")).to_have_count(0)


def test_second_annotator_finds_nothing_of_the_first_on_the_workstation(workstation):
    here, page = workstation, workstation.page
    locked, unfinished = read_as_first(here)
    assert ("page", DRAFT_COMMENT) in here.found(page), "the search sees what is on the screen"
    assert {channel for channel, _ in here.found(page)} == {"page"}
    assert [DRAFT_COMMENT in each for each in page.evaluate(OPENED)] == [True]
    inputs = page.locator("input:not([type=checkbox]), textarea")
    for place in range(inputs.count()):
        expect(inputs.nth(place)).to_have_attribute("autocomplete", "off")
    frame = next(url for url, _ in here.answers if "/frames/" in url)
    sibling = here.context.new_page()
    sibling.on("dialog", lambda dialog: dialog.accept())
    sibling.goto(locked)
    wait_for_paint(sibling)
    expect(sibling.get_by_label("Comment")).to_have_value(COMMENT)

    log_out(page)
    shot(page, "channels-logged-out")
    expect_login(sibling)
    for each in (page, sibling):
        assert here.found(each) == []
    page.go_back()
    expect_login(page)
    assert here.found(page) == []
    assert status_from_cache(page, frame) != 200

    # Where the first one's case was, the second logs in.
    assert page.url in {locked, unfinished}
    began = len(here.answers)
    enter(page, SECOND)
    expect_refused(page)
    assert here.found(page) == []
    assert [type(each) for each in page.evaluate(OPENED)] == [str]
    assert page.evaluate(OPENED) == ["OperationError"]
    sibling.goto(locked)
    expect_refused(sibling)
    assert here.found(sibling) == []
    sibling.close()

    page.get_by_role("button", name="To my rounds").click()
    card = page.get_by_test_id("round")
    expect(card).to_contain_text("Locked today0Locked in all0")
    expect(card).to_contain_text("New guideline")
    next_case(page)
    for code in ("nodule", "effusion"):
        expect(page.locator(f"[data-finding={code}]")).to_have_attribute("data-value", "none")
    expect(page.get_by_test_id("roi")).to_have_count(0)
    expect(page.get_by_label("Comment")).to_have_value("")
    assert here.found(page) == []
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="My reads").click()
    expect(page.get_by_role("row")).to_have_count(2)
    assert here.found(page) == []
    shot(page, "channels-second")
    assert page.title() == "Coread"
    assert [kept(page)[channel] for channel in ("serviceWorkers", "cacheStorage")] == ["[]", "[]"]

    own = [url for url, _ in here.answers[began:]]
    assert [url for url in own if "/open" in url]
    faults = [fault for url, headers in here.answers for fault in header_faults(url, headers)]
    assert faults == []

    # What the first one left is still there for the first one.
    log_out(page)
    page.unroute("**/api/reads/*/draft")
    page.goto(unfinished)
    enter(page, FIRST)
    wait_for_paint(page)
    expect(page.get_by_label("Comment")).to_have_value(DRAFT_COMMENT, timeout=PATIENCE_MS)
    wait_until_saved(page)


def test_a_login_that_ended_unnoticed_leaves_nothing_for_the_next_person(workstation):
    here, page = workstation, workstation.page
    _, unfinished = read_as_first(here)
    here.context.clear_cookies(name="coread_session")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    expect_login(page)
    assert here.found(page) == []
    assert page.url == unfinished
    enter(page, SECOND)
    expect_refused(page)
    assert here.found(page) == []


def test_a_login_that_changed_in_another_window_empties_this_one(workstation):
    here, page = workstation, workstation.page
    read_as_first(here)
    other = here.context.new_page()
    # as if the other window could not tell this one
    other.add_init_script("delete window.BroadcastChannel")
    other.goto(here.stack.url)
    log_out(other)
    enter(other, SECOND)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    expect(page.get_by_test_id("round")).to_be_visible(timeout=PATIENCE_MS)
    assert here.found(page) == []


def test_a_page_that_the_browser_has_kept_alive_is_not_shown_again(workstation):
    page = workstation.page
    enter(page, FIRST)
    page.evaluate("window.hasSurvived = true")
    with page.expect_navigation():
        page.evaluate(
            "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
        )
    assert page.evaluate("window.hasSurvived") is None


def status_from_cache(page: Page, path: str) -> int:
    """Ask the browser's own cache, and no server; 0 where it has nothing."""
    status: int = page.evaluate(
        """(path) => fetch(path, { cache: "only-if-cached", mode: "same-origin" }).then(
          (answer) => answer.status, () => 0)""",
        path,
    )
    return status
