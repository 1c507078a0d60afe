"""How is a training saved so that the next process goes on to the same last bit?

One safetensors file: tensors, and facts as JSON in its header. No pickle, so nothing runs when a
checkpoint is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import safetensors
import safetensors.torch
import torch
from torch import Tensor

FACTS: Final = "coread"
OPTIMISER: Final = "adamw"
MOMENTS: Final = ("exp_avg", "exp_avg_sq", "step")


@dataclass(frozen=True)
class Checkpoint:
    """What the next step depends on: tensors by name, and facts that are JSON."""

    facts: dict[str, Any]
    tensors: dict[str, Tensor]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; equal checkpoints are equal files."""
    tensors = {name: value.contiguous().cpu() for name, value in checkpoint.tensors.items()}
    # safetensors needs a tensor, and features are saved without any
    tensors = tensors or {"none": torch.zeros(1, dtype=torch.uint8)}
    facts = json.dumps(checkpoint.facts, sort_keys=True, separators=(",", ":"))
    safetensors.torch.save_file(tensors, path, metadata={FACTS: facts})


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what `write_checkpoint` wrote."""
    with safetensors.safe_open(path, "pt") as file:
        facts = json.loads(file.metadata()[FACTS])
        names = file.keys()
        return Checkpoint(facts, {name: file.get_tensor(name) for name in names})


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Name the moments of every parameter, in the order of the optimiser's groups."""
    return {
        f"{OPTIMISER}.{index}.{moment}": state[moment]
        for index, parameter in enumerate(_parameters(optimiser))
        if (state := optimiser.state.get(parameter))
        for moment in MOMENTS
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put the moments back that `optimiser_tensors` gave of an equal optimiser."""
    for index, parameter in enumerate(_parameters(optimiser)):
        names = {moment: f"{OPTIMISER}.{index}.{moment}" for moment in MOMENTS}
        if all(name in tensors for name in names.values()):
            optimiser.state[parameter] = {
                # the count of steps stays on the host, as torch keeps it
                moment: tensors[name].clone().to("cpu" if moment == "step" else parameter.device)
                for moment, name in names.items()
            }


def _parameters(optimiser: torch.optim.Optimizer) -> list[torch.nn.Parameter]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]
