"""Jobs of inference: claim what waits, compute, store; see workers/batching.py."""

from django.conf import settings

from apps.inference.services.claims import workers_wake
from apps.inference.services.run_claims import runs_wake
from apps.queue import JOBS, Job, enqueue
from workers.celery import implements
from workers.failpoints import failpoint


@implements(JOBS.PREDICT_INTERACTIVE)
def predict_interactive() -> None:
    """Answer what waits; interactive images come first in every claim."""
    _predict(JOBS.PREDICT_INTERACTIVE)


@implements(JOBS.PREDICT_BULK)
def predict_bulk() -> None:
    """Answer what waits; the same work, woken by bulk requests."""
    _predict(JOBS.PREDICT_BULK)


@implements(JOBS.RESCUE)
def rescue() -> None:
    """Take back expired leases and send lost wake-ups again."""
    workers_wake()
    runs_wake()


def _predict(job: Job) -> None:
    from workers.batching import predictor  # torch: not for workers of other queues

    is_unfinished = predictor().run(budget_s=settings.JOB_BUDGET_S)
    failpoint("before_ack")
    if is_unfinished:
        enqueue(job)
