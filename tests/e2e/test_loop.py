"""The whole loop on real radiographs, in a real browser: what a reader corrects trains a model.

draw → what-if → modify → sign → addendum → approve → retrain → compare → promote → the next
prediction names the new model → roll back. The other readings come over HTTP, blind first, so that
the locked test part has labels that were given before any AI was seen.
"""

import csv
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from scripts.stack import Person, Stack, running
from tests.e2e import screen
from tests.e2e.screen import PATIENCE_MS, draw, open_case, select_finding, shot, wait_until_saved

pytestmark = pytest.mark.e2e
MODEL = "cxr_pneumonia_2class"
OF_EACH_CLASS = 45  # so that a seventh, the test part, has both classes
WITHDRAWAL_S = 3
RUN_PATIENCE_MS = 240_000
PASSWORDS = {"lin": "quiet harbour evening 7", "ada": "bright lantern morning 8"}
PROJECT = {
    "code": "cxr",
    "name_en": "Children's chest",
    "name_zh": "儿童胸片",
    "ai_display": "after_first_impression",
    "findings": [{"code": "pneumonia", "name_en": "Pneumonia", "name_zh": "肺炎"}],
}


@dataclass
class Site:
    """A site with a served model, unread cases, and what is true of each."""

    stack: Stack
    project: str
    truth: dict[str, bool]  # by Patient ID
    reader: Person
    admin: Person

    def rows(self, **query: Any) -> list[dict[str, Any]]:
        path = f"/api/projects/{self.project}/worklist"
        found: list[dict[str, Any]] = self.reader.send("POST", path, {"limit": 100, **query})[
            "rows"
        ]
        return found


@pytest.fixture(scope="module")
def site(shared_data: Path) -> Iterator[Site]:
    environment = {"COREAD_WITHDRAWAL_WINDOW_S": str(WITHDRAWAL_S)}
    pictures = shared_data / "cxr_pneumonia"
    with (pictures / "labels.csv").open(newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if line["split"] == "test"]
    chosen = [
        line
        for label in ("NORMAL", "PNEUMONIA")
        for line in [each for each in lines if each["label"] == label][:OF_EACH_CLASS]
    ]
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder), environment=environment, demo="") as stack,
    ):
        var = Path(folder)
        (var / "project.json").write_text(json.dumps(PROJECT))
        (var / "chosen.csv").write_text("\n".join(["file", *(line["file"] for line in chosen)]))
        stack.manage("create_project", str(var / "project.json"))
        for name, role in (("lin", "radiologist"), ("ada", "admin")):
            stack.manage("add_member", "cxr", name, role, "--password-stdin", given=PASSWORDS[name])
        stack.manage("import_model", str(shared_data / "weights" / f"{MODEL}.safetensors"))
        stack.manage("promote", MODEL, "--project", "cxr")
        values = ["modality=DX", "body_part_examined=CHEST", "view_position=AP"]
        options = [word for value in values for word in ("--value", value)]
        arguments = [str(pictures), "--csv", str(var / "chosen.csv"), "--project", "cxr"]
        stack.manage("import_images", *arguments, *options)
        reader, admin = (Person(stack, name, PASSWORDS[name]) for name in ("lin", "ada"))
        yield Site(
            stack=stack,
            project=reader.json("/api/projects")[0]["id"],
            truth={Path(line["file"]).stem: line["label"] == "PNEUMONIA" for line in chosen},
            reader=reader,
            admin=admin,
        )


def test_the_loop_closes(site: Site, new_page: Callable[..., Page], tmp_path: Path):
    wait_for_answers(site)
    rows = site.rows(status=["unread"])
    ill = next(row for row in rows if site.truth[row["patient"]["patient_id"]])
    for row in rows:
        if row is not ill:
            read_blind_and_sign(site, row)
    read_by_hand(site, new_page(size=(1440, 900)), case=ill["case_id"])

    page = new_page(size=(1440, 900))
    screen.log_in(page, site.stack, "ada", PASSWORDS["ada"])
    approve_by_sample(site, page)
    train(page)
    version = promote(page)
    name_of_the_next_prediction_is(site, version, tmp_path)
    roll_back(site, page, version)


def wait_for_answers(site: Site) -> None:
    deadline = time.monotonic() + RUN_PATIENCE_MS / 1000
    while (status := site.reader.json("/api/status")["ai"])["waiting"]:
        assert time.monotonic() < deadline, f"the model does not answer: {status}"
        time.sleep(0.5)


def reading(site: Site, row: dict[str, Any], *, revision: int, shown: str | None) -> dict[str, Any]:
    is_ill = site.truth[row["patient"]["patient_id"]]
    return {
        "revision": revision,
        "decisions": [
            {"finding": "pneumonia", "verdict": "accepted" if is_ill else "rejected", "grade": ""}
        ],
        "findings_text": "",
        "case_prediction_id": shown,
    }


def read_blind_and_sign(site: Site, row: dict[str, Any]) -> None:
    case = f"/api/cases/{row['case_id']}"
    blind = reading(site, row, revision=0, shown=None)
    site.reader.send("POST", f"{case}/ai/reveal", blind)
    review = site.reader.json(f"{case}/review")
    shown = review["ai"]["case_prediction_id"]
    final = reading(site, row, revision=review["draft"]["revision"], shown=shown)
    site.reader.send("POST", f"{case}/review/sign", final)


def read_by_hand(site: Site, page: Page, *, case: str) -> None:
    """Lock blind, see the AI, draw, ask what if, modify, sign, and write an addendum."""
    screen.log_in(page, site.stack, "lin", PASSWORDS["lin"])
    open_case(page, site.stack, site.project, case)
    page.keyboard.press("x")  # overlooked at first
    wait_until_saved(page)
    page.keyboard.press("y")
    expect(page.get_by_text("First impression locked")).to_be_visible(timeout=PATIENCE_MS)
    screen.wait_for_paint(page)
    select_finding(page, "Pneumonia")
    page.keyboard.press("a")  # the AI has changed the reader's mind: modified
    draw(page, "e", [(60.0, 90.0), (120.0, 170.0)])
    what_if = page.get_by_test_id("what-if")
    expect(what_if).to_have_attribute("data-state", "ok", timeout=PATIENCE_MS)
    before = what_if.get_attribute("data-pooled-logit")
    screen.drag(page, [(90.0, 130.0), (110.0, 120.0)])
    expect(what_if).not_to_have_attribute("data-pooled-logit", str(before))
    page.keyboard.press("o")
    wait_until_saved(page)
    shot(page, "40-loop-reading")
    screen.sign(page)
    expect(page.get_by_text("Signed.", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    open_case(page, site.stack, site.project, case)
    reason = page.get_by_label("Why a new version is needed")
    expect(reason).to_be_visible(timeout=PATIENCE_MS)
    reason.fill("extent measured again")
    page.get_by_role("button", name="Write addendum").click()
    report = page.locator("#report-findings")
    expect(report).to_be_visible(timeout=PATIENCE_MS)
    report.fill("Right lower zone, more extensive than first thought.")
    wait_until_saved(page)
    screen.sign(page)
    expect(page.get_by_text("Signed.", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    review = site.reader.json(f"/api/cases/{case}/review")
    assert [each["version"] for each in review["reviews"]] == [1, 2]
    assert len(review["reviews"][-1]["rois"]) == 1
    blind = review["policy"]["first_impression"]["decisions"]
    assert [each["verdict"] for each in blind] == ["rejected"]


def approve_by_sample(site: Site, page: Page) -> None:
    """Wait until every signature counts; look at the drawn twentieth, approve the rest."""
    queue = f"/api/projects/{site.project}/queue-entries"
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while site.admin.json(f"{queue}?state=waiting")["count"] < 2 * OF_EACH_CLASS:
        assert time.monotonic() < deadline, "the signatures are not released"
        time.sleep(0.5)
    page.get_by_role("link", name="Admin").click()
    approve = page.get_by_role("button", name=re.compile(r"^Approve \d+ by sample"))
    expect(approve).to_be_visible(timeout=PATIENCE_MS)
    shot(page, "41-queue")
    approve.click()
    sample = page.get_by_role("region", name="Sample")
    rest = sample.get_by_role("button", name=re.compile("^Approve the other"))
    expect(rest).to_be_visible(timeout=PATIENCE_MS)
    expect(rest).to_be_disabled()
    shot(page, "42-sample")
    while (each := sample.locator("tbody").get_by_role("button", name="Approve")).count():
        left = each.count()
        each.first.click()
        expect(each).to_have_count(left - 1, timeout=PATIENCE_MS)
    rest.click()
    expect(page.get_by_text(re.compile("were approved")).first).to_be_visible(timeout=PATIENCE_MS)


def train(page: Page) -> None:
    page.get_by_role("link", name="Snapshots").click()
    page.get_by_role("button", name="Make snapshot").click()
    expect(page.get_by_text("Snapshot 1 was made")).to_be_visible(timeout=PATIENCE_MS)
    shot(page, "43-snapshots")
    form = page.get_by_role("form", name="Train")  # it opens with the new snapshot
    form.get_by_role("button", name=re.compile("^Start")).click()
    page.wait_for_url(re.compile("/runs/"), timeout=PATIENCE_MS)
    shot(page, "44-run-begins")


def promote(page: Page) -> str:
    """Wait for the comparison, promote; give the version of the new champion."""
    button = page.get_by_role("button", name="Promote", exact=True)
    expect(button).to_be_enabled(timeout=RUN_PATIENCE_MS)
    table = page.get_by_role("table", name=re.compile("Candidate against champion"))
    expect(table).to_contain_text("Pneumonia")
    shot(page, "45-run-judged")
    button.click()
    page.get_by_role("textbox").last.fill("closes the loop")
    page.get_by_role("button", name="Promote", exact=True).last.click()
    expect(page.get_by_text("The model was changed")).to_be_visible(timeout=PATIENCE_MS)
    shot(page, "46-promoted")
    page.get_by_role("link", name="Models").click()
    row = page.locator("tbody tr", has_text="Serving").first
    expect(row).to_contain_text(re.compile(r"-r\d+"), timeout=PATIENCE_MS)
    shot(page, "47-models")
    found = re.search(r"1\.0\.0-r\d+", row.inner_text())
    assert found is not None
    return found.group()


def name_of_the_next_prediction_is(site: Site, version: str, tmp_path: Path) -> None:
    """A picture that nobody has seen arrives; the model that answers is the new one."""
    from apps.cases.compute.wrap import WrapFacts, derived_uid, wrap_image
    from tests.conftest import BESIDE_THE_REPOSITORY

    shared = Path(os.environ.get("COREAD_SHARED_DATA", BESIDE_THE_REPOSITORY))
    picture = sorted((shared / "cxr_pneumonia" / "images").glob("*.jpg"))[0]
    facts = WrapFacts(
        study_instance_uid=derived_uid("loop", "study"),
        series_instance_uid=derived_uid("loop", "series"),
        sop_instance_uid=derived_uid("loop", "instance"),
        patient_id="LOOP-1",
        modality="DX",
        body_part_examined="CHEST",
        view_position="AP",
    )
    wrapped = tmp_path / "next.dcm"
    wrap_image(picture, facts, wrapped)
    case = site.admin.upload(site.project, wrapped)["case_id"]
    wait_for_answers(site)
    site.reader.send(
        "POST",
        f"/api/cases/{case}/ai/reveal",
        {
            "revision": 0,
            "decisions": [{"finding": "pneumonia", "verdict": "rejected", "grade": ""}],
            "findings_text": "",
        },
    )
    ai = site.reader.json(f"/api/cases/{case}/review")["ai"]
    assert (ai["state"], ai["model"]["version"]) == ("done", version)


def roll_back(site: Site, page: Page, version: str) -> None:
    page.get_by_role("button", name="Roll back").first.click()
    page.get_by_role("textbox").last.fill("shown that it can be undone")
    page.get_by_role("button", name=re.compile("^(Confirm|Roll back)$")).last.click()
    # the notice of the promotion may still be there, with the same words
    serving = page.locator("tbody tr", has_text="Serving")
    expect(serving).to_have_count(1, timeout=PATIENCE_MS)
    expect(serving).not_to_contain_text(version, timeout=PATIENCE_MS)
    overview = site.admin.json(f"/api/projects/{site.project}/models")
    champion = next(v for v in overview["versions"] if v["id"] == overview["champion"])
    assert champion["version"] == "1.0.0"
    assert [row["kind"] for row in overview["deployments"]] == ["rollback", "promote", "promote"]
    assert version in {v["version"] for v in overview["versions"]}
    shot(page, "48-rolled-back")
