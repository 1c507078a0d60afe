"""Jobs of feedback."""

from apps.feedback.labeling.services.report_making import reports_make
from apps.feedback.services import reviews_release, rounds_settle
from apps.queue import JOBS
from workers.celery import implements


@implements(JOBS.RELEASE_REVIEWS)
def release_reviews() -> None:
    """Let signatures count whose minute of withdrawal is over."""
    reviews_release()


@implements(JOBS.SETTLE_ROUNDS)
def settle_rounds() -> None:
    """Let locks become final whose time is over, and do what follows from them."""
    rounds_settle()


@implements(JOBS.ROUND_REPORT)
def round_report() -> None:
    """Compute the statistics that somebody asked for."""
    reports_make()
