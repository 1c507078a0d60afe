"""Two annotators and an arbitrator finish a round of 30 radiographs in three browsers.

The annotators answer as the simulated readers of the data set do, the arbitrator answers the truth.
"""

import csv
import json
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sklearn.metrics import cohen_kappa_score

from apps.feedback.compute.agreement import cohen_kappa
from apps.feedback.compute.ratings import Rating, RatingTable
from scripts.stack import Stack, running
from tests.e2e.screen import PATIENCE_MS, fill_login, shot, wait_for_paint

pytestmark = pytest.mark.e2e

AGREED, DISPUTED = 21, 9
READ = re.compile(r"/label/[0-9a-f-]{36}/reads/([0-9a-f-]{36})$")
SEAT = re.compile(r"/arbitrate/[0-9a-f-]{36}/arbitrations/([0-9a-f-]{36})$")
KEYS = {"PNEUMONIA": "Digit1", "NORMAL": "Digit2"}
VALUES = {"PNEUMONIA": "present", "NORMAL": "absent"}
PASSWORDS = {
    "quennell": "reads-first-4711",
    "hartlepp": "reads-too-4712",
    "zylberg": "decides-it-4713",
}
PROJECT = {
    "code": "round",
    "name_en": "Round",
    "name_zh": "阅片轮次",
    "findings": [{"code": "pneumonia", "name_en": "Pneumonia", "name_zh": "肺炎"}],
}
MADE = """
from django.utils import timezone
from apps.cases.models import Case, Project, User
from apps.feedback.labeling.models.rounds import (
    Guideline, ReadingRound, RoundCase, RoundMember, RoundPolicy,
)

project = Project.objects.get(code="round")
admin = User.objects.create_user("roundadmin")
made = ReadingRound.objects.create(
    project=project, name="Pneumonia, double-blind", state="open", seed="7" * 64, made_by=admin,
    opened_at=timezone.now(),
)
content = {
    "findings": [{"code": "pneumonia"}], "readers_per_case": 2, "release": "each_case",
    "shows_result_to_reader": True,
}
RoundPolicy.objects.create(round=made, version=1, content=content, author=admin)
Guideline.objects.create(round=made, version=1, text="Consolidation counts.", author=admin)
for name, role in (("quennell", "annotator"), ("hartlepp", "annotator"), ("zylberg", "arbitrator")):
    RoundMember.objects.create(round=made, user=User.objects.get(username=name), role=role)
for place, case in enumerate(Case.objects.filter(project=project).order_by("pk")):
    RoundCase.objects.create(
        round=made, case=case, readers=2, open_slots=2, unfinal=2, draw=(place * 0.618) % 1
    )
"""
RELEASED = """
from django.utils import timezone
from apps.feedback.labeling.models.rounds import ReadingRound

ReadingRound.objects.update(
    state="closed", closed_at=timezone.now(), released_at=timezone.now()
)
"""


@pytest.fixture(scope="module")
def lines(shared_data: Path) -> list[dict[str, str]]:
    """Thirty lines of the table, nine of them in dispute."""
    table = shared_data / "cxr_pneumonia" / "readers_simulated.csv"
    with table.open(newline="") as stream:
        found = list(csv.DictReader(stream))
    agreed = [line for line in found if line["disagree"] == "0"]
    disputed = [line for line in found if line["disagree"] == "1"]
    step = len(agreed) // AGREED
    return agreed[: AGREED * step : step] + disputed[:DISPUTED]


@pytest.fixture(scope="module")
def stack(shared_data: Path, lines: list[dict[str, str]]) -> Iterator[Stack]:
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(
            Path(folder) / "var", demo="", environment={"COREAD_TAKE_BACK_WINDOW_S": "5"}
        ) as stack,
    ):
        pictures = shared_data / "cxr_pneumonia"
        chosen = Path(folder) / "chosen.csv"
        chosen.write_text("\n".join(["file", *(line["file"] for line in lines)]))
        project = Path(folder) / "project.json"
        project.write_text(json.dumps(PROJECT))
        stack.manage("create_project", str(project))
        for name in PASSWORDS:
            role = "arbitrator" if name == "zylberg" else "annotator"
            stack.manage(
                "add_member", "round", name, role, "--password-stdin", given=PASSWORDS[name]
            )
        options = ["modality=DX", "body_part_examined=CHEST", "view_position=AP"]
        values = [part for option in options for part in ("--value", option)]
        arguments = [str(pictures), "--csv", str(chosen), "--project", "round"]
        stack.manage("import_images", *arguments, *values)
        stack.manage("shell", given=MADE)
        yield stack


def rows(stack: Stack, query: str, *parameters: str) -> list[tuple[Any, ...]]:
    """Look into the database as it is on the disk."""
    path = next(stack.var.glob("*.sqlite3"))
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return connection.execute(query, parameters).fetchall()


def file_of(stack: Stack, read_id: str) -> str:
    """Name the picture of a read: no screen tells it."""
    query = """
        SELECT patient.patient_id FROM feedback_read AS read
        JOIN cases_case AS "case" ON "case".id = read.case_id
        JOIN cases_study AS study ON study.id = "case".study_id
        JOIN cases_patient AS patient ON patient.id = study.patient_id
        WHERE read.id = ?
    """
    return str(rows(stack, query, read_id.replace("-", ""))[0][0])


def overhear(route: Route, heard: list[str]) -> None:
    """Pass an answer of the server on, and keep what it says."""
    answer = route.fetch()
    heard.append(answer.body().decode(errors="replace"))
    route.fulfill(response=answer)


def enter(page: Page, stack: Stack, name: str) -> None:
    page.goto(stack.url)
    fill_login(page, name, PASSWORDS[name])
    expect(page.get_by_test_id("round")).to_be_visible(timeout=PATIENCE_MS)


def read_on(page: Page, stack: Stack, answers: dict[str, str], done: int) -> None:
    """Answer the read on the screen by keyboard and lock it."""
    expect(page).to_have_url(READ, timeout=PATIENCE_MS)
    wait_for_paint(page)
    found = READ.search(page.url)
    assert found
    here = page.url
    page.keyboard.press(KEYS[answers[file_of(stack, found[1])]])
    expect(page.locator("[data-finding=pneumonia]")).not_to_have_attribute("data-value", "none")
    if done == 1:
        shot(page, "round-read")
    page.keyboard.press("Control+Enter")
    expect(page).not_to_have_url(here, timeout=PATIENCE_MS)


def test_a_round_in_three_browsers_ends_as_the_table_says(stack, new_page, lines):
    of = {
        column: {Path(line["file"]).stem: line[column] for line in lines}
        for column in ("reader_a", "reader_b", "truth")
    }
    disputed = {Path(line["file"]).stem for line in lines if line["disagree"] == "1"}
    assert len(disputed) >= 8
    people = {"quennell": "reader_a", "hartlepp": "reader_b"}
    pages = {name: new_page(size=(1440, 900)) for name in people}
    heard: list[str] = []
    pages["quennell"].on("response", lambda each: heard.extend([each.url, str(each.headers)]))
    pages["quennell"].route(re.compile("/api/(?!.*/frames/)"), lambda route: overhear(route, heard))
    for name, page in pages.items():
        enter(page, stack, name)
        page.get_by_role("button", name="Next case").click()
    for done in range(len(lines)):
        for name, page in pages.items():
            read_on(page, stack, of[people[name]], done)
    for page in pages.values():
        expect(page.get_by_text("There is no case for you now.").first).to_be_visible()

    assert len([text for text in heard if "nothing_found" in text]) > len(lines)
    others = ("hartlepp", "zylberg", PASSWORDS["hartlepp"], *of["truth"])
    for secret in (*others, "probabilit", "predict", "heat", "logit", "urgency", "consensus"):
        assert [text for text in heard if secret in text] == [], secret

    arbitrator = new_page(size=(1440, 900))
    enter(arbitrator, stack, "zylberg")
    for done in range(len(disputed)):
        wait_until_arbitrated(stack, len(disputed))
        if done == 0:
            arbitrator.get_by_role("button", name="Next arbitration").click()
        arbitrate(arbitrator, stack, of["truth"], done)
    expect(arbitrator).to_have_url(re.compile("/arbitrate$"), timeout=PATIENCE_MS)

    found = labels(stack, count=len(lines))
    assert found == {
        stem: VALUES[of["truth"][stem] if stem in disputed else of["reader_a"][stem]]
        for stem in of["truth"]
    }
    arbitrated = rows(stack, "SELECT count(DISTINCT round_case_id) FROM feedback_arbitration")
    assert arbitrated[0][0] == len(disputed)
    by_table = cohen_kappa_score(list(of["reader_a"].values()), list(of["reader_b"].values()))
    assert cohen_kappa(ratings(stack)).value == pytest.approx(by_table, abs=1e-12)

    stack.manage("shell", given=RELEASED)
    own = pages["quennell"]
    own.goto(f"{stack.url}/label")
    own.get_by_role("link", name="My reads").first.click()
    own.get_by_role("link", name="Result").first.click()
    wait_for_paint(own)
    shot(own, "round-result")


def wait_until_arbitrated(stack: Stack, count: int) -> None:
    """Wait until the five seconds to take a lock back are over, and the reads compared."""
    query = "SELECT count(*) FROM feedback_comparison WHERE needs_arbitration"
    for _ in range(PATIENCE_MS // 500):
        if rows(stack, query)[0][0] >= count:
            return
        time.sleep(0.5)
    raise AssertionError("the reads were not compared")


def arbitrate(page: Page, stack: Stack, truth: dict[str, str], done: int) -> None:
    """Read blind first, then decide for whoever said the truth."""
    expect(page).to_have_url(READ, timeout=PATIENCE_MS)
    wait_for_paint(page)
    found = READ.search(page.url)
    assert found
    said = truth[file_of(stack, found[1])]
    page.keyboard.press(KEYS[said])
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(SEAT, timeout=PATIENCE_MS)
    wait_for_paint(page)
    here = page.url
    conflict = page.locator("[data-finding=pneumonia]")
    expect(conflict).to_have_attribute("data-open", "true")
    word = {"PNEUMONIA": "Present", "NORMAL": "Absent"}[said]
    tones = [
        tone for tone in ("A", "B") if word in conflict.locator(f"[data-tone={tone}]").inner_text()
    ]
    assert len(tones) == 1, "the readers differ"
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Decide whose answer stands.")).to_be_visible()
    page.keyboard.press(f"Key{tones[0]}")
    page.keyboard.press("Shift+Digit1")
    expect(conflict).to_have_attribute("data-open", "false")
    if done == 0:
        for size, name in (((1440, 900), "small"), ((1920, 1080), "large")):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            expect(page.get_by_test_id("viewport")).to_have_count(1 + (name == "large"))
            wait_for_paint(page)
            page.wait_for_function(SAME_VIEW)
            shot(page, f"arbitrate-{name}")
        page.set_viewport_size({"width": 1440, "height": 900})
        expect(page.get_by_test_id("viewport")).to_have_count(1)
        page.wait_for_timeout(500)  # the pane is made anew: the old one's paint must not count
        wait_for_paint(page)
    page.keyboard.press("Control+Enter")
    expect(page).not_to_have_url(here, timeout=PATIENCE_MS)


# Panes that move as one show the same, on pictures that are not stretched.
SAME_VIEW = """() => {
    const panes = [...document.querySelectorAll("[data-testid=viewport]")];
    const zooms = new Set(panes.map((pane) => pane.dataset.zoom));
    const isSharp = panes.every((pane) => {
        const canvas = pane.querySelector("canvas");
        const box = canvas.getBoundingClientRect();
        return Math.abs(canvas.width / canvas.height - box.width / box.height) < 0.02;
    });
    return zooms.size === 1 && isSharp;
}"""


def labels(stack: Stack, *, count: int) -> dict[str, str]:
    """Map pictures to what the round has found, once all cases have their consensus."""
    query = """
        SELECT patient.patient_id, label.value FROM feedback_consensuslabel AS label
        JOIN feedback_consensus AS consensus ON consensus.id = label.consensus_id
        JOIN feedback_roundcase AS round_case ON round_case.id = consensus.round_case_id
        JOIN cases_case AS "case" ON "case".id = round_case.case_id
        JOIN cases_study AS study ON study.id = "case".study_id
        JOIN cases_patient AS patient ON patient.id = study.patient_id
    """
    for _ in range(PATIENCE_MS // 500):
        found = {str(stem): str(value) for stem, value in rows(stack, query)}
        if len(found) >= count:
            return found
        time.sleep(0.5)
    raise AssertionError(f"{len(found)} of {count} cases have a consensus")


def ratings(stack: Stack) -> RatingTable:
    query = """
        SELECT read.case_id, read.reader_id, lock.content FROM feedback_readlock AS lock
        JOIN feedback_read AS read ON read.id = lock.read_id WHERE read.kind = 'annotator'
    """
    found = [
        Rating(
            case=str(case),
            patient=str(case),
            reader=str(reader),
            label=json.loads(content)["answers"][0]["value"],
        )
        for case, reader, content in rows(stack, query)
    ]
    return RatingTable.of(found, ["absent", "present"])
