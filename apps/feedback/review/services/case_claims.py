"""Who has a case open? A claim tells the others, lapses by itself, and can be taken over.

It guards the signature alone: two people may look, one signs. Evidence of a take-over is the audit
event; the row itself is only the present state.
"""

from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Q, Value
from django.db.models.functions import Now

from apps.cases.models import Case, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict
from apps.feedback.review.models import CaseClaim

# Renewed by the open page every 30 s; a closed laptop frees its case after this.
LEASE: Final = timedelta(seconds=90)


def case_claim(case: Case, *, reader: User, take_over: bool) -> CaseClaim:
    """Claim a case, renew the own claim, or take another's over; give the claim that stands.

    A live claim of somebody else is left as it is unless `take_over`: compare `reader`.
    """
    with transaction.atomic():
        free = Q(reader=reader) | Q(lease_until__lte=Now())
        claims = CaseClaim.objects.filter(case=case)
        if claims.filter(reader=reader, lease_until__gt=Now()).update(
            lease_until=Now() + Value(LEASE)
        ):
            return _standing(case)
        if claims.filter(free).update(
            reader=reader, claimed_at=Now(), lease_until=Now() + Value(LEASE)
        ):
            return _standing(case)
        if not claims.exists():
            return _new_claim(case, reader)
        if take_over:
            _take_over(case, reader)
        return _standing(case)


def claim_end(case: Case, *, reader: User) -> None:
    """Let the case go; somebody else's claim is left as it is."""
    CaseClaim.objects.filter(case=case, reader=reader).update(lease_until=Now())


def refuse_if_claimed(case: Case, *, reader: User) -> None:
    """Refuse a signature while somebody else has the case open.

    Raises
    ------
    Conflict : `claimed_by_other`, with their name in `params`
    """
    other = (
        CaseClaim.objects.filter(case=case, lease_until__gt=Now())
        .exclude(reader=reader)
        .select_related("reader")
        .first()
    )
    if other:
        name = other.reader.display_name or other.reader.username
        raise Conflict(
            f"{name} is reading this case now: take it over to sign it.",
            code="claimed_by_other",
            params={"reader": name},
        )


def _standing(case: Case) -> CaseClaim:
    return CaseClaim.objects.select_related("reader").get(case=case)


def _new_claim(case: Case, reader: User) -> CaseClaim:
    try:
        with transaction.atomic():
            CaseClaim.objects.create(
                case=case,
                reader=reader,
                claimed_at=Now(),  # the database's clock, as in the updates
                lease_until=Now() + Value(LEASE),
            )
    except IntegrityError:
        pass  # a colleague was faster by a moment: theirs stands
    return _standing(case)


def _take_over(case: Case, reader: User) -> None:
    before = _standing(case)
    taken = CaseClaim.objects.filter(case=case, reader=before.reader).update(
        reader=reader, claimed_at=Now(), lease_until=Now() + Value(LEASE)
    )
    if taken:
        audit_record(
            actor=reader,
            action="case.taken_over",
            target=case,
            project=case.project,
            detail={"from_user_id": str(before.reader_id)},
        )
