"""Bugs that are planted one at a time: whatever looks for bugs must find each of them."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

from django.db.models import F
from django.utils import timezone

from apps.cases.services import audit
from apps.feedback.compute.comparison import CaseComparison, compare
from apps.feedback.labeling import access
from apps.feedback.labeling.models.rounds import (
    Arbitration,
    Read,
    ReadLock,
    RoundCase,
    RoundMember,
)
from apps.feedback.labeling.services import offers, reads, settling

LABELING = "apps.feedback.labeling"
Mutant = Callable[[], contextlib.AbstractContextManager[Any]]


def _cases(_user: Any, cases: Any) -> Any:
    return cases


@contextlib.contextmanager
def readers_arbitrate_their_own_cases() -> Iterator[None]:
    """Nothing holds a reader to the case, and the arbitrator's queue does not ask."""
    create = Read.objects.create

    def unburned(**facts: Any) -> Read:
        return create(**facts, is_burned=False)

    with (
        mock.patch.object(Read.objects, "create", unburned),
        mock.patch.object(offers, "offerable_to", _cases),
    ):
        yield


@contextlib.contextmanager
def an_arbitrator_peeks() -> Iterator[None]:
    """The reads are shown to whoever has the seat, locked or not."""

    def any_seat(user: Any, arbitration_id: Any) -> Arbitration:
        return Arbitration.objects.get(pk=arbitration_id, arbitrator=user)

    def shown(user: Any, _roles: Any, kwargs: Any) -> bool:
        return Arbitration.objects.filter(pk=kwargs["arbitration_id"], arbitrator=user).exists()

    with (
        mock.patch.dict("apps.feedback.access.RELATIONS", {"arbitration": shown}),
        mock.patch.dict("config.middleware.RELATIONS", {"arbitration": shown}),
        mock.patch(f"{LABELING}.api.arbitrations.own_seat", any_seat),
        mock.patch(f"{LABELING}.api.arbitrations.arbitration_payload", return_value={}),
    ):
        yield


@contextlib.contextmanager
def an_arbitrator_skips_the_own_read() -> Iterator[None]:
    """A seat is revealed as it is taken."""
    seat_of = offers._seat_of

    def revealed(member: Any, rules: Any, round_case: Any) -> Any:
        offer = seat_of(member, rules, round_case)
        if offer is not None:
            Arbitration.objects.filter(pk=offer.arbitration_id).update(
                state="revealed", revealed_at=timezone.now()
            )
        return offer

    with mock.patch.object(offers, "_seat_of", revealed):
        yield


@contextlib.contextmanager
def a_slot_comes_back_twice() -> Iterator[None]:
    """Who leaves a case gives two slots back."""
    end = offers.read_end

    def twice(read: Read, **options: Any) -> bool:
        ended = end(read, **options)
        if ended:
            RoundCase.objects.filter(pk=read.round_case_id, open_slots__lt=F("readers")).update(
                open_slots=F("open_slots") + 1
            )
        return ended

    with mock.patch.object(reads, "read_end", twice), mock.patch.object(offers, "read_end", twice):
        yield


@contextlib.contextmanager
def a_slot_is_lost() -> Iterator[None]:
    """An expired read keeps its slot."""
    end = offers.read_end

    def lost(read: Read, *, to: str, **options: Any) -> bool:
        before = RoundCase.objects.get(pk=read.round_case_id).open_slots
        ended = end(read, to=to, **options)
        if to == "expired":
            RoundCase.objects.filter(pk=read.round_case_id).update(open_slots=before)
        return ended

    with mock.patch.object(offers, "read_end", lost):
        yield


@contextlib.contextmanager
def a_withdrawn_member_still_sees() -> Iterator[None]:
    """Who was taken out of the round still reaches it."""

    def rounds_of(user: Any) -> Any:
        return RoundMember.objects.filter(user=user)

    def reads_visible_to(user: Any) -> Any:
        return Read.objects.filter(reader=user)

    with (
        mock.patch.object(access, "rounds_of", rounds_of),
        mock.patch.object(access, "reads_visible_to", reads_visible_to),
        mock.patch(f"{LABELING}.selectors.reads.reads_visible_to", reads_visible_to),
    ):
        yield


@contextlib.contextmanager
def locks_are_final_at_once() -> Iterator[None]:
    """The comparison does not wait for the time to take a lock back."""
    with mock.patch.object(settling, "_window_start", timezone.now):
        yield


@contextlib.contextmanager
def a_second_read_counts() -> Iterator[None]:
    """A hidden second read is compared like any other."""

    def as_primary(round_case_id: Any) -> bool:
        RoundCase.objects.filter(pk=round_case_id, purpose="reread").update(purpose="gold")
        return case_compare(round_case_id)

    case_compare = settling.case_compare
    with mock.patch.object(settling, "case_compare", as_primary):
        yield


@contextlib.contextmanager
def a_second_read_comes_at_once() -> Iterator[None]:
    """There is no wash-out."""
    draw = settling._reread_draw

    def at_once(read: Read) -> None:
        draw(read)
        RoundCase.objects.filter(rereads=read.round_case_id).update(not_before=timezone.now())

    with mock.patch.object(settling, "_reread_draw", at_once):
        yield


@contextlib.contextmanager
def the_newest_policy_judges() -> Iterator[None]:
    """A case is judged by whatever policy is in force when it is compared."""

    def newest(locks: list[ReadLock]) -> Any:
        return offers.policy_in_force(locks[0].read.round_case.round)

    with mock.patch.object(settling, "_policy_of_last", newest):
        yield


@contextlib.contextmanager
def the_first_policy_judges() -> Iterator[None]:
    """A case is judged by the policy of its first lock."""

    def first(locks: list[ReadLock]) -> Any:
        return min(locks, key=lambda lock: lock.created_at).policy

    with mock.patch.object(settling, "_policy_of_last", first):
        yield


@contextlib.contextmanager
def who_knows_is_offered() -> Iterator[None]:
    """The ledger of exposures is not asked when a case is offered."""
    with mock.patch.object(access, "unexposed_for", _cases):
        yield


@contextlib.contextmanager
def who_knows_locks() -> Iterator[None]:
    """The ledger of exposures is not asked when a read is locked."""
    with mock.patch.object(reads, "is_exposed", return_value=False):
        yield


@contextlib.contextmanager
def a_lock_is_not_written_down() -> Iterator[None]:
    """The audit is forgotten where a read is locked."""

    def forgetful(**facts: Any) -> Any:
        return None if facts["action"] == "read.locked" else audit.audit_record(**facts)

    with mock.patch.object(reads, "audit_record", forgetful):
        yield


@contextlib.contextmanager
def nobody_is_called_to_arbitrate() -> Iterator[None]:
    """Reads that differ are sealed as if they agreed."""

    def agreeable(*args: Any) -> CaseComparison:
        return replace(compare(*args), needs_arbitration=False)

    with mock.patch.object(settling, "compare", agreeable):
        yield


@contextlib.contextmanager
def a_panel_needs_two_of_three() -> Iterator[None]:
    """A case is sealed before the last seat has decided."""

    def to_decide() -> list[Any]:
        decided = Arbitration.objects.filter(state="decided", round_case__state="arbitration")
        return list(decided.values_list("round_case", flat=True).distinct())

    with mock.patch.object(settling, "_to_decide", to_decide):
        yield


@contextlib.contextmanager
def the_readers_are_not_all_shown() -> Iterator[None]:
    """The arbitrator sees one reader only."""
    shuffle = "apps.feedback.labeling.services.arbitration.random.SystemRandom"

    class Short:
        def shuffle(self, order: list[str]) -> None:
            del order[1:]

    with mock.patch(shuffle, Short):
        yield


WORKFLOW: dict[str, Mutant] = {
    each.__name__: each
    for each in (
        readers_arbitrate_their_own_cases,
        an_arbitrator_peeks,
        an_arbitrator_skips_the_own_read,
        a_slot_comes_back_twice,
        a_slot_is_lost,
        a_withdrawn_member_still_sees,
        locks_are_final_at_once,
        a_second_read_counts,
        a_second_read_comes_at_once,
        the_newest_policy_judges,
        the_first_policy_judges,
        who_knows_is_offered,
        who_knows_locks,
        a_lock_is_not_written_down,
        nobody_is_called_to_arbitrate,
        a_panel_needs_two_of_three,
        the_readers_are_not_all_shown,
    )
}
