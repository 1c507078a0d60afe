"""Claims on training runs: one worker each, a lease, a token that every write must show."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from apps.cases.models import AuditEvent
from apps.inference.compute.run_config import RunConfig
from apps.inference.models import Evaluation, TrainingRun
from apps.inference.reasons import sentence
from apps.inference.services.run_claims import (
    ClaimedRun,
    ClaimLost,
    EvaluatedModel,
    RunCancelled,
    RunFailure,
    run_beat,
    run_cancelled,
    run_checkpoint,
    run_claim,
    run_evaluated,
    run_fail,
    run_release,
    run_trained,
    runs_expire,
    runs_wake,
)
from apps.inference.services.runs import training_run_cancel
from apps.queue import JOBS
from tests.factories import CalibrationFactory, TrainingRunFactory, sha256

pytestmark = pytest.mark.django_db
State = TrainingRun.State


def claim(*, threads: int = 2) -> ClaimedRun:
    claimed = run_claim(thread_count=threads, hardware="here")
    assert claimed is not None
    return claimed


def expire() -> None:
    past = timezone.now() - timedelta(days=1)
    TrainingRun.objects.filter(lease_until__isnull=False).update(lease_until=past)


def everything() -> list[Any]:
    return [list(m.objects.order_by("pk").values()) for m in (TrainingRun, Evaluation, AuditEvent)]


def test_the_run_that_waits_longest_is_claimed_by_one_worker() -> None:
    first, second = TrainingRunFactory(), TrainingRunFactory(seed=9)
    CalibrationFactory(model_version=first.parent, temperature=1.5)
    one, other = claim(), claim()
    assert (one.run_id, other.run_id) == (first.pk, second.pk)
    assert run_claim(thread_count=2, hardware="here") is None
    first.refresh_from_db()
    assert (first.state, first.attempts, first.claim_token) == (State.RUNNING, 1, one.token)
    assert (first.thread_count, first.hardware) == (2, "here")
    assert first.lease_until > timezone.now() + timedelta(seconds=60)
    assert (one.config, one.seed, other.seed) == (RunConfig(), 1, 9)
    assert one.parent.version_id == first.parent.pk
    assert one.parent.served.temperature == 1.5  # as it serves, not as its spec says
    assert one.candidate is None


def test_a_later_attempt_keeps_the_threads_and_the_start_of_the_first() -> None:
    run = TrainingRunFactory()
    claim(threads=3)
    run.refresh_from_db()
    started = run.started_at
    expire()
    again = run_claim(thread_count=8, hardware="elsewhere")  # takes expired leases back itself
    assert again is not None
    assert again.thread_count == 3
    run.refresh_from_db()
    assert (run.attempts, run.started_at, run.hardware) == (2, started, "elsewhere")


def test_a_beat_keeps_the_lease_and_says_how_far_it_is() -> None:
    run = TrainingRunFactory()
    claimed = claim()
    TrainingRun.objects.update(lease_until=timezone.now())
    run_beat(claimed, progress={"stage": "training", "epoch": 3}, curves=[{"epoch": 3}])
    run.refresh_from_db()
    assert run.lease_until > timezone.now() + timedelta(seconds=60)
    assert (run.progress["epoch"], run.curves) == (3, [{"epoch": 3}])
    run_beat(claimed, progress={"epoch": 4})
    run.refresh_from_db()
    assert run.curves == [{"epoch": 3}]


def test_every_write_of_a_worker_whose_claim_is_gone_changes_nothing() -> None:
    run = TrainingRunFactory()
    late = claim()
    expire()
    now = claim()
    assert now.token != late.token
    before = everything()
    evaluated = EvaluatedModel(late.parent, {})
    for write in (
        lambda: run_beat(late, progress={}),
        lambda: run_checkpoint(late, sha256=sha256("x"), progress={}, curves=[]),
        lambda: run_trained(late),
        lambda: run_evaluated(
            late, part="test", candidate=evaluated, champion=evaluated, comparison={}
        ),
    ):
        with pytest.raises(ClaimLost):
            write()
    run_fail(late, RunFailure("run_compute_failed", {"cause": "X"}, is_final=True))
    run_cancelled(late)
    run_release(late)
    assert everything() == before
    run.refresh_from_db()
    assert (run.claim_token, run.state) == (now.token, State.RUNNING)


def test_a_run_is_evaluated_only_after_it_is_trained() -> None:
    TrainingRunFactory()
    claimed = claim()
    evaluated = EvaluatedModel(claimed.parent, {})
    with pytest.raises(ClaimLost):
        run_evaluated(claimed, part="test", candidate=evaluated, champion=evaluated, comparison={})
    assert not Evaluation.objects.exists()


def test_three_lost_workers_end_a_run_with_a_reason_and_each_checkpoint_gives_three_more() -> None:
    run = TrainingRunFactory()
    for _ in range(2):
        claim()
        expire()
        assert runs_expire() == 1
    run_checkpoint(claim(), sha256=sha256("epoch 1"), progress={}, curves=[])
    for _ in range(3):
        expire()
        assert runs_expire() == 1
        claim()
    expire()
    assert runs_expire() == 0
    run.refresh_from_db()
    assert (run.state, run.reason_code, run.reason_params) == (
        State.FAILED, "run_worker_lost", {"attempts": 3}
    )  # fmt: skip
    assert run.checkpoint_sha256 == sha256("epoch 1")
    assert "stopped 3 times" in sentence(run.reason_code, run.reason_params)
    assert AuditEvent.objects.filter(action="run.failed").count() == 1


def test_a_failure_is_tried_three_times_and_a_final_one_once() -> None:
    run, final = TrainingRunFactory(), TrainingRunFactory()
    failure = RunFailure("run_compute_failed", {"cause": "RuntimeError"})
    for expected in (State.QUEUED, State.QUEUED, State.FAILED):
        claimed = claim()
        run.refresh_from_db()
        assert (claimed.run_id, run.reason_code) == (run.pk, "")  # the last attempt's is over
        run_fail(claimed, failure)
        run.refresh_from_db()
        assert (run.state, run.reason_code, run.claim_token) == (
            expected, "run_compute_failed", None
        )  # fmt: skip
    run_fail(claim(), RunFailure("run_not_finite", {}, is_final=True))
    final.refresh_from_db()
    assert (final.state, final.attempts, final.reason_code) == (State.FAILED, 1, "run_not_finite")


def test_a_cancelled_run_tells_its_worker_and_ends_as_cancelled_when_that_is_lost() -> None:
    told, lost = TrainingRunFactory(), TrainingRunFactory()
    claimed = claim()
    claim()
    for run in (told, lost):
        training_run_cancel(run.pk, actor=None)
    with pytest.raises(RunCancelled):
        run_beat(claimed, progress={})
    run_cancelled(claimed)
    expire()
    assert runs_expire() == 0
    for run in (told, lost):
        run.refresh_from_db()
        assert (run.state, run.claim_token, run.completed_at is not None) == (
            State.CANCELLED, None, True
        )  # fmt: skip


def test_a_run_given_back_keeps_its_attempts() -> None:
    run = TrainingRunFactory()
    run_release(claim())
    run.refresh_from_db()
    assert (run.state, run.attempts) == (State.QUEUED, 0)
    claimed = claim()
    run_checkpoint(claimed, sha256=sha256("c"), progress={}, curves=[])  # attempts are 0 already
    run_release(claimed)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (State.QUEUED, 0)


def test_a_run_that_waits_calls_a_worker_now_and_then_and_not_each_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("apps.queue._send", lambda job, _: sent.append(job.name))

    def wake() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            runs_wake()

    wake()
    assert sent == []  # nothing waits
    TrainingRunFactory(woken_at=None)
    wake()
    wake()
    assert sent == [JOBS.TRAIN.name]
    TrainingRun.objects.update(woken_at=timezone.now() - timedelta(seconds=61))
    wake()
    assert sent == [JOBS.TRAIN.name] * 2
    claim()
    TrainingRun.objects.update(woken_at=None)
    wake()
    assert sent == [JOBS.TRAIN.name] * 2  # it is at work
    expire()
    wake()
    assert sent == [JOBS.TRAIN.name] * 3


def test_a_claim_names_no_run_that_is_over() -> None:
    for state in (State.EVALUATED, State.FAILED, State.CANCELLED, State.TRAINED, State.RUNNING):
        TrainingRunFactory(state=state, claim_token=uuid.uuid4())
    assert run_claim(thread_count=1, hardware="here") is None
