"""What comes into the retraining queue: the verdicts of a released review, a released consensus."""

from collections.abc import Collection
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q

from apps.cases.models import Case, User
from apps.cases.services.audit import audit_record
from apps.feedback.labeling.models.verdicts import Consensus, ConsensusLabel, Value
from apps.feedback.learning.models import QueueDecision, QueueEntry
from apps.feedback.learning.services import entries_change
from apps.feedback.review.models import (
    EXPLICIT_VERDICTS,
    FirstImpression,
    Review,
    ReviewDecision,
    Verdict,
)

State = QueueEntry.State
Kind = QueueEntry.Kind
Way = QueueDecision.Way


def labels_queue(review: Review) -> list[QueueEntry]:
    """Queue every explicit verdict of a review; call it once, where the review is released.

    No review outranks a consensus: what a double-blind reading has settled stays as it is. Older
    entries of the findings that this version speaks of hold no longer. Those that no snapshot
    has yet are superseded; the others stay as evidence of what was trained on.
    """
    with transaction.atomic():
        settled = ConsensusLabel.objects.filter(
            consensus__round_case__case=review.case,
            consensus__round_case__released_at__isnull=False,
        )
        decisions = list(
            review.decisions.exclude(finding__in=settled.values("finding")).select_related(
                "finding"
            )
        )
        _supersede(
            review.case,
            [decision.finding_id for decision in decisions],
            way=Way.RELEASE,
            actor=review.reader,
            target=review,
        )
        before_ai = _verdicts_before_ai(review)
        return QueueEntry.objects.bulk_create(
            _entry(review, decision, label_before_ai=before_ai.get(decision.finding.code))
            for decision in decisions
            if decision.verdict in EXPLICIT_VERDICTS
        )


def consensus_queue(consensus: Consensus) -> list[QueueEntry]:
    """Queue the labels of a released consensus, which outrank every review of the case.

    What is indeterminate or cannot be assessed is masked in training: it queues nothing and lets
    nothing older hold. Call it once, inside the transaction of the release.
    """
    round_case = consensus.round_case
    labels = list(consensus.labels.select_related("finding"))
    _supersede(
        round_case.case,
        [label.finding_id for label in labels],
        way=Way.CONSENSUS,
        actor=round_case.round.made_by,
        target=consensus,
    )
    clear = {Value.PRESENT: True, Value.ABSENT: False}
    return QueueEntry.objects.bulk_create(
        QueueEntry(
            project=round_case.round.project,
            case=round_case.case,
            finding=label.finding,
            consensus_label=label,
            kind=Kind.CONSENSUS,
            label=clear[Value(label.value)],
            soft_label=label.share_present,
            grade=label.grade,
            label_before_ai=clear[Value(label.value)],
            ai_visible=False,
        )
        for label in labels
        if label.value in clear
    )


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


def _supersede(
    case: Case, findings: Collection[UUID], *, way: Way, actor: User, target: models.Model
) -> None:
    """Let no older entry of these findings hold: a newer word on each of them is there."""
    older = QueueEntry.objects.filter(case=case, finding__in=findings, holds=True)
    overruled = list(older.values_list("pk", flat=True))
    older.update(holds=False)
    is_evidence = Q(state=State.APPROVED, first_snapshot__isnull=False)
    superseded = entries_change(
        QueueEntry.objects.filter(~is_evidence, pk__in=overruled),
        to=State.SUPERSEDED,
        way=way,
        actor=actor,
    )
    if superseded:
        audit_record(
            actor=actor,
            action="queue.superseded",
            target=target,
            project=case.project,
            detail={"count": superseded},
        )
