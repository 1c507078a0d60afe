"""The job of training: one run a message; see workers/trainer.py."""

from apps.queue import JOBS, enqueue
from workers.celery import implements, is_ending


@implements(JOBS.TRAIN)
def train() -> None:
    """Work on the run that waits longest, then call for the next."""
    from workers.trainer import work_on_a_run  # torch: only once there is something to train

    if work_on_a_run(is_ending=is_ending) and not is_ending():
        enqueue(JOBS.TRAIN)
