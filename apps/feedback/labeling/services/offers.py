"""What does a reader get next, and how does a slot come back? The queue of a round.

Each draw is a place on a circle, from the round's seed, the person and how often they were offered
something: a personal random order that no answer of anybody can move. A slot is taken by one
conditional UPDATE; that a case is offered at all is a permitted disclosure (labeling.md, I1, I5).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from apps.cases.models import Assignment, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict
from apps.feedback.compute.pseudonyms import case_pseudonym, drawn_share
from apps.feedback.compute.round_policy import RoundRules, read_rules
from apps.feedback.labeling.access import offerable_to, unexposed_for
from apps.feedback.labeling.models.rounds import (
    Arbitration,
    GoldAnswer,
    Read,
    ReadingRound,
    RoundCase,
    RoundMember,
    RoundPolicy,
)
from apps.feedback.states import ARBITRATION, READ, sources

LIVE: Final = (Read.State.OFFERED, Read.State.OPENED, Read.State.DRAFT)
LOCKED: Final = (Read.State.LOCKED, Read.State.FINAL)
# A re-read that is due comes as often as this among new cases, so that its place says nothing.
DUE_REREAD_SHARE: Final = 0.2
# Others may take a candidate between our look and our UPDATE.
CANDIDATES: Final = 8


@dataclass(frozen=True)
class Offer:
    """What comes next; `reason` says why nothing does.

    `read` is live: it may be opened. `rules` are those that it was offered by.
    """

    read_id: UUID | None = None
    arbitration_id: UUID | None = None
    reason: str = ""
    read: Read | None = None
    rules: RoundRules | None = None


def policy_in_force(reading_round: ReadingRound) -> RoundPolicy:
    """Give the newest version of a round's rules.

    Raises
    ------
    Conflict : the round has none yet
    """
    policy: RoundPolicy | None = (
        RoundPolicy.objects.filter(round=reading_round).order_by("-version").first()
    )
    if policy is None:
        raise Conflict("The round has no policy yet.", code="no_round_policy")
    return policy


def next_offer(member: RoundMember, *, ahead: bool = False) -> Offer:
    """Give the live read of a member, with `ahead` the one after it; offer it if there is none.

    Raises
    ------
    Conflict : the round has no policy
    """
    live = list(_live(member).order_by("created_at")[:2])
    rules = read_rules(policy_in_force(member.round).content)
    if len(live) > ahead:
        here = live[ahead]
        _renew(here, rules)
        return _offer(here, rules)
    reason = _blocked(member, rules)
    if reason:
        return Offer(reason=reason)
    if member.role == RoundMember.Role.ARBITRATOR:
        return _seat(member, rules, is_ahead=ahead and bool(live))
    return _slot(member, rules)


def read_end(read: Read, *, to: str, reason: str, actor: User | None) -> bool:
    """End a live read without a lock and give its slot, or its arbitrator's seat, back.

    An offer that nobody opened leaves no trace; otherwise the person is used up for the case (I14).
    The draft stays stored and never counts. Say whether it was live.
    """
    with transaction.atomic():
        was_opened = Q(opened_at__isnull=False)
        live = Read.objects.filter(pk=read.pk, state__in=sources(READ, to))
        ended = live.filter(was_opened).update(state=to, slot=None, end_reason=reason)
        if not ended:
            unseen = live.exclude(was_opened)
            ended = unseen.update(state=to, slot=None, end_reason=reason, is_burned=False)
        if not ended:
            return False
        if read.kind == Read.Kind.ANNOTATOR:
            RoundCase.objects.filter(
                pk=read.round_case_id, state=RoundCase.State.OPEN, open_slots__lt=F("readers")
            ).update(open_slots=F("open_slots") + 1)
        else:
            _give_seat_back(read)
        audit_record(
            actor=actor,
            action=f"read.{to}",
            target=read,
            project=read.round_case.round.project,
            detail={"reason_given": bool(reason)},
        )
    return True


def member_reads_end(member: RoundMember, *, reason: str, actor: User) -> None:
    """Take everything from a member who is withdrawn: live reads, and seats that wait for them."""
    for read in _live(member).select_related("round_case__round__project"):
        read_end(read, to=Read.State.WITHDRAWN, reason=reason, actor=actor)
    seats = Arbitration.objects.filter(
        arbitrator=member.user,
        round_case__round=member.round,
        state=Arbitration.State.REVEALED,
    )
    for seat in seats:
        seat_queue_again(seat.pk)


def leases_expire() -> int:
    """End every live read whose lease is over; say how many."""
    late = Read.objects.filter(state__in=LIVE, lease_until__lt=timezone.now())
    reads = list(late.select_related("round_case__round__project")[:200])
    return sum(read_end(read, to=Read.State.EXPIRED, reason="", actor=None) for read in reads)


def refuse_if_stopped(reading_round: ReadingRound, user: User) -> None:
    """Pass where the round is open and its member may go on.

    Raises
    ------
    Conflict : `round_closed`, `read_paused`
    """
    if reading_round.state != ReadingRound.State.OPEN:
        raise Conflict("The round is closed.", code="round_closed")
    places = RoundMember.objects.filter(round=reading_round, user=user)
    if RoundMember.State.ACTIVE not in places.values_list("state", flat=True):
        raise Conflict("You are paused in this round: nothing was lost.", code="read_paused")


def _live(member: RoundMember) -> QuerySet[Read]:
    return Read.objects.filter(reader=member.user, round_case__round=member.round, state__in=LIVE)


def _offer(read: Read, rules: RoundRules) -> Offer:
    if read.kind == Read.Kind.ANNOTATOR:
        return Offer(read_id=read.pk, read=read, rules=rules)
    seat = Arbitration.objects.filter(read=read).first()
    return Offer(read_id=read.pk, arbitration_id=seat.pk if seat else None, read=read, rules=rules)


def _renew(read: Read, rules: RoundRules) -> None:
    until = timezone.now() + timedelta(seconds=rules.lease_s)
    if Read.objects.filter(pk=read.pk, state__in=LIVE).update(lease_until=until):
        read.lease_until = until


def _blocked(member: RoundMember, rules: RoundRules) -> str:
    if member.round.state != ReadingRound.State.OPEN:
        return "closed"
    if member.state != RoundMember.State.ACTIVE:
        return "paused"
    taken = Read.objects.filter(reader=member.user, round_case__round=member.round)
    cap = member.cap or rules.cap
    if cap and taken.filter(state__in=[*LIVE, *LOCKED]).count() >= cap:
        return "cap"
    daily_cap = member.daily_cap or rules.daily_cap
    since = timezone.now() - timedelta(days=1)
    recent = taken.filter(state__in=[*LIVE, *LOCKED], created_at__gt=since)
    if daily_cap and recent.count() >= daily_cap:
        return "daily_cap"
    return ""


def _count_offer(member: RoundMember) -> None:
    """Count one more; the member's other tabs wait here until we commit."""
    place = RoundMember.objects.filter(pk=member.pk)
    if place.filter(offers=member.offers).update(offers=member.offers + 1):
        member.offers += 1
        return
    place.update(offers=F("offers") + 1)
    member.refresh_from_db(fields=["offers", "qualified_at"])


def _slot(member: RoundMember, rules: RoundRules) -> Offer:
    """Take a slot of a case: of the qualification first, else a draw decides of which purpose."""
    with transaction.atomic():
        _count_offer(member)
        open_cases = RoundCase.objects.filter(
            round=member.round, state=RoundCase.State.OPEN, open_slots__gt=0
        )
        if member.qualified_at is None:
            qualification = _qualification(member, rules, open_cases)
            if qualification is not None:
                return qualification
        for purpose in _purposes(member, rules):
            candidates = _candidates(member, open_cases, purpose)
            read = _first_taken(member, rules, candidates)
            if read is not None:
                return Offer(read_id=read.pk, read=read, rules=rules)
    return Offer(reason="nothing_now")


def _qualification(
    member: RoundMember, rules: RoundRules, open_cases: QuerySet[RoundCase]
) -> Offer | None:
    """Offer what is left of the qualification; None where there is none (any more)."""
    cases = RoundCase.objects.filter(
        round=member.round, purpose=RoundCase.Purpose.QUALIFICATION
    ).exclude(state=RoundCase.State.CANCELLED)
    if not cases.exists():
        return None
    left = offerable_to(
        member.user, open_cases.filter(purpose=RoundCase.Purpose.QUALIFICATION)
    ).order_by("draw")
    read = _first_taken(member, rules, left)
    if read is None:
        return Offer(reason="not_qualified")
    return Offer(read_id=read.pk, read=read, rules=rules)


def _purposes(member: RoundMember, rules: RoundRules) -> list[RoundCase.Purpose]:
    """Order the purposes for this draw; gold never comes because nothing else is left (I9)."""
    primary, reread = RoundCase.Purpose.PRIMARY, RoundCase.Purpose.REREAD
    drawn = drawn_share(member.user_id, member.offers, "purpose", seed=member.round.seed)
    if drawn < rules.gold_share:
        return [RoundCase.Purpose.GOLD, primary, reread]
    if drawn < rules.gold_share + DUE_REREAD_SHARE:
        return [reread, primary]
    return [primary, reread]


def _candidates(
    member: RoundMember, open_cases: QuerySet[RoundCase], purpose: RoundCase.Purpose
) -> list[RoundCase]:
    """List the first cases on the circle from the drawn place on."""
    cases = open_cases.filter(purpose=purpose)
    if purpose == RoundCase.Purpose.REREAD:
        due = cases.filter(only_reader=member.user, not_before__lte=timezone.now())
        if not due.exists():
            return []
        return list(unexposed_for(member.user, due).order_by("draw")[:CANDIDATES])
    if purpose == RoundCase.Purpose.GOLD:
        written = GoldAnswer.objects.filter(author=member.user).values("round_case")
        cases = cases.exclude(pk__in=written)
    place = drawn_share(member.user_id, member.offers, "place", seed=member.round.seed)
    cases = offerable_to(member.user, cases).order_by("draw").only("case_id", "purpose", "round_id")
    found = list(cases.filter(draw__gte=place)[:CANDIDATES])
    if not found:
        found = list(cases.filter(draw__lt=place)[:CANDIDATES])
    return found


def _first_taken(
    member: RoundMember, rules: RoundRules, candidates: QuerySet[RoundCase] | list[RoundCase]
) -> Read | None:
    for round_case in candidates:
        took = RoundCase.objects.filter(
            pk=round_case.pk, state=RoundCase.State.OPEN, open_slots__gt=0
        ).update(open_slots=F("open_slots") - 1)
        if not took:
            continue
        read = _read(member, rules, round_case, kind=Read.Kind.ANNOTATOR)
        if read is not None:
            return read
        RoundCase.objects.filter(pk=round_case.pk).update(open_slots=F("open_slots") + 1)
    return None


def _read(
    member: RoundMember, rules: RoundRules, round_case: RoundCase, *, kind: Read.Kind
) -> Read | None:
    """Write the read; None if this person has read the case meanwhile (another tab).

    An UPDATE holds the case's row until we commit: nobody else counts its slots now.
    """
    held = Read.objects.filter(round_case=round_case, kind=kind, slot__isnull=False)
    taken = set(held.values_list("slot", flat=True))
    slot = next(number for number in range(1, len(taken) + 2) if number not in taken)
    try:
        with transaction.atomic():
            read = Read.objects.create(
                round_case=round_case,
                case_id=round_case.case_id,
                reader=member.user,
                kind=kind,
                slot=slot,
                is_reread=round_case.purpose == RoundCase.Purpose.REREAD,
                pseudonym=case_pseudonym(),
                lease_until=timezone.now() + timedelta(seconds=rules.lease_s),
            )
    except IntegrityError:
        return None
    Assignment.objects.bulk_create(
        [Assignment(case_id=round_case.case_id, user=member.user, role=member.role)],
        ignore_conflicts=True,  # a second read of the same case
    )
    audit_record(
        actor=member.user, action="read.offered", target=read, project=member.round.project
    )
    return read


def _seat(member: RoundMember, rules: RoundRules, *, is_ahead: bool) -> Offer:
    """Take a seat of a case that waits for arbitration and begin the own blind read."""
    revealed = Arbitration.objects.filter(
        arbitrator=member.user,
        round_case__round=member.round,
        state=Arbitration.State.REVEALED,
    ).first()
    if revealed is not None and not is_ahead:
        return Offer(read_id=revealed.read_id, arbitration_id=revealed.pk)
    with transaction.atomic():
        _count_offer(member)
        waiting = RoundCase.objects.filter(
            round=member.round,
            state=RoundCase.State.ARBITRATION,
            arbitrations__state=Arbitration.State.QUEUED,
        )
        place = drawn_share(member.user_id, member.offers, "place", seed=member.round.seed)
        cases = offerable_to(member.user, waiting).distinct().order_by("draw")
        found = list(cases.filter(draw__gte=place)[:CANDIDATES]) or list(cases[:CANDIDATES])
        for round_case in found:
            offer = _seat_of(member, rules, round_case)
            if offer is not None:
                return offer
    return Offer(reason="nothing_now")


def _seat_of(member: RoundMember, rules: RoundRules, round_case: RoundCase) -> Offer | None:
    queued = Arbitration.objects.filter(round_case=round_case, state=Arbitration.State.QUEUED)
    for seat in queued.order_by("seat"):
        took = Arbitration.objects.filter(
            pk=seat.pk, state__in=sources(ARBITRATION, "blind")
        ).update(state=Arbitration.State.BLIND, arbitrator=member.user)
        if not took:
            continue
        # The case's row is held until we commit, as for a reader's slot.
        RoundCase.objects.filter(pk=round_case.pk).update(state=RoundCase.State.ARBITRATION)
        read = _read(member, rules, round_case, kind=Read.Kind.ARBITRATOR)
        if read is None:
            seat_queue_again(seat.pk)
            return None
        Arbitration.objects.filter(pk=seat.pk).update(read=read)
        return Offer(read_id=read.pk, arbitration_id=seat.pk, read=read, rules=rules)
    return None


def _give_seat_back(read: Read) -> None:
    seat = Arbitration.objects.filter(read=read).first()
    if seat is not None:
        seat_queue_again(seat.pk)


def seat_queue_again(seat_id: UUID) -> bool:
    """Let another arbitrator take a seat; say whether somebody had it."""
    freed = Arbitration.objects.filter(pk=seat_id, state__in=sources(ARBITRATION, "queued"))
    return bool(
        freed.update(
            state=Arbitration.State.QUEUED,
            arbitrator=None,
            read=None,
            revealed_at=None,
            lease_until=None,
            saved_at=None,
            order=[],
            draft={},
            revision=0,
        )
    )
