"""An annotator reads blinded in a browser, by keyboard: answer, draw, lock, take back, next."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.stack import Stack, running
from tests.e2e.screen import PATIENCE_MS, fill_login, shot, wait_for_paint

pytestmark = pytest.mark.e2e

READ = re.compile(r"/label/[0-9a-f-]{36}/reads/[0-9a-f-]{36}$")
ROUND = """
from django.utils import timezone
from apps.cases.models import Case, Finding, Project, User
from apps.feedback.labeling.models.rounds import (
    Guideline, ReadingRound, RoundCase, RoundMember, RoundPolicy,
)

project = Project.objects.get()
admin = User.objects.get(username="admin")
codes = list(Finding.objects.filter(project=project).values_list("code", flat=True))
asked = [{"code": code} for code in codes if code != "nodule"]
asked.insert(0, {"code": "nodule", "needs_roi": True, "needs_measurement": True})
made = ReadingRound.objects.create(
    project=project, name="Keyboard round", state="open", seed="7" * 64, made_by=admin,
    opened_at=timezone.now(),
)
RoundPolicy.objects.create(
    round=made, version=1, content={"findings": asked, "readers_per_case": 2, "daily_cap": 60},
    author=admin,
)
Guideline.objects.create(round=made, version=1, text="A nodule is round.", author=admin)
RoundMember.objects.create(
    round=made, user=User.objects.get(username="annotator"), role="annotator"
)
for place, case in enumerate(Case.objects.filter(project=project).order_by("pk")):
    RoundCase.objects.create(
        round=made, case=case, readers=2, open_slots=2, unfinal=2, draw=(place * 0.618) % 1
    )
"""


@pytest.fixture(scope="module")
def stack(phantoms: Path) -> Iterator[Stack]:
    """The whole of Coread with the demo and one open round over its cases."""
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder), phantoms=phantoms) as stack,
    ):
        stack.manage("shell", given=ROUND)
        yield stack


def finding(page: Page, code: str) -> Locator:
    return page.locator(f"[data-finding={code}]")


def wait_until_saved(page: Page) -> None:
    form = page.get_by_role("region", name="Your read")
    expect(form.get_by_text("Saving")).to_be_hidden(timeout=PATIENCE_MS)
    expect(form.get_by_text(re.compile(r"Saved \d\d:\d\d:\d\d"))).to_be_visible(timeout=PATIENCE_MS)


def place(page: Page, key: str, layer: str, mark: str) -> None:
    """Take up the tool of the selected finding, then place one without a hand."""
    page.keyboard.press(key)
    expect(page.get_by_test_id(layer)).to_have_attribute("data-drawing", re.compile("^(?!false)."))
    page.keyboard.press(key)
    expect(page.get_by_test_id(mark)).to_have_count(1)


def test_an_annotator_reads_by_keyboard_alone(stack, new_page):
    page = new_page(size=(1440, 900))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(stack.url)
    fill_login(page, "annotator")

    # Whoever only labels lands on their rounds, and finds no worklist.
    expect(page).to_have_url(re.compile("/label$"), timeout=PATIENCE_MS)
    expect(page.get_by_role("link", name="Worklist")).to_have_count(0)
    card = page.get_by_test_id("round")
    expect(card).to_contain_text("0 of 60", timeout=PATIENCE_MS)
    shot(page, "label-rounds")
    card.get_by_role("button", name="Next case").press("Enter")
    expect(page).to_have_url(READ, timeout=PATIENCE_MS)
    wait_for_paint(page)
    first = page.url

    # Unanswered is not absent: the lock says what is open, and cannot be forced.
    page.keyboard.press("Digit1")
    expect(finding(page, "nodule")).to_have_attribute("data-value", "present")
    place(page, "Enter", "rois", "roi")
    place(page, "m", "lines", "line")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Digit4")
    expect(finding(page, "nodule")).to_contain_text("sure 4/5")
    wait_until_saved(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("It cannot be locked yet")
    expect(page.get_by_role("button", name="Lock")).to_be_disabled()

    # The rest is absent; each answer leads to the next finding that is open.
    page.keyboard.press("j")
    for code in ("effusion", "pneumothorax", "pneumonia", "cardiomegaly"):
        expect(finding(page, code)).to_have_attribute("data-selected", "true")
        page.keyboard.press("Digit2")
        expect(finding(page, code)).to_have_attribute("data-value", "absent")
    wait_until_saved(page)
    shot(page, "label-read")
    page.keyboard.press("Control+Enter")

    # The next case is on the screen at once; the lock can be taken back meanwhile.
    bar = page.get_by_test_id("take-back")
    expect(bar).to_be_visible(timeout=PATIENCE_MS)
    expect(page).to_have_url(READ)
    assert page.url != first
    wait_for_paint(page)
    second = page.url
    expect(finding(page, "nodule")).to_have_attribute("data-value", "none")
    shot(page, "label-next")
    page.keyboard.press("Shift+T")
    expect(page).to_have_url(first, timeout=PATIENCE_MS)
    wait_for_paint(page)
    expect(finding(page, "nodule")).to_have_attribute("data-value", "present")
    expect(page.get_by_test_id("roi")).to_have_count(1)

    # Locked again, with the other case still waiting where it was.
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(second, timeout=PATIENCE_MS)
    wait_for_paint(page)
    page.keyboard.press("n")
    expect(page.get_by_text("Nothing found: all 5 findings are absent.")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("2 of 60 today")).to_be_visible(timeout=PATIENCE_MS)

    # Nothing was asked for that only those may see who read with the AI.
    paths = [url.removeprefix(stack.url) for url in asked]
    assert not [path for path in paths if re.match("/api/(cases|projects)|/dicomweb", path)]
