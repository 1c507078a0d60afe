"""Versions of a review: taken back within the minute, followed by addenda, none ever lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from apps.cases.models import AuditEvent, Case
from apps.feedback import services
from apps.feedback.learning.models import QueueEntry
from apps.feedback.review.models import Review, ReviewDecision, RoiRevision, Withdrawal
from apps.feedback.review.services import signing
from tests.factories import CasePredictionFactory, DeploymentFactory, SignedReviewFactory
from tests.feedback.acts import addendum, payload, refused, said, save, sign, withdraw
from tests.feedback.conftest import Room

MINUTE_OVER = 0


def content(facts: dict) -> dict:
    """What a version or a draft says, without when, whose and which."""
    names = (
        *("findings_text", "impression_text", "is_critical", "critical_note"),
        *("decisions", "rois"),
    )
    return {name: facts[name] for name in names}


def whole_reading(room: Room, **changes: object) -> dict[str, object]:
    """A reading with every part: verdicts, texts, critical flag, a region."""
    instance = room.first.instances.get()
    region = {
        "roi_id": "7e3e1ea2-6f5e-4b8e-9f65-0c5d5f9a3f10",
        "finding": "nodule",
        "sop_instance_uid": instance.sop_instance_uid,
        "frame_number": 1,
        "kind": "ellipse",
        "vertices": [[0, 0], [2, 0], [2, 1.5]],
    }
    return room.reading(
        decisions=said("pneumonia rejected", "nodule accepted"),
        findings_text="nodule 结节",
        impression_text="follow up",
        is_critical=True,
        critical_note="ward called",
        rois=[region],
    ) | dict(changes)


def signed(client: Client, case: Case, body: dict[str, object]) -> Review:
    response = sign(client, case, body)
    assert response.status_code == 200, response.json()
    return Review.objects.get(pk=response.json()["review_id"])


# --- within the minute ---------------------------------------------------------------------------


def test_withdrawal_gives_the_content_back_as_the_readers_draft(room: Room):
    review = signed(room.lin_client, room.first, whole_reading(room))
    before = payload(room.lin_client, room.first)["reviews"][0]
    assert 0 < before["withdrawable_s"] <= 60
    assert withdraw(room.lin_client, review, "wrong side").status_code == 200
    after = payload(room.lin_client, room.first)
    explicit = said("pneumonia rejected", "nodule accepted")
    assert content(after["draft"]) == content(before) | {"decisions": explicit}
    assert after["draft"]["revision"] == 0
    assert after["status"] == "draft"
    assert after["permissions"]["can_review"]
    (kept,) = after["reviews"]
    assert (kept["state"], kept["withdrawal_reason"]) == ("withdrawn", "wrong side")
    assert content(kept) == content(before)
    assert AuditEvent.objects.get(action="review.withdrawn").actor == room.lin
    assert payload(room.smith_client, room.first)["draft"] is None


def test_what_was_withdrawn_is_signed_again_under_the_next_number(room: Room, release):
    first = signed(room.lin_client, room.first, whole_reading(room))
    withdraw(room.lin_client, first)
    second = signed(room.lin_client, room.first, whole_reading(room, findings_text="better"))
    assert (first.version, second.version) == (1, 2)
    assert second.addendum_to is None
    versions = payload(room.smith_client, room.first)["reviews"]
    assert [(each["version"], each["state"]) for each in versions] == [
        (1, "withdrawn"),
        (2, "signed"),
    ]
    release()
    assert {row.decision.review for row in QueueEntry.objects.all()} == {second}


def test_a_colleague_signs_what_was_withdrawn(room: Room):
    withdraw(room.lin_client, signed(room.lin_client, room.first, room.reading()))
    assert signed(room.smith_client, room.first, room.reading()).version == 2
    stale = save(room.lin_client, room.first, room.reading())
    assert refused(stale, 409) == "already_signed"
    assert stale.json()["params"] == {"reader": room.smith.display_name, "version": 2}


def test_after_the_minute_nothing_is_taken_back_and_nothing_changes(room: Room, settings):
    review = signed(room.lin_client, room.first, whole_reading(room))
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    before = payload(room.lin_client, room.first)
    assert refused(withdraw(room.lin_client, review), 409) == "not_withdrawable"
    assert payload(room.lin_client, room.first) == before
    assert not Withdrawal.objects.exists()
    assert before["reviews"][0]["withdrawable_s"] == 0


def test_nothing_is_taken_back_twice(room: Room):
    review = signed(room.lin_client, room.first, room.reading())
    assert withdraw(room.lin_client, review).status_code == 200
    assert refused(withdraw(room.lin_client, review), 409) == "not_withdrawable"
    assert Withdrawal.objects.count() == Review.objects.filter(state="draft").count() == 1


def test_nobody_takes_a_colleagues_signature_back(room: Room):
    review = signed(room.lin_client, room.first, room.reading())
    assert refused(withdraw(room.smith_client, review), 409) == "not_own_review"
    assert Review.objects.get().state == "signed"
    assert payload(room.smith_client, room.first)["reviews"][0]["withdrawable_s"] == 0


def test_a_review_of_another_case_is_not_found(room: Room):
    review = signed(room.lin_client, room.first, room.reading())
    path = f"/api/cases/{room.second.pk}/reviews/{review.pk}/withdraw"
    answer = room.lin_client.post(path, {}, content_type="application/json")
    assert refused(answer, 404) == "not_found"
    assert Review.objects.get().state == "signed"


def test_within_the_minute_nothing_counts(room: Room, release):
    signed(room.lin_client, room.first, room.reading())
    assert services.reviews_release() == 0
    assert not QueueEntry.objects.exists()
    assert payload(room.lin_client, room.first)["reviews"][0]["is_released"] is False
    assert release() == 1
    assert QueueEntry.objects.count() == 1
    assert payload(room.lin_client, room.first)["reviews"][0]["is_released"] is True
    assert release() == 0
    assert QueueEntry.objects.count() == 1
    assert AuditEvent.objects.filter(action="review.released").count() == 1


def test_what_was_withdrawn_never_counts(room: Room, release):
    withdraw(room.lin_client, signed(room.lin_client, room.first, room.reading()))
    assert release() == 0
    assert not QueueEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
@pytest.mark.parametrize("attempt", range(4))
def test_withdrawal_and_release_at_the_same_moment_exclude_each_other(
    room: Room, monkeypatch, attempt
):
    """Both find the review in time: the clock's edge, made wide."""
    due = Review.objects.filter(state="signed", released_at__isnull=True, signed_at__lte=Now())
    monkeypatch.setattr(signing, "due_for_release", due.all)
    monkeypatch.setattr(services, "due_for_release", due.all)
    review = signed(room.lin_client, room.first, room.reading())

    def withdrawn() -> bool:
        try:
            return withdraw(room.lin_client, review).status_code == 200
        finally:
            connection.close()

    def released() -> bool:
        try:
            return services.reviews_release() == 1
        finally:
            connection.close()

    acts = [withdrawn, released] if attempt % 2 else [released, withdrawn]
    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(lambda act: act(), acts))
    assert sorted(won) == [False, True]
    review.refresh_from_db()
    is_withdrawn = review.state == "withdrawn"
    assert is_withdrawn == (review.released_at is None) == Withdrawal.objects.exists()
    assert QueueEntry.objects.count() == (0 if is_withdrawn else 1)


# --- after the minute ----------------------------------------------------------------------------


def test_nothing_stands_on_a_signature_that_may_still_be_withdrawn(room: Room, settings):
    signed(room.lin_client, room.first, room.reading())
    for client in (room.lin_client, room.smith_client):
        answer = addendum(client, room.first)
        assert refused(answer, 409) == "may_be_withdrawn"
        assert 0 < answer.json()["params"]["seconds"] <= 60
    assert Review.objects.count() == 1
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    assert addendum(room.smith_client, room.first).status_code == 200


def test_an_addendum_of_an_unsigned_case_is_refused(room: Room):
    save(room.lin_client, room.first, room.reading())
    assert refused(addendum(room.lin_client, room.first), 409) == "nothing_signed"
    assert Review.objects.count() == 1


def test_an_addendum_needs_a_reason(room: Room, settings):
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    signed(room.lin_client, room.first, room.reading())
    assert refused(addendum(room.lin_client, room.first, reason=" "), 400) == "invalid"
    assert Review.objects.count() == 1


def test_a_chain_of_three_versions_keeps_every_word(room: Room, settings, release):
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    signed(room.lin_client, room.first, whole_reading(room))
    said_first = content(payload(room.lin_client, room.first)["reviews"][0])
    for client, text in ((room.smith_client, "second"), (room.lin_client, "third")):
        assert addendum(client, room.first, f"because of the {text}").status_code == 200
        draft = payload(client, room.first)["draft"]
        assert draft["addendum_reason"] == f"because of the {text}"
        signed(client, room.first, whole_reading(room, findings_text=text, rois=[]))
    versions = payload(room.smith_client, room.first)["reviews"]
    assert [each["version"] for each in versions] == [1, 2, 3]
    assert [each["addendum_to_version"] for each in versions] == [None, 1, 2]
    assert [each["reader"] for each in versions] == ["林", room.smith.display_name, "林"]
    assert [each["findings_text"] for each in versions] == ["nodule 结节", "second", "third"]
    assert [len(each["rois"]) for each in versions] == [1, 0, 0]
    assert content(versions[0]) == said_first
    assert release() == 3


def test_an_addendum_begins_with_what_was_said_not_with_what_was_implied(room: Room, settings):
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    body = whole_reading(room, decisions=said("nodule accepted"))
    signed(room.lin_client, room.first, body)
    addendum(room.smith_client, room.first)
    draft = payload(room.smith_client, room.first)["draft"]
    assert draft["decisions"] == said("nodule accepted")
    assert [each["vertices"] for each in draft["rois"]] == [[[0, 0], [2, 0], [2, 1.5]]]
    assert draft["addendum_to_version"] == 1


def test_opening_an_addendum_twice_keeps_what_was_written_in_it(room: Room, settings):
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    signed(room.lin_client, room.first, room.reading())
    addendum(room.smith_client, room.first)
    save(room.smith_client, room.first, room.reading(findings_text="half written"))
    assert addendum(room.smith_client, room.first, "again").json()["revision"] == 1
    draft = payload(room.smith_client, room.first)["draft"]
    assert (draft["findings_text"], draft["addendum_reason"]) == ("half written", "measured again")
    assert AuditEvent.objects.filter(action="review.addendum_opened").count() == 1


def test_a_colleagues_stale_draft_can_become_an_addendum(room: Room, settings):
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    save(room.smith_client, room.first, room.reading(findings_text="I was slower"))
    signed(room.lin_client, room.first, room.reading())
    late = room.reading(revision=1, findings_text="I was slower")
    assert refused(sign(room.smith_client, room.first, late), 409) == "already_signed"
    before = payload(room.smith_client, room.first)
    assert before["draft"]["findings_text"] == "I was slower"
    assert not before["permissions"]["can_review"]
    assert before["permissions"]["can_write_addendum"]
    addendum(room.smith_client, room.first, "another opinion")
    after = payload(room.smith_client, room.first)
    assert after["draft"]["findings_text"] == "I was slower"
    assert after["permissions"]["can_review"]
    assert signed(room.smith_client, room.first, late).addendum_to.reader == room.lin


def test_of_two_addenda_to_one_version_the_slower_stands_on_the_faster(room: Room, settings):
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    signed(room.lin_client, room.first, room.reading())
    for client in (room.lin_client, room.smith_client):
        addendum(client, room.first)
    signed(room.smith_client, room.first, room.reading(findings_text="faster"))
    slower = room.reading(findings_text="slower")
    assert refused(sign(room.lin_client, room.first, slower), 409) == "already_signed"
    addendum(room.lin_client, room.first)
    assert signed(room.lin_client, room.first, slower).addendum_to.version == 2
    texts = [each["findings_text"] for each in payload(room.lin_client, room.first)["reviews"]]
    assert texts == ["clear 清晰", "faster", "slower"]


def test_a_draft_whose_ground_was_withdrawn_stands_on_its_own(room: Room, settings):
    """Withdrawn in the moment in which the addendum was opened: it is no dead end."""
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    review = signed(room.lin_client, room.first, room.reading())
    addendum(room.smith_client, room.first)
    Review.objects.filter(pk=review.pk).update(state="withdrawn")
    assert save(room.smith_client, room.first, room.reading()).status_code == 200
    draft = payload(room.smith_client, room.first)["draft"]
    assert (draft["addendum_to_version"], draft["addendum_reason"]) == (None, "")
    again = signed(room.smith_client, room.first, room.reading(revision=1))
    assert (again.version, again.addendum_to) == (2, None)


def test_an_addendum_keeps_the_answer_of_the_model_that_was_on_the_screen(room: Room, settings):
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    signed(room.lin_client, room.first, room.reading())
    newer = DeploymentFactory(project=room.project, sequence=2).model_version
    champion = CasePredictionFactory(case=room.first, model_version=newer)
    addendum(room.lin_client, room.first)
    shown = payload(room.lin_client, room.first)
    assert shown["ai"]["case_prediction_id"] == str(room.answer.pk)
    assert shown["newer_ai"]["case_prediction_id"] == str(champion.pk)


def test_a_colleague_who_signs_between_check_and_signature_is_seen(room: Room, monkeypatch):
    """On PostgreSQL a colleague commits in the middle; here the middle is made to hold it."""
    fill = signing._fill_unsaid

    def fill_slowly(review: Review) -> None:
        fill(review)
        SignedReviewFactory(case=review.case, reader=room.smith)

    monkeypatch.setattr(signing, "_fill_unsaid", fill_slowly)
    answer = sign(room.lin_client, room.first, room.reading())
    assert refused(answer, 409) == "already_signed"
    assert answer.json()["params"]["reader"] == room.smith.display_name
    assert not ReviewDecision.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
def test_two_addenda_signed_at_once_leave_one(room: Room, settings):
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    signed(room.lin_client, room.first, whole_reading(room))
    clients = [room.lin_client, room.smith_client]
    for client in clients:
        assert addendum(client, room.first).status_code == 200

    def at_once(client: Client) -> int:
        try:
            return sign(client, room.first, whole_reading(room)).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(at_once, clients)) == [200, 409]
    states = Review.objects.values_list("version", "state")
    assert set(states) == {(1, "signed"), (2, "signed"), (None, "draft")}
    # the loser's draft is whole, and nothing of the refused signature is left
    assert RoiRevision.objects.filter(review__state="draft").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
def test_an_addendum_opened_twice_at_once_is_one_draft(room: Room, settings):
    settings.WITHDRAWAL_WINDOW_S = MINUTE_OVER
    signed(room.lin_client, room.first, whole_reading(room))

    def open_it(_: int) -> int:
        try:
            return addendum(room.smith_client, room.first).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(open_it, range(2))) == [200, 200]
    draft = Review.objects.get(state="draft")
    assert draft.decisions.count() == 2
    assert draft.roi_revisions.count() == 1
