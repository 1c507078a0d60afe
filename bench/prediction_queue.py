"""A fresh store for the benches of the queue: a served ResNet-50 and images that wait for it.

Everything is made by the product's own services: the pictures go through the ingest gate, the model
through import and promotion, the rows through the request on arrival. Django must be set up before
this is imported; `measure_on_each_database` sees to that.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import cv2
import numpy as np
import safetensors.torch
import torch
from django.core.management import call_command

from apps import blobs
from apps.cases.compute.wrap import WrapFacts, derived_uid, wrap_image
from apps.cases.models import Project
from apps.cases.services.ingest import ingest_file
from apps.cases.services.projects import FindingDraft, project_create
from apps.inference.compute.folder import file_sha256, read_model_folder
from apps.inference.compute.networks import build_network
from apps.inference.compute.predict import load_model
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import CasePrediction, ModelVersion, Prediction
from apps.inference.services.claims import ClaimedFrame
from apps.inference.services.models import HeadProbe, model_import, model_promote
from bench.cam import resnet50_spec
from workers.batching import BatchLimits, Predictor
from workers.images import InputCache, prepare_image
from workers.loaded_models import LoadedModels, best_device

BATCH: Final = 16
SEED: Final = 0


def fill_store(*, images: int, rows: int, columns: int) -> None:
    """Migrate, import and promote the model, and take in pictures of 16 bits; each waits once."""
    call_command("migrate", verbosity=0)
    spec = resnet50_spec()
    codes = spec.finding_outputs
    findings = [FindingDraft(code=code, name_en=code, name_zh=code) for code in codes]
    project = project_create("bench", name_en="Bench", name_zh="测量", findings=findings)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        model_promote(_imported_model(Path(folder)), project=project, actor=None)
        for number in range(images):
            _take_in(Path(folder), project, number=number, rows=rows, columns=columns)
    if Prediction.objects.filter(state=Prediction.State.QUEUED).count() != images:
        raise RuntimeError("Not every picture waits for the model.")


def queue_again() -> None:
    """Put every answered image back where it waited, for the next round; not measured."""
    answered = Prediction.objects.filter(state=Prediction.State.DONE)
    if answered.update(state=Prediction.State.QUEUED, attempts=0, maps=None) == 0:
        raise RuntimeError("The round before has answered nothing.")
    waiting = CasePrediction.State.WAITING
    CasePrediction.objects.update(state=waiting, pending=1, completed_at=None)


def require_all_done(images: int) -> None:
    """Refuse a round that left something out: a fast failure is no speed."""
    done = Prediction.objects.filter(state=Prediction.State.DONE, maps__isnull=False).count()
    gathered = CasePrediction.objects.filter(state=CasePrediction.State.DONE).count()
    if (done, gathered) != (images, images):
        raise RuntimeError(f"{done} predictions and {gathered} cases of {images} are done.")


def stored_frames() -> tuple[list[ClaimedFrame], ModelSpec]:
    """List the frames of all predictions, and the spec they are prepared for."""
    rows = Prediction.objects.order_by("created_at").values_list(
        "pk", "instance__rendition_sha256", "frame_number"
    )
    return [ClaimedFrame(*row) for row in rows], ModelSpec.from_json(
        ModelVersion.objects.get().spec
    )


def bare_forward(images: int) -> Callable[[], None]:
    """Make the peer: the same network on the same batches, with nothing around it.

    Checks first that the stored predictions are this network's answers.
    """
    device, dtype = best_device()
    version = ModelVersion.objects.get()
    frames, spec = stored_frames()
    with blobs.local_file(version.weights_sha256) as path:
        model = load_model(spec, path, device=device, dtype=dtype)
    inputs = np.stack([prepare_image(frame, spec).values for frame in frames[:BATCH]])
    batch = torch.from_numpy(inputs).to(device).contiguous(memory_format=torch.channels_last)

    def forward() -> torch.Tensor:
        with (
            torch.inference_mode(),
            torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32),
        ):
            return cast(torch.Tensor, model.network(batch))

    stored = Prediction.objects.filter(pk__in=[frame.prediction_id for frame in frames[:BATCH]])
    logits = dict(stored.values_list("pk", "logits"))
    expected = np.array([logits[frame.prediction_id] for frame in frames[:BATCH]])
    tolerance = 1e-4 if dtype == torch.float32 else 5e-2
    np.testing.assert_allclose(
        forward().float().cpu().numpy(), expected, rtol=tolerance, atol=tolerance
    )

    def forward_all() -> None:
        for _ in range(images // BATCH):
            forward()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return forward_all


def new_predictor(*, cache_bytes: int) -> Predictor:
    """Make the worker's own predictor, with batches of 16 however long they take."""
    device, dtype = best_device()
    return Predictor(
        models=LoadedModels(device=device, dtype=dtype),
        inputs=InputCache(max_bytes=cache_bytes),
        limits=BatchLimits(images=BATCH, work_s=3600.0),
    )


def where(database: str) -> str:
    """Say on what was measured."""
    device, dtype = best_device()
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    threads = torch.get_num_threads()
    narrow = str(dtype).removeprefix("torch.")
    return f"resnet50 224 b{BATCH} {narrow}, {name} {threads} threads, {database}"


def _imported_model(folder: Path) -> ModelVersion:
    torch.manual_seed(SEED)
    spec = resnet50_spec()
    weights = folder / spec.weights.file
    safetensors.torch.save_file(build_network(spec).state_dict(), weights)
    described = spec.to_json()
    described["weights"] = {"file": weights.name, "sha256": file_sha256(weights), "key_map": None}
    (folder / "spec.json").write_text(json.dumps(described))
    probe = HeadProbe(has_class_maps=True, error=0.0)
    return model_import(read_model_folder(folder), probe=probe, actor=None).version


def _take_in(folder: Path, project: Project, *, number: int, rows: int, columns: int) -> None:
    """Wrap one picture, smooth with some noise, and take it in through the gate."""
    random = np.random.default_rng([SEED, number])
    coarse = random.uniform(0, 4095, (16, 16)).astype(np.float32)
    smooth = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    pixels = np.clip(smooth + random.normal(0, 20, smooth.shape), 0, 4095).astype(np.uint16)
    picture, wrapped = folder / "picture.png", folder / "picture.dcm"
    cv2.imwrite(str(picture), pixels)
    facts = WrapFacts(
        study_instance_uid=derived_uid("bench", "study", str(number)),
        series_instance_uid=derived_uid("bench", "series", str(number)),
        sop_instance_uid=derived_uid("bench", "instance", str(number)),
        patient_id=f"BENCH{number}",
        modality="DX",
    )
    wrap_image(picture, facts, wrapped)
    result = ingest_file(wrapped, project=project, uploaded_by=None, file_name=picture.name)
    if result.result != "stored":
        raise RuntimeError(f"The gate refused picture {number}: {result.code}")
