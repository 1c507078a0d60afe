"""Acts that span feedback's rooms: what is released, of reviews and rounds, counts in the queue."""

from django.db import transaction

from apps.feedback.labeling.models.verdicts import Consensus
from apps.feedback.labeling.services import settling
from apps.feedback.learning.arrivals import consensus_queue, labels_queue
from apps.feedback.review.selectors.versions import due_for_release
from apps.feedback.review.services.signing import review_release

RELEASED_AT_ONCE = 200


def reviews_release() -> int:
    """Let every due review count, each in one transaction with its queue entries; say how many.

    Safe beside another one of itself: a review is released by the conditional UPDATE of one.
    """
    released = 0
    for review_id in list(due_for_release().values_list("pk", flat=True)[:RELEASED_AT_ONCE]):
        with transaction.atomic():
            review = review_release(review_id)
            if review is not None:
                labels_queue(review)
                released += 1
    return released


def rounds_settle() -> int:
    """Carry every round as far as it can go; a released consensus joins the retraining queue."""

    def release(consensus: Consensus) -> None:
        consensus_queue(consensus)

    return settling.rounds_settle(release)
