"""The worker in this process: from stored bytes to committed predictions, and every way to fail."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from pytest_django import Settings

from apps import blobs
from apps.cases.compute.pixels import display_image
from apps.inference.compute.predict import load_model, predict_batch
from apps.inference.compute.preprocess import to_network_input
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import CasePrediction, ModelVersion, Prediction
from apps.queue import JOBS, registered_jobs
from tests.workers.stored import served_project, stored_case
from workers.batching import BatchLimits, Predictor
from workers.celery import TIME_LIMIT_S, app, step_behind_the_readers
from workers.failpoints import armed
from workers.images import InputCache
from workers.loaded_models import LoadedModels

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
State = Prediction.State


def new_predictor(*, images: int = 4, cache_bytes: int = 10**7) -> Predictor:
    return Predictor(
        models=LoadedModels(device=torch.device("cpu"), dtype=torch.float32),
        inputs=InputCache(max_bytes=cache_bytes),
        limits=BatchLimits(images=images, work_s=10.0),
    )


def blob_path(sha256: str) -> Path:
    with blobs.local_file(sha256) as path:
        return path


def test_stored_bytes_become_committed_predictions_with_maps(tmp_path: Path) -> None:
    project = served_project(tmp_path / "model")
    case = stored_case(project, tmp_path, images=6)
    assert new_predictor().run(budget_s=60.0) is False
    rows = list(Prediction.objects.order_by("instance__instance_number"))
    version = ModelVersion.objects.get()
    spec = ModelSpec.from_json(version.spec)
    with blobs.local_file(version.weights_sha256) as weights:
        model = load_model(spec, weights)
    image = display_image(blob_path(rows[4].instance.rendition_sha256))
    expected = predict_batch(model, to_network_input(image, spec.preprocess)[0][None])
    assert {row.state for row in rows} == {State.DONE}
    np.testing.assert_allclose(rows[4].logits, expected.logits[0], rtol=1e-4, atol=1e-5)
    maps = np.frombuffer(rows[4].maps, "<f2").reshape(rows[4].map_shape)
    for k, logit in enumerate(rows[4].logits):
        tolerance = 1e-3 * max(1.0, abs(logit))
        assert maps[k].astype(np.float64).mean() + rows[4].biases[k] == pytest.approx(
            logit, abs=tolerance
        )
    # 16 x 16 image points onto the grid: one image point is grid / 16 cells
    height, width = rows[4].map_shape[1:]
    assert rows[4].image_to_grid == pytest.approx([width / 16, 0, 0, 0, height / 16, 0])
    assert rows[4].model_sha256 == version.model_sha256
    assert rows[4].preprocess_sha256 == spec.preprocess_sha256
    assert set(rows[4].timings_ms) == {"decode", "preprocess", "features", "head"}
    gathered = CasePrediction.objects.get(case=case)
    highest = max(row.probabilities[1] for row in rows)
    assert gathered.probabilities == {"nodule": pytest.approx(highest)}


def test_an_image_that_does_not_decode_fails_alone(tmp_path: Path) -> None:
    project = served_project(tmp_path / "model")
    good, bad = stored_case(project, tmp_path), stored_case(project, tmp_path)
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"\0" * 128 + b"DICM" + b"nothing of DICOM")
    bad.instances.update(rendition_sha256=blobs.put_file(broken))
    new_predictor().run(budget_s=60.0)
    assert CasePrediction.objects.get(case=good).state == "done"
    failed = Prediction.objects.get(case_prediction__case=bad)
    assert (failed.state, failed.reason_code, failed.attempts) == (
        State.QUARANTINED,
        "decode_failed",
        3,
    )


@pytest.mark.parametrize(
    ("damage", "code"), [("missing", "image_missing"), ("changed", "integrity_check_failed")]
)
def test_an_image_whose_bytes_are_gone_or_changed_is_quarantined_at_once(
    tmp_path: Path, damage: str, code: str
) -> None:
    case = stored_case(served_project(tmp_path / "model"), tmp_path)
    path = blob_path(case.instances.get().rendition_sha256)
    if damage == "missing":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[-1] ^= 1  # one bit of one pixel
        path.write_bytes(content)
    new_predictor().run(budget_s=60.0)
    row = Prediction.objects.get()
    assert (row.state, row.reason_code, row.attempts) == (State.QUARANTINED, code, 1)
    assert row.logits == []


@pytest.mark.parametrize(
    ("damage", "code"), [("missing", "weights_missing"), ("changed", "weights_damaged")]
)
def test_weights_that_are_gone_or_changed_are_never_served(
    tmp_path: Path, damage: str, code: str
) -> None:
    project = served_project(tmp_path / "model")
    stored_case(project, tmp_path, images=2)
    path = blob_path(ModelVersion.objects.get().weights_sha256)
    if damage == "missing":
        path.unlink()
    else:
        with path.open("r+b") as weights:
            weights.seek(-1, os.SEEK_END)
            weights.write(b"\x7f")
    new_predictor().run(budget_s=60.0)
    rows = Prediction.objects.all()
    assert {(row.state, row.reason_code) for row in rows} == {(State.QUARANTINED, code)}
    assert {tuple(row.logits) for row in rows} == {()}


def test_a_model_whose_numbers_are_not_finite_stores_nothing(tmp_path: Path) -> None:
    project = served_project(tmp_path / "model")
    stored_case(project, tmp_path, images=2)
    predictor = new_predictor()
    version = ModelVersion.objects.get()
    with blobs.local_file(version.weights_sha256) as weights:
        model = load_model(ModelSpec.from_json(version.spec), weights)
    next(model.network.parameters()).data.fill_(float("nan"))
    predictor._models._models[version.model_sha256] = model
    predictor.run(budget_s=60.0)
    rows = Prediction.objects.all()
    assert {(row.state, row.reason_code) for row in rows} == {
        (State.QUARANTINED, "output_not_finite")
    }
    assert {row.attempts for row in rows} == {3}
    assert not Prediction.objects.filter(maps__isnull=False).exists()


def test_a_spent_budget_ends_after_a_batch_and_says_that_more_waits(tmp_path: Path) -> None:
    stored_case(served_project(tmp_path / "model"), tmp_path, images=5)
    assert new_predictor(images=2).run(budget_s=-1.0) is True
    assert Prediction.objects.filter(state=State.DONE).count() == 2
    assert not Prediction.objects.filter(state=State.CLAIMED).exists()


def test_a_batch_holds_no_more_than_its_share_of_work(tmp_path: Path) -> None:
    predictor = new_predictor(images=16)
    predictor._seconds_an_image = 3.0
    assert predictor._batch_size() == 3  # 10 s of work
    predictor._seconds_an_image = 100.0
    assert predictor._batch_size() == 1
    predictor._seconds_an_image = 0.001
    assert predictor._batch_size() == 16


def test_prepared_images_are_kept_within_their_bytes(tmp_path: Path) -> None:
    project = served_project(tmp_path / "model")
    stored_case(project, tmp_path, images=3)
    image_bytes = 3 * 64 * 64 * 4
    predictor = new_predictor(cache_bytes=2 * image_bytes)
    predictor.run(budget_s=60.0)
    assert predictor._inputs._bytes == 2 * image_bytes
    assert len(predictor._inputs._images) == 2


def test_every_job_has_a_worker_and_a_limit() -> None:
    app.loader.import_default_modules()
    for job in registered_jobs():
        task = app.tasks[job.name]
        assert task.queue == job.queue
        assert task.time_limit == TIME_LIMIT_S[job.queue]
        assert task.acks_late
        assert task.reject_on_worker_lost
    assert app.conf.accept_content == ["json"]
    assert app.conf.worker_prefetch_multiplier == 1


def test_a_worker_that_only_trains_steps_back_and_others_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    priorities: list[int] = []
    monkeypatch.setattr("os.setpriority", lambda _which, _who, value: priorities.append(value))
    for queues in (["interactive", "gpu"], ["cpu"], ["cpu", "train"], ["train"]):
        consume_from = dict.fromkeys(queues)
        sender = SimpleNamespace(app=SimpleNamespace(amqp=SimpleNamespace(queues=None)))
        sender.app.amqp.queues = SimpleNamespace(consume_from=consume_from)
        step_behind_the_readers(sender)
    assert priorities == [10]


@pytest.mark.full
def test_a_worker_that_trains_loads_torch_only_with_its_first_run() -> None:
    script = (
        "import sys, django; django.setup()\n"
        "from workers.celery import app\n"
        "app.loader.import_default_modules()\n"
        "assert 'inference.train' in app.tasks\n"
        "assert 'torch' not in sys.modules\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True)


def test_a_job_works_off_the_queue_and_the_rescue_wakes_for_what_waits(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("apps.queue._send", lambda job, _: sent.append(job.name))
    app.loader.import_default_modules()
    project = served_project(tmp_path / "model")
    stored_case(project, tmp_path)
    sent.clear()
    app.tasks[JOBS.RESCUE.name]()
    assert sent == [JOBS.PREDICT_BULK.name]
    app.tasks[JOBS.PREDICT_BULK.name]()
    assert Prediction.objects.get().state == State.DONE
    sent.clear()
    app.tasks[JOBS.RESCUE.name]()
    assert sent == []


def test_failpoints_do_nothing_unless_a_test_sets_one() -> None:
    script = (
        "import django; django.setup()\n"
        "from workers import failpoints\n"
        "assert failpoints.failpoint is failpoints._unarmed\n"
        "failpoints.failpoint('claimed')\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    environment.pop("COREAD_FAILPOINT", None)
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True)


def test_failpoints_refuse_production_and_misspellings(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="tests only"):
        armed(f"claimed:kill:1:{tmp_path}/count", is_production=True)
    with pytest.raises(Exception, match="NAME:ACTION"):
        armed(f"claimd:kill:1:{tmp_path}/count", is_production=False)


def test_a_failpoint_stops_its_process_so_many_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals: list[int] = []
    monkeypatch.setattr("os.kill", lambda _, number: signals.append(number))
    stop_here = armed(f"claimed:kill:2:{tmp_path}/count", is_production=False)
    for name in ("stored", "claimed", "claimed", "claimed"):
        stop_here(name)
    assert signals == [signal.SIGKILL, signal.SIGKILL]
