"""When AI output is shown: before and after the act that ends the blind part, on every route."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.cases.models import Assignment, AuditEvent, Case, ReadingPolicy
from apps.feedback.review.models import FirstImpression, Review, RoiRevision
from apps.inference.models import Prediction
from tests.factories import (
    AssignmentFactory,
    CaseFactory,
    CasePredictionFactory,
    DeploymentFactory,
    FindingFactory,
    MembershipFactory,
    ProjectFactory,
    StudyFactory,
)
from tests.feedback.acts import (
    addendum,
    payload,
    refused,
    reveal,
    said,
    save,
    second_sign,
    sign,
    withdraw,
    worklist,
)
from tests.feedback.conftest import Room

COMPLETE = said("pneumonia rejected", "nodule accepted")
ROI_ID = "f5a0a9f1-87a1-4f43-9a4f-0a38d8e3b0f4"


def policy(room: Room, display: str, **more: Any) -> None:
    version = ReadingPolicy.objects.filter(project=room.project).count() + 1
    ReadingPolicy.objects.create(project=room.project, version=version, ai_display=display, **more)


@pytest.fixture
def locked_first(room: Room) -> Room:
    policy(room, "after_first_impression")
    return room


@pytest.fixture
def on_request(room: Room) -> Room:
    policy(room, "on_request")
    return room


def reading(room: Room, **changes: Any) -> dict[str, Any]:
    """A complete answer of a reader who sees no AI."""
    return room.reading(decisions=COMPLETE, case_prediction_id=None) | changes


def maps_status(client: Client, case: Case) -> int:
    prediction = Prediction.objects.get(case_prediction__case=case)
    return client.get(f"/api/predictions/{prediction.pk}/maps").status_code


def carries_ai(client: Client, case: Case) -> list[str]:
    """The places in which something of the model's answer is to be found."""
    shown, listed = payload(client, case), worklist(client, case)
    history = client.get(f"/api/cases/{case.pk}/history").json()
    predict = client.post(f"/api/cases/{case.pk}/predict", {}, content_type="application/json")
    places = {
        "payload": "ai" in shown or shown["newer_ai"] is not None,
        "policy": shown["policy"]["is_ai_visible"],
        "worklist": listed["shows_ai"] or any("ai" in row for row in listed["rows"]),
        "history": "models" in history,
        "maps": maps_status(client, case) != 404,
        "predict": predict.json()["state"] != "requested",
    }
    return [place for place, is_there in places.items() if is_there]


EVERYWHERE = ["payload", "policy", "worklist", "history", "maps", "predict"]


# --- before and after ----------------------------------------------------------------------------


def test_from_the_start_everything_is_shown_and_there_is_nothing_to_reveal(room: Room):
    assert carries_ai(room.lin_client, room.first) == EVERYWHERE
    assert not payload(room.lin_client, room.first)["policy"]["can_reveal"]
    answer = reveal(room.lin_client, room.first, reading(room))
    assert refused(answer, 409) == "ai_shown_already"
    assert not FirstImpression.objects.exists()
    assert not Review.objects.exists()


@pytest.mark.parametrize("display", ["on_request", "after_first_impression"])
def test_before_the_reveal_nothing_is_shown_and_after_it_this_case_is(room: Room, display):
    policy(room, display)
    assert carries_ai(room.lin_client, room.first) == []
    assert payload(room.lin_client, room.first)["policy"]["can_reveal"]
    assert reveal(room.lin_client, room.first, reading(room)).status_code == 200
    # the worklist never tells: the order of the other cases would
    assert carries_ai(room.lin_client, room.first) == [p for p in EVERYWHERE if p != "worklist"]
    assert not payload(room.lin_client, room.first)["policy"]["can_reveal"]
    assert carries_ai(room.lin_client, room.second) == []
    assert carries_ai(room.smith_client, room.first) == []


def test_the_reveal_keeps_what_was_answered_before_it(locked_first: Room):
    room = locked_first
    body = reading(room, impression_text="seen", rois=[region(room)])
    answer = reveal(room.lin_client, room.first, body).json()
    assert (answer["trigger"], answer["decisions"]) == ("locked", COMPLETE)
    kept = FirstImpression.objects.get()
    assert (kept.reader, kept.policy.version) == (room.lin, 2)
    assert (kept.findings_text, kept.impression_text) == ("clear 清晰", "seen")
    assert [each["vertices"] for each in kept.rois] == [region(room)["vertices"]]
    assert not kept.saw_signed_review
    changed = reading(
        room,
        revision=1,
        decisions=said("pneumonia accepted", "nodule rejected"),
        case_prediction_id=str(room.answer.pk),
    )
    save(room.lin_client, room.first, changed)
    after = payload(room.lin_client, room.first)
    assert after["policy"]["first_impression"]["decisions"] == COMPLETE
    assert after["draft"]["decisions"] == said("pneumonia accepted", "nodule rejected")
    (event,) = AuditEvent.objects.filter(action="ai.revealed")
    assert event.detail["content_sha256"] == kept.content_sha256
    assert "clear" not in str(event.detail)


def test_a_wish_may_come_before_any_answer(on_request: Room):
    room = on_request
    answer = reveal(room.lin_client, room.first, reading(room, decisions=[])).json()
    assert (answer["trigger"], answer["decisions"]) == ("requested", [])
    assert "ai" in payload(room.lin_client, room.first)


def test_an_incomplete_impression_is_not_locked_and_names_what_is_missing(locked_first: Room):
    room = locked_first
    FindingFactory(project=room.project, code="mass")
    cases = [(said("mass rejected"), ["pneumonia", "nodule"]), (COMPLETE, ["mass"])]
    for decisions, missing in cases:
        answer = reveal(room.lin_client, room.first, reading(room, decisions=decisions))
        assert refused(answer, 400) == "impression_incomplete"
        assert answer.json()["params"] == {"findings": missing}
    assert carries_ai(room.lin_client, room.first) == []
    assert not FirstImpression.objects.exists()
    assert not Review.objects.exists()


def test_a_bad_reading_reveals_nothing(locked_first: Room):
    room = locked_first
    save(room.lin_client, room.first, reading(room))
    bad = [
        (409, "stale_revision", {"revision": 0}),
        (400, "roi_outside_image", {"rois": [region(room, vertices=[[0, 0], [9, 0], [9, 9]])]}),
        (400, "unknown_finding", {"decisions": [*COMPLETE, *said("dragon rejected")]}),
    ]
    for status, code, changes in bad:
        body = reading(room, revision=1) | changes
        assert refused(reveal(room.lin_client, room.first, body), status) == code
    assert carries_ai(room.lin_client, room.first) == []
    assert not FirstImpression.objects.exists()


def test_a_second_reveal_gives_the_first_answer_back_and_changes_nothing(locked_first: Room):
    room = locked_first
    first = reveal(room.lin_client, room.first, reading(room)).json()
    later = reading(room, decisions=said("pneumonia accepted", "nodule accepted"))
    assert reveal(room.lin_client, room.first, later).json() == first
    assert FirstImpression.objects.get().decisions == COMPLETE
    assert payload(room.lin_client, room.first)["draft"]["decisions"] == COMPLETE
    assert AuditEvent.objects.filter(action="ai.revealed").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
@pytest.mark.parametrize("display", ["on_request", "after_first_impression"])
def test_two_tabs_that_reveal_at_once_keep_one_answer_and_both_get_it(room: Room, display):
    policy(room, display)
    texts = ["one tab", "other tab"]

    def at_once(text: str) -> Any:
        try:
            return reveal(room.lin_client, room.first, reading(room, findings_text=text))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(at_once, texts))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    kept = FirstImpression.objects.get()
    assert kept.findings_text in texts
    assert Review.objects.get().findings_text == kept.findings_text
    assert AuditEvent.objects.filter(action="ai.revealed").count() == 1


# --- people who may not --------------------------------------------------------------------------


def test_who_reads_the_patient_blinded_can_never_reveal(locked_first: Room):
    """As annotator of another study of the patient, in another project, even when that ended."""
    room = locked_first
    elsewhere = CaseFactory(study=StudyFactory(patient=room.first.study.patient))
    assignment = AssignmentFactory(case=elsewhere, user=room.lin, role="annotator")
    Assignment.objects.filter(pk=assignment.pk).update(ended_at=assignment.created_at)
    assert not payload(room.lin_client, room.first)["policy"]["can_reveal"]
    answer = reveal(room.lin_client, room.first, reading(room))
    assert refused(answer, 404) == "not_found"
    policy(room, "from_start")
    assert carries_ai(room.lin_client, room.first) == []
    assert not FirstImpression.objects.exists()
    assert carries_ai(room.smith_client, room.first) == EVERYWHERE


def test_an_admin_who_is_no_radiologist_has_no_impression_to_lock(locked_first: Room):
    room = locked_first
    assert not payload(room.admin_client, room.first)["policy"]["can_reveal"]
    assert reveal(room.admin_client, room.first, reading(room)).status_code == 404
    assert maps_status(room.admin_client, room.first) == 404


def test_the_same_study_in_another_project_does_not_show_what_this_one_hides(locked_first: Room):
    """A clinical project shows AI from the start; whoever must first answer without it waits."""
    room = locked_first
    clinic = ProjectFactory()
    twin = CaseFactory(project=clinic, study=room.first.study, instance=False)
    other = CaseFactory(project=clinic)
    twin.instances.add(room.first.instances.get())
    champion = DeploymentFactory(project=clinic).model_version
    for case in (twin, other):
        answer = CasePredictionFactory(case=case, model_version=champion)
        Prediction.objects.create(
            case_prediction=answer,
            instance=case.instances.get(),
            model_version=champion,
            state="done",
            logits=[-1.0, 1.0],
            biases=[0.0, 0.0],
            probabilities=[0.1, 0.9],
            maps=b"\x00\xbc\x00\x3c",
            map_shape=[2, 1, 1],
        )
    MembershipFactory(user=room.lin, project=clinic)
    MembershipFactory(user=room.smith, project=clinic)
    assert carries_ai(room.lin_client, twin) == []
    # nor does the order of the worklist tell, but another study there is read as ever
    without_list = [place for place in EVERYWHERE if place != "worklist"]
    assert carries_ai(room.lin_client, other) == without_list
    reveal(room.lin_client, room.first, reading(room))
    assert carries_ai(room.lin_client, twin) == EVERYWHERE
    assert carries_ai(room.smith_client, twin) == []


# --- what the rows say of it ---------------------------------------------------------------------


def region(room: Room, **changes: Any) -> dict[str, Any]:
    return {
        "roi_id": ROI_ID,
        "finding": "nodule",
        "sop_instance_uid": room.first.instances.get().sop_instance_uid,
        "frame_number": 1,
        "kind": "freehand",
        "vertices": [[0, 0], [2, 0], [2, 1.5]],
    } | changes


def test_regions_say_whether_they_were_drawn_before_the_reveal(locked_first: Room):
    room = locked_first
    # a browser that names an answer which it cannot have seen is not believed
    sly = reading(room, rois=[region(room)], case_prediction_id=str(room.answer.pk))
    save(room.lin_client, room.first, sly)
    moved = region(room, vertices=[[0, 0], [2, 0], [2, 1.75]])
    reveal(room.lin_client, room.first, reading(room, revision=1, rois=[moved]))
    larger = region(room, vertices=[[0, 0], [2, 0], [2, 2]])
    after = reading(room, revision=2, rois=[larger], case_prediction_id=str(room.answer.pk))
    assert save(room.lin_client, room.first, after).status_code == 200
    rows = RoiRevision.objects.order_by("number")
    assert [(row.ai_visible, row.case_prediction) for row in rows] == [
        (False, None),
        (False, None),
        (True, room.answer),
    ]


@pytest.mark.parametrize("is_revealed", [False, True])
def test_a_signature_says_whether_ai_could_reach_its_reader(locked_first: Room, is_revealed):
    room = locked_first
    if is_revealed:
        reveal(room.lin_client, room.first, reading(room))
    revision = 1 if is_revealed else 0
    sign(room.lin_client, room.first, reading(room, revision=revision))
    review = Review.objects.get()
    assert review.read_before_ai is not is_revealed
    assert review.ai_visible is False  # none was on this screen at that moment


def test_a_reading_that_was_taken_back_to_see_ai_is_not_before_ai_any_more(locked_first: Room):
    room = locked_first
    sign(room.lin_client, room.first, reading(room))
    assert withdraw(room.lin_client, Review.objects.get()).status_code == 200
    reveal(room.lin_client, room.first, reading(room))
    sign(room.lin_client, room.first, reading(room, revision=1))
    first, second = Review.objects.order_by("version")
    assert (first.read_before_ai, second.read_before_ai) == (True, False)


def test_an_impression_says_that_another_readers_review_was_there_to_read(
    locked_first: Room, settings
):
    """Also one that was withdrawn again: for a minute it was readable."""
    room = locked_first
    sign(room.smith_client, room.first, reading(room))
    withdraw(room.smith_client, Review.objects.get())
    reveal(room.lin_client, room.first, reading(room))
    reveal(room.smith_client, room.first, reading(room))
    saw = FirstImpression.objects.values_list("reader", "saw_signed_review")
    assert dict(saw) == {room.lin.pk: True, room.smith.pk: False}


# --- behind a signature --------------------------------------------------------------------------


def test_who_has_signed_without_ai_may_look_at_it_then(locked_first: Room):
    """The signature was the lock: what was signed is the impression."""
    room = locked_first
    body = reading(room, decisions=said("nodule accepted"), rois=[region(room)])
    sign(room.lin_client, room.first, body)
    assert payload(room.lin_client, room.first)["policy"]["can_reveal"]
    answer = reveal(room.lin_client, room.first, reading(room, decisions=[]))
    assert answer.json()["decisions"] == said("nodule accepted")
    assert "ai" in payload(room.lin_client, room.first)
    assert [each["roi_id"] for each in FirstImpression.objects.get().rois] == [ROI_ID]
    assert Review.objects.count() == 1  # nothing was drafted by looking


def test_a_colleague_locks_an_answer_of_their_own_before_they_see_it(locked_first: Room):
    room = locked_first
    sign(room.lin_client, room.first, reading(room))
    short = reveal(room.smith_client, room.first, reading(room, decisions=said("nodule rejected")))
    assert refused(short, 400) == "impression_incomplete"
    own = said("pneumonia accepted", "nodule rejected")
    bad = reading(room, decisions=own, rois=[region(room, finding="dragon")])
    assert refused(reveal(room.smith_client, room.first, bad), 400) == "unknown_finding"
    assert not FirstImpression.objects.exists()
    body = reading(room, decisions=own, rois=[region(room)])
    assert reveal(room.smith_client, room.first, body).json()["decisions"] == own
    kept = FirstImpression.objects.get()
    assert kept.saw_signed_review
    assert [each["vertices"] for each in kept.rois] == [region(room)["vertices"]]
    assert Review.objects.count() == 1


def test_nobody_signs_below_what_they_may_not_see(room: Room):
    """What silence implied of the model's answer is part of what is signed a second time."""
    policy(room, "on_request", second_signature=True)
    sign(room.lin_client, room.first, reading(room))
    review = Review.objects.get()
    hidden = payload(room.smith_client, room.first)
    assert not hidden["permissions"]["can_sign_second"]
    assert "content_sha256" not in hidden["reviews"][0]
    reveal(room.smith_client, room.first, reading(room, decisions=[]))
    shown = payload(room.smith_client, room.first)
    assert shown["permissions"]["can_sign_second"]
    sha256 = shown["reviews"][0]["content_sha256"]
    assert second_sign(room.smith_client, review, sha256).status_code == 204


def test_an_addendum_of_who_sees_no_ai_carries_none_of_it(locked_first: Room, settings):
    room = locked_first
    settings.WITHDRAWAL_WINDOW_S = 0
    reveal(room.lin_client, room.first, reading(room))
    body = reading(
        room, revision=1, decisions=said("nodule accepted"), case_prediction_id=str(room.answer.pk)
    )
    sign(room.lin_client, room.first, body)
    addendum(room.smith_client, room.first)
    assert carries_ai(room.smith_client, room.first) == []
    draft = Review.objects.get(state="draft")
    assert (draft.ai_visible, draft.case_prediction) == (False, None)
    assert payload(room.smith_client, room.first)["draft"]["decisions"] == said("nodule accepted")


# --- the answer that a draft was made with -------------------------------------------------------


@pytest.fixture
def newer(room: Room) -> Any:
    """Begins a draft on the champion's answer, then lets another model serve and answer."""
    save(room.lin_client, room.first, room.reading())
    champion = DeploymentFactory(project=room.project, sequence=2).model_version
    return CasePredictionFactory(
        case=room.first, model_version=champion, probabilities={"pneumonia": 0.1}
    )


def test_an_open_draft_keeps_the_answer_it_was_made_with_and_hears_of_a_newer(room: Room, newer):
    shown = payload(room.lin_client, room.first)
    assert shown["ai"]["case_prediction_id"] == str(room.answer.pk)
    assert shown["ai"]["model"]["name"] == room.answer.model_version.name
    assert [each["probability"] for each in shown["ai"]["findings"]] == [0.9]
    assert shown["newer_ai"] == {
        "case_prediction_id": str(newer.pk),
        "model": {
            "name": newer.model_version.name,
            "version": newer.model_version.version,
            "hash": newer.model_version.model_sha256,
        },
    }
    fresh = payload(room.smith_client, room.first)
    assert fresh["ai"]["case_prediction_id"] == str(newer.pk)
    assert fresh["newer_ai"] is None


@pytest.mark.parametrize("state", ["waiting", "abstained", "failed"])
def test_a_model_that_has_no_answer_is_not_newer(room: Room, newer, state):
    type(newer).objects.filter(pk=newer.pk).update(state=state)
    shown = payload(room.lin_client, room.first)
    assert shown["ai"]["case_prediction_id"] == str(room.answer.pk)
    assert shown["newer_ai"] is None


def test_a_draft_that_is_saved_with_the_newer_answer_moves_on(room: Room, newer):
    body = room.reading(revision=1, case_prediction_id=str(newer.pk))
    assert save(room.lin_client, room.first, body).status_code == 200
    shown = payload(room.lin_client, room.first)
    assert shown["ai"]["case_prediction_id"] == str(newer.pk)
    assert shown["newer_ai"] is None
    sign(room.lin_client, room.first, body | {"revision": 2})
    decision = Review.objects.get().decisions.get(finding__code="pneumonia")
    assert decision.ai_probability == 0.1


def test_a_signed_review_keeps_the_answer_that_it_was_made_with(room: Room, newer):
    sign(room.lin_client, room.first, room.reading(revision=1))
    shown = payload(room.smith_client, room.first)
    assert shown["ai"]["case_prediction_id"] == str(room.answer.pk)
    assert shown["newer_ai"]["case_prediction_id"] == str(newer.pk)
