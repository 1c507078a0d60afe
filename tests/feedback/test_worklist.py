"""The worklist: search, filters, order with its reason, and silence about AI where it is hidden."""

from urllib.parse import urlencode

import pytest

from apps.cases.models import ReadingPolicy
from apps.cases.names import search_text
from apps.inference.models import CasePrediction
from tests.factories import (
    AssignmentFactory,
    CaseFactory,
    CasePredictionFactory,
    PatientFactory,
    ProjectFactory,
    ReviewFactory,
    StudyFactory,
)
from tests.feedback.conftest import Room


def ask(client, project, **query):
    response = client.post(
        f"/api/projects/{project.pk}/worklist", query, content_type="application/json"
    )
    assert response.status_code == 200, response.content
    return response.json()


def ids(page):
    return [row["case_id"] for row in page["rows"]]


def test_urgent_case_comes_first_with_its_reason(room: Room):
    page = ask(room.smith_client, room.project)
    assert ids(page) == [str(room.first.pk), str(room.second.pk)]
    assert page["rows"][0]["priority"] == {
        "level": "stat",
        "reason": "urgent_finding",
        "finding": "pneumonia",
    }
    assert page["rows"][1]["priority"]["reason"] == "ai_negative"
    assert page["count"] == page["unread_count"] == 2


def test_row_shows_the_calibrated_answer_against_its_threshold(room: Room):
    row = ask(room.smith_client, room.project)["rows"][0]
    assert row["ai"]["state"] == "done"
    assert row["ai"]["findings"] == [
        {"code": "pneumonia", "probability": 0.9, "threshold": 0.5, "above": True}
    ]
    assert row["ai"]["case_prediction_id"] == str(room.answer.pk)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"urgency": 0.9, "top_finding": "pneumonia"}, "urgent_finding"),
        ({"urgency": 0.0, "top_finding": "pneumonia"}, "ai_positive"),
        ({"urgency": 0.0, "top_finding": "", "uncertainty": 0.7}, "uncertain"),
        ({"urgency": 0.0, "top_finding": "", "uncertainty": 0.69}, "ai_negative"),
        ({"state": CasePrediction.State.WAITING}, "no_ai"),
        ({"state": CasePrediction.State.ABSTAINED}, "no_ai"),
    ],
)
def test_reason_follows_from_the_answer(room: Room, facts, reason):
    case = CaseFactory(project=room.project)
    CasePredictionFactory(case=case, model_version=room.answer.model_version, **facts)
    rows = {row["case_id"]: row for row in ask(room.lin_client, room.project)["rows"]}
    assert rows[str(case.pk)]["priority"]["reason"] == reason


def test_answer_of_a_model_that_no_longer_serves_is_not_shown(room: Room):
    case = CaseFactory(project=room.project)
    CasePredictionFactory(case=case)
    rows = {row["case_id"]: row for row in ask(room.lin_client, room.project)["rows"]}
    assert rows[str(case.pk)]["ai"]["state"] == "none"
    assert rows[str(case.pk)]["priority"]["reason"] == "no_ai"


@pytest.mark.parametrize("search", ["张伟", "伟", "zhang wei", "ZHANGWEI", "zw", "Weber", "PAT-7"])
def test_patient_is_found_by_characters_pinyin_initials_or_number(room: Room, search):
    name = "Weber^Anna=张^伟"
    patient = PatientFactory(patient_id="PAT-77", name=name, name_search=search_text(name))
    wanted = CaseFactory(project=room.project, study=StudyFactory(patient=patient))
    other = PatientFactory(
        patient_id="XX", name="Li^Na=李^娜", name_search=search_text("Li^Na=李^娜")
    )
    CaseFactory(project=room.project, study=StudyFactory(patient=other))
    found = ids(ask(room.lin_client, room.project, search=search))
    assert str(wanted.pk) in found
    assert all(
        row["patient"]["patient_id"] != "XX"
        for row in ask(room.lin_client, room.project, search=search)["rows"]
    )


def test_search_by_accession_number_and_study_uid_is_exact(room: Room):
    study = room.second.study
    for search in (study.accession_number, study.study_instance_uid):
        assert str(room.second.pk) in ids(ask(room.lin_client, room.project, search=search))
    assert ids(ask(room.lin_client, room.project, search="no such thing")) == []


def test_filters_narrow_and_counts_follow(room: Room):
    ReviewFactory(case=room.second, reader=room.lin)
    CaseFactory(project=room.project, instance__series__modality="MR")
    page = ask(room.lin_client, room.project, status=["draft"])
    assert ids(page) == [str(room.second.pk)]
    assert page["rows"][0]["reader"] == "林"
    assert page["count"] == 1
    assert page["unread_count"] == 0
    assert ask(room.lin_client, room.project, modality=["MR"])["count"] == 1
    assert ids(ask(room.lin_client, room.project, finding=["pneumonia"])) == [str(room.first.pk)]
    assert ids(ask(room.lin_client, room.project, priority=["low"])) == [str(room.second.pk)]


def test_pages_do_not_overlap_and_cover_all(room: Room):
    for _ in range(5):
        CaseFactory(project=room.project)
    pages = [ask(room.lin_client, room.project, offset=n, limit=3) for n in (0, 3, 6)]
    seen = [case for page in pages for case in ids(page)]
    assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize("name", ["received", "patient", "study_date", "status", "probability"])
def test_descending_order_is_the_reverse_of_ascending(room: Room, name):
    up = ids(ask(room.lin_client, room.project, ordering=name))
    down = ids(ask(room.lin_client, room.project, ordering=f"-{name}"))
    assert set(up) == set(down) == {str(room.first.pk), str(room.second.pk)}
    if name in {"patient", "probability", "received"}:
        assert up == down[::-1]


@pytest.mark.parametrize(
    "query", [{"ordering": "password"}, {"limit": 101}, {"offset": -1}, {"status": ["x"]}]
)
def test_unknown_order_page_or_filter_is_refused(room: Room, query):
    response = room.lin_client.post(
        f"/api/projects/{room.project.pk}/worklist", query, content_type="application/json"
    )
    assert response.status_code == 400
    assert set(response.json()["fields"]) == set(query)


def without_ai(room: Room):
    ReadingPolicy.objects.create(project=room.project, version=2, ai_display="on_request")


def world_of(client, room: Room, **query):
    """All that a reader gets back, as bytes."""
    url = f"/api/projects/{room.project.pk}/worklist"
    worklist = client.post(url, query, content_type="application/json")
    review = client.get(f"/api/cases/{room.first.pk}/review?{urlencode({})}")
    return worklist.content, review.content


QUERIES = [
    {},
    {"finding": ["pneumonia"]},
    {"priority": ["stat"]},
    {"ordering": "probability"},
    {"ordering": "-priority"},
]


@pytest.mark.parametrize("query", QUERIES)
def test_hidden_ai_changes_nothing_that_a_reader_receives(room: Room, query):
    without_ai(room)
    before = world_of(room.lin_client, room, **query)
    CasePrediction.objects.filter(pk=room.answer.pk).update(
        urgency=0.0, top_finding="", probabilities={"pneumonia": 0.01}, top_probability=0.01
    )
    CasePrediction.objects.filter(pk=room.other_answer.pk).update(
        urgency=1.0, top_finding="pneumonia", top_probability=1.0
    )
    assert world_of(room.lin_client, room, **query) == before
    assert b"priority" not in before[0]
    assert b'"ai"' not in before[0] + before[1]


def test_shown_ai_does_change_the_order(room: Room):
    """The mirror of the test above: without hiding, the same change is seen."""
    before = world_of(room.lin_client, room)
    CasePrediction.objects.filter(pk=room.answer.pk).update(urgency=0.0, top_finding="")
    assert world_of(room.lin_client, room) != before


def test_worklist_of_a_person_who_reads_blinded_in_the_project_carries_no_ai(room: Room):
    AssignmentFactory(case=room.second, user=room.lin, role="annotator")
    page = ask(room.lin_client, room.project)
    assert page["shows_ai"] is False
    assert all("ai" not in row and "priority" not in row for row in page["rows"])
    assert ask(room.smith_client, room.project)["shows_ai"] is True


def test_other_project_is_empty_and_does_not_lend_its_cases(room: Room, as_role):
    other = ProjectFactory()
    assert ask(as_role("radiologist", other), other)["count"] == 0


def test_next_case_is_the_one_that_follows_and_stays_so_once_signed(room: Room):
    third = CaseFactory(project=room.project)
    order = ids(ask(room.lin_client, room.project))
    assert order[0] == str(room.first.pk)
    for place, case in enumerate(order):
        payload = room.lin_client.get(f"/api/cases/{case}/review").json()
        assert payload["next_case_id"] == order[(place + 1) % len(order)]
    ReviewFactory(case=third, reader=room.smith)
    payload = room.lin_client.get(f"/api/cases/{room.first.pk}/review").json()
    assert payload["next_case_id"] == str(room.second.pk)
