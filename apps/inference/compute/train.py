"""How does a network learn from a manifest? One recipe, one seed, AdamW with a cosine schedule;
the same seed on the same machine and thread count gives the same weights. Knows no database.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, cast

import torch
from torch import Tensor, nn

from apps.inference.compute.augment import Augmentation, augmented
from apps.inference.compute.cam import class_maps
from apps.inference.compute.checkpoint import Checkpoint, optimiser_tensors, restore_optimiser
from apps.inference.compute.head import LinearHead, captured_output, probe_linear_head
from apps.inference.compute.losses import exclusive_label_loss, label_loss, region_loss
from apps.inference.compute.networks import TimmNetwork, build_network
from apps.inference.compute.schedule import learning_rate_share
from apps.inference.compute.spec import ModelSpec
from apps.inference.compute.training_set import TrainingSet

CPU: Final = torch.device("cpu")
# Before the names of a network's tensors in a checkpoint
NETWORK: Final = "network."


class TrainingError(RuntimeError):
    """A training that cannot go on: the loss is not finite, or the network has no linear head."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training beside data, network and seed.

    Parameters
    ----------
    epochs, batch_size : int
    learning_rate : float, the peak, after a linear warm-up over `warmup_share` of the steps
    head_rate : float, factor on the rate of the classifier. Pooling divides the evidence of a small
        finding by the number of cells, so its weights must grow far larger than those of the trunk
    weight_decay : float, of weights with two axes or more; none on biases and normalisation
    region_weight : float, of `region_loss`; 0 leaves it out
    frozen : names of modules that do not learn, with all below them
    augmentation : Augmentation
    """

    epochs: int
    batch_size: int = 32
    learning_rate: float = 2e-3
    head_rate: float = 1.0
    weight_decay: float = 0.05
    warmup_share: float = 0.08
    region_weight: float = 0.0
    frozen: tuple[str, ...] = ()
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class Progress:
    """One finished epoch: its number from 1, and the means of its losses."""

    epoch: int
    label_loss: float
    region_loss: float


class NetworkTraining:
    """One training of a network, an epoch at a time; the same arguments give the same bits."""

    def __init__(
        self,
        training_set: TrainingSet,
        spec: ModelSpec,
        recipe: Recipe,
        *,
        seed: int,
        network: nn.Module,
        device: torch.device = CPU,
    ) -> None:
        """Prepare.

        Parameters
        ----------
        training_set : TrainingSet, of the part "train"
        spec : ModelSpec, for the activation and the network's head
        recipe : Recipe
        seed : int, of order, augmentation and dropout
        network : start from this network, on the CPU (changed in place)
        device : where it learns

        Raises
        ------
        TrainingError : a region loss for a network without linear head
        """
        self.epoch = 0
        self.network = network
        self._set = training_set
        self._recipe = recipe
        self._label_loss = exclusive_label_loss if spec.activation == "softmax" else label_loss
        self._head = _head_of(network, spec) if recipe.region_weight > 0 else None
        self._device = device
        network.to(device)
        freeze(network, recipe.frozen)
        self._optimiser = optimiser_of(network, recipe)
        self._peaks = [group["lr"] for group in self._optimiser.param_groups]
        self._steps = recipe.epochs * math.ceil(len(training_set) / recipe.batch_size)
        self._step = 0
        self._generator = torch.Generator().manual_seed(seed)
        self._seed = seed

    def run_epoch(self, on_step: Callable[[], None] = lambda: None) -> Progress:
        """Take every image once.

        Raises
        ------
        TrainingError : the loss is not finite
        """
        sums, count = torch.zeros(2), 0
        self.epoch += 1
        _training_mode(self.network, self._recipe.frozen)
        # Dropout draws from torch's own generators, which other code must find as it left them.
        with torch.random.fork_rng(devices=[self._device] if self._device.type == "cuda" else []):
            torch.manual_seed((self._seed << 16) + self.epoch)
            for images, labels, regions in _batches(self._set, self._recipe, self._generator):
                losses = self._losses(
                    *(each.to(self._device) for each in (images, labels, regions))
                )
                self._descend(losses[0] + self._recipe.region_weight * losses[1])
                sums += losses.detach().cpu()
                count += 1
                on_step()
        return Progress(self.epoch, *(sums / count).tolist())

    def checkpoint(self) -> Checkpoint:
        """Give all that the next epoch depends on."""
        facts = {"epoch": self.epoch, "step": self._step}
        network = {f"{NETWORK}{name}": v for name, v in self.network.state_dict().items()}
        order = {"generator": self._generator.get_state()}
        return Checkpoint(facts, network | order | optimiser_tensors(self._optimiser))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from what `checkpoint` gave of a training with the same arguments."""
        self.epoch, self._step = checkpoint.facts["epoch"], checkpoint.facts["step"]
        tensors = checkpoint.tensors
        named = {n.removeprefix(NETWORK): v for n, v in tensors.items() if n.startswith(NETWORK)}
        self.network.load_state_dict(named, strict=True)
        self._generator.set_state(tensors["generator"])
        restore_optimiser(self._optimiser, tensors)

    def _descend(self, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise TrainingError(f"The loss is not finite in epoch {self.epoch}.")
        share = learning_rate_share(
            self._step, steps=self._steps, warmup_share=self._recipe.warmup_share
        )
        for group, peak in zip(self._optimiser.param_groups, self._peaks, strict=True):
            group["lr"] = peak * share
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        self._step += 1

    def _losses(self, images: Tensor, labels: Tensor, regions: Tensor) -> Tensor:
        """float32 (2,): label loss and region loss (0 without a head)."""
        head = self._head
        if head is None:
            loss = self._label_loss(self.network(images), labels)
            return torch.stack([loss, torch.zeros_like(loss)])
        with captured_output(self.network, head.module_name) as outputs:
            logits = self.network(images)
        classifier = cast(nn.Linear, _classifier(self.network))
        live = LinearHead(head.module_name, head.layout, classifier.weight, classifier.bias)
        maps = class_maps(live, head.features(outputs[-1]))
        on_grid = torch.nn.functional.adaptive_avg_pool2d(regions, (maps.shape[2], maps.shape[3]))
        return torch.stack([self._label_loss(logits, labels), region_loss(maps, on_grid, labels)])


def train(
    training_set: TrainingSet,
    spec: ModelSpec,
    recipe: Recipe,
    *,
    seed: int,
    report: Callable[[Progress], None] = lambda _progress: None,
    network: nn.Module | None = None,
) -> nn.Module:
    """Train a network from beginning to end.

    Parameters
    ----------
    training_set : TrainingSet, of the part "train"
    spec : ModelSpec, of the network; its weights are not read
    recipe : Recipe
    seed : int, of initial weights, order and augmentation
    report : called after each epoch
    network : start from this network (changed in place); None starts from random weights

    Returns
    -------
    nn.Module in evaluation mode, float32, on the CPU

    Raises
    ------
    TrainingError : the loss is not finite; or a region loss for a network without linear head
    """
    if network is None:
        network = initial_network(spec, seed=seed)
    training = NetworkTraining(training_set, spec, recipe, seed=seed, network=network)
    while training.epoch < recipe.epochs:
        report(training.run_epoch())
    return network.eval()


def initial_network(spec: ModelSpec, *, seed: int) -> nn.Module:
    """Build the spec's network with random weights that depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_network(spec)


def freeze(network: nn.Module, modules: tuple[str, ...]) -> None:
    """Stop the named modules from learning.

    Raises
    ------
    AttributeError : a module that does not exist
    """
    for name in modules:
        network.get_submodule(name).requires_grad_(False)


def optimiser_of(network: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW over what learns; weight decay on weights only.

    Source: Loshchilov and Hutter, ICLR 2019, algorithm 2. Decay of biases and normalisation would
    only shrink the scale that normalisation gives back.
    """
    classifier = _classifier(network)
    head = {id(parameter) for parameter in classifier.parameters()}
    rate, decay = recipe.learning_rate, recipe.weight_decay
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in network.parameters():
        if parameter.requires_grad:
            factor = recipe.head_rate if id(parameter) in head else 1.0
            key = (rate * factor, decay if parameter.ndim >= 2 else 0.0)
            groups.setdefault(key, []).append(parameter)
    return torch.optim.AdamW(
        [{"params": p, "lr": lr, "weight_decay": wd} for (lr, wd), p in groups.items()]
    )


def _classifier(network: nn.Module) -> nn.Module:
    return cast(TimmNetwork, network).get_classifier()


def _training_mode(network: nn.Module, frozen: tuple[str, ...]) -> None:
    """Training mode, except frozen modules: their running statistics stay as they are."""
    network.train()
    for name in frozen:
        network.get_submodule(name).eval()


def _batches(
    training_set: TrainingSet, recipe: Recipe, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """All images once, in random order, augmented."""
    order = torch.randperm(len(training_set), generator=generator)
    for chosen in order.split(recipe.batch_size):
        index = chosen.numpy()
        images = torch.from_numpy(training_set.inputs[index]).float()
        regions = torch.from_numpy(training_set.regions[index]).float()
        images, regions = augmented(images, regions, recipe.augmentation, generator=generator)
        labels = torch.from_numpy(training_set.labels[index])
        yield images.contiguous(memory_format=torch.channels_last), labels, regions


def _head_of(network: nn.Module, spec: ModelSpec) -> LinearHead:
    head = probe_linear_head(network.eval(), spec)
    if head is None:
        raise TrainingError(f"{spec.architecture} has no linear head: no region loss without maps.")
    return head
