"""Gathers the models of feedback's rooms, where Django looks for them."""

from apps.feedback.learning.models import (
    QueueDecision,
    QueueEntry,
    QueueSample,
    QueueSampleApproval,
    QueueSampleEntry,
    Snapshot,
    SnapshotEntry,
    SplitAssignment,
)
from apps.feedback.review.models import (
    CaseClaim,
    CriticalAcknowledgement,
    FirstImpression,
    Phrase,
    Review,
    ReviewDecision,
    RoiRevision,
    SecondSignature,
    Withdrawal,
)

__all__ = [
    "CaseClaim",
    "CriticalAcknowledgement",
    "FirstImpression",
    "Phrase",
    "QueueDecision",
    "QueueEntry",
    "QueueSample",
    "QueueSampleApproval",
    "QueueSampleEntry",
    "Review",
    "ReviewDecision",
    "RoiRevision",
    "SecondSignature",
    "Snapshot",
    "SnapshotEntry",
    "SplitAssignment",
    "Withdrawal",
]
