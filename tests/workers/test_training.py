"""Training runs in this process: from snapshot to evaluated candidate, and every way to stop."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from pytest_django import Settings

from apps import blobs
from apps.cases.models import AuditEvent, Project
from apps.inference.compute.snapshot import Snapshot
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import Deployment, Evaluation, ModelVersion, TrainingRun
from apps.inference.reasons import sentence
from apps.inference.selectors import champion_of
from apps.inference.services.models import model_promote
from apps.inference.services.run_claims import run_claim, runs_expire
from apps.inference.services.runs import training_run_cancel, training_run_resume
from apps.queue import JOBS
from tests.factories import FindingFactory, ProjectFactory
from tests.workers.stored import (
    requested_run,
    served_project,
    stored_manifest,
    stored_model,
    stored_snapshot,
)
from workers.celery import app
from workers.snapshot_images import BATCH_SIZE
from workers.trainer import work_on_a_run

pytestmark = pytest.mark.django_db
State = TrainingRun.State

HEAD: dict[str, Any] = {"epochs": 6}
FULL: dict[str, Any] = {
    "mode": "full", "epochs": 3, "batch_size": 8, "frozen": ["conv1", "bn1", "layer1"],
    "learning_rate": 1e-3,
}  # fmt: skip
# How often a worker that is to die twice at a step gets there; what it had done is not done again
KILLS = {
    "train_features": 2,
    "train_saving": 2,
    "train_epoch": 2,
    "train_exported": 1,
    "train_registered": 2,
}


@pytest.fixture(autouse=True)
def _save_at_every_step(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)  # nobody cuts the power of a test
    settings.TRAINING_CHECKPOINT_S = 0.0
    settings.TRAINING_BEAT_S = 0.0
    settings.TRAINING_THREADS = 1


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return served_project(tmp_path / "model")


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return stored_snapshot(tmp_path / "images", train=12, validation=24, test=8)


def work(*, is_ending: Callable[[], bool] = lambda: False) -> bool:
    return work_on_a_run(is_ending=is_ending)


def tensors_of(version: ModelVersion) -> dict[str, torch.Tensor]:
    with blobs.local_file(version.weights_sha256) as path:
        return safetensors.torch.load_file(path)


class Killed(BaseException):
    """What no `except` in the code under test catches, as a SIGKILL."""


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Do something at a failpoint, so many times; gives the failpoints that were passed."""

    def arm(name: str, act: Callable[[], object], times: int = 1) -> list[str]:
        passed: list[str] = []

        def failpoint(reached: str) -> None:
            passed.append(reached)
            if reached == name and passed.count(name) <= times:
                act()

        for module in ("trainer", "learning", "run_record"):
            monkeypatch.setattr(f"workers.{module}.failpoint", failpoint)
        return passed

    return arm


def die() -> None:
    raise Killed


def worker_is_lost() -> None:
    """Let the lease of the dead worker run out."""
    TrainingRun.objects.update(lease_until="2020-01-01T00:00:00Z")
    assert runs_expire() == 1


def test_a_run_ends_in_an_evaluated_candidate_and_serves_nobody(
    project: Project, snapshot: Snapshot, tmp_path: Path
) -> None:
    parent = champion_of(project)
    before = list(Deployment.objects.values())
    run = requested_run(project, snapshot, tmp_path, **HEAD)
    assert work() is True
    run.refresh_from_db()
    assert (run.state, run.reason_code, run.claim_token, run.lease_until) == (
        State.EVALUATED, "", None, None
    )  # fmt: skip
    assert (run.champion, run.attempts > 1, run.checkpoint_sha256) == (parent, False, "")
    assert run.started_at < run.completed_at
    assert run.thread_count >= 1
    assert "torch" in run.hardware
    # one candidate, named after the run, and a card that names snapshot and manifest
    candidate = ModelVersion.objects.exclude(pk=parent.pk).get()
    assert (run.candidate, candidate.training_run) == (candidate, run)
    assert (candidate.name, candidate.version) == (parent.name, f"{parent.version}-r1")
    card = candidate.spec["training_data"]
    assert str(run.snapshot_id) in card
    assert run.manifest_sha256 in card
    assert "14 images of 12 cases" in card
    assert candidate.has_class_maps
    # every tensor but the head's is the parent's, to the byte
    was, now = tensors_of(parent), tensors_of(candidate)
    assert {name for name in was if not torch.equal(was[name], now[name])} == {
        "fc.weight", "fc.bias"
    }  # fmt: skip
    # every epoch has its point, the loss falls, and both sides are judged on the same 8 cases
    assert [point["epoch"] for point in run.curves] == [1, 2, 3, 4, 5, 6]
    assert run.curves[-1]["train_loss"] < run.curves[0]["train_loss"]
    assert set(run.curves[0]["validation_auc"]) == {"nodule"}
    rows = Evaluation.objects.filter(run=run, part="test")
    assert {row.model_version for row in rows} == {candidate, parent}
    for row in rows:
        found = row.metrics["nodule"]
        assert (found["state"], found["n"], found["positive"]) == ("ok", 8, 4)
    delta = run.comparison["nodule"]["delta_auroc"]
    ours, theirs = (
        rows.get(model_version=v).metrics["nodule"]["auroc"] for v in (candidate, parent)
    )
    assert delta == pytest.approx(ours - theirs)
    # nothing serves but what served
    assert list(Deployment.objects.values()) == before
    actions = AuditEvent.objects.values_list("action", flat=True)
    assert sorted(actions.filter(action__startswith="run.")) == ["run.evaluated", "run.requested"]


@pytest.mark.django_db(transaction=True)
def test_a_message_that_comes_again_changes_nothing(
    project: Project, snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("apps.queue._send", lambda job, _: sent.append(job.name))
    app.loader.import_default_modules()
    requested_run(project, snapshot, tmp_path, **HEAD)
    assert sent == [JOBS.TRAIN.name]
    app.tasks[JOBS.TRAIN.name]()
    assert sent == [JOBS.TRAIN.name] * 2  # it looks for another run

    def everything() -> list[Any]:
        models = (TrainingRun, ModelVersion, Evaluation, Deployment, AuditEvent)
        return [list(model.objects.order_by("pk").values()) for model in models]

    before = everything()
    app.tasks[JOBS.TRAIN.name]()
    app.tasks[JOBS.RESCUE.name]()
    assert everything() == before
    assert sent == [JOBS.TRAIN.name] * 2


@pytest.mark.full
@pytest.mark.parametrize("config", [HEAD, FULL], ids=["head", "full"])
def test_a_run_killed_anywhere_ends_in_the_same_bytes(
    project: Project,
    snapshot: Snapshot,
    tmp_path: Path,
    at: Callable[..., list[str]],
    config: dict[str, Any],
) -> None:
    whole = requested_run(project, snapshot, tmp_path, **config)
    assert work()
    whole.refresh_from_db()
    assert whole.state == State.EVALUATED
    for step, expected in KILLS.items():
        if config is FULL and step == "train_features":
            continue  # a network reads images, which are not kept
        # the same project would give the same run: another one asks for the same
        other = ProjectFactory()
        FindingFactory(project=other, code="nodule")
        model_promote(whole.parent, project=other, actor=None)
        run = requested_run(other, snapshot, tmp_path, **config)
        at(step, die, times=2)
        assert kills_until_it_ends(other, run.parent) == expected
        run.refresh_from_db()
        assert run.state == State.EVALUATED, (step, run.reason_code, run.reason_params)
        assert run.candidate.weights_sha256 == whole.candidate.weights_sha256
        assert ModelVersion.objects.filter(training_run=run).count() == 1
        assert Evaluation.objects.filter(run=run).count() == 2
        assert run.curves == whole.curves
        assert run.comparison == whole.comparison
        assert Deployment.objects.filter(project=other).count() == 1


def kills_until_it_ends(project: Project, champion: ModelVersion) -> int:
    kills = 0
    while True:
        try:
            assert work() is True
            return kills
        except Killed:
            kills += 1
            assert champion_of(project) == champion
            worker_is_lost()


def test_full_training_leaves_frozen_modules_their_bytes(
    project: Project, snapshot: Snapshot, tmp_path: Path
) -> None:
    run = requested_run(project, snapshot, tmp_path, **FULL)
    work()
    run.refresh_from_db()
    assert run.state == State.EVALUATED
    parent, candidate = tensors_of(run.parent), tensors_of(run.candidate)
    frozen = [name for name in parent if name.startswith(("conv1.", "bn1.", "layer1."))]
    assert frozen
    assert all(torch.equal(parent[name], candidate[name]) for name in frozen)
    for name in ("layer4.0.conv1.weight", "layer4.0.bn1.running_mean", "fc.weight"):
        assert not torch.equal(parent[name], candidate[name])
    assert [point["epoch"] for point in run.curves] == [1, 2, 3]
    assert run.curves[0]["validation_loss"] is not None


def test_features_are_not_computed_twice(
    project: Project,
    tmp_path: Path,
    at: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import workers.learning

    batches: list[int] = []
    compute = workers.learning.pooled_features

    def counted(model: Any, head: Any, inputs: Any) -> Any:
        batches.append(len(inputs))
        return compute(model, head, inputs)

    monkeypatch.setattr("workers.learning.pooled_features", counted)
    snapshot = stored_snapshot(tmp_path / "images", train=60, validation=20)
    images = len(snapshot.items)
    run = requested_run(project, snapshot, tmp_path, **HEAD)
    at("train_features", die, times=2)
    for _ in range(2):
        with pytest.raises(Killed):
            work()
        worker_is_lost()
    work()
    run.refresh_from_db()
    assert run.state == State.EVALUATED
    assert batches == [BATCH_SIZE, BATCH_SIZE, images - 2 * BATCH_SIZE]


def test_a_cancelled_run_stops_within_the_epoch_and_goes_on_when_resumed(
    project: Project, snapshot: Snapshot, tmp_path: Path, at: Callable[..., list[str]]
) -> None:
    run = requested_run(project, snapshot, tmp_path, **HEAD)
    passed = at("train_epoch", lambda: training_run_cancel(run.pk, actor=None))
    assert work() is True
    run.refresh_from_db()
    assert (run.state, run.candidate, run.claim_token) == (State.CANCELLED, None, None)
    assert passed.count("train_epoch") == 1
    assert not ModelVersion.objects.filter(training_run=run).exists()
    assert work() is False
    training_run_resume(run.pk, actor=None)
    assert work() is True
    run.refresh_from_db()
    assert run.state == State.EVALUATED
    assert [point["epoch"] for point in run.curves] == [1, 2, 3, 4, 5, 6]
    assert passed.count("train_epoch") == 6  # one, and the five that were left


@pytest.mark.parametrize("step", ["train_saving", "train_epoch", "train_exported"])
def test_a_worker_whose_claim_is_gone_changes_nothing(
    project: Project,
    snapshot: Snapshot,
    tmp_path: Path,
    at: Callable[..., list[str]],
    step: str,
) -> None:
    run = requested_run(project, snapshot, tmp_path, **HEAD)
    taken: list[Any] = []

    def lose() -> None:
        worker_is_lost()
        taken.append(run_claim(thread_count=1, hardware="another"))
        taken.append(TrainingRun.objects.filter(pk=run.pk).values().get())

    at(step, lose)
    assert work() is True
    assert TrainingRun.objects.filter(pk=run.pk).values().get() == taken[1]
    assert taken[1]["claim_token"] == taken[0].token
    assert not ModelVersion.objects.filter(training_run=run).exists()
    assert not Evaluation.objects.exists()


def test_a_worker_that_ends_gives_its_run_back_without_spending_an_attempt(
    project: Project, snapshot: Snapshot, tmp_path: Path, at: Callable[..., list[str]]
) -> None:
    run = requested_run(project, snapshot, tmp_path, **HEAD)
    ending: list[bool] = []
    at("train_epoch", lambda: ending.append(True))
    assert work(is_ending=lambda: bool(ending)) is True
    run.refresh_from_db()
    assert (run.state, run.attempts, run.claim_token) == (State.QUEUED, 0, None)
    assert run.checkpoint_sha256
    assert work() is True
    run.refresh_from_db()
    assert run.state == State.EVALUATED


def failed(run: TrainingRun) -> tuple[str, dict[str, Any]]:
    """Work on a run that must fail at once, and give its reason, which has a sentence."""
    assert work() is True
    run.refresh_from_db()
    assert (run.state, run.candidate, run.claim_token) == (State.FAILED, None, None)
    assert sentence(run.reason_code, run.reason_params)
    assert run.completed_at is not None
    assert AuditEvent.objects.filter(action="run.failed", target_id=str(run.pk)).count() == 1
    assert champion_of(run.project) == run.parent
    return run.reason_code, run.reason_params


def test_every_failure_says_why_and_leaves_what_serves(
    project: Project, snapshot: Snapshot, tmp_path: Path
) -> None:
    def run(snapshot: Snapshot = snapshot, **config: Any) -> TrainingRun:
        return requested_run(project, snapshot, tmp_path, **{**HEAD, **config})

    def with_labels(value: bool | None) -> Snapshot:
        labels = {} if value is None else {"nodule": value}
        items = (replace(item, labels=labels, rois={}) for item in snapshot.items)
        return replace(snapshot, items=tuple(items))

    missing = run(epochs=2)
    TrainingRun.objects.filter(pk=missing.pk).update(manifest_sha256="0" * 64)
    assert failed(missing) == ("run_snapshot_missing", {})
    assert failed(run(with_labels(None)))[0] == "run_no_training_labels"
    assert failed(run(with_labels(True))) == ("run_class_missing", {"missing": ["NORMAL"]})
    assert failed(run(**{**FULL, "frozen": ["layer9"]}))[0] == "run_unknown_module"
    with blobs.local_file(snapshot.items[3].rendition_sha256) as path:
        path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    assert failed(run(epochs=4)) == (
        "run_image_unusable",
        {"cause": "integrity_check_failed"},
    )
    no_json = tmp_path / "no.json"
    no_json.write_text(json.dumps({"format": 9}))
    odd = run(epochs=3)
    TrainingRun.objects.filter(pk=odd.pk).update(manifest_sha256=blobs.put_file(no_json))
    assert failed(odd)[0] == "snapshot_unreadable"


def test_without_labels_before_ai_nothing_is_evaluable(project: Project, tmp_path: Path) -> None:
    snapshot = stored_snapshot(tmp_path / "images", train=8)
    run = requested_run(project, snapshot, tmp_path, **HEAD)
    work()
    run.refresh_from_db()
    assert run.state == State.EVALUATED
    for row in Evaluation.objects.filter(run=run):
        assert row.metrics["nodule"]["reason"] == "no_labels_before_ai"
    assert run.comparison["nodule"]["reason"] == "no_labels_before_ai"
    assert run.curves[-1]["validation_loss"] is None
    spec = ModelSpec.from_json(run.candidate.spec)
    assert spec.temperature == 1.0
    assert "determines none" in spec.training_data
    assert dict(spec.evidence_scale)  # from the training part, as there is no other


def test_the_candidate_is_compared_with_what_serves_now_and_not_with_its_parent(
    project: Project, snapshot: Snapshot, tmp_path: Path, at: Callable[..., list[str]]
) -> None:
    run = requested_run(project, snapshot, tmp_path, **HEAD)
    newer = stored_model(tmp_path / "newer", name="newer", seed=3)
    at("train_registered", lambda: model_promote(newer, project=project, actor=None))
    work()
    run.refresh_from_db()
    assert (run.state, run.champion) == (State.EVALUATED, newer)
    assert {row.model_version for row in Evaluation.objects.filter(run=run)} == {
        run.candidate, newer
    }  # fmt: skip
    assert champion_of(project) == newer


def test_a_snapshot_has_one_hash(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    again = stored_snapshot(tmp_path / "again", train=12, validation=24, test=8)
    assert stored_manifest(again, tmp_path) == stored_manifest(snapshot, tmp_path)
