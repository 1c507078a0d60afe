"""A review: draft, stale tab, signature once and only once, and the corrections that it leaves."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.cases.models import AuditEvent
from apps.feedback.learning.models import QueueEntry
from apps.feedback.review.models import Review, ReviewDecision
from apps.feedback.review.services.signing import content_sha256
from tests.factories import CasePredictionFactory
from tests.feedback.conftest import Room


def save(client, case, body):
    return client.put(f"/api/cases/{case.pk}/review/draft", body, content_type="application/json")


def sign(client, case, body, *, key=None):
    return client.post(
        f"/api/cases/{case.pk}/review/sign",
        body,
        content_type="application/json",
        headers={"Idempotency-Key": uuid.uuid4().hex if key is None else key},
    )


def review_of(client, case):
    return client.get(f"/api/cases/{case.pk}/review").json()


def test_payload_holds_all_that_the_screen_needs(room: Room):
    payload = review_of(room.lin_client, room.first)
    assert payload["status"] == "unread"
    assert payload["patient"]["name"] == room.first.study.patient.name
    assert payload["next_case_id"] == str(room.second.pk)
    assert [name for name, may in payload["permissions"].items() if may] == ["can_review"]
    assert [finding["code"] for finding in payload["findings"]] == ["pneumonia", "nodule"]
    (series,) = payload["series"]
    assert series["instances"][0]["thumbnail_url"].startswith("/dicomweb/studies/")
    (prediction,) = payload["ai"]["predictions"]
    assert prediction["maps"]["shape"] == [2, 1, 1]
    assert [output["logit"] for output in prediction["outputs"]] == [-1.0, 1.0]


def test_opening_a_case_changes_nothing(room: Room):
    review_of(room.lin_client, room.first)
    assert not Review.objects.exists()


def test_draft_is_saved_and_comes_back_to_its_reader_alone(room: Room):
    saved = save(room.lin_client, room.first, room.reading())
    assert saved.status_code == 200
    assert saved.json()["revision"] == 1
    draft = review_of(room.lin_client, room.first)["draft"]
    assert draft["findings_text"] == "clear 清晰"
    assert draft["decisions"] == [{"finding": "pneumonia", "verdict": "rejected", "grade": ""}]
    assert review_of(room.smith_client, room.first)["draft"] is None


def test_stale_tab_gets_a_conflict_and_changes_nothing(room: Room):
    save(room.lin_client, room.first, room.reading())
    stale = save(room.lin_client, room.first, room.reading(revision=0, findings_text="older"))
    assert stale.status_code == 409
    assert stale.json()["code"] == "stale_revision"
    assert stale.json()["params"] == {"current": 1}
    assert Review.objects.get().findings_text == "clear 清晰"


def test_undo_takes_a_verdict_back(room: Room):
    save(room.lin_client, room.first, room.reading())
    save(room.lin_client, room.first, room.reading(revision=1, decisions=[]))
    assert review_of(room.lin_client, room.first)["draft"]["decisions"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"decisions": [{"finding": "dragon", "verdict": "accepted"}]}, "unknown_finding"),
        ({"decisions": [{"finding": "nodule", "verdict": "accepted"}] * 2}, "unknown_finding"),
        ({"decisions": [{"finding": "nodule", "verdict": "maybe"}]}, "invalid"),
        ({"case_prediction_id": str(uuid.uuid4())}, "unknown_prediction"),
        ({"revision": -1}, "invalid"),
        ({"findings_text": "x" * 20_001}, "invalid"),
    ],
)
def test_bad_reading_is_refused_with_a_reason_and_nothing_is_stored(room: Room, changes, code):
    for send in (save, sign):
        response = send(room.lin_client, room.first, room.reading(**changes))
        assert response.status_code == 400
        assert response.json()["code"] == code
        assert response.json()["fields"]
    assert not Review.objects.exists()
    assert not ReviewDecision.objects.exists()


def test_prediction_of_another_case_is_refused(room: Room):
    body = room.reading(case_prediction_id=str(room.other_answer.pk))
    assert save(room.lin_client, room.first, body).json()["code"] == "unknown_prediction"


def test_signature_fixes_version_time_content_and_leaves_an_audit_row(room: Room):
    answer = sign(room.lin_client, room.first, room.reading()).json()
    review = Review.objects.get()
    assert answer["version"] == review.version == 1
    assert answer["next_case_id"] == str(room.second.pk)
    assert review.state == "signed"
    assert review.ai_visible
    assert review.case_prediction == room.answer
    assert review.content_sha256 == content_sha256(review, version=1)
    event = AuditEvent.objects.get(action="review.signed")
    assert event.actor == room.lin
    assert event.detail["content_sha256"] == review.content_sha256
    assert "clear" not in str(event.detail)
    payload = review_of(room.smith_client, room.first)
    assert payload["status"] == "signed"
    assert [name for name, may in payload["permissions"].items() if may] == [
        *("can_write_addendum", "can_sign_second"),
    ]
    assert payload["reviews"][0]["reader"] == "林"


def test_content_hash_changes_with_every_part_of_the_content(room: Room):
    sign(room.lin_client, room.first, room.reading())
    review = Review.objects.get()
    original = content_sha256(review, version=1)
    assert content_sha256(review, version=2) != original
    review.findings_text += "."
    assert content_sha256(review, version=1) != original


def test_signed_review_can_neither_be_saved_nor_signed_again(room: Room):
    sign(room.lin_client, room.first, room.reading())
    for send in (save, sign):
        for client in (room.lin_client, room.smith_client):
            again = send(client, room.first, room.reading(revision=1, findings_text="changed"))
            assert again.status_code == 409
            assert again.json()["code"] == "already_signed"
    assert Review.objects.get().findings_text == "clear 清晰"


def test_replayed_signature_has_one_effect_and_the_same_answer(room: Room, release):
    first = sign(room.lin_client, room.first, room.reading(), key="once")
    second = sign(room.lin_client, room.first, room.reading(), key="once")
    assert first.json() == second.json()
    assert second.status_code == 200
    assert Review.objects.count() == 1
    release()
    assert QueueEntry.objects.count() == 1
    assert AuditEvent.objects.filter(action="review.signed").count() == 1


def test_key_of_another_request_or_no_key_is_refused(room: Room):
    sign(room.lin_client, room.first, room.reading(), key="once")
    body = room.reading(case_prediction_id=str(room.other_answer.pk))
    reused = sign(room.lin_client, room.second, body, key="once")
    assert reused.status_code == 400
    assert reused.json()["code"] == "idempotency_key_reused"
    assert sign(room.lin_client, room.second, body, key="").json()["code"] == (
        "idempotency_key_missing"
    )
    assert Review.objects.count() == 1


def test_rejecting_what_the_model_calls_present_is_a_correction(room: Room, release):
    sign(room.lin_client, room.first, room.reading())
    release()
    entry = QueueEntry.objects.get()
    assert (entry.kind, entry.label) == ("correction", False)
    assert (entry.ai_probability, entry.ai_threshold) == (0.9, 0.5)
    assert entry.ai_visible
    assert entry.reader == room.lin
    assert entry.model_version == room.answer.model_version


def test_accepting_what_the_model_calls_absent_is_a_correction(room: Room, release):
    accepted = [{"finding": "pneumonia", "verdict": "accepted"}]
    body = room.reading(decisions=accepted, case_prediction_id=str(room.other_answer.pk))
    sign(room.lin_client, room.second, body)
    release()
    entry = QueueEntry.objects.get()
    assert (entry.kind, entry.label) == ("correction", True)


def test_correction_is_judged_by_the_answer_on_the_screen_not_by_a_newer_one(room: Room, release):
    shown = CasePredictionFactory(case=room.first, probabilities={"pneumonia": 0.2})
    sign(room.lin_client, room.first, room.reading(case_prediction_id=str(shown.pk)))
    release()
    assert QueueEntry.objects.get().kind == "confirmation"
    assert Review.objects.get().case_prediction == shown


def test_reading_without_ai_on_the_screen_says_so(room: Room, release):
    sign(room.lin_client, room.first, room.reading(case_prediction_id=None))
    release()
    review = Review.objects.get()
    assert review.ai_visible is False
    assert QueueEntry.objects.get().ai_visible is False


def test_admin_who_is_no_radiologist_cannot_sign(room: Room):
    assert sign(room.admin_client, room.first, room.reading()).status_code == 404
    assert not Review.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
def test_two_radiologists_signing_at_once_leave_one_signature(room: Room, release):
    def at_once(client):
        try:
            return sign(client, room.first, room.reading()).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(at_once, [room.lin_client, room.smith_client]))
    assert statuses == [200, 409]
    assert Review.objects.filter(state="signed").count() == 1
    release()
    assert QueueEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
def test_double_click_signs_once_and_both_get_the_answer(room: Room):
    def click(_):
        try:
            return sign(room.lin_client, room.first, room.reading(), key="double")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(click, range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert Review.objects.count() == 1
