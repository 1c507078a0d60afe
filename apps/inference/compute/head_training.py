"""How does the last layer learn on cached features? As a logistic regression, by AdamW.

The problem is convex: with the penalty above 0 there is one answer, and enough epochs reach it
whatever the start (tests/inference/test_head_training.py compares with scikit-learn).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from apps.inference.compute.checkpoint import (
    Checkpoint,
    optimiser_tensors,
    restore_optimiser,
)
from apps.inference.compute.losses import allowed_classes, exclusive_loss
from apps.inference.compute.run_config import RunConfig
from apps.inference.compute.schedule import learning_rate_share
from apps.inference.compute.spec import ModelSpec
from apps.inference.compute.train import Progress
from apps.inference.compute.trainable import TrainableLabels

WARMUP_SHARE = 0.05


@dataclass(frozen=True)
class Head:
    """Weights of a linear layer: float32 (K, C) and (K,)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


class HeadTraining:
    """One training of a head, an epoch at a time; the same arguments give the same bits.

    Features are centred on the training part, which changes nothing but the speed: the bias takes
    it up. All sums are float64.
    """

    def __init__(
        self,
        features: NDArray[np.float32],
        trainable: TrainableLabels,
        *,
        spec: ModelSpec,
        start: Head,
        config: RunConfig,
        seed: int,
        learns_bias: bool = True,
    ) -> None:
        """Prepare.

        Parameters
        ----------
        features : float32 (n, C), of the training part
        trainable : its labels
        spec : ModelSpec, for the activation
        start : the champion's head: where the training starts, and the anchor of the penalty
        learns_bias : False for a layer without bias
        """
        self.epoch = 0
        self._config = config
        self._start = start
        self._rows = list(trainable.rows)
        self._is_exclusive = spec.activation == "softmax"
        labels = torch.from_numpy(trainable.labels)
        targets = allowed_classes(labels) if self._is_exclusive else labels[:, self._rows].double()
        says = _says_something(targets)
        self._targets = targets[says]
        values = torch.from_numpy(features)[says].double()
        # without a bias there is nothing that could take the centre up
        self._centre = values.mean(dim=0) * float(learns_bias)
        self._features = values.sub_(self._centre)
        weight = torch.from_numpy(start.weight[self._rows]).double()
        bias = torch.from_numpy(start.bias[self._rows]).double()
        self._anchor = weight if config.anchor == "champion" else torch.zeros_like(weight)
        self._weight = weight.clone().requires_grad_()
        self._bias = (bias + weight @ self._centre).requires_grad_(learns_bias)
        self._optimiser = torch.optim.AdamW(
            [each for each in (self._weight, self._bias) if each.requires_grad],
            lr=config.learning_rate,
            weight_decay=0.0,
        )
        self._generator = torch.Generator().manual_seed(seed)
        self._batch = config.batch_size or len(self._features)
        self._steps = config.epochs * math.ceil(len(self._features) / self._batch)
        self._step = 0

    def run_epoch(self, on_step: Callable[[], None] = lambda: None) -> Progress:
        """Take every image once; the loss is the mean before each step, without the penalty."""
        total = 0.0
        for chosen in self._batches():
            loss = self._cross_entropy(chosen)
            self._descend(loss + self._penalty())
            share = 1.0 if isinstance(chosen, slice) else len(chosen) / len(self._features)
            total += loss.item() * share
            on_step()
        self.epoch += 1
        return Progress(self.epoch, total, 0.0)

    def head(self) -> Head:
        """Give the whole head: what has learned, and the rows that keep what they had."""
        weight, bias = self._start.weight.copy(), self._start.bias.copy()
        learned = self._weight.detach()
        weight[self._rows] = learned.float().numpy()
        bias[self._rows] = (self._bias.detach() - learned @ self._centre).float().numpy()
        return Head(weight, bias)

    def gradient(self) -> float:
        """Largest slope of the loss with its penalty where it stands: 0 at the answer."""
        loss = self._cross_entropy(slice(None)) + self._penalty()
        learning = [each for each in (self._weight, self._bias) if each.requires_grad]
        return max(float(slope.abs().max()) for slope in torch.autograd.grad(loss, learning))

    def checkpoint(self) -> Checkpoint:
        """Give all that the next epoch depends on."""
        facts: dict[str, Any] = {"epoch": self.epoch, "step": self._step}
        tensors = {
            "weight": self._weight.detach(),
            "bias": self._bias.detach(),
            "generator": self._generator.get_state(),
        }
        return Checkpoint(facts, tensors | optimiser_tensors(self._optimiser))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from what `checkpoint` gave of a training with the same arguments."""
        self.epoch, self._step = checkpoint.facts["epoch"], checkpoint.facts["step"]
        with torch.no_grad():
            self._weight.copy_(checkpoint.tensors["weight"])
            self._bias.copy_(checkpoint.tensors["bias"])
        self._generator.set_state(checkpoint.tensors["generator"])
        restore_optimiser(self._optimiser, checkpoint.tensors)

    def _batches(self) -> Sequence[Tensor | slice]:
        """All images once: together as they lie, or in random order a batch at a time."""
        if self._batch >= len(self._features):
            return [slice(None)]
        order = torch.randperm(len(self._features), generator=self._generator)
        return list(torch.split(order, self._batch))

    def _penalty(self) -> Tensor:
        return 0.5 * self._config.ridge * (self._weight - self._anchor).square().sum()

    def _cross_entropy(self, chosen: Tensor | slice) -> Tensor:
        """Softmax: mean over the images. Independent: sum over the outputs of each one's mean."""
        logits = self._features[chosen] @ self._weight.T + self._bias
        targets = self._targets[chosen]
        if self._is_exclusive:
            return exclusive_loss(logits, targets)
        judged = ~torch.isnan(targets)
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, torch.nan_to_num(targets), reduction="none"
        )
        counts = (~torch.isnan(self._targets)).sum(dim=0)
        share = len(self._targets) / len(targets)
        return ((losses * judged).sum(dim=0) / counts).sum() * share

    def _descend(self, loss: Tensor) -> None:
        rate = learning_rate_share(self._step, steps=self._steps, warmup_share=WARMUP_SHARE)
        for group in self._optimiser.param_groups:
            group["lr"] = self._config.learning_rate * rate
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        self._step += 1


def head_loss(
    logits: NDArray[np.floating[Any]], labels: NDArray[np.float32], *, spec: ModelSpec
) -> float | None:
    """Mean cross-entropy of other images by the same measure; None where nobody judged them."""
    values, truth = torch.from_numpy(logits).double(), torch.from_numpy(labels)
    if spec.activation == "softmax":
        allowed = allowed_classes(truth)
        if not bool(_says_something(allowed).any()):
            return None
        return float(exclusive_loss(values, allowed))
    judged = ~torch.isnan(truth)
    columns = judged.any(dim=0)
    if not bool(columns.any()):
        return None
    losses = torch.nn.functional.binary_cross_entropy_with_logits(
        values, torch.nan_to_num(truth).double(), reduction="none"
    )
    means = (losses * judged).sum(dim=0)[columns] / judged.sum(dim=0)[columns]
    return float(means.sum())


def _says_something(targets: Tensor) -> Tensor:
    """Rows with a label: some but not all classes left open, or one finding judged."""
    if targets.dtype == torch.bool:
        return targets.any(dim=1) & ~targets.all(dim=1)
    return (~torch.isnan(targets)).any(dim=1)
