"""Acts that span feedback's rooms: a signature is a review's end and the queue's beginning."""

from django.db import transaction

from apps.cases.models import Case, User
from apps.feedback.learning.services import corrections_record
from apps.feedback.review.models import Review
from apps.feedback.review.services import Reading, review_sign


def review_sign_and_queue(case: Case, *, reader: User, reading: Reading) -> Review:
    """Sign a review and queue its corrections, both or neither.

    Raises
    ------
    Conflict, Invalid : see `review_sign`
    """
    with transaction.atomic():
        review = review_sign(case, reader=reader, reading=reading)
        corrections_record(review)
    return review
