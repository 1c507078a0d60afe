"""An admin makes a round in the browser, lets it begin, watches it and sees what it came to."""

import io
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from scripts.stack import Person, Stack, running
from tests.e2e.screen import PATIENCE_MS, log_in, shot

pytestmark = pytest.mark.e2e

CASES = 3


@pytest.fixture(scope="module")
def stack(phantoms: Path) -> Iterator[Stack]:
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(
            Path(folder), phantoms=phantoms, environment={"COREAD_TAKE_BACK_WINDOW_S": "1"}
        ) as stack,
    ):
        yield stack


def read_all(person: Person, round_id: str, value: str) -> None:
    """Answer everything the same over HTTP, as a browser would."""
    for _ in range(CASES):
        offer = person.send("POST", f"/api/label-rounds/{round_id}/next", {"ahead": False})
        path = f"/api/reads/{offer['read_id']}"
        read: dict[str, Any] = person.send("POST", f"{path}/open", {})
        answers = [
            {"finding": finding["code"], "value": value, "grade": "", "confidence": 4}
            for finding in read["findings"]
        ]
        body = {
            "revision": read["revision"],
            "content": {**read["content"], "answers": answers},
            "active_s": 5,
            "confirmed": True,
        }
        person.send("POST", f"{path}/lock", body)


def choose(page: Page, name: str) -> None:
    people = page.get_by_role("region", name="People")
    people.get_by_placeholder("Somebody with a role").click()
    page.get_by_role("option", name=re.compile(name)).click()
    people.get_by_role("button", name="Add", exact=True).click()
    expect(people.get_by_role("row", name=re.compile(name))).to_be_visible(timeout=PATIENCE_MS)


def test_a_round_from_the_draft_to_the_certificate(stack, new_page):
    page = new_page(size=(1440, 900))
    log_in(page, stack, "admin")
    page.get_by_role("link", name="Admin").click()
    page.get_by_role("link", name="Rounds").click()
    expect(page.get_by_text("No round yet")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="New round").click()
    page.get_by_label("Name of the round").fill("Chest, double-blind")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Chest, double-blind")).to_be_visible()

    # It says what is missing, each with the way to mend it.
    page.get_by_role("button", name="Begin the round").click()
    missing = page.get_by_role("alert").filter(has_text="cannot begin yet:")
    expect(missing.get_by_role("link")).not_to_have_count(0)
    shot(page, "rounds-missing")

    cases = page.get_by_role("form", name="Cases")
    cases.get_by_label("Random sample of").fill(str(CASES + 2))
    cases.get_by_role("button", name="Add cases").click()
    expect(cases.get_by_text(f"{CASES + 2} cases added")).to_be_visible(timeout=PATIENCE_MS)
    held = page.get_by_role("region", name="Cases of the round")
    take_out = held.get_by_role("button", name="Take out")
    expect(take_out).to_have_count(CASES + 2, timeout=PATIENCE_MS)
    take_out.first.click()
    expect(take_out).to_have_count(CASES + 1, timeout=PATIENCE_MS)
    guideline = page.get_by_role("form", name="Guideline")
    guideline.get_by_role("textbox").fill("A nodule is round.")
    guideline.locator("input[type=file]").set_input_files(
        {"name": "nodule.png", "mimeType": "image/png", "buffer": a_picture()}
    )
    guideline.get_by_label("Caption").fill("A nodule")
    guideline.scroll_into_view_if_needed()
    shot(page, "rounds-guideline")
    guideline.get_by_role("button", name="Save the guideline").click()
    expect(page.get_by_text("Guideline, version 2")).to_be_visible(timeout=PATIENCE_MS)
    stored = guideline.get_by_role("img", name="A nodule")
    expect(stored).to_have_attribute("src", re.compile("^/api/rounds/"))
    assert stored.evaluate("async (image) => (await image.decode(), image.naturalWidth)") == 256
    for name in ("Dr. Anna Demo", "演示 标注员", "Prof. Arno Demo"):
        choose(page, name)
    shot(page, "rounds-setup")
    page.get_by_role("button", name="Begin the round").click()
    expect(page.get_by_text("Open", exact=True).first).to_be_visible(timeout=PATIENCE_MS)

    found = re.search(r"/rounds/([0-9a-f-]{36})", page.url)
    assert found
    page.get_by_role("link", name="Progress").click()
    give_one_up(page)
    for name, value in (("annotator", "present"), ("annotator2", "absent")):
        read_all(Person(stack, name, f"coread-{name}"), found[1], value)
    counts = page.get_by_role("list", name="Cases by state")
    expect(counts).to_contain_text(f"{2 * CASES}reads locked", timeout=PATIENCE_MS)
    expect(counts).to_contain_text("in arbitration", timeout=PATIENCE_MS)
    shot(page, "rounds-progress")

    arbitrate_all(stack, found[1])
    page.get_by_role("button", name="Close").click()
    page.get_by_label(re.compile("Close the round")).fill("All is read.")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Closed", exact=True).first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("link", name="Results").click()
    for _ in range(PATIENCE_MS // 2000):
        compute = page.get_by_role("button", name="Compute")
        if compute.is_enabled():
            break
        time.sleep(2)
        page.reload()
    page.get_by_role("button", name="Compute").click()
    expect(page.get_by_text("Cohen's κ").first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Issue").click()
    expect(page.get_by_text("Every claim holds.")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-claim]")).to_have_count(10)
    shot(page, "rounds-results")
    page.set_viewport_size({"width": 1920, "height": 1080})
    shot(page, "rounds-results-large")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = Path(download.value.path()).read_text()
    assert len(text.splitlines()) > CASES
    assert "annotator" not in text.replace("annotator,", ""), "no user name leaves"


def a_picture() -> bytes:
    held = io.BytesIO()
    Image.radial_gradient("L").save(held, "PNG")
    return held.getvalue()


def give_one_up(page: Page) -> None:
    """More people may be asked for, and a case can be given up, each where it stands."""
    held = page.get_by_role("region", name="Cases of the round")
    expect(held.get_by_role("button", name="Free reads")).to_have_count(
        CASES + 1, timeout=PATIENCE_MS
    )
    held.get_by_role("button", name="More readers").first.click()
    expect(held.get_by_label(re.compile("How many shall read this case"))).to_have_value("3")
    held.get_by_role("button", name="Cancel").click()
    held.get_by_role("button", name="Give up").first.click()
    held.get_by_label(re.compile("Give this case up")).fill("Wrong body part.")
    shot(page, "rounds-case-given-up")
    page.keyboard.press("Enter")
    counts = page.get_by_role("list", name="Cases by state")
    expect(counts).to_contain_text("1cancelled", timeout=PATIENCE_MS)
    held.get_by_placeholder("any state").click()
    page.get_by_role("option", name="cancelled").click()
    expect(held.get_by_role("row")).to_have_count(2)
    expect(held.get_by_role("button", name="Give up")).to_have_count(0)


def arbitrate_all(stack: Stack, round_id: str) -> None:
    """The arbitrator takes the own answer, in every case."""
    person = Person(stack, "arbitrator", "coread-arbitrator")
    done = 0
    for _ in range(PATIENCE_MS // 1000):
        offer = person.send("POST", f"/api/label-rounds/{round_id}/next", {"ahead": False})
        if offer["read_id"] is None:
            if done == CASES:
                return
            time.sleep(1)
            continue
        path = f"/api/reads/{offer['read_id']}"
        read = person.send("POST", f"{path}/open", {})
        answers = [
            {"finding": finding["code"], "value": "absent", "grade": "", "confidence": 4}
            for finding in read["findings"]
        ]
        body = {
            "revision": read["revision"],
            "content": {**read["content"], "answers": answers},
            "active_s": 5,
            "confirmed": True,
        }
        person.send("POST", f"{path}/lock", body)
        seat_path = f"/api/arbitrations/{offer['arbitration_id']}"
        seat = person.json(seat_path)
        decisions = [
            {
                "finding": conflict["finding"],
                "choice": "own",
                "rois": [],
                "reason": "overcalled",
                "comment": "",
            }
            for conflict in seat["conflicts"]
        ]
        person.send(
            "POST", f"{seat_path}/decide", {"revision": seat["revision"], "decisions": decisions}
        )
        done += 1
    raise AssertionError(f"{done} of {CASES} cases were arbitrated")
