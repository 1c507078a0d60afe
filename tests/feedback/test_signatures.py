"""What a signature says and fixes: every finding, one content, one effect, and who signs below."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from apps.cases.models import AuditEvent, IdempotencyKey, ReadingPolicy
from apps.feedback.learning.models import QueueEntry
from apps.feedback.review.models import CriticalAcknowledgement, Review, SecondSignature
from apps.inference.models import CasePrediction
from tests.factories import FindingFactory
from tests.feedback.acts import (
    acknowledge,
    addendum,
    payload,
    refused,
    said,
    save,
    second_sign,
    sign,
    worklist,
)
from tests.feedback.conftest import Room

ROI_ID = "5b1a9f0e-53f0-44a7-92c3-3a1e3b1a9f0e"


def signed(room: Room, **changes: Any) -> Review:
    response = sign(room.lin_client, room.first, room.reading(**changes))
    assert response.status_code == 200, response.json()
    return Review.objects.get(pk=response.json()["review_id"])


def verdicts(review: Review) -> dict[str, str]:
    return dict(review.decisions.values_list("finding__code", "verdict"))


# --- every finding -------------------------------------------------------------------------------


@pytest.fixture
def three(room: Room) -> Room:
    """The model calls pneumonia absent (0.49 < 0.5), nodule present (0.5), and knows no mass."""
    FindingFactory(project=room.project, code="mass")
    CasePrediction.objects.filter(pk=room.answer.pk).update(
        probabilities={"pneumonia": 0.49, "nodule": 0.5},
        thresholds={"pneumonia": 0.5, "nodule": 0.5},
    )
    return room


def test_silence_is_implied_only_below_the_threshold_of_an_answer_that_was_shown(three: Room):
    assert verdicts(signed(three, decisions=[])) == {
        "pneumonia": "implied",
        "nodule": "not_assessed",
        "mass": "not_assessed",
    }


def test_what_was_said_stands_beside_what_silence_became(three: Room):
    review = signed(three, decisions=said("pneumonia accepted", "mass rejected"))
    assert verdicts(review) == {
        "pneumonia": "accepted",
        "nodule": "not_assessed",
        "mass": "rejected",
    }
    beside = review.decisions.values_list("finding__code", "ai_probability", "ai_threshold")
    assert set(beside) == {("pneumonia", 0.49, 0.5), ("nodule", 0.5, 0.5), ("mass", None, None)}


def test_silence_implies_nothing_where_no_answer_was_on_the_screen(three: Room):
    review = signed(three, decisions=[], case_prediction_id=None)
    assert set(verdicts(review).values()) == {"not_assessed"}
    assert review.ai_visible is False


def test_silence_implies_nothing_where_the_model_abstained(three: Room):
    CasePrediction.objects.filter(pk=three.answer.pk).update(
        state="abstained", probabilities={}, thresholds={}
    )
    for shown in (str(three.answer.pk), None):
        review = signed(three, decisions=[], case_prediction_id=shown)
        assert set(verdicts(review).values()) == {"not_assessed"}
        Review.objects.filter(pk=review.pk).update(state="withdrawn")


def test_silence_implies_nothing_where_ai_was_hidden(three: Room):
    ReadingPolicy.objects.create(
        project=three.project, version=2, ai_display="after_first_impression"
    )
    review = signed(three, decisions=[])  # a browser that names an answer it cannot have seen
    assert set(verdicts(review).values()) == {"not_assessed"}
    assert (review.ai_visible, review.read_before_ai) == (False, True)


def test_nobody_sends_what_only_a_signature_may_say(room: Room):
    for verdict in ("implied", "not_assessed"):
        body = room.reading(decisions=said(f"pneumonia {verdict}"))
        assert refused(sign(room.lin_client, room.first, body), 400) == "invalid"
    assert not Review.objects.exists()


# --- grades --------------------------------------------------------------------------------------


@pytest.fixture
def graded(room: Room) -> Room:
    FindingFactory(project=room.project, code="effusion", kind="graded", grades=["small", "large"])
    return room


def test_a_graded_finding_that_is_present_needs_its_grade(graded: Room):
    ungraded = graded.reading(decisions=said("effusion accepted"))
    assert save(graded.lin_client, graded.first, ungraded).status_code == 200  # a draft may wait
    answer = sign(graded.lin_client, graded.first, ungraded | {"revision": 1})
    assert refused(answer, 400) == "grade_missing"
    assert answer.json()["params"] == {"findings": ["effusion"]}
    assert Review.objects.get().state == "draft"
    review = signed(graded, revision=1, decisions=said("effusion accepted", effusion="large"))
    assert review.decisions.get(finding__code="effusion").grade == "large"


def test_a_graded_finding_that_is_absent_or_not_said_needs_none(graded: Room):
    assert verdicts(signed(graded, decisions=said("effusion rejected")))["effusion"] == "rejected"


@pytest.mark.parametrize("finding", ["effusion", "pneumonia"])
def test_a_grade_that_the_finding_does_not_have_is_refused(graded: Room, finding):
    decisions = said(f"{finding} accepted", **{finding: "huge"})
    for act in (save, sign):
        answer = act(graded.lin_client, graded.first, graded.reading(decisions=decisions))
        assert refused(answer, 400) == "unknown_grade"
    assert not Review.objects.exists()


# --- one content ---------------------------------------------------------------------------------


def region(room: Room, **changes: Any) -> dict[str, Any]:
    return {
        "roi_id": ROI_ID,
        "finding": "pneumonia",
        "sop_instance_uid": room.first.instances.get().sop_instance_uid,
        "frame_number": 1,
        "kind": "freehand",
        "vertices": [[0, 0], [2, 0], [2, 1.5]],
        "laterality": "",
    } | changes


def put_aside(room: Room, review: Review) -> None:
    """Make room for another signature with the same number: move this one to the other case."""
    number = Review.objects.filter(case=room.second).count() + 1
    Review.objects.filter(pk=review.pk).update(state="withdrawn", case=room.second, version=number)


def test_the_content_hash_changes_with_every_part_and_with_nothing_else(graded: Room):
    """Each variant is version 1 of the same case by the same person."""
    room = graded
    whole = {
        "decisions": said("pneumonia accepted", "effusion accepted", effusion="small"),
        "findings_text": "text",
        "impression_text": "impression",
        "is_critical": True,
        "critical_note": "note",
        "rois": [region(room)],
    }
    variants: dict[str, dict[str, Any]] = {
        "nothing": {},
        "another program": {"client": {"version": "2"}},
        "findings text": {"findings_text": "text "},
        "impression": {"impression_text": "impression."},
        "critical": {"is_critical": False},
        "critical note": {"critical_note": "noted"},
        "verdict": {"decisions": said("pneumonia rejected", "effusion accepted", effusion="small")},
        "grade": {"decisions": said("pneumonia accepted", "effusion accepted", effusion="large")},
        "a verdict less": {"decisions": said("effusion accepted", effusion="small")},
        "no region": {"rois": []},
        "region moved": {"rois": [region(room, vertices=[[0, 0], [2, 0], [2, 1.51]])]},
        "region of another finding": {"rois": [region(room, finding="nodule")]},
        "region's side": {"rois": [region(room, laterality="L")]},
        "region's tool": {"rois": [region(room, kind="rectangle")]},
        "answer of the model": {"case_prediction_id": None},
    }
    hashes = {}
    for name, changes in variants.items():
        review = signed(room, **(whole | changes))
        hashes[name] = review.content_sha256
        put_aside(room, review)
    assert hashes.pop("another program") == hashes["nothing"]
    assert len(set(hashes.values())) == len(hashes)


def test_the_content_hash_of_an_addendum_names_what_it_follows_and_why(room: Room, settings):
    settings.WITHDRAWAL_WINDOW_S = 0
    first = signed(room)
    hashes = {first.content_sha256}
    for reason in ("because", "therefore"):
        addendum(room.lin_client, room.first, reason)
        review = signed(room)
        assert (review.version, review.addendum_reason) == (2, reason)
        hashes.add(review.content_sha256)
        put_aside(room, review)
    assert len(hashes) == 3


# --- one effect ----------------------------------------------------------------------------------


def test_a_replay_with_an_altered_body_is_refused_and_changes_nothing(room: Room):
    body = room.reading(rois=[region(room)])
    first = sign(room.lin_client, room.first, body, key="once")
    altered = [
        body | {"findings_text": "altered"},
        body | {"rois": [region(room, laterality="L")]},
        body | {"decisions": said("pneumonia accepted")},
        body | {"is_critical": True},
    ]
    for each in altered:
        answer = sign(room.lin_client, room.first, each, key="once")
        assert refused(answer, 400) == "idempotency_key_reused"
    assert sign(room.lin_client, room.first, body, key="once").json() == first.json()
    assert Review.objects.get().findings_text == "clear 清晰"
    assert AuditEvent.objects.filter(action="review.signed").count() == 1


def test_a_key_is_its_persons_own(room: Room):
    sign(room.lin_client, room.first, room.reading(), key="once")
    other = room.reading(case_prediction_id=str(room.other_answer.pk))
    assert sign(room.smith_client, room.second, other, key="once").status_code == 200
    assert IdempotencyKey.objects.count() == Review.objects.count() == 2


def test_a_refused_signature_may_be_sent_again_with_its_key(room: Room):
    stale = room.reading(revision=7)
    assert refused(sign(room.lin_client, room.first, stale, key="once"), 409) == "stale_revision"
    assert sign(room.lin_client, room.first, room.reading(), key="once").status_code == 200


def test_unreadable_extras_in_the_body_do_no_harm(room: Room):
    body = room.reading() | {"surplus": 10**30}
    assert sign(room.lin_client, room.first, body, key="once").status_code == 200
    assert sign(room.lin_client, room.first, room.reading(), key="once").status_code == 200
    assert (
        refused(save(room.lin_client, room.first, room.reading(revision=2**31)), 400) == "invalid"
    )
    assert Review.objects.count() == 1


# --- the second signature ------------------------------------------------------------------------


@pytest.fixture
def two_signatures(room: Room) -> Room:
    ReadingPolicy.objects.create(
        project=room.project, version=2, ai_display="from_start", second_signature=True
    )
    return room


def test_what_needs_a_second_signature_does_not_count_without_it(two_signatures: Room, release):
    room = two_signatures
    review = signed(room)
    assert release() == 0
    assert not QueueEntry.objects.exists()
    shown = payload(room.smith_client, room.first)
    assert shown["reviews"][0]["needs_second_signature"]
    assert shown["permissions"]["can_sign_second"]
    assert worklist(room.smith_client, room.first)["rows"][0]["needs_second_signature"]
    sha256 = shown["reviews"][0]["content_sha256"]
    assert second_sign(room.smith_client, review, sha256).status_code == 204
    after = payload(room.lin_client, room.first)["reviews"][0]
    assert after["second_signature"]["signer"] == room.smith.display_name
    assert not after["needs_second_signature"]
    assert not worklist(room.smith_client, room.first)["rows"][0]["needs_second_signature"]
    assert release() == 1
    assert QueueEntry.objects.count() == 1
    event = AuditEvent.objects.get(action="review.second_signed")
    assert (event.actor, event.detail["content_sha256"]) == (room.smith, sha256)


def test_nobody_signs_twice_below_the_same_review(two_signatures: Room):
    room = two_signatures
    review = signed(room)
    own = second_sign(room.lin_client, review, review.content_sha256)
    assert refused(own, 409) == "own_review"
    assert not payload(room.lin_client, room.first)["permissions"]["can_sign_second"]
    assert second_sign(room.smith_client, review, review.content_sha256).status_code == 204
    again = second_sign(room.smith_client, review, review.content_sha256)
    assert refused(again, 409) == "second_signature_exists"
    assert SecondSignature.objects.count() == 1


def test_what_was_on_the_screen_must_be_what_is_stored(two_signatures: Room):
    review = signed(two_signatures)
    answer = second_sign(two_signatures.smith_client, review, "0" * 64)
    assert refused(answer, 409) == "content_changed"
    answer = second_sign(two_signatures.smith_client, review, "not a hash")
    assert refused(answer, 400) == "invalid"
    assert not SecondSignature.objects.exists()


def test_only_the_newest_version_is_signed_below(two_signatures: Room, settings, release):
    room = two_signatures
    settings.WITHDRAWAL_WINDOW_S = 0
    old = signed(room)
    addendum(room.lin_client, room.first)
    new = signed(room, findings_text="larger")
    answer = second_sign(room.smith_client, old, old.content_sha256)
    assert refused(answer, 409) == "not_newest_version"
    assert second_sign(room.smith_client, new, new.content_sha256).status_code == 204
    release()
    assert list(Review.objects.filter(released_at__isnull=False)) == [new]


def test_a_withdrawn_review_or_a_draft_has_nothing_to_sign_below(two_signatures: Room):
    room = two_signatures
    save(room.lin_client, room.first, room.reading())
    draft = Review.objects.get()
    assert refused(second_sign(room.smith_client, draft, "0" * 64), 404) == "not_found"
    review = signed(room, revision=1)
    Review.objects.filter(pk=review.pk).update(state="withdrawn")
    answer = second_sign(room.smith_client, review, review.content_sha256)
    assert refused(answer, 404) == "not_found"
    assert not SecondSignature.objects.exists()


def test_the_policy_that_counts_is_the_one_at_the_signature(room: Room, release):
    signed(room)
    ReadingPolicy.objects.create(
        project=room.project, version=2, ai_display="from_start", second_signature=True
    )
    assert release() == 1


# --- critical results ----------------------------------------------------------------------------


def test_a_critical_result_is_open_until_somebody_was_told(room: Room):
    review = signed(room, is_critical=True, critical_note="tension")
    assert worklist(room.lin_client, room.first)["rows"][0]["is_critical_open"]
    assert payload(room.smith_client, room.first)["permissions"]["can_acknowledge"]
    answer = acknowledge(room.smith_client, review, informed="ward 3", note="by phone")
    assert answer.status_code == 204
    assert not worklist(room.lin_client, room.first)["rows"][0]["is_critical_open"]
    shown = payload(room.lin_client, room.first)
    assert not shown["permissions"]["can_acknowledge"]
    acknowledged = shown["reviews"][0]["acknowledgement"]
    del acknowledged["acknowledged_at"]
    assert acknowledged == {
        "acknowledged_by": room.smith.display_name,
        "informed": "ward 3",
        "note": "by phone",
    }
    again = acknowledge(room.lin_client, review, informed="ward 4")
    assert refused(again, 409) == "acknowledged_already"
    assert CriticalAcknowledgement.objects.get().informed == "ward 3"
    (event,) = AuditEvent.objects.filter(action="review.critical_acknowledged")
    assert "ward" not in str(event.detail)


def test_nothing_critical_is_nothing_to_acknowledge(room: Room):
    review = signed(room)
    answer = acknowledge(room.smith_client, review, informed="ward 3")
    assert refused(answer, 409) == "not_critical"
    assert refused(acknowledge(room.smith_client, review, informed=""), 400) == "invalid"
    assert not CriticalAcknowledgement.objects.exists()


def test_a_new_version_that_is_critical_must_be_told_anew(room: Room, settings):
    settings.WITHDRAWAL_WINDOW_S = 0
    acknowledge(room.smith_client, signed(room, is_critical=True), informed="ward 3")
    addendum(room.lin_client, room.first)
    signed(room, is_critical=True, findings_text="worse")
    assert worklist(room.lin_client, room.first)["rows"][0]["is_critical_open"]
    addendum(room.lin_client, room.first)
    signed(room, is_critical=False)
    assert not worklist(room.lin_client, room.first)["rows"][0]["is_critical_open"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
def test_two_acknowledgements_at_once_leave_one(room: Room):
    review = signed(room, is_critical=True)

    def at_once(client: Any) -> int:
        try:
            return acknowledge(client, review, informed=uuid.uuid4().hex).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(at_once, [room.lin_client, room.smith_client]))
    assert statuses == [204, 409]
    assert CriticalAcknowledgement.objects.count() == 1
