"""Changes to the retraining queue: a release fills it, an admin lets labels in or keeps them out.

Every change is one conditional UPDATE (`apps.feedback.states`), a row that says who did it and why,
and an audit event, in one transaction.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
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
from apps.feedback.review.models import (
    EXPLICIT_VERDICTS,
    FirstImpression,
    Review,
    ReviewDecision,
    Verdict,
)
from apps.feedback.states import QUEUE_ENTRY, sources

State = QueueEntry.State
Kind = QueueEntry.Kind
Way = QueueDecision.Way

# A twentieth of what a filter matched is looked at, but one at least and twenty at most.
SAMPLE_SHARE: Final = 20
SAMPLE_LARGEST: Final = 20
ROWS_A_STATEMENT: Final = 500


def labels_queue(review: Review) -> list[QueueEntry]:
    """Queue every explicit verdict of a review; call it once, where the review is released.

    Older entries of the findings that this version speaks of hold no longer. Those that no snapshot
    has yet are superseded; the others stay as evidence of what was trained on.
    """
    with transaction.atomic():
        decisions = list(review.decisions.select_related("finding"))
        _supersede(review, decisions)
        before_ai = _verdicts_before_ai(review)
        return QueueEntry.objects.bulk_create(
            _entry(review, decision, label_before_ai=before_ai.get(decision.finding.code))
            for decision in decisions
            if decision.verdict in EXPLICIT_VERDICTS
        )


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
        excluded = _change(matching, to=State.EXCLUDED, way=Way.FILTER, actor=actor, reason=reason)
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
            approved = _change(
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


def _entry(review: Review, decision: ReviewDecision, *, label_before_ai: bool | None) -> QueueEntry:
    prediction = review.case_prediction
    return QueueEntry(
        project=review.case.project,
        case=review.case,
        finding=decision.finding,
        decision=decision,
        reader=review.reader,
        kind=_kind(decision),
        label=decision.verdict == Verdict.ACCEPTED,
        grade=decision.grade,
        label_before_ai=label_before_ai,
        ai_visible=review.ai_visible,
        ai_probability=decision.ai_probability,
        ai_threshold=decision.ai_threshold,
        model_version=prediction.model_version if prediction else None,
        case_prediction=prediction,
    )


def _kind(decision: ReviewDecision) -> Kind:
    """Compare a verdict with the model's own call: present where it reaches its threshold."""
    if decision.ai_probability is None or decision.ai_threshold is None:
        return Kind.NEW_LABEL
    is_called = decision.ai_probability >= decision.ai_threshold
    is_present = decision.verdict == Verdict.ACCEPTED
    return Kind.CONFIRMATION if is_called == is_present else Kind.CORRECTION


def _verdicts_before_ai(review: Review) -> dict[str, bool]:
    """Map finding codes to what this reader said while no AI output could shape it.

    Where AI was revealed to them, that is the first impression, whatever they signed later. A
    signed review may carry AI as well: what was said after seeing one that does is not before AI.
    """
    impression = FirstImpression.objects.filter(case=review.case, reader=review.reader).first()
    if impression is not None:
        said = [] if impression.saw_signed_review else impression.decisions
        verdicts = [(row["finding"], row["verdict"]) for row in said]
    elif review.read_before_ai and not _follows_ai(review):
        verdicts = [(row.finding.code, row.verdict) for row in review.decisions.all()]
    else:
        verdicts = []
    return {
        code: verdict == Verdict.ACCEPTED
        for code, verdict in verdicts
        if verdict in EXPLICIT_VERDICTS
    }


def _follows_ai(review: Review) -> bool:
    """Tell whether an earlier version, which every later reader can read, was made with AI."""
    earlier = Review.objects.filter(case=review.case, version__lt=review.version)
    return earlier.filter(read_before_ai=False).exists()


def _supersede(review: Review, decisions: Collection[ReviewDecision]) -> None:
    """Let no older entry of these findings hold: in a version, every finding is said anew."""
    older = QueueEntry.objects.filter(
        case=review.case, finding__in=[decision.finding_id for decision in decisions], holds=True
    )
    overruled = list(older.values_list("pk", flat=True))
    older.update(holds=False)
    is_evidence = Q(state=State.APPROVED, first_snapshot__isnull=False)
    superseded = _change(
        QueueEntry.objects.filter(~is_evidence, pk__in=overruled),
        to=State.SUPERSEDED,
        way=Way.RELEASE,
        actor=review.reader,
    )
    if superseded:
        audit_record(
            actor=review.reader,
            action="queue.superseded",
            target=review,
            project=review.case.project,
            detail={"count": superseded},
        )


def _change_one(entry_id: UUID, *, to: State, actor: User, action: str, reason: str = "") -> None:
    with transaction.atomic():
        one = QueueEntry.objects.filter(pk=entry_id, holds=True)
        if not _change(one, to=to, way=Way.ONE, actor=actor, reason=reason):
            raise _entry_refusal(QueueEntry.objects.get(pk=entry_id))
        entry = QueueEntry.objects.select_related("project").get(pk=entry_id)
        audit_record(actor=actor, action=action, target=entry, project=entry.project)


def _change(
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
