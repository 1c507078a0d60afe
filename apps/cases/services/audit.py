"""Who did what to what? Acts are recorded with the act, and chained by hash afterwards.

`audit_record` is called inside the transaction of the act. `audit_seal` runs on the schedule and
fixes the order: each link is sha256(previous link + event), so that a changed, removed or moved
event breaks every later link. Whoever keeps the last link outside of the database can also prove
that nothing was cut off the end.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.db.models import Model

from apps.cases.models import AuditEvent, AuditSeal, Project, User

FIRST_LINK: Final = "0" * 64
SEAL_BATCH: Final = 500


@dataclass(frozen=True)
class AuditVerdict:
    """What a walk along the chain found; `broken_at` is the first wrong sequence number."""

    sealed: int
    unsealed: int
    head_sha256: str
    broken_at: int | None


def audit_record(
    *,
    actor: User | None,
    action: str,
    target: Model | None,
    project: Project | None,
    detail: dict[str, Any] | None = None,
) -> AuditEvent:
    """Write the audit row of an act; call it inside the act's transaction.

    Parameters
    ----------
    actor : who acted; None for nobody known (a failed login) or the command line
    action : `noun.verb`, for example `review.signed`
    target : the row that was acted on; None where there is none
    detail : JSON-able; never a name, a number of a patient or text of theirs
    """
    return AuditEvent.objects.create(
        actor=actor,
        action=action,
        target_type="" if target is None else str(target._meta.model_name),
        target_id="" if target is None else str(target.pk),
        project=project,
        detail=detail or {},
    )


def audit_seal() -> int:
    """Chain the events that are not sealed yet, oldest first; say how many.

    Two sealers at once are safe: both would take the same sequence numbers, the unique constraint
    lets one of them commit, and the other leaves the work to it.
    """
    sealed = 0
    while True:
        try:
            with transaction.atomic():
                added = _seal_batch()
        except IntegrityError:
            return sealed
        sealed += added
        if added < SEAL_BATCH:
            return sealed


def audit_verify(*, anchor_sha256: str = "") -> AuditVerdict:
    """Walk the chain from its first link and recompute every one.

    Parameters
    ----------
    anchor_sha256 : a link noted earlier outside of the database; if the chain no longer holds it,
        its end was cut off and `broken_at` names the number after the last link
    """
    head, expected, seen_anchor = FIRST_LINK, 1, not anchor_sha256
    unsealed = AuditEvent.objects.filter(seal__isnull=True).count()
    seals = AuditSeal.objects.select_related("event").order_by("sequence")
    for seal in seals.iterator(chunk_size=1000):
        is_intact = (
            seal.sequence == expected
            and seal.previous_sha256 == head
            and seal.sha256 == _link(head, seal.event)
        )
        if not is_intact:
            return AuditVerdict(expected - 1, unsealed, head, broken_at=expected)
        head, expected = seal.sha256, expected + 1
        seen_anchor = seen_anchor or head == anchor_sha256
    return AuditVerdict(expected - 1, unsealed, head, broken_at=None if seen_anchor else expected)


def _seal_batch() -> int:
    last = AuditSeal.objects.order_by("-sequence").first()
    sequence, head = (last.sequence, last.sha256) if last else (0, FIRST_LINK)
    waiting = AuditEvent.objects.filter(seal__isnull=True).order_by("created_at", "id")
    seals = []
    for event in waiting[:SEAL_BATCH]:
        previous, head, sequence = head, _link(head, event), sequence + 1
        seals.append(
            AuditSeal(sequence=sequence, event=event, previous_sha256=previous, sha256=head)
        )
    AuditSeal.objects.bulk_create(seals)
    return len(seals)


def _link(previous_sha256: str, event: AuditEvent) -> str:
    facts: dict[str, Any] = {
        "id": event.pk,
        "created_at": event.created_at,
        "actor": _text(event.actor_id),
        "action": event.action,
        "target_type": event.target_type,
        "target_id": event.target_id,
        "project": _text(event.project_id),
        "detail": event.detail,
    }
    canonical = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    return hashlib.sha256(previous_sha256.encode() + canonical).hexdigest()


def _text(identifier: UUID | None) -> str:
    return "" if identifier is None else str(identifier)
