"""An admin writes known cases on the screen; an annotator gets the feedback of the first."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.stack import Person, Stack, running
from tests.e2e.screen import (
    PATIENCE_MS,
    fill_login,
    log_in,
    shot,
    speak_english,
    wait_for_paint,
)

pytestmark = pytest.mark.e2e

SMALL, LARGE = (1440, 900), (1920, 1080)
EXPLANATION = "Both lungs are clear; the dense spot is the nipple."
OTHERS = ("effusion", "pneumothorax", "pneumonia", "cardiomegaly")


@pytest.fixture(scope="module")
def stack(phantoms: Path) -> Iterator[Stack]:
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder), phantoms=phantoms) as stack,
    ):
        yield stack


class Draft:
    """A draft that lacks only its known cases, and two patients it does not read."""

    def __init__(self, stack: Stack) -> None:
        admin = Person(stack, "admin", "coread-admin")
        self.project = admin.json("/api/session")["memberships"][0]["project"]["id"]
        listed = admin.send("POST", f"/api/projects/{self.project}/worklist", {"limit": 50})
        cases: dict[str, list[str]] = {}
        for row in listed["rows"]:
            cases.setdefault(row["patient"]["patient_id"], []).append(row["case_id"])
        single = [patient for patient, held in sorted(cases.items()) if len(held) == 1]
        self.qualifying, self.gold, self.read = single[:3]
        made: dict[str, Any] = admin.send(
            "POST", f"/api/projects/{self.project}/rounds", {"name": "With known cases"}
        )
        self.round_id = made["round_id"]
        path = f"/api/rounds/{self.round_id}"
        admin.send("POST", f"{path}/cases", {"case_ids": cases[self.read]})
        admin.send("POST", f"{path}/guideline", {"text": "A nodule is round."})
        content = {**made["policy"]["content"], "readers_per_case": 1}
        admin.send("POST", f"{path}/policy", {"content": content})
        for one in admin.json(f"{path}/setup")["candidates"]:
            body = {"user_id": one["user_id"], "role": one["role"]}
            admin.send("POST", f"{path}/members", body)


def pick(form: Locator, patient: str) -> None:
    """Search as one types, take the one that is found, by keyboard."""
    field = form.get_by_role("combobox", name="Case")
    field.fill(patient)
    option = form.page.get_by_role("option", name=re.compile(patient))
    expect(option).to_have_count(1)
    expect(form.page.get_by_role("option")).to_have_count(1)
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value(re.compile(patient))


def both_sizes(page: Page, name: str, part: Locator) -> None:
    for size in (LARGE, SMALL):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        part.evaluate("(element) => element.scrollIntoView({ block: 'start' })")
        shot(page, f"{name}-{size[0]}")


def test_known_cases_from_the_admins_screen_to_the_annotators_feedback(stack, new_page):
    draft = Draft(stack)
    page = new_page(size=SMALL)
    log_in(page, stack, "admin")
    page.goto(f"{stack.url}/projects/{draft.project}/admin/rounds/{draft.round_id}/setup")
    panel = page.get_by_role("region", name="Known cases", exact=True)
    expect(panel.get_by_text("No known case yet")).to_be_visible(timeout=PATIENCE_MS)
    both_sizes(page, "known-empty", panel)

    # What is missing is said where it is missing, and nothing is sent.
    panel.get_by_role("button", name="Add a known case").click()
    form = panel.get_by_role("form", name="Add a known case")
    expect(form.get_by_role("combobox", name="Case")).to_be_focused()
    submit = form.get_by_role("button", name="Add this case")
    submit.click()
    expect(form.get_by_text("Pick a case.")).to_be_visible()
    pick(form, draft.read)
    submit.click()
    expect(form.get_by_role("alert")).to_contain_text("Answer these first")
    form.get_by_role("button", name="All others are absent").click()
    form.get_by_label("Explanation").fill(EXPLANATION)
    expect(form.get_by_role("alert")).to_have_count(0)

    # The round reads that case already: the server says so, and nothing that was typed is lost.
    submit.click()
    expect(form.get_by_role("alert")).to_contain_text("The round reads this case already")
    expect(form.get_by_label("Explanation")).to_have_value(EXPLANATION)
    both_sizes(page, "known-form", form)
    pick(form, draft.qualifying)
    submit.click()
    row = panel.get_by_role("row", name=re.compile(draft.qualifying))
    expect(row).to_contain_text(EXPLANATION, timeout=PATIENCE_MS)
    expect(row).to_contain_text("Absent: ")
    expect(form.get_by_label("Explanation")).to_have_value("")

    # A gold case, with a mistake that is mended: given up, then written anew.
    for answer in ("Absent", "Present"):
        pick(form, draft.gold)
        form.get_by_role("radio", name="Gold").check()
        nodule = form.get_by_role("group", name=re.compile("Nodule|nodule"))
        nodule.get_by_role("radio", name=answer).check()
        form.get_by_role("button", name="All others are absent").click()
        submit.click()
        rows = panel.get_by_role("row", name=re.compile(draft.gold))
        standing = rows.filter(has_not_text="given up")
        expect(standing).to_have_count(1, timeout=PATIENCE_MS)
        if answer == "Absent":
            standing.get_by_role("button", name="Give up").click()
            panel.get_by_label(re.compile("Give this known case up")).fill("It is there.")
            shot(page, "known-give-up")
            page.keyboard.press("Enter")
            expect(standing).to_have_count(0, timeout=PATIENCE_MS)
    expect(standing).to_contain_text("Present: ")
    expect(panel.get_by_text("No gold case will be given to anybody")).to_be_visible()
    form.get_by_role("button", name="Close").click()
    both_sizes(page, "known-list", panel)

    admin = Person(stack, "admin", "coread-admin")
    admin.send("PATCH", "/api/session", {"language": "zh-hans"})
    page.reload()
    chinese = page.get_by_role("region", name="已知病例", exact=True)
    expect(chinese.get_by_text(EXPLANATION)).to_be_visible(timeout=PATIENCE_MS)
    both_sizes(page, "known-list-zh", chinese)
    chinese.get_by_role("button", name="添加已知病例").click()
    both_sizes(page, "known-form-zh", chinese.get_by_role("form"))
    speak_english(stack, "admin")
    page.reload()

    page.get_by_role("button", name="Begin the round").click()
    expect(page.get_by_text("Open", exact=True).first).to_be_visible(timeout=PATIENCE_MS)
    feedback_is_shown(stack, new_page(size=SMALL), draft)


def feedback_is_shown(stack: Stack, page: Page, draft: Draft) -> None:
    """The annotator reads the qualification case, and nothing tells them of the gold one."""
    heard: list[str] = []
    page.on(
        "response",
        lambda response: (
            heard.append(response.text())
            if "/api/" in response.url and "json" in response.headers.get("content-type", "")
            else None
        ),
    )
    page.goto(stack.url)
    fill_login(page, "annotator")
    card = page.get_by_test_id("round").filter(has_text="With known cases")
    card.get_by_role("button", name="Go on qualifying").click()
    wait_for_paint(page)
    page.keyboard.press("Digit1")
    for code in OTHERS:
        expect(page.locator(f"[data-finding={code}]")).to_have_attribute("data-selected", "true")
        page.keyboard.press("Digit2")
    saved = page.get_by_role("region", name="Your read").get_by_text(re.compile(r"Saved \d\d"))
    expect(saved).to_be_visible(timeout=PATIENCE_MS)
    assert EXPLANATION not in "".join(heard)
    page.keyboard.press("Control+Enter")
    feedback = page.get_by_test_id("feedback")
    expect(feedback).to_contain_text("Other than known", timeout=PATIENCE_MS)
    expect(feedback).to_contain_text(EXPLANATION)
    shot(page, "known-feedback")
    assert '"gold"' not in "".join(heard)
    assert draft.gold not in "".join(heard)
