"""Changes to the retraining queue: a release fills it, an admin lets labels in or keeps them out.

Every change is one conditional UPDATE (`apps.feedback.states`), a row that says who did it and why,
and an audit event, in one transaction.
"""

from typing import Final
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from apps.cases.models import Project, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, Invalid
from apps.feedback.learning.models import (
    QueueDecision,
    QueueEntry,
    QueueSample,
    QueueSampleApproval,
    QueueSampleEntry,
)
from apps.feedback.learning.selectors.queue import (
    QueueFilter,
    entries_matching,
    sample_progress,
)
from apps.feedback.states import QUEUE_ENTRY, sources

State = QueueEntry.State
Kind = QueueEntry.Kind
Way = QueueDecision.Way

# A twentieth of what a filter matched is looked at, but one at least and twenty at most.
SAMPLE_SHARE: Final = 20
SAMPLE_LARGEST: Final = 20
ROWS_A_STATEMENT: Final = 500


def entry_approve(entry_id: UUID, *, actor: User) -> None:
    """Let one entry into the next snapshot.

    Raises
    ------
    Conflict : it does not wait (any more), or a later version of the review has overruled it
    """
    _change_one(entry_id, to=State.APPROVED, actor=actor, action="queue.approved")


def entry_exclude(entry_id: UUID, *, actor: User, reason: str) -> None:
    """Keep one entry out of every later snapshot.

    Raises
    ------
    Invalid : no reason
    Conflict : it is excluded already, or a later version of the review has overruled it
    """
    _require_reason(reason)
    _change_one(entry_id, to=State.EXCLUDED, actor=actor, action="queue.excluded", reason=reason)


def entry_take_back(entry_id: UUID, *, actor: User) -> None:
    """Let one entry wait again.

    Raises
    ------
    Conflict : it waits already, or a later version of the review has overruled it
    """
    _change_one(entry_id, to=State.WAITING, actor=actor, action="queue.taken_back")


def entries_exclude(
    project: Project, *, query: QueueFilter, expected: int, actor: User, reason: str
) -> int:
    """Keep out all that a filter matches, if it still matches as many as the admin was shown.

    Raises
    ------
    Invalid : no reason
    Conflict : the filter matches another number of entries by now
    """
    _require_reason(reason)
    with transaction.atomic():
        matching = entries_matching(project, user=actor, query=query).filter(holds=True)
        excluded = entries_change(
            matching, to=State.EXCLUDED, way=Way.FILTER, actor=actor, reason=reason
        )
        if excluded != expected:
            raise Conflict(
                f"The queue has changed: the filter matches {excluded} entries, not {expected}.",
                code="queue_changed",
                params={"count": excluded, "expected": expected},
            )
        audit_record(
            actor=actor,
            action="queue.excluded_by_filter",
            target=project,
            project=project,
            detail={"count": excluded, "filter": query.to_json()},
        )
    return excluded


def sample_draw(project: Project, *, query: QueueFilter, actor: User) -> QueueSample:
    """Freeze the waiting entries that a filter matches and draw those to be looked at.

    The draw ranks entries by a keyed hash of their own: nobody can foresee it, and drawing again
    gives the same ones, so that nobody can draw until an easy sample comes.

    Raises
    ------
    Conflict : nothing waits there
    """
    with transaction.atomic():
        waiting = entries_matching(project, user=actor, query=query).filter(state=State.WAITING)
        entries = sorted(waiting.values_list("pk", flat=True), key=_rank)
        if not entries:
            raise Conflict("No entry that waits matches the filter.", code="queue_nothing_waits")
        sample = QueueSample.objects.create(project=project, query=query.to_json(), drawn_by=actor)
        drawn = sample_size(len(entries))
        QueueSampleEntry.objects.bulk_create(
            [
                QueueSampleEntry(sample=sample, entry_id=pk, is_drawn=place < drawn)
                for place, pk in enumerate(entries)
            ],
            batch_size=ROWS_A_STATEMENT,
        )
        audit_record(
            actor=actor,
            action="queue.sample_drawn",
            target=sample,
            project=project,
            detail={"frozen": len(entries), "drawn": drawn},
        )
    return sample


def sample_size(frozen: int) -> int:
    """Give how many of `frozen` entries are looked at."""
    return min(SAMPLE_LARGEST, max(1, -(-frozen // SAMPLE_SHARE)))


def sample_approve_rest(sample: QueueSample, *, actor: User, reason: str = "") -> int:
    """Approve what was frozen and still waits, once every drawn entry has been decided by itself.

    Raises
    ------
    Conflict : a drawn entry was not looked at, or is superseded, or the rest is approved already
    Invalid : a drawn entry was excluded, and no reason says why the rest may be approved
    """
    try:
        with transaction.atomic():
            _require_looked_at(sample, reason)
            QueueSampleApproval.objects.create(sample=sample, actor=actor, reason=reason)
            rest = QueueEntry.objects.filter(
                pk__in=sample.items.filter(is_drawn=False).values("entry")
            )
            approved = entries_change(
                rest, to=State.APPROVED, way=Way.SAMPLE, actor=actor, reason=reason, sample=sample
            )
            audit_record(
                actor=actor,
                action="queue.sample_approved",
                target=sample,
                project=sample.project,
                detail={"count": approved},
            )
    except IntegrityError as error:
        raise _sample_refusal("sample_used") from error
    return approved


def _change_one(entry_id: UUID, *, to: State, actor: User, action: str, reason: str = "") -> None:
    with transaction.atomic():
        one = QueueEntry.objects.filter(pk=entry_id, holds=True)
        if not entries_change(one, to=to, way=Way.ONE, actor=actor, reason=reason):
            raise _entry_refusal(QueueEntry.objects.get(pk=entry_id))
        entry = QueueEntry.objects.select_related("project").get(pk=entry_id)
        audit_record(actor=actor, action=action, target=entry, project=entry.project)


def entries_change(
    entries: QuerySet[QueueEntry],
    *,
    to: State,
    way: Way,
    actor: User,
    reason: str = "",
    sample: QueueSample | None = None,
) -> int:
    """Move those of the entries that may come to `to`, and write down each; give their number.

    Call it inside a transaction. The states are asked for in the UPDATE itself, not in what selects
    the entries: so two admins at once never both move one.
    """
    changed = 0
    for source in sources(QUEUE_ENTRY, to):
        token = uuid4()
        taken = QueueEntry.objects.filter(pk__in=entries.values("pk"), state=source)
        if not taken.update(state=to, change_token=token):
            continue
        moved = QueueEntry.objects.filter(change_token=token).values_list("pk", flat=True)
        written = QueueDecision.objects.bulk_create(
            [
                QueueDecision(
                    entry_id=pk,
                    from_state=source,
                    to_state=to,
                    way=way,
                    actor=actor,
                    reason=reason,
                    sample=sample,
                    change_token=token,
                )
                for pk in moved
            ],
            batch_size=ROWS_A_STATEMENT,
        )
        changed += len(written)
    return changed


def _entry_refusal(entry: QueueEntry) -> Conflict:
    if not entry.holds:
        return Conflict(
            "A later version of the review has overruled this entry.", code="queue_entry_overruled"
        )
    return Conflict(
        f"The entry is {entry.get_state_display().lower()} by now.",
        code="queue_entry_moved",
        params={"state": entry.state},
    )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid(
            "Say why.", code="reason_missing", fields={"reason": ["Say why, in a few words."]}
        )


def _require_looked_at(sample: QueueSample, reason: str) -> None:
    progress = sample_progress(sample)
    if progress.blocker:
        raise _sample_refusal(progress.blocker, left=progress.drawn - progress.looked_at)
    if progress.excluded:
        _require_reason(reason)


def _sample_refusal(code: str, *, left: int = 0) -> Conflict:
    sentences = {
        "sample_used": "The rest of this sample has been approved already.",
        "sample_superseded": "A drawn entry has been superseded since: draw a new sample.",
        "sample_not_looked_at": f"{left} drawn entries are still to be looked at.",
    }
    return Conflict(sentences[code], code=code, params={"left": left})


def _rank(entry_id: UUID) -> bytes:
    return salted_hmac("queue sample", str(entry_id), algorithm="sha256").digest()
