"""Who has a case open: the others see it, a signature waits for it, and nobody waits for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.cases.models import AuditEvent
from apps.feedback.review.models import CaseClaim, Review
from tests.feedback.acts import claim, claim_end, payload, refused, save, sign, worklist
from tests.feedback.conftest import Room


def lapse(room: Room) -> None:
    """A laptop was closed: the claim of the first case is a second over its time."""
    over = timezone.now() - timedelta(seconds=1)
    assert CaseClaim.objects.filter(case=room.first).update(lease_until=over)


def test_a_claim_is_shown_to_the_others_and_to_oneself(room: Room):
    mine = claim(room.lin_client, room.first).json()
    assert (mine["reader"], mine["is_own"]) == ("林", True)
    theirs = claim(room.smith_client, room.first).json()
    assert (theirs["reader"], theirs["is_own"]) == ("林", False)
    assert payload(room.smith_client, room.first)["claim"]["reader"] == "林"
    assert worklist(room.smith_client, room.first)["rows"][0]["claimed_by"] == "林"
    assert payload(room.smith_client, room.second)["claim"] is None


def test_renewing_keeps_since_when(room: Room):
    first = claim(room.lin_client, room.first).json()
    lease = CaseClaim.objects.get().lease_until
    assert claim(room.lin_client, room.first).json() == first
    assert CaseClaim.objects.get().lease_until > lease


def test_a_live_claim_of_a_colleague_blocks_the_signature_and_names_them(room: Room):
    claim(room.lin_client, room.first)
    answer = sign(room.smith_client, room.first, room.reading())
    assert refused(answer, 409) == "claimed_by_other"
    assert answer.json()["params"] == {"reader": "林"}
    assert "林" in answer.json()["message"]
    assert not Review.objects.exists()
    assert save(room.smith_client, room.first, room.reading()).status_code == 200  # a draft is free
    assert sign(room.lin_client, room.first, room.reading()).status_code == 200


def test_a_take_over_is_audited_and_turns_the_block_round(room: Room):
    claim(room.lin_client, room.first)
    assert claim(room.smith_client, room.first, take_over=True).json()["is_own"]
    (event,) = AuditEvent.objects.filter(action="case.taken_over")
    assert event.actor == room.smith
    assert event.detail["from_user_id"] == str(room.lin.pk)
    answer = sign(room.lin_client, room.first, room.reading())
    assert refused(answer, 409) == "claimed_by_other"
    assert sign(room.smith_client, room.first, room.reading()).status_code == 200


def test_taking_over_what_nobody_else_holds_is_no_take_over(room: Room):
    for _ in range(2):
        assert claim(room.lin_client, room.first, take_over=True).json()["is_own"]
    lapse(room)
    assert claim(room.smith_client, room.first, take_over=True).json()["is_own"]
    assert not AuditEvent.objects.filter(action="case.taken_over").exists()


def test_a_lapsed_claim_frees_the_case(room: Room):
    claim(room.lin_client, room.first)
    lapse(room)
    assert payload(room.smith_client, room.first)["claim"] is None
    assert worklist(room.smith_client, room.first)["rows"][0]["claimed_by"] == ""
    since = CaseClaim.objects.get().claimed_at
    assert claim(room.smith_client, room.first).json()["is_own"]
    assert CaseClaim.objects.get().claimed_at > since
    assert sign(room.smith_client, room.first, room.reading()).status_code == 200


def test_letting_go_frees_the_case_at_once_and_only_ones_own(room: Room):
    claim(room.lin_client, room.first)
    assert claim_end(room.smith_client, room.first).status_code == 204
    assert payload(room.smith_client, room.first)["claim"]["reader"] == "林"
    assert claim_end(room.lin_client, room.first).status_code == 204
    assert payload(room.smith_client, room.first)["claim"] is None
    assert claim(room.smith_client, room.first).json()["is_own"]


def test_a_signature_lets_the_case_go(room: Room):
    claim(room.lin_client, room.first)
    sign(room.lin_client, room.first, room.reading())
    assert payload(room.smith_client, room.first)["claim"] is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
@pytest.mark.parametrize("take_over", [False, True])
def test_two_at_once_leave_one(room: Room, as_role, take_over):
    """Of a free case; or of a third person's, which both take over."""
    if take_over:
        claim(as_role("radiologist", room.project), room.first)

    def at_once(client):
        try:
            return claim(client, room.first, take_over=take_over).json()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(at_once, [room.lin_client, room.smith_client]))
    standing = CaseClaim.objects.get().reader
    assert standing in (room.lin, room.smith)
    taken_over = AuditEvent.objects.filter(action="case.taken_over").count()
    if take_over:
        # whoever came second took it from the first, or was too late by a moment
        assert taken_over == sum(answer["is_own"] for answer in answers)
        assert taken_over in (1, 2)
    else:
        assert sorted(answer["is_own"] for answer in answers) == [False, True]
        assert {answer["reader"] for answer in answers} == {standing.display_name}
