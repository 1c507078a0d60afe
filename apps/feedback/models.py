"""Gathers the models of feedback's rooms, where Django looks for them."""

from apps.feedback.learning.models import QueueEntry
from apps.feedback.review.models import Review, ReviewDecision

__all__ = ["QueueEntry", "Review", "ReviewDecision"]
