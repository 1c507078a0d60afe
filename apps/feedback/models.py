"""Gathers the models of feedback's rooms, where Django looks for them."""

from apps.feedback.learning.models import QueueEntry
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
    "QueueEntry",
    "Review",
    "ReviewDecision",
    "RoiRevision",
    "SecondSignature",
    "Withdrawal",
]
