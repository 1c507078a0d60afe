"""Every job name, its queue, and the one way to wake a worker.

Rows are the truth (DESIGN rule 1): a message is only a wake-up, carries ids at most, is sent after
the commit of the row that caused it, and may be lost or doubled without harm.
"""

from dataclasses import dataclass
from typing import Final

from celery import Celery
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

# The one Celery application: services send through it, workers/celery.py makes it work.
app = Celery("coread")
app.config_from_object("django.conf:settings", namespace="CELERY")


@dataclass(frozen=True)
class Job:
    """One Celery job: its registered name and the queue its workers read."""

    name: str
    queue: str


class JOBS:
    """The closed list of jobs; workers/ implements each (tests/test_contracts.py checks that)."""

    PREDICT_INTERACTIVE: Final = Job("inference.predict_interactive", "interactive")
    PREDICT_BULK: Final = Job("inference.predict_bulk", "gpu")
    TRAIN: Final = Job("inference.train", "train")
    RESCUE: Final = Job("inference.rescue", "cpu")
    SEAL_AUDIT: Final = Job("cases.seal_audit", "cpu")
    RELEASE_REVIEWS: Final = Job("feedback.release_reviews", "cpu")
    SETTLE_ROUNDS: Final = Job("feedback.settle_rounds", "cpu")
    ROUND_REPORT: Final = Job("feedback.round_report", "cpu")


def registered_jobs() -> tuple[Job, ...]:
    """List every job of JOBS."""
    return tuple(job for job in vars(JOBS).values() if isinstance(job, Job))


def enqueue(job: Job, **ids: str) -> None:
    """Wake a worker for `job` once the current transaction has committed.

    A broker that does not answer loses the wake-up, not the work: the row waits and the schedule
    sends it again (`inference.rescue`), so reading and signing go on while Redis is away.
    """
    transaction.on_commit(lambda: _send(job, ids))


def broker_answers() -> bool:
    """Tell whether Redis answers now; where it is away, settings say how long to try."""
    connection = app.connection_for_write()
    try:
        with connection:
            connection.ensure_connection(max_retries=0)
            connection.default_channel.client.ping()
    except (OperationalError, *connection.connection_errors):
        return False
    return True


def _send(job: Job, ids: dict[str, str]) -> None:
    try:
        app.send_task(job.name, kwargs=ids, queue=job.queue, retry=False, ignore_result=True)
    except OperationalError:
        if settings.RAISE_ON_LOST_WAKE_UP:
            raise
