"""kill -9, freeze, lose Redis: nothing acknowledged is lost, nothing takes effect twice.

Real Celery workers, a real Redis, the database of the test run. The ledger is a trigger in the
database, so that no code under test keeps its own books.
"""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.inference.models import CasePrediction, Prediction
from tests.workers.stack import Stack, done_ledger, eventually, running_stack
from tests.workers.stored import served_project, stored_case

pytestmark = [pytest.mark.full, pytest.mark.django_db(transaction=True)]

JOBS = 20  # kills at each of four steps: each costs a new worker process, 3 s of a core
TIMEOUT_S = 600.0  # a machine shared with others may be slow; quiet, each takes a minute
State = Prediction.State


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running_stack(tmp_path) as stack:
        yield stack


@pytest.fixture
def ledger() -> Iterator[Callable[[], Counter[str]]]:
    with done_ledger() as counts:
        yield counts


def queue_jobs(tmp_path: Path, count: int = JOBS) -> None:
    project = served_project(tmp_path / "model")
    for _ in range(count):
        stored_case(project, tmp_path / "images")


def all_done() -> bool:
    return not CasePrediction.objects.exclude(state=CasePrediction.State.DONE).exists()


def assert_each_once(counts: Counter[str], count: int = JOBS) -> None:
    """0 lost, 0 doubled: every image has one answer, and each case was gathered from it."""
    assert Prediction.objects.filter(state=State.DONE).count() == count
    assert len(counts) == count
    assert set(counts.values()) == {1}
    assert set(CasePrediction.objects.values_list("state", "pending")) == {("done", 0)}
    assert not Prediction.objects.filter(logits=[]).exists()
    assert not Prediction.objects.filter(maps=None).exists()


@pytest.mark.parametrize("step", ["claimed", "computing", "stored", "before_ack"])
def test_a_worker_killed_at_each_step_loses_and_doubles_nothing(
    stack: Stack, ledger: Callable[[], Counter[str]], tmp_path: Path, step: str
) -> None:
    queue_jobs(tmp_path)
    stack.start_worker("killed", failpoint=f"{step}:kill:{JOBS}")
    eventually(
        lambda: stack.times_failed() == JOBS and all_done(),
        timeout_s=TIMEOUT_S,
        what=f"{JOBS} kills at {step}, then all done",
    )
    assert_each_once(ledger())
    attempts = sum(Prediction.objects.values_list("attempts", flat=True))
    if step in {"claimed", "computing"}:
        assert attempts >= 2 * JOBS  # each kill had cost an attempt, and each image needed one more


def test_a_whole_worker_killed_in_its_work_is_replaced(
    stack: Stack, ledger: Callable[[], Counter[str]], tmp_path: Path
) -> None:
    queue_jobs(tmp_path, 6)
    lost = stack.start_worker("lost", failpoint="computing:stop:1")
    eventually(
        lambda: bool(stack.stopped_children(lost)), timeout_s=TIMEOUT_S, what="frozen in its work"
    )
    stack.kill(lost)
    assert Prediction.objects.filter(state=State.CLAIMED).exists()
    stack.start_worker("next")
    eventually(all_done, timeout_s=TIMEOUT_S, what="all done by the next worker")
    assert_each_once(ledger(), 6)


def test_the_late_answer_of_a_frozen_worker_is_refused(
    stack: Stack, ledger: Callable[[], Counter[str]], tmp_path: Path
) -> None:
    queue_jobs(tmp_path, 4)
    frozen = stack.start_worker("frozen", failpoint="computing:stop:1")
    eventually(
        lambda: bool(stack.stopped_children(frozen)), timeout_s=TIMEOUT_S, what="frozen in its work"
    )
    stack.start_worker("quick")
    eventually(all_done, timeout_s=TIMEOUT_S, what="all done by the other worker")
    answers = dict(Prediction.objects.values_list("pk", "completed_at"))
    for child in stack.stopped_children(frozen):
        child.send_signal(signal.SIGCONT)
    eventually(
        lambda: "were refused" in stack.log_of("frozen").read_text(),
        timeout_s=TIMEOUT_S,
        what="the late answer is refused",
    )
    assert dict(Prediction.objects.values_list("pk", "completed_at")) == answers
    assert_each_once(ledger(), 4)


@pytest.mark.parametrize("fault", ["flushed", "restarted"])
def test_a_redis_that_loses_every_message_delays_but_loses_no_work(
    stack: Stack, ledger: Callable[[], Counter[str]], tmp_path: Path, fault: str
) -> None:
    queue_jobs(tmp_path)
    stack.start_worker("steady")
    eventually(
        lambda: Prediction.objects.filter(state=State.DONE).count() >= 5,
        timeout_s=TIMEOUT_S,
        what="work has begun",
    )
    if fault == "flushed":
        stack.redis.flush()
    else:
        stack.redis.kill()
        stack.redis.start()
    assert not all_done()
    eventually(all_done, timeout_s=TIMEOUT_S, what="all done after the rescue")
    assert_each_once(ledger())
