"""kill -9 at each epoch and registry step: a run ends once, and what serves never moves.

Real Celery workers, a real Redis, the database of the test run, as in test_crash.py.
"""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from apps.cases.models import AuditEvent, Project
from apps.inference.compute.snapshot import Snapshot
from apps.inference.models import Deployment, Evaluation, ModelVersion, TrainingRun
from apps.inference.services.models import model_promote
from tests.factories import FindingFactory, ProjectFactory
from tests.workers.stack import Stack, eventually, running_stack
from tests.workers.stored import requested_run, served_project, stored_snapshot
from workers.trainer import work_on_a_run

pytestmark = [pytest.mark.full, pytest.mark.django_db(transaction=True)]

TIMEOUT_S = 600.0  # a machine shared with others may be slow; quiet, each takes half a minute
CONFIG: dict[str, Any] = {"epochs": 4}
State = TrainingRun.State


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running_stack(tmp_path) as stack:
        yield stack


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return stored_snapshot(tmp_path / "images", train=12, validation=24, test=8)


@pytest.fixture
def whole(tmp_path: Path, snapshot: Snapshot, settings: Settings) -> TrainingRun:
    """The run that nobody disturbs, in this process."""
    settings.TRAINING_THREADS = 1
    project = served_project(tmp_path / "model")
    run = requested_run(project, snapshot, tmp_path, **CONFIG)
    assert work_on_a_run(is_ending=lambda: False)
    run.refresh_from_db()
    assert run.state == State.EVALUATED
    return run


def same_run(whole: TrainingRun, snapshot: Snapshot, folder: Path) -> TrainingRun:
    """The same training for another project, as the same project would be given the same run."""
    project = ProjectFactory()
    FindingFactory(project=project, code="nodule")
    model_promote(whole.parent, project=project, actor=None)
    return requested_run(project, snapshot, folder, **CONFIG)


def has_ended(run: TrainingRun, serving: list[Any]) -> bool:
    """Tell whether the run is over; whatever it is doing, what serves is as it was."""
    assert list(Deployment.objects.order_by("pk").values()) == serving
    run.refresh_from_db()
    return run.state not in {State.QUEUED, State.RUNNING, State.TRAINED}


def assert_once(run: TrainingRun, whole: TrainingRun) -> None:
    assert (run.state, run.reason_code) == (State.EVALUATED, "")
    candidate = ModelVersion.objects.get(training_run=run)
    assert run.candidate == candidate
    assert candidate.weights_sha256 == whole.candidate.weights_sha256
    evaluations = Evaluation.objects.filter(run=run)
    assert {row.model_version for row in evaluations} == {candidate, run.parent}
    assert evaluations.count() == 2
    acts = AuditEvent.objects.filter(target_id=str(run.pk), action="run.evaluated")
    assert acts.count() == 1
    assert (run.curves, run.comparison) == (whole.curves, whole.comparison)


@pytest.mark.parametrize(
    ("step", "times"),
    [
        ("train_features", 2),
        ("train_saving", 2),
        ("train_epoch", 4),  # after each epoch
        ("train_exported", 1),
        ("train_registered", 2),
        ("train_evaluated", 1),
    ],
)
def test_a_run_whose_worker_is_killed_at_each_step_ends_once(
    stack: Stack, tmp_path: Path, snapshot: Snapshot, whole: TrainingRun, step: str, times: int
) -> None:
    run = same_run(whole, snapshot, tmp_path)
    serving = list(Deployment.objects.order_by("pk").values())
    stack.start_worker("killed", failpoint=f"{step}:kill:{times}")
    eventually(
        lambda: has_ended(run, serving) and stack.times_failed() == times,
        timeout_s=TIMEOUT_S,
        what=f"{times} kills at {step}, then evaluated",
    )
    assert_once(run, whole)


def test_a_frozen_worker_that_wakes_up_late_changes_nothing(
    stack: Stack, tmp_path: Path, snapshot: Snapshot, whole: TrainingRun
) -> None:
    run = same_run(whole, snapshot, tmp_path)
    serving = list(Deployment.objects.order_by("pk").values())
    frozen = stack.start_worker("frozen", failpoint="train_epoch:stop:1")
    eventually(
        lambda: bool(stack.stopped_children(frozen)), timeout_s=TIMEOUT_S, what="frozen in an epoch"
    )
    stack.start_worker("quick")
    eventually(lambda: has_ended(run, serving), timeout_s=TIMEOUT_S, what="done by the other")
    assert_once(run, whole)
    before = TrainingRun.objects.values().get(pk=run.pk)
    for child in stack.stopped_children(frozen):
        child.send_signal(signal.SIGCONT)
    eventually(
        lambda: "a claim on a training run was lost" in stack.log_of("frozen").read_text(),
        timeout_s=TIMEOUT_S,
        what="the late worker learns that its claim is gone",
    )
    assert TrainingRun.objects.values().get(pk=run.pk) == before
    assert_once(run, whole)


def test_a_worker_that_is_told_to_end_gives_its_run_back_at_once(
    stack: Stack, tmp_path: Path, project_of: Project, snapshot: Snapshot
) -> None:
    run = requested_run(project_of, snapshot, tmp_path, epochs=5000, learning_rate=1e-4)
    ended = stack.start_worker("ended")

    def is_training() -> bool:
        run.refresh_from_db()
        return run.progress.get("stage") == "training"

    eventually(is_training, timeout_s=TIMEOUT_S, what="it trains")
    ended.send_signal(signal.SIGTERM)
    ended.wait(timeout=TIMEOUT_S)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.claim_token) == (State.QUEUED, 0, None)
    assert run.checkpoint_sha256


@pytest.fixture
def project_of(tmp_path: Path) -> Project:
    return served_project(tmp_path / "model")
