"""The Celery application of the workers: JSON only, late acknowledgement, one message at a time.

    celery -A workers.celery worker -Q interactive,gpu -c 1   one process of torch for each device
    celery -A workers.celery worker -Q cpu -c 1 --beat        housekeeping and the schedule
    celery -A workers.celery worker -Q train -c 1             training, behind all other work

A message is only a wake-up (DESIGN rule 1), so none of this is about not losing work: rows and
their leases see to that. A child that dies gives its message back at once; a killed worker's come
back after the visibility timeout, and the schedule has woken others long before.
"""

import mmap
import os
from collections.abc import Callable
from typing import Any, Final

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads must not spin beside the web

from celery.signals import worker_init, worker_shutting_down
from django.conf import settings

from apps.queue import JOBS, Job, app

TORCH_QUEUES: Final = frozenset({JOBS.PREDICT_INTERACTIVE.queue, JOBS.PREDICT_BULK.queue})

# Training takes what the readers' own machine has left.
TRAINING_NICENESS: Final = 10
# One byte that the children share with their parent, which alone hears that it is to end.
_ENDING: Final = mmap.mmap(-1, 1)

# A job stops by itself after its budget; the limit ends one that hangs.
TIME_LIMIT_S: Final[dict[str, float]] = {
    JOBS.PREDICT_INTERACTIVE.queue: settings.JOB_TIME_LIMIT_S,
    JOBS.PREDICT_BULK.queue: settings.JOB_TIME_LIMIT_S,
    JOBS.RESCUE.queue: 300.0,
    JOBS.TRAIN.queue: settings.TRAINING_TIME_LIMIT_S,
}

app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # The listening socket of remote control is what notices that Redis died while the only message
    # is being worked on; without it the acknowledgement fails unseen, and the worker waits forever.
    worker_enable_remote_control=True,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    beat_scheduler="celery.beat:Scheduler",  # in memory: what is due is in rows
    include=[
        *("workers.cases", "workers.feedback", "workers.inference", "workers.schedule"),
        "workers.training",
    ],
)


def implements(job: Job) -> Callable[[Callable[[], None]], Any]:
    """Register a function as a job, with the limits of its queue."""
    return app.task(name=job.name, queue=job.queue, time_limit=TIME_LIMIT_S[job.queue])


@worker_init.connect
def load_torch_before_forking(sender: Any, **_: Any) -> None:
    """Import torch once in the parent, so that a child which takes a dead one's place is ready."""
    if TORCH_QUEUES & set(sender.app.amqp.queues.consume_from):
        import workers.batching  # noqa: F401  housekeeping workers never load it


@worker_init.connect
def step_behind_the_readers(sender: Any, **_: Any) -> None:
    """Lower the priority of a worker that only trains, and of the children it will have."""
    if set(sender.app.amqp.queues.consume_from) == {JOBS.TRAIN.queue}:
        os.setpriority(os.PRIO_PROCESS, 0, TRAINING_NICENESS)


@worker_shutting_down.connect
def tell_the_children(**_: Any) -> None:
    """Let a long job give its work back, so that the end does not wait for it."""
    _ENDING[0] = 1


def is_ending() -> bool:
    """Tell whether this worker is to end."""
    return _ENDING[0] == 1
