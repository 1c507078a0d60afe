"""Which cases a round reads, by how many, and what an admin may still change of one."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet

from apps.cases.models import Case, Exposure, User
from apps.cases.services.audit import audit_record
from apps.cases.services.exposure import exposure_record
from apps.errors import Conflict, Invalid
from apps.feedback.compute.pseudonyms import drawn_share
from apps.feedback.compute.round_policy import MOST_READERS, RoundRules
from apps.feedback.labeling.models.rounds import (
    GoldAnswer,
    Read,
    ReadingRound,
    RoundCase,
)
from apps.feedback.labeling.services.contents import known_content_stored
from apps.feedback.labeling.services.offers import read_end
from apps.feedback.labeling.services.qualification import qualification_judge_rest
from apps.feedback.labeling.services.reads import asked_in
from apps.feedback.states import ROUND_CASE, sources

ROWS_A_STATEMENT: Final = 2000
# Everybody may read a case whose answer is known.
KNOWN_READERS: Final = 1_000_000
Purpose = RoundCase.Purpose


def cases_add(
    reading_round: ReadingRound,
    *,
    cases: QuerySet[Case],
    sample_size: int | None,
    readers: int,
    actor: User,
) -> int:
    """Add the cases, or a random sample of them, that the round does not have yet.

    Parameters
    ----------
    cases : of the round's project
    sample_size : None: all of them

    Raises
    ------
    Conflict : the round has ended
    """
    _refuse_if_ended(reading_round)
    held = RoundCase.objects.filter(round=reading_round, case=OuterRef("pk"))
    new = list(cases.filter(~Exists(held)).order_by("pk").values_list("pk", flat=True))
    if sample_size is not None and sample_size < len(new):
        ranked = sorted(new, key=lambda pk: drawn_share(pk, "sample", seed=reading_round.seed))
        new = ranked[:sample_size]
    with transaction.atomic():
        for part in _parts(new):
            RoundCase.objects.bulk_create(
                RoundCase(
                    round=reading_round,
                    case_id=case_id,
                    readers=readers,
                    open_slots=readers,
                    unfinal=readers,
                    draw=drawn_share(case_id, "draw", seed=reading_round.seed),
                )
                for case_id in part
            )
        audit_record(
            actor=actor,
            action="round.cases_added",
            target=reading_round,
            project=reading_round.project,
            detail={"count": len(new)},
        )
    return len(new)


def cases_remove(reading_round: ReadingRound, *, case_ids: Sequence[UUID], actor: User) -> int:
    """Take cases out of a draft.

    Raises
    ------
    Conflict : the round has begun
    """
    if reading_round.state != ReadingRound.State.DRAFT:
        raise Conflict("The round has begun: cancel the case instead.", code="round_state")
    with transaction.atomic():
        removed, _ = RoundCase.objects.filter(
            round=reading_round, pk__in=case_ids, gold__isnull=True
        ).delete()
        audit_record(
            actor=actor,
            action="round.cases_removed",
            target=reading_round,
            project=reading_round.project,
            detail={"count": removed},
        )
    return removed


def readers_set(reading_round: ReadingRound, rules: RoundRules) -> None:
    """Give every case of a round that begins its number of readers: a drawn share more than one."""
    primary = RoundCase.objects.filter(round=reading_round, purpose=Purpose.PRIMARY)
    several, one = rules.readers_per_case, 1
    primary.update(readers=several, open_slots=several, unfinal=several)
    if rules.multiply_read_share >= 1 or several == one:
        return
    single = [
        pk
        for pk in primary.values_list("pk", flat=True)
        if drawn_share(pk, "multiply", seed=reading_round.seed) >= rules.multiply_read_share
    ]
    for part in _parts(single):
        primary.filter(pk__in=part).update(readers=one, open_slots=one, unfinal=one)


def readers_raise(round_case: RoundCase, *, readers: int, actor: User) -> None:
    """Ask for more reads of a case that is still being read.

    Raises
    ------
    Invalid : not more than now, or too many
    Conflict : the case is not being read any more, or somebody else has just changed it
    """
    if not round_case.readers < readers <= MOST_READERS:
        raise Invalid(
            f"From {round_case.readers + 1} to {MOST_READERS} readers.",
            code="readers_out_of_range",
            fields={"readers": ["The number of readers can only be raised."]},
        )
    more = readers - round_case.readers
    with transaction.atomic():
        raised = RoundCase.objects.filter(
            pk=round_case.pk,
            readers=round_case.readers,
            state=RoundCase.State.OPEN,
            purpose=Purpose.PRIMARY,
            unfinal__gt=0,
        ).update(readers=readers, open_slots=F("open_slots") + more, unfinal=F("unfinal") + more)
        if not raised:
            raise Conflict("The case is not being read any more.", code="round_case_state")
        _record(round_case, actor, action="case.readers_raised", readers=readers)


def case_cancel(round_case: RoundCase, *, reason: str, actor: User) -> None:
    """Take a case out of a round that has begun; its reads stay on record and never count.

    Raises
    ------
    Invalid : no reason
    Conflict : the case has ended already
    """
    _require_reason(reason)
    with transaction.atomic():
        moved = RoundCase.objects.filter(
            pk=round_case.pk, state__in=sources(ROUND_CASE, "cancelled")
        ).update(state=RoundCase.State.CANCELLED, open_slots=0)
        if not moved:
            raise Conflict("The case has ended already.", code="round_case_state")
        for read in _live_reads(round_case):
            read_end(read, to=Read.State.WITHDRAWN, reason="case cancelled", actor=actor)
        _record(round_case, actor, action="case.cancelled", reason=reason)
        qualification_judge_rest(round_case)


def case_reopen(round_case: RoundCase, *, reason: str, actor: User) -> RoundCase:
    """Begin a new epoch of a sealed case with other readers; the old one stays as it was.

    Raises
    ------
    Invalid : no reason
    Conflict : the case is not sealed, or the round has ended
    """
    _require_reason(reason)
    _refuse_if_ended(round_case.round)
    with transaction.atomic():
        moved = RoundCase.objects.filter(
            pk=round_case.pk, state__in=sources(ROUND_CASE, "reopened"), purpose=Purpose.PRIMARY
        ).update(state=RoundCase.State.REOPENED)
        if not moved:
            raise Conflict("Only a sealed case can be opened again.", code="round_case_state")
        epoch = RoundCase.objects.create(
            round=round_case.round,
            case=round_case.case,
            epoch=round_case.epoch + 1,
            readers=round_case.readers,
            open_slots=round_case.readers,
            unfinal=round_case.readers,
            draw=round_case.draw,
        )
        _record(round_case, actor, action="case.reopened", reason=reason, epoch=epoch.epoch)
    return epoch


def reads_reassign(round_case: RoundCase, *, reason: str, actor: User) -> int:
    """End the reads that somebody holds of a case, so that others can take it; say how many.

    Raises
    ------
    Invalid : no reason
    """
    _require_reason(reason)
    return sum(
        read_end(read, to=Read.State.WITHDRAWN, reason=reason, actor=actor)
        for read in _live_reads(round_case)
    )


def known_case_add(
    reading_round: ReadingRound,
    *,
    case: Case,
    purpose: Purpose,
    content: dict[str, Any],
    explanation: str,
    actor: User,
) -> RoundCase:
    """Add a case whose answer is known; who writes the answer can never be asked to read it.

    An answer is never edited. In a draft, where nobody has read it, the case can be given up and
    then be added anew; that is a new epoch of it.

    Raises
    ------
    Invalid : see `known_content_stored`
    Conflict : the round has ended, or reads this case already
    """
    _refuse_if_ended(reading_round)
    asked = asked_in(reading_round)
    stored = known_content_stored(case, content, rules=asked.rules, grades=asked.grades)
    earlier = RoundCase.objects.filter(round=reading_round, case=case)
    if reading_round.state == ReadingRound.State.DRAFT:
        standing = earlier.exclude(state=RoundCase.State.CANCELLED)
    else:
        standing = earlier
    if standing.exists():
        raise Conflict("The round reads this case already.", code="case_in_round")
    with transaction.atomic():
        made = RoundCase.objects.create(
            round=reading_round,
            case=case,
            epoch=(earlier.aggregate(last=Max("epoch"))["last"] or 0) + 1,
            purpose=purpose,
            readers=KNOWN_READERS,
            open_slots=KNOWN_READERS,
            unfinal=KNOWN_READERS,
            draw=drawn_share(case.pk, "draw", seed=reading_round.seed),
        )
        GoldAnswer.objects.create(
            round_case=made, content=stored, explanation=explanation, author=actor
        )
        exposure_record(actor, kind=Exposure.Kind.GOLD_AUTHOR, case=case)
        _record(made, actor, action="case.answer_written", purpose=str(purpose))
    return made


def _live_reads(round_case: RoundCase) -> Iterable[Read]:
    live = [Read.State.OFFERED, Read.State.OPENED, Read.State.DRAFT]
    return Read.objects.filter(round_case=round_case, state__in=live).select_related(
        "round_case__round__project"
    )


def _record(round_case: RoundCase, actor: User, *, action: str, **detail: Any) -> None:
    audit_record(
        actor=actor,
        action=action,
        target=round_case,
        project=round_case.round.project,
        detail={"case_id": str(round_case.case_id), **detail},
    )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why.", code="reason_missing", fields={"reason": ["Say why."]})


def _refuse_if_ended(reading_round: ReadingRound) -> None:
    if reading_round.state in {ReadingRound.State.CLOSED, ReadingRound.State.CANCELLED}:
        raise Conflict("The round has ended.", code="round_closed")


def _parts(ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    left = iter(ids)
    while part := list(islice(left, ROWS_A_STATEMENT)):
        yield part
