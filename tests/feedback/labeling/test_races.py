"""Many at once: no case is read too often, nothing is lost, every comparison is made once (I5)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from apps.feedback.labeling.models.rounds import (
    Arbitration,
    Comparison,
    Read,
    ReadLock,
    RoundCase,
)
from apps.feedback.labeling.models.verdicts import Consensus
from apps.feedback.services import rounds_settle
from tests.feedback.labeling.room import Person, Room, make_room, said

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(act: Callable[[Any], Any], each: Iterable[Any], *, threads: int) -> list[Any]:
    def done(one: Any) -> Any:
        try:
            return act(one)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(done, each))


def read_all(person: Person) -> int:
    """Read whatever comes, as fast as it comes; how many."""
    answer = said("present" if person.user.pk.int % 3 == 0 else "absent")
    for count in range(1000):
        offer = person.next()
        if offer["read_id"] is None:
            return count
        read = person.open(offer["read_id"])
        response = person.lock(read, answer)
        assert response.status_code == 200, response.content
    raise AssertionError("the round has no end")


def everybody_reads(room: Room, *, threads: int) -> None:
    n = RoundCase.objects.values_list("readers", flat=True)[0]
    cases = len(room.cases)
    read = at_once(read_all, room.annotators, threads=threads)
    assert sum(read) == cases * n
    per_case = Counter(Read.objects.filter(state="locked").values_list("round_case", flat=True))
    assert set(per_case.values()) == {n}
    assert len(per_case) == cases
    slots = Read.objects.values_list("round_case", "slot")
    assert len(set(slots)) == len(slots) == cases * n
    assert ReadLock.objects.count() == cases * n
    assert set(RoundCase.objects.values_list("open_slots", "unfinal")) == {(0, n)}


def everything_settles(cases: int) -> None:
    for _ in range(20):
        if not any(at_once(lambda _: rounds_settle(), range(3), threads=3)):
            break
    assert Comparison.objects.count() == cases
    said_of = defaultdict(set)
    for lock in ReadLock.objects.select_related("read"):
        said_of[lock.read.case_id].add(lock.content_sha256)
    called = sum(len(said) > 1 for said in said_of.values())
    assert Comparison.objects.filter(needs_arbitration=True).count() == called
    assert Consensus.objects.count() == cases - called
    assert Arbitration.objects.count() == called


@pytest.mark.full
def test_fifty_readers_at_once(log_in, settings):
    if connection.vendor != "postgresql":
        pytest.skip("the full tier runs on PostgreSQL: make test")
    settings.TAKE_BACK_WINDOW_S = 0
    room = make_room(log_in, cases=60, annotators=50)
    everybody_reads(room, threads=50)
    everything_settles(60)


def test_a_few_readers_at_once(log_in, settings):
    settings.TAKE_BACK_WINDOW_S = 0
    room = make_room(log_in, cases=8, annotators=6)
    everybody_reads(room, threads=6)
    everything_settles(8)


def test_two_arbitrators_at_once_take_one_seat(log_in, settings):
    settings.TAKE_BACK_WINDOW_S = 0
    room = make_room(log_in, arbitrators=2)
    for person, value in zip(room.annotators, ("present", "absent"), strict=True):
        person.read_next(said(value))
    while rounds_settle():
        pass
    offers = at_once(lambda person: person.next(), room.arbitrators, threads=2)
    assert sorted(offer["reason"] for offer in offers) == ["", "nothing_now"]
    assert Read.objects.filter(kind="arbitrator").count() == 1


def test_a_lock_that_is_sent_twice_at_once_is_one_lock(log_in):
    room = make_room(log_in)
    person = room.annotators[0]
    read = person.take()
    answers = at_once(lambda _: person.lock(read, said(), key="one"), range(2), threads=2)
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert ReadLock.objects.count() == 1
