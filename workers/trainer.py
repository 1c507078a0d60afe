"""Works on a training run, from its snapshot to the evaluated candidate.

Every step goes on where an earlier attempt ended, and what decides the weights (order, batches,
seed, number of threads) is the run's: a run that was killed ends in the same bytes. What serves is
read and never written.
"""

import logging
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

# cuBLAS is deterministic only with a workspace that is chosen before it is first used
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import numpy as np
import torch
from django.conf import settings
from numpy.typing import NDArray

from apps import blobs
from apps.errors import Conflict, CoreadError, NotFound, StorageFull
from apps.inference.compute.calibration import CalibrationError, fit_case_temperature
from apps.inference.compute.cam import evidence_maps
from apps.inference.compute.candidate import RunStory, candidate_spec
from apps.inference.compute.evaluation import compared_findings, evaluated_findings
from apps.inference.compute.folder import ModelFolder
from apps.inference.compute.predict import LoadedModel, load_model, predict_batch
from apps.inference.compute.probabilities import case_probabilities
from apps.inference.compute.snapshot import (
    CaseTruth,
    Snapshot,
    SnapshotError,
    SnapshotItem,
    case_truth,
    label_matrix,
    read_snapshot,
)
from apps.inference.compute.spec import ModelSpec
from apps.inference.compute.train import TrainingError
from apps.inference.compute.trainable import UntrainableError, trainable_labels
from apps.inference.compute.validation import evidence_scale
from apps.inference.selectors import refused_renditions
from apps.inference.services.models import HeadProbe
from apps.inference.services.run_claims import (
    ClaimLost,
    EvaluatedModel,
    RunCancelled,
    RunFailure,
    RunningModel,
    run_cancelled,
    run_candidate,
    run_champion,
    run_claim,
    run_evaluated,
    run_fail,
    run_release,
    run_trained,
)
from workers.failpoints import failpoint
from workers.images import ImageUnusable
from workers.learning import Learner, Material, RunFailed
from workers.loaded_models import LoadedModels, ModelUnusable, best_device
from workers.run_record import RunRecord, WorkerEnding
from workers.snapshot_images import prepared_batches

log = logging.getLogger("coread.training")

TEST_PART: Final = "test"
# Fewer judged cases say too little about how honest a probability is
FEWEST_TO_CALIBRATE: Final = 20


def work_on_a_run(*, is_ending: Callable[[], bool]) -> bool:
    """Take the run that waits longest as far as it goes; False where none waits."""
    device, _ = best_device()
    claim = run_claim(thread_count=settings.TRAINING_THREADS, hardware=_hardware(device))
    if claim is None:
        return False
    try:
        with _reproducible(device, threads=claim.thread_count):
            Trainer(RunRecord(claim, is_ending=is_ending), device).run()
    except ClaimLost:
        log.warning("a claim on a training run was lost")
    except RunCancelled:
        run_cancelled(claim)
    except WorkerEnding:
        run_release(claim)
    except (
        RunFailed,
        ImageUnusable,
        ModelUnusable,
        CoreadError,
        ValueError,
        RuntimeError,
    ) as error:
        failure = _failure(error)
        log.warning("a training run failed: %s (%s)", failure.code, type(error).__name__)
        run_fail(claim, failure)
    return True


class Trainer:
    """Works on one claimed run."""

    def __init__(self, record: RunRecord, device: torch.device) -> None:
        self._record = record
        self._claim = record.claim
        # Float32 on every device: what is learned and what is judged are the same numbers.
        self._models = LoadedModels(device=device, dtype=torch.float32)

    def run(self) -> None:
        """Learn, register, evaluate.

        Raises
        ------
        ClaimLost, RunCancelled, WorkerEnding : stop, and say so by no other write
        RunFailed, ImageUnusable, ModelUnusable, CoreadError, ValueError, RuntimeError : see
            `_failure`
        """
        snapshot = self._snapshot()
        candidate = self._claim.candidate
        if candidate is None:
            candidate = self._make_candidate(snapshot)
        else:
            run_trained(self._claim)
        failpoint("train_registered")
        self._evaluate(snapshot, candidate)
        failpoint("train_evaluated")
        self._record.forget()

    def _snapshot(self) -> Snapshot:
        sha256 = self._claim.manifest_sha256
        try:
            blobs.verify(sha256)
            with blobs.open_blob(sha256) as blob:
                snapshot = read_snapshot(blob.read())
        except (NotFound, blobs.BlobDamaged) as error:
            raise RunFailed("run_snapshot_missing") from error
        # What the model will abstain from can neither teach it nor judge it.
        renditions = sorted({item.rendition_sha256 for item in snapshot.items})
        refused = refused_renditions(self._claim.parent.served.spec, renditions)
        read = tuple(item for item in snapshot.items if item.rendition_sha256 not in refused)
        return replace(snapshot, items=read)

    def _make_candidate(self, snapshot: Snapshot) -> RunningModel:
        parent = self._claim.parent.served
        material = _material(snapshot, parent.spec)
        sha256 = Learner(self._record, self._models.get(parent), material).weights()
        with blobs.local_file(sha256) as weights:
            model = load_model(parent.spec, weights, device=self._models.device)
            watched = material.validation or material.train
            self._record.begin("calibrating", images=len(watched))
            logits, evidence = self._said(model, watched)
            temperature = None
            if material.validation:
                temperature = _fitted_temperature(parent.spec, logits, material.truth)
            spec = candidate_spec(
                parent.spec,
                weights_sha256=sha256,
                temperature=parent.temperature if temperature is None else temperature,
                evidence_scale=evidence_scale(parent.spec, evidence),
                story=self._story(material, is_calibrated=temperature is not None),
            )
            error = model.head.probe_error if model.head else None
            folder = ModelFolder(ModelSpec.from_json(spec.to_json()), weights, sha256)
            probe = HeadProbe(has_class_maps=model.head is not None, error=error)
            return run_candidate(self._claim, folder=folder, probe=probe)

    def _evaluate(self, snapshot: Snapshot, candidate: RunningModel) -> None:
        champion = run_champion(self._claim)
        items = tuple(item for item in snapshot.part(TEST_PART) if item.labels)
        truth = case_truth(items, snapshot.findings)
        self._record.begin("evaluating", images=2 * len(items))
        scores = [
            self._scores(model, items, truth, done=done)
            for model, done in ((candidate, 0), (champion, len(items)))
        ]
        evaluated = [
            EvaluatedModel(
                model,
                evaluated_findings(
                    truth.labels, said, thresholds=dict(model.served.spec.thresholds)
                ),
            )
            for model, said in zip((candidate, champion), scores, strict=True)
        ]
        run_evaluated(
            self._claim,
            part=TEST_PART,
            candidate=evaluated[0],
            champion=evaluated[1],
            comparison=compared_findings(truth.labels, *scores),
        )

    def _scores(
        self,
        model: RunningModel,
        items: Sequence[SnapshotItem],
        truth: CaseTruth,
        *,
        done: int,
    ) -> dict[str, NDArray[np.float64]]:
        """Calibrated probabilities of the cases, as the model would serve them now."""
        spec = model.served.spec
        if not items:
            return {finding: np.empty(0) for finding in spec.finding_outputs}
        logits, _ = self._said(self._models.get(model.served), items, done=done)
        return case_probabilities(
            spec, logits, cases=truth.cases, temperature=model.served.temperature
        )

    def _said(
        self, model: LoadedModel, items: Sequence[SnapshotItem], *, done: int = 0
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        """Logits of every image, and the magnitudes of its evidence a batch at a time."""
        logits, evidence = [], []
        for batch, images in prepared_batches(items, model.spec):
            answer = predict_batch(model, np.stack([image.values for image in images]))
            logits.append(answer.logits)
            if answer.maps is not None:
                maps = evidence_maps(answer.maps, model.spec.exclusive_groups)
                evidence.append(np.abs(maps))
            done += len(batch)
            self._record.images(done)
        return np.concatenate(logits), evidence

    def _story(self, material: Material, *, is_calibrated: bool) -> RunStory:
        config = self._claim.config
        how = (
            "network trained" if config.mode == "full" else "last layer fitted, all else as it was"
        )
        return RunStory(
            run_number=self._claim.number,
            snapshot_id=str(self._claim.snapshot_id),
            manifest_sha256=self._claim.manifest_sha256,
            train_images=len(material.train),
            train_cases=len({item.case for item in material.train}),
            validation_cases=len({item.case for item in material.validation}),
            how=how,
            left_out=material.labels.left_out,
            is_calibrated=is_calibrated,
        )


def _material(snapshot: Snapshot, spec: ModelSpec) -> Material:
    """Choose the images with a label that the model knows; the test part stays closed."""
    codes = [output.finding for output in spec.outputs]
    known = set(spec.finding_outputs)
    train, validation = (
        tuple(item for item in snapshot.part(part) if known & set(item.labels))
        for part in ("train", "validation")
    )
    labels = trainable_labels(label_matrix(train, codes), spec)
    watched = label_matrix(validation, codes)
    watched[:, [row for row in range(len(codes)) if row not in labels.rows]] = np.nan
    truth = case_truth(validation, list(spec.finding_outputs))
    return Material(train, validation, labels, watched, truth)


def _fitted_temperature(
    spec: ModelSpec, logits: NDArray[np.float32], truth: CaseTruth
) -> float | None:
    """Temperature of the candidate; None where too few cases, or cases too easy, say nothing."""
    judged = {finding: ~np.isnan(labels) for finding, labels in truth.labels.items()}
    judged = {finding: known for finding, known in judged.items() if known.any()}
    if sum(int(known.sum()) for known in judged.values()) < FEWEST_TO_CALIBRATE:
        return None
    present = {finding: truth.labels[finding] == 1.0 for finding in judged}
    try:
        return fit_case_temperature(
            spec, logits, cases=truth.cases, findings=present, judged=judged
        )
    except CalibrationError:
        return None


def _failure(error: Exception) -> RunFailure:
    """Name what ended a run; final is what another attempt would meet again."""
    if isinstance(error, RunFailed):
        return error.failure
    if isinstance(error, ImageUnusable):
        return RunFailure("run_image_unusable", {"cause": error.failure.code}, is_final=True)
    if isinstance(error, ModelUnusable):
        return RunFailure(error.failure.code, error.failure.params, is_final=True)
    if isinstance(error, SnapshotError):
        return RunFailure("snapshot_unreadable", {"detail": error.message}, is_final=True)
    if isinstance(error, (UntrainableError, Conflict)):
        return RunFailure(error.code, error.params, is_final=True)
    if isinstance(error, StorageFull):
        return RunFailure("run_storage_full", {})
    if isinstance(error, TrainingError):
        return RunFailure("run_not_finite", {}, is_final=True)
    if isinstance(error, torch.OutOfMemoryError):
        return RunFailure("run_out_of_memory", {})
    cause = error.code if isinstance(error, CoreadError) else type(error).__name__
    return RunFailure("run_compute_failed", {"cause": cause})


@contextmanager
def _reproducible(device: torch.device, *, threads: int) -> Iterator[None]:
    """Compute with this number of threads and, where torch can, by deterministic algorithms."""
    was = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    # On a GPU a few operators have none: they warn, and the run says what it ran on.
    torch.use_deterministic_algorithms(True, warn_only=device.type == "cuda")
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was[0])
        torch.set_num_threads(was[1])


def _hardware(device: torch.device) -> str:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    capability = torch.backends.cpu.get_cpu_capability()
    return f"{platform.machine()} {capability}, {name}, torch {torch.__version__}"[:255]
