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
from django.db.models import Model, QuerySet

from apps.cases.models import AuditEvent, AuditSeal, Case, Project, User

FIRST_LINK: Final = "0" * 64
SEAL_BATCH: Final = 500
VERIFY_PIECE: Final = 5000


@dataclass(frozen=True)
class ChainPoint:
    """A place in the chain: a link's number and hash; before the first link, 0 and zeros."""

    sequence: int
    sha256: str


CHAIN_START: Final = ChainPoint(0, FIRST_LINK)


@dataclass(frozen=True)
class AuditPiece:
    """What a walk along a piece of the chain found; `head` is the last link that was whole."""

    head: ChainPoint
    broken_at: int | None
    has_anchor: bool
    is_end: bool


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
    target : the row that was acted on; None where there is none. Of a case, and of a row that has a
        `case_id`, the case is noted in the detail; of others that concern one case, note it there:
        an event without it stays hidden from whoever reads any case blinded
    detail : JSON-able; never a name, a number of a patient or text of theirs
    """
    case_id = _case_of(target)
    return AuditEvent.objects.create(
        actor=actor,
        action=action,
        target_type="" if target is None else str(target._meta.model_name),
        target_id="" if target is None else str(target.pk),
        project=project,
        detail=({"case_id": case_id} if case_id else {}) | (detail or {}),
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
    unsealed = unsealed_events().count()
    point, seen_anchor = CHAIN_START, not anchor_sha256
    while True:
        piece = audit_verify_piece(point, anchor_sha256=anchor_sha256)
        point, seen_anchor = piece.head, seen_anchor or piece.has_anchor
        if piece.broken_at is not None or piece.is_end:
            break
    broken_at = piece.broken_at
    if broken_at is None and not seen_anchor:
        broken_at = point.sequence + 1
    return AuditVerdict(point.sequence, unsealed, point.sha256, broken_at)


def audit_verify_piece(
    after: ChainPoint, *, anchor_sha256: str = "", limit: int = VERIFY_PIECE
) -> AuditPiece:
    """Recompute up to `limit` links after a place in the chain.

    Parameters
    ----------
    after : where the piece before ended; whoever starts in the middle trusts that link
    """
    head, has_anchor, seen = after, False, 0
    seals = AuditSeal.objects.filter(sequence__gt=after.sequence).select_related("event")
    for seal in seals.order_by("sequence")[:limit].iterator(chunk_size=1000):
        expected = head.sequence + 1
        is_intact = (
            seal.sequence == expected
            and seal.previous_sha256 == head.sha256
            and seal.sha256 == _link(head.sha256, seal.event)
        )
        if not is_intact:
            return AuditPiece(head, expected, has_anchor, is_end=False)
        head = ChainPoint(expected, seal.sha256)
        has_anchor = has_anchor or seal.sha256 == anchor_sha256
        seen += 1
    return AuditPiece(head, None, has_anchor, is_end=seen < limit)


def audit_verification_record(*, actor: User, project: Project) -> None:
    """Record that somebody began to verify the chain: to look after the trail is an act too."""
    audit_record(actor=actor, action="audit.verified", target=project, project=project)


def unsealed_events() -> QuerySet[AuditEvent]:
    """Select the events that have no place in the chain yet."""
    return AuditEvent.objects.filter(seal__isnull=True)


def _seal_batch() -> int:
    last = AuditSeal.objects.order_by("-sequence").first()
    sequence, head = (last.sequence, last.sha256) if last else (0, FIRST_LINK)
    waiting = unsealed_events().order_by("created_at", "id")
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


def _case_of(target: Model | None) -> str:
    if isinstance(target, Case):
        return str(target.pk)
    return _text(getattr(target, "case_id", None))


def _text(identifier: UUID | None) -> str:
    return "" if identifier is None else str(identifier)
