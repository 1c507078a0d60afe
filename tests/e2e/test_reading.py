"""The main job in a real browser on the real stack: a study arrives, the AI reads it, a radiologist
sees why and decides, the admin finds the correction. Screenshots are kept in test-results/e2e/.
"""

import json
import re
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from playwright.sync_api import Page, expect

from apps.cases.compute.phantom import make_phantom, sample_parameters
from apps.cases.compute.phantom_dicom import write_phantom
from apps.cases.compute.phantom_facts import StudyFacts
from scripts.stack import Person, Stack, running
from tests.e2e.screen import (
    PATIENCE_MS,
    log_in,
    select_finding,
    shot,
    sign,
    speak_english,
    wait_for_paint,
)

pytestmark = pytest.mark.e2e
SCRIPT = '<img src=x onerror="document.title=1">'
SCRIPT_NAME = "<script>alert(1)"  # a PN knows =, a file name / as separators


@pytest.fixture(scope="module")
def stack(phantoms: Path) -> Iterator[Stack]:
    """The whole of Coread with the demo, in a folder whose path is short enough for a socket."""
    environment = {"COREAD_WITHDRAWAL_WINDOW_S": "2"}  # soon in the queue
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder), environment=environment, phantoms=phantoms) as stack,
    ):
        yield stack


def phantom_file(folder: Path, *, name: str, description: str, findings: frozenset[str]) -> Path:
    """A new synthetic study as a DICOM file."""
    facts = StudyFacts(
        patient_id=f"E2E-{uuid.uuid4().hex[:8]}",
        patient_name=name,
        character_set=("ISO_IR 192",),
        sex="F",
        birth_date="19610412",
        study_date="20261101",
        study_time="101500",
        accession_number=f"A{uuid.uuid4().int % 10**8}",
        indication="Cough for two weeks. 咳嗽两周。",
        study_description=description,
        view="PA",
    )
    path = folder / "case.dcm"
    parameters = sample_parameters(424242, findings=findings)
    write_phantom(path, make_phantom(parameters), replace(facts))
    dataset = pydicom.dcmread(path)
    assert str(dataset.PatientName) == name
    return path


def test_upload_prediction_heat_map_decision_signature_queue(stack, new_page, tmp_path):
    file = phantom_file(
        tmp_path,
        name=f"Walk{SCRIPT_NAME}^Emma=王^晓明",
        description=SCRIPT,
        findings=frozenset({"pneumonia"}),
    )
    refused = tmp_path / f"{SCRIPT_NAME}.dcm"
    refused.write_bytes(b"not DICOM")
    page = new_page(size=(1440, 900))
    log_in(page, stack, "radiologist")
    shot(page, "01-worklist")

    page.get_by_role("button", name="Add images").first.click()
    page.locator("input[type=file]").first.set_input_files([file, refused])
    panel = page.get_by_role("complementary", name="Add images")
    expect(panel.get_by_text("Stored", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(panel.get_by_text("1 refused")).to_be_visible()
    shot(page, "02-upload")
    panel.get_by_role("button", name="Close").click()

    page.get_by_label("Search patient, ID, accession or UID").fill("wangxiaoming")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1, timeout=PATIENCE_MS)
    expect(rows.first).to_contain_text("晓明")
    assert "wangxiaoming" not in page.url
    expect(rows.first).not_to_contain_text("AI is waiting", timeout=PATIENCE_MS)
    expect(rows.first).not_to_contain_text("No AI answer", timeout=PATIENCE_MS)
    rows.first.click()

    wait_for_paint(page)
    identity = page.get_by_role("region", name="Patient and study")
    expect(identity).to_contain_text("E2E-")
    expect(identity).to_contain_text("晓明")
    expect(identity).to_contain_text(SCRIPT_NAME)
    expect(identity).to_contain_text(SCRIPT)
    expect(page.get_by_text("Cough for two weeks. 咳嗽两周。")).to_be_visible()
    assert page.title() != "1"
    assert page.locator("img[src=x], script:text('alert(1)')").count() == 0
    findings = page.get_by_role("region", name="Findings")
    heat_map = page.get_by_test_id("heatmap")
    expect(heat_map).to_be_hidden()
    expect(page.get_by_test_id("heatmap-outline")).to_be_hidden()
    shot(page, "03-review")

    select_finding(page, "Pneumonia")
    page.keyboard.press("o")
    expect(page.get_by_test_id("heatmap-legend")).to_be_visible()
    shot(page, "04-heat-map-outline")
    page.keyboard.press("Shift+O")
    shot(page, "05-heat-map-fill")

    review = Person(stack, "radiologist", "coread-radiologist").json(
        "/api/cases/" + page.url.rsplit("/", 1)[-1] + "/review"
    )
    answers = {each["code"]: each for each in review["ai"]["findings"]}
    contradiction = "x" if answers["pneumonia"]["above"] else "a"
    page.keyboard.press(contradiction)
    expect(findings.get_by_text(re.compile(r"Saved \d\d:\d\d:\d\d"))).to_be_visible()
    page.locator("#report-findings").fill("Right base clear.")
    expect(findings.get_by_text("Saving")).to_be_hidden(timeout=PATIENCE_MS)
    for code, answer in answers.items():
        if code != "pneumonia" and answer["above"]:
            name = next(f["name_en"] for f in review["findings"] if f["code"] == code)
            select_finding(page, name)
            page.keyboard.press("a")
    shot(page, "06-decided")
    first = page.url
    sign(page)
    page.wait_for_url(lambda url: url != first, timeout=PATIENCE_MS)
    wait_for_paint(page)
    expect(identity).not_to_contain_text("晓明")
    shot(page, "07-next-case")
    page.context.close()

    admin = new_page(size=(1440, 900))
    log_in(admin, stack, "admin")
    admin.get_by_role("link", name="Admin").click()
    table = admin.locator("tbody tr")
    expect(table.first).to_contain_text("Pneumonia", timeout=PATIENCE_MS)
    expect(table.first).to_contain_text("Dr. Rada Demo")
    shot(admin, "08-queue")
    admin.get_by_role("link", name="Ingest").click()
    expect(admin.get_by_text(refused.name)).to_be_visible()
    shot(admin, "09-ingest")
    admin.get_by_role("link", name="Models").click()
    expect(admin.get_by_text("Serving").first).to_be_visible()
    shot(admin, "10-models")
    assert "content security policy report" not in stack.log
    assert "晓明" not in stack.log
    assert SCRIPT not in stack.log


def test_normal_chest_takes_at_most_two_keys(stack, new_page):
    """From a case without anything above its threshold to the next one: Ctrl+Enter, no more."""
    person = Person(stack, "radiologist", "coread-radiologist")
    project = person.json("/api/projects")[0]["id"]
    case = next(row["case_id"] for row in answered(person, project) if is_normal(row["ai"]))
    page = new_page(size=(1440, 900))
    log_in(page, stack, "radiologist")
    page.goto(f"{stack.url}/projects/{project}/cases/{case}")
    wait_for_paint(page)
    sign(page)
    page.wait_for_url(lambda url: not url.endswith(case), timeout=PATIENCE_MS)
    assert person.json(f"/api/cases/{case}/review")["status"] == "signed"


def answered(person: Person, project: str) -> list[dict[str, Any]]:
    """The unread cases, once the model has answered for all of them."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        query = {"status": ["unread"], "limit": 100}
        rows = person.send("POST", f"/api/projects/{project}/worklist", query)["rows"]
        if all(row["ai"]["state"] != "waiting" for row in rows):
            return rows
        assert time.monotonic() < deadline, "the model does not answer"
        time.sleep(0.5)


def is_normal(ai: dict[str, Any]) -> bool:
    """The model has answered and calls nothing present."""
    return ai["state"] == "done" and not any(finding["above"] for finding in ai["findings"])


def test_chinese_interface_shows_no_english_sentence(stack, new_page):
    page = new_page(size=(1440, 900))
    log_in(page, stack, "radiologist")
    try:
        page.get_by_role("button", name=re.compile("简体中文")).click()
        expect(page.get_by_role("link", name="工作列表")).to_be_visible()
        assert page.locator("html").get_attribute("lang") in {"zh", "zh-Hans", "zh-hans", "zh-CN"}
        page.locator("tbody tr").first.wait_for()
        shot(page, "11-worklist-zh")
        sentences = english_sentences(page)
        page.locator("tbody tr").first.click()
        wait_for_paint(page)
        shot(page, "12-review-zh")
        sentences |= english_sentences(page)
        person = Person(stack, "radiologist", "coread-radiologist")
        project = person.json("/api/projects")[0]["id"]
        worklist = person.send("POST", f"/api/projects/{project}/worklist", {"limit": 100})
        review = person.json("/api/cases/" + page.url.rsplit("/", 1)[-1] + "/review")
        data = json.dumps([worklist, review], ensure_ascii=False)
        assert {each for each in sentences if each not in data} == set()
    finally:
        speak_english(stack, "radiologist")


def english_sentences(page: Page) -> set[str]:
    """Three English words in a row or more, as far as a person can see them."""
    return set(re.findall(r"[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}", page.inner_text("body")))


def test_stale_tab_gets_a_readable_conflict(stack, new_page):
    person = Person(stack, "radiologist", "coread-radiologist")
    project = person.json("/api/projects")[0]["id"]
    rows = person.send("POST", f"/api/projects/{project}/worklist", {"status": ["unread"]})["rows"]
    case = rows[-1]["case_id"]
    page = new_page(size=(1440, 900))
    log_in(page, stack, "radiologist")
    page.goto(f"{stack.url}/projects/{project}/cases/{case}")
    wait_for_paint(page)
    reading = {"revision": 0, "decisions": [], "findings_text": "from the other window"}
    person.send("PUT", f"/api/cases/{case}/review/draft", reading)
    page.locator("#report-findings").fill("from this window")
    expect(page.get_by_text("Which version shall stand?")).to_be_visible(timeout=PATIENCE_MS)
    shot(page, "13-conflict")
    page.get_by_role("button", name="Keep this screen's").click()
    expect(page.get_by_text(re.compile(r"Saved \d\d:\d\d:\d\d"))).to_be_visible()
    draft = person.json(f"/api/cases/{case}/review")["draft"]
    assert draft["findings_text"] == "from this window"
