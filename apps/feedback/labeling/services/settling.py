"""What follows a lock, later and by itself: final, compared once, decided, sealed, released.

Nothing here runs on a reader's request, so that no answer and no timing of a reader's depends on
another's (DESIGN rule 3). Each step is one conditional UPDATE or a unique row: two settlings at
once, or one that is killed, change nothing twice and lose nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from apps.cases.models import Assignment, Finding
from apps.cases.services.audit import audit_record
from apps.feedback.compute.comparison import ComparisonPolicy, FindingRule, compare
from apps.feedback.compute.pseudonyms import drawn_share
from apps.feedback.compute.reads import case_read
from apps.feedback.compute.round_policy import RoundRules, read_rules
from apps.feedback.labeling.models.rounds import (
    Arbitration,
    Comparison,
    Read,
    ReadingRound,
    ReadLock,
    RoundCase,
    RoundPolicy,
)
from apps.feedback.labeling.models.verdicts import Consensus
from apps.feedback.labeling.services.arbitration import seats_expire
from apps.feedback.labeling.services.consensus import consensus_of_readers, consensus_of_seats
from apps.feedback.labeling.services.offers import leases_expire, policy_in_force
from apps.feedback.states import READ, ROUND_CASE, sources

AT_ONCE: Final = 200
Purpose = RoundCase.Purpose
State = RoundCase.State


def rounds_settle(release: Callable[[Consensus], None]) -> int:
    """Carry every read and case as far as it can go; say how many steps were taken.

    Parameters
    ----------
    release : takes a released consensus over to where it counts, in the transaction of its release
    """
    steps = leases_expire() + seats_expire()
    steps += sum(read_finalise(pk) for pk in _due_reads())
    steps += sum(case_compare(pk) for pk in _to_compare())
    steps += sum(case_decide(pk) for pk in _to_decide())
    _release_closed_rounds()
    steps += sum(case_release(pk, release) for pk in _to_release())
    return steps


def round_settle_now(reading_round: ReadingRound) -> None:
    """Compare what is locked in a round at once, without the time in which locks are taken back.

    For reads that no reader waits to correct: those that the demo begins with.
    """
    now = timezone.now()
    locked = Read.objects.filter(round_case__round=reading_round, state=Read.State.LOCKED)
    for read_id in list(locked.order_by("locked_at").values_list("pk", flat=True)):
        read_finalise(read_id, locked_until=now)
    for round_case_id in _to_compare():
        case_compare(round_case_id)


def _window_start() -> datetime:
    return timezone.now() - timedelta(seconds=settings.TAKE_BACK_WINDOW_S)


def _due_reads() -> list[UUID]:
    locked = Read.objects.filter(state=Read.State.LOCKED, locked_at__lte=_window_start())
    return list(locked.order_by("locked_at").values_list("pk", flat=True)[:AT_ONCE])


def read_finalise(read_id: UUID, *, locked_until: datetime | None = None) -> bool:
    """Make a lock final whose time is over; of the case's last one, the comparison follows.

    Parameters
    ----------
    locked_until : the moment of the latest lock whose time is over; by default that of the settings
    """
    with transaction.atomic():
        final = Read.objects.filter(
            pk=read_id,
            state__in=sources(READ, "final"),
            locked_at__lte=locked_until or _window_start(),
        ).update(state=Read.State.FINAL, final_at=timezone.now())
        if not final:
            return False
        read = Read.objects.select_related("round_case__round__project").get(pk=read_id)
        RoundCase.objects.filter(
            pk=read.round_case_id, purpose__in=[Purpose.PRIMARY, Purpose.REREAD], unfinal__gt=0
        ).update(unfinal=F("unfinal") - 1)
        if read.round_case.purpose == Purpose.PRIMARY:
            _reread_draw(read)
        audit_record(
            actor=None,
            action="read.final",
            target=read,
            project=read.round_case.round.project,
        )
    return True


def _to_compare() -> list[UUID]:
    cases = RoundCase.objects.filter(
        state=State.OPEN, unfinal=0, purpose__in=[Purpose.PRIMARY, Purpose.REREAD]
    )
    return list(cases.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def case_compare(round_case_id: UUID) -> bool:
    """Compare the final reads of a case, once; seal it or call for an arbitrator.

    A hidden second read is only closed: it counts for statistics, never for a consensus (I10).
    """
    round_case = RoundCase.objects.select_related("round__project", "case").get(pk=round_case_id)
    if round_case.purpose == Purpose.REREAD:
        return bool(_case_move(round_case, to=State.SEALED))
    reads = list(
        Read.objects.filter(
            round_case=round_case, kind=Read.Kind.ANNOTATOR, state=Read.State.FINAL
        ).order_by("slot")
    )
    locks = [read.locks.filter(taken_back__isnull=True).latest("number") for read in reads]
    policy = _policy_of_last(locks)
    rules = read_rules(policy.content)
    compared = compare(
        [case_read(lock.content) for lock in locks], comparison_policy(round_case.round, rules)
    )
    try:
        with transaction.atomic():
            comparison = Comparison.objects.create(
                round_case=round_case,
                policy=policy,
                is_concordant=compared.is_concordant,
                needs_arbitration=compared.needs_arbitration,
                detail=compared.to_json(),
            )
            comparison.locks.set(locks)
            RoundCase.objects.filter(pk=round_case.pk).update(policy=policy)
            audit_record(
                actor=None,
                action="case.compared",
                target=round_case,
                project=round_case.round.project,
                detail={
                    "policy_version": policy.version,
                    "locks": [lock.content_sha256 for lock in locks],
                    "is_concordant": compared.is_concordant,
                },
            )
            if compared.needs_arbitration:
                _case_move(round_case, to=State.ARBITRATION)
                Arbitration.objects.bulk_create(
                    Arbitration(round_case=round_case, seat=seat)
                    for seat in range(1, rules.seats + 1)
                )
            else:
                consensus = consensus_of_readers(
                    round_case, rules=rules, policy=policy, locks=locks
                )
                _case_end(round_case, consensus)
    except IntegrityError:
        return False  # the other settling was first
    return True


def comparison_policy(reading_round: ReadingRound, rules: RoundRules) -> ComparisonPolicy:
    """Give the rules of a round as the comparison takes them, grades in the schema's order."""
    grades = {
        finding.code: tuple(finding.grades)
        for finding in Finding.objects.filter(project=reading_round.project_id)
    }
    return ComparisonPolicy(
        findings=tuple(
            FindingRule(
                code=rule.code,
                grades=grades.get(rule.code, ()),
                grade_tolerance=rule.grade_tolerance,
                compares_rois=rule.compares_rois,
                minimum_iou=rule.minimum_iou,
                length_tolerance_mm=rule.length_tolerance_mm if rule.needs_measurement else None,
                length_tolerance_ratio=(
                    rule.length_tolerance_ratio if rule.needs_measurement else None
                ),
                minimum_size_mm=rule.minimum_size_mm,
            )
            for rule in rules.findings
        ),
        trigger="discordant_or_positive" if rules.trigger != "discordant" else "discordant",
    )


def _policy_of_last(locks: list[ReadLock]) -> RoundPolicy:
    last = max(locks, key=lambda lock: (lock.created_at, str(lock.pk)))
    return last.policy


def _to_decide() -> list[UUID]:
    undecided = Arbitration.objects.filter(round_case=OuterRef("pk")).exclude(
        state=Arbitration.State.DECIDED
    )
    cases = RoundCase.objects.filter(~Exists(undecided), state=State.ARBITRATION)
    return list(cases.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def case_decide(round_case_id: UUID) -> bool:
    """Seal a case whose every seat has decided."""
    round_case = RoundCase.objects.select_related(
        "round__project", "case", "comparison__policy"
    ).get(pk=round_case_id)
    policy = round_case.comparison.policy
    try:
        with transaction.atomic():
            consensus = consensus_of_seats(
                round_case, rules=read_rules(policy.content), policy=policy
            )
            _case_end(round_case, consensus)
    except IntegrityError:
        return False
    return True


def _case_move(round_case: RoundCase, *, to: State) -> int:
    moved = RoundCase.objects.filter(pk=round_case.pk, state__in=sources(ROUND_CASE, to))
    if to in {State.SEALED, State.UNREADABLE}:
        return moved.update(state=to, sealed_at=timezone.now())
    return moved.update(state=to)


def _case_end(round_case: RoundCase, consensus: Consensus) -> None:
    _case_move(round_case, to=State.UNREADABLE if consensus.is_unreadable else State.SEALED)
    audit_record(
        actor=None,
        action="case.sealed",
        target=round_case,
        project=round_case.round.project,
        detail={"content_sha256": consensus.content_sha256, "method": consensus.method},
    )


def _reread_draw(read: Read) -> None:
    """Draw whether a read is repeated after the wash-out, unknown to its reader (I10).

    It is drawn as the read becomes final, from nothing but the round's seed and the reader: what
    others say of the case, and when, must not move it.
    """
    round_case = read.round_case
    rules = read_rules(policy_in_force(round_case.round).content)
    seed = round_case.round.seed
    if drawn_share(round_case.pk, read.reader_id, "reread", seed=seed) >= rules.reread_share:
        return
    RoundCase.objects.create(
        round=round_case.round,
        case_id=round_case.case_id,
        epoch=round_case.epoch,
        purpose=Purpose.REREAD,
        readers=1,
        open_slots=1,
        unfinal=1,
        draw=drawn_share(round_case.pk, read.reader_id, "reread place", seed=seed),
        only_reader_id=read.reader_id,
        rereads=round_case,
        not_before=timezone.now() + timedelta(days=rules.washout_days),
    )


def _release_closed_rounds() -> None:
    """Release a closed round as a whole, once no lock can be taken back any more."""
    locked = Read.objects.filter(round_case__round=OuterRef("pk"), state=Read.State.LOCKED)
    closed = ReadingRound.objects.filter(
        ~Exists(locked), state=ReadingRound.State.CLOSED, released_at__isnull=True
    )
    for reading_round in closed.select_related("project"):
        policy = reading_round.policies.order_by("-version").first()
        if policy is None or read_rules(policy.content).release == "manual":
            continue
        with transaction.atomic():
            released = ReadingRound.objects.filter(
                pk=reading_round.pk, released_at__isnull=True
            ).update(released_at=timezone.now())
            if released:
                audit_record(
                    actor=None,
                    action="round.released",
                    target=reading_round,
                    project=reading_round.project,
                )


def _to_release() -> list[UUID]:
    """List sealed cases that may count: of released rounds, and of those that release each."""
    ended = RoundCase.objects.filter(
        state__in=[State.SEALED, State.UNREADABLE],
        released_at__isnull=True,
        purpose=Purpose.PRIMARY,
    )
    at_once = [
        reading_round.pk
        for reading_round in ReadingRound.objects.filter(
            Exists(ended.filter(round=OuterRef("pk"))), released_at__isnull=True
        )
        if (policy := reading_round.policies.order_by("-version").first()) is not None
        and read_rules(policy.content).release == "each_case"
    ]
    may = Q(round__released_at__isnull=False) | Q(round__in=at_once)
    return list(ended.filter(may).order_by("sealed_at").values_list("pk", flat=True)[:AT_ONCE])


def case_release(round_case_id: UUID, release: Callable[[Consensus], None]) -> bool:
    """Let a sealed case count, once."""
    now = timezone.now()
    with transaction.atomic():
        released = RoundCase.objects.filter(
            pk=round_case_id,
            released_at__isnull=True,
            state__in=[State.SEALED, State.UNREADABLE],
        ).update(released_at=now)
        if not released:
            return False
        consensus = Consensus.objects.select_related("round_case__round__project").get(
            round_case=round_case_id
        )
        round_case = consensus.round_case
        readers = round_case.reads.values("reader")
        Assignment.objects.filter(
            case=round_case.case_id, user__in=readers, released_at__isnull=True
        ).update(released_at=now)
        release(consensus)
        audit_record(
            actor=None,
            action="case.released",
            target=round_case,
            project=round_case.round.project,
            detail={"content_sha256": consensus.content_sha256},
        )
    return True
