"""Cases whose answer an admin knows: gold and the qualification, over HTTP."""

import json
import uuid
from typing import Any

import pytest

from apps.cases.models import Exposure
from apps.feedback.labeling.models.rounds import RoundCase
from tests.factories import CaseFactory, CaseInstanceFactory, InstanceFactory
from tests.feedback.labeling.desk import ready, room_of
from tests.feedback.labeling.room import said

pytestmark = pytest.mark.django_db


def region(sop_instance_uid: str, *vertices: list[float]) -> dict[str, Any]:
    """A nodule's outline on an image that DICOM names."""
    return {
        "roi_id": str(uuid.uuid4()),
        "finding": "nodule",
        "sop_instance_uid": sop_instance_uid,
        "frame_number": 1,
        "kind": "freehand",
        "vertices": list(vertices),
    }


def test_a_known_case_burns_who_wrote_its_answer(desk):
    path = ready(desk)
    case = CaseFactory(project=desk.project)
    body = {"case_id": str(case.pk), "purpose": "gold", "content": said("present")}
    desk.got("POST", f"{path}/known-cases", body)
    assert Exposure.objects.filter(user=desk.admin, kind="gold_author", case=case).exists()
    assert desk.send("POST", f"{path}/known-cases", body).json()["code"] == "case_in_round"
    assert desk.got("GET", f"{path}/setup")["case_counts"]["gold"] == 1


def test_only_the_admin_sees_what_is_known_of_which_case(desk):
    path = ready(desk)
    gold, qualifying = (CaseFactory(project=desk.project) for _ in range(2))
    known = {"case_id": str(gold.pk), "purpose": "gold", "content": said("present")}
    desk.got("POST", f"{path}/known-cases", known)
    unreadable = said(answers=[], unreadable=True)
    desk.got(
        "POST",
        f"{path}/known-cases",
        {
            "case_id": str(qualifying.pk),
            "purpose": "qualification",
            "content": unreadable,
            "explanation": "It has moved.",
        },
    )
    page = desk.got("GET", f"{path}/cases?purpose=known")
    assert [(row["case_id"], row["purpose"]) for row in page["rows"]] == [
        (str(gold.pk), "gold"),
        (str(qualifying.pk), "qualification"),
    ]
    first, second = (row["known"] for row in page["rows"])
    assert {each["finding"]: each["value"] for each in first["answers"]} == {
        "nodule": "present",
        "effusion": "absent",
    }
    assert (first["unreadable"], first["regions"], first["author"]) == (
        False,
        0,
        desk.admin.display_name or desk.admin.username,
    )
    assert (second["answers"], second["unreadable"], second["explanation"]) == (
        [],
        True,
        "It has moved.",
    )
    plain = desk.got("GET", f"{path}/cases?purpose=primary")["rows"]
    assert [row["known"] for row in plain] == [None] * 6
    desk.got("POST", f"{path}/open")
    for person in room_of(desk, path).annotators:
        assert person.send("GET", f"{path}/cases?purpose=known").status_code == 404
        told = json.dumps([person.got("GET", "/api/label-rounds"), person.take()])
        assert not {word for word in ("known", "gold", "It has moved.") if word in told}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (said(answers=[{"finding": "nodule", "value": "absent"}]), "known_answer_incomplete"),
        (said("present", grade="no such"), "unknown_grade"),
        (
            said(answers=[{"finding": "unheard_of", "value": "absent"}]),
            "unknown_finding",
        ),
        (said(rois=[region("1.2.3", [0, 0], [1, 0], [1, 1])]), "unknown_image"),
    ],
)
def test_a_known_answer_that_no_reader_could_give_is_refused(desk, content, code):
    path = ready(desk)
    case = CaseFactory(project=desk.project)
    body = {"case_id": str(case.pk), "purpose": "gold", "content": content}
    refused = desk.send("POST", f"{path}/known-cases", body)
    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert RoundCase.objects.filter(purpose="gold").count() == 0
    assert Exposure.objects.count() == 0


def test_a_known_region_lies_on_the_image_that_dicom_names(desk):
    path = ready(desk)
    case = CaseFactory(project=desk.project)
    image = InstanceFactory(series__study=case.study, rows=20, columns=30)
    CaseInstanceFactory(case=case, instance=image)
    nodule = region(image.sop_instance_uid, [2, 3], [9, 3], [9, 8])
    content = said("present", rois=[nodule])
    body = {"case_id": str(case.pk), "purpose": "gold", "content": content}
    desk.got("POST", f"{path}/known-cases", body)
    (row,) = desk.got("GET", f"{path}/cases?purpose=gold")["rows"]
    assert row["known"]["regions"] == 1


def test_a_known_answer_of_a_draft_is_given_up_and_written_anew(desk):
    path = ready(desk)
    case = CaseFactory(project=desk.project)
    body = {"case_id": str(case.pk), "purpose": "gold", "content": said("present")}
    desk.got("POST", f"{path}/known-cases", body)
    (row,) = desk.got("GET", f"{path}/cases?purpose=known")["rows"]
    gone = {"round_case_ids": [row["round_case_id"]]}
    # What somebody has written stays: it is given up, not taken out.
    assert desk.got("POST", f"{path}/cases/remove", gone) == {"count": 0}
    desk.got("POST", f"{path}/cases/{row['round_case_id']}/cancel", {"reason": "wrong"})
    assert desk.got("GET", f"{path}/setup")["case_counts"]["gold"] == 0
    desk.got("POST", f"{path}/known-cases", {**body, "content": said("absent")})
    assert list(
        RoundCase.objects.filter(case=case).order_by("epoch").values_list("epoch", "state")
    ) == [(1, "cancelled"), (2, "open")]
    assert desk.got("GET", f"{path}/setup")["case_counts"]["gold"] == 1
    desk.got("POST", f"{path}/open")
    _old, new = desk.got("GET", f"{path}/cases?purpose=known")["rows"]
    desk.got("POST", f"{path}/cases/{new['round_case_id']}/cancel", {"reason": "wrong again"})
    # Somebody may have read it since the round has begun.
    assert desk.send("POST", f"{path}/known-cases", body).json()["code"] == "case_in_round"


def test_whoever_waits_for_a_qualification_case_that_is_given_up_is_judged_without_it(desk):
    path = ready(desk)
    for _ in range(2):
        body = {
            "case_id": str(CaseFactory(project=desk.project).pk),
            "purpose": "qualification",
            "content": said("present"),
        }
        desk.got("POST", f"{path}/known-cases", body)
    desk.got("POST", f"{path}/open")
    room = room_of(desk, path)
    reader, idle = room.annotators
    read = reader.read_next(said("present"))
    given_up = RoundCase.objects.filter(purpose="qualification").exclude(reads=read["read_id"])
    cancel = f"{path}/cases/{given_up.get().pk}/cancel"
    desk.got("POST", cancel, {"reason": "another patient"})
    qualified = {
        member.user_id: member.qualified_at is not None for member in room.round.members.all()
    }
    assert (qualified[reader.user.pk], qualified[idle.user.pk]) == (True, False)
    assert reader.take()["is_qualification"] is False
    assert idle.take()["is_qualification"] is True
