"""How the weights of a run are learned, from the images of its snapshot to the candidate's file."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, cast

import numpy as np
import torch
from django.conf import settings
from numpy.typing import NDArray
from torch import Tensor, nn

from apps import blobs
from apps.errors import NotFound
from apps.inference.compute.candidate import (
    changed_tensors,
    classifier_tensors,
    write_candidate,
)
from apps.inference.compute.checkpoint import Checkpoint, read_checkpoint
from apps.inference.compute.evaluation import areas
from apps.inference.compute.features import pooled_features
from apps.inference.compute.head import LinearHead
from apps.inference.compute.head_training import Head, HeadTraining, head_loss
from apps.inference.compute.networks import TimmNetwork, build_network, load_weights
from apps.inference.compute.predict import LoadedModel
from apps.inference.compute.probabilities import case_probabilities
from apps.inference.compute.snapshot import CaseTruth, SnapshotItem
from apps.inference.compute.train import NetworkTraining, Progress, Recipe
from apps.inference.compute.trainable import TrainableLabels
from apps.inference.compute.training_set import SetImage, TrainingSet, gather_training_set
from apps.inference.services.run_claims import RunFailure
from workers.failpoints import failpoint
from workers.run_record import RunRecord
from workers.snapshot_images import BATCH_SIZE, prepared_batches

FEATURES: Final = "features"
TRAINING: Final = "training"
EXPORTED: Final = "exported"


class RunFailed(Exception):  # noqa: N818  a verdict on a run, not a fault of the program
    """A run that would end the same way again, and why."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.failure = RunFailure(code, params, is_final=True)


@dataclass(frozen=True)
class Material:
    """What a run learns from and is watched on; the test part is not among it.

    Attributes
    ----------
    train, validation : images with a label that the model knows
    labels : of the training part
    validation_labels : float32 (n, K), of the outputs that learn; NaN elsewhere
    truth : of the cases of the validation part
    """

    train: tuple[SnapshotItem, ...]
    validation: tuple[SnapshotItem, ...]
    labels: TrainableLabels
    validation_labels: NDArray[np.float32]
    truth: CaseTruth


class Training(Protocol):
    """What a training of a head and one of a network have in common."""

    epoch: int

    def run_epoch(self, on_step: Callable[[], None] = ...) -> Progress:
        """Take every image once."""

    def checkpoint(self) -> Checkpoint:
        """Give all that the next epoch depends on."""

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint."""


class Learner:
    """Learns the weights of one run."""

    def __init__(self, record: RunRecord, model: LoadedModel, material: Material) -> None:
        """Prepare; `model` is the parent, in float32."""
        self._record = record
        self._claim = record.claim
        self._config = record.claim.config
        self._model = model
        self._spec = model.spec
        self._material = material

    def weights(self) -> str:
        """Give the candidate's weights as a blob, learned now or by an earlier attempt.

        Raises
        ------
        RunFailed, TrainingError, ImageUnusable
        ClaimLost, RunCancelled, WorkerEnding : as the record's beat
        """
        found = self._record.checkpoint()
        if found.facts.get("stage") == EXPORTED:
            return str(found.facts["weights_sha256"])
        with blobs.local_file(self._claim.parent.served.weights_sha256) as parent:
            learn = self._learned_head if self._config.mode == "head" else self._learned_network
            sha256 = self._export(parent, learn(found, parent))
        self._record.save(Checkpoint({"stage": EXPORTED, "weights_sha256": sha256}, {}))
        failpoint("train_exported")
        return sha256

    def _export(self, parent: Path, changed: dict[str, Tensor]) -> str:
        with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
            target = Path(folder) / "weights.safetensors"
            key_map = self._spec.weights.key_map
            sha256 = write_candidate(parent, target, changed, key_map=key_map)
            return blobs.put_file(target, sha256=sha256)

    def _learned_head(self, found: Checkpoint, _parent: Path) -> dict[str, Tensor]:
        head = self._model.head
        if head is None:
            raise RunFailed("run_head_not_linear")
        features = self._features(head)
        train, watched = np.split(features, [len(self._material.train)])
        weight, bias = head.weight.cpu().numpy(), head.bias.cpu().numpy()
        classifier = cast(TimmNetwork, self._model.network).get_classifier()
        training = HeadTraining(
            train,
            self._material.labels,
            spec=self._spec,
            start=Head(weight, bias),
            config=self._config,
            seed=self._claim.seed,
            learns_bias=getattr(classifier, "bias", None) is not None,
        )

        def logits() -> NDArray[np.float32]:
            learned = training.head()
            return watched @ learned.weight.T + learned.bias

        self._run_epochs(training, found, logits)
        return classifier_tensors(self._model.network, training.head())

    def _features(self, head: LinearHead) -> NDArray[np.float32]:
        """Pooled features of the training and the validation part, kept a chunk at a time."""
        items = self._material.train + self._material.validation
        kept = self._kept_features()
        done = saved = sum(map(len, kept))
        self._record.begin(FEATURES, images=len(items), done=done)
        for _, images in prepared_batches(items[done:], self._spec):
            inputs = np.stack([image.values for image in images])
            kept.append(pooled_features(self._model, head, inputs))
            done += len(images)
            self._record.images(done)
            if self._record.is_due() or done == len(items):
                rows = np.concatenate(kept)[saved:]
                chunk = Checkpoint({"rows": [saved, done]}, {FEATURES: torch.from_numpy(rows)})
                self._record.chunks.append(self._record.store(chunk))
                self._record.save(Checkpoint({"stage": FEATURES}, {}))
                saved = done
                failpoint("train_features")
        return np.concatenate(kept)

    def _kept_features(self) -> list[NDArray[np.float32]]:
        """Read the chunks of an earlier attempt; none where one of them is gone."""
        kept: list[NDArray[np.float32]] = []
        try:
            for sha256 in self._record.chunks:
                with blobs.local_file(sha256) as path:
                    kept.append(read_checkpoint(path).tensors[FEATURES].numpy())
        except NotFound:
            self._record.chunks.clear()
            kept.clear()
        return kept

    def _learned_network(self, found: Checkpoint, parent: Path) -> dict[str, Tensor]:
        network = build_network(self._spec)
        load_weights(network, parent, key_map=self._spec.weights.key_map)
        material, total = self._material, len(self._material.train + self._material.validation)
        self._record.begin(FEATURES, images=total)
        train = self._images(material.train, material.labels.labels, done=0)
        watched = self._images(
            material.validation, material.validation_labels, done=len(material.train)
        )
        config = self._config
        recipe = Recipe(
            epochs=config.epochs,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            weight_decay=config.weight_decay,
            region_weight=config.region_weight,
            frozen=config.frozen,
        )
        try:
            training = NetworkTraining(
                train,
                self._spec,
                recipe,
                seed=self._claim.seed,
                network=network,
                device=self._model.device,
            )
        except AttributeError as error:
            raise RunFailed("run_unknown_module", detail=str(error)) from error

        def logits() -> NDArray[np.float32]:
            return _logits(network, watched, device=self._model.device, beat=self._record.beat)

        self._run_epochs(training, found, logits)
        return changed_tensors(network, parent, key_map=self._spec.weights.key_map)

    def _images(
        self, items: Sequence[SnapshotItem], labels: NDArray[np.float32], *, done: int
    ) -> TrainingSet:
        def images() -> Iterator[SetImage]:
            read = done
            for batch, prepared in prepared_batches(items, self._spec):
                for item, image in zip(batch, prepared, strict=True):
                    yield SetImage(image.values, image.image_to_input, item.rois)
                read += len(batch)
                self._record.images(read)

        return gather_training_set(images(), labels, self._spec)

    def _run_epochs(
        self, training: Training, found: Checkpoint, logits: Callable[[], NDArray[np.float32]]
    ) -> None:
        """Train to the end; `logits` gives those of the validation part as the training stands."""
        if found.facts.get("stage") == TRAINING:
            training.restore(found)
        self._record.begin(TRAINING)
        while training.epoch < self._config.epochs:
            progress = training.run_epoch(self._record.beat)
            self._record.epoch(training.epoch, partial(self._point, progress, logits))
            if self._record.is_due():
                state = training.checkpoint()
                facts = {**state.facts, "stage": TRAINING}
                self._record.save(Checkpoint(facts, state.tensors))
                failpoint("train_epoch")

    def _point(
        self, progress: Progress, logits: Callable[[], NDArray[np.float32]]
    ) -> dict[str, Any]:
        """Say how the training and the validation part are told after an epoch."""
        point: dict[str, Any] = {"train_loss": progress.label_loss}
        if not self._material.validation:
            return point | {"validation_loss": None, "validation_auc": {}}
        said = logits()
        temperature = self._claim.parent.served.temperature
        truth = self._material.truth
        scores = case_probabilities(self._spec, said, cases=truth.cases, temperature=temperature)
        return point | {
            "validation_loss": head_loss(said, self._material.validation_labels, spec=self._spec),
            "validation_auc": areas(truth.labels, scores),
        }


def _logits(
    network: nn.Module,
    watched: TrainingSet,
    *,
    device: torch.device,
    beat: Callable[[], None],
) -> NDArray[np.float32]:
    """What a network in training says of a set, in evaluation mode."""
    network.eval()
    said = []
    with torch.inference_mode():
        for start in range(0, len(watched), BATCH_SIZE):
            images = torch.from_numpy(watched.inputs[start : start + BATCH_SIZE]).float()
            said.append(network(images.to(device)).cpu().numpy())
            beat()
    return np.concatenate(said)
