"""Jobs of feedback."""

from apps.feedback.services import reviews_release
from apps.queue import JOBS
from workers.celery import implements


@implements(JOBS.RELEASE_REVIEWS)
def release_reviews() -> None:
    """Let signatures count whose minute of withdrawal is over."""
    reviews_release()
