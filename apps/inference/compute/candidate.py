"""How does what was learned become a model version: its file, its spec, and what its card says?

The candidate's file is the parent's with the learned tensors in their places; every other tensor
keeps its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

import safetensors.torch
import torch
from torch import Tensor, nn

from apps.inference.compute.folder import file_sha256
from apps.inference.compute.head_training import Head
from apps.inference.compute.json_fields import MAX_TEXT
from apps.inference.compute.key_maps import map_keys
from apps.inference.compute.networks import TimmNetwork
from apps.inference.compute.spec import KeyMap, ModelSpec, WeightsFile

WEIGHTS_FILE: Final = "weights.safetensors"
RUN_SUFFIX: Final = re.compile(r"-r\d+$")
LONGEST_VERSION: Final = 32


@dataclass(frozen=True)
class RunStory:
    """What the card says of a run.

    Attributes
    ----------
    run_number, snapshot_id, manifest_sha256 : which run, on what
    train_images, train_cases, validation_cases : how much
    how : the mode in words
    left_out : findings that did not learn
    is_calibrated : the temperature was fitted on the validation part; else it is the parent's
    """

    run_number: int
    snapshot_id: str
    manifest_sha256: str
    train_images: int
    train_cases: int
    validation_cases: int
    how: str
    left_out: tuple[str, ...]
    is_calibrated: bool


def classifier_tensors(network: nn.Module, head: Head) -> dict[str, Tensor]:
    """Name the tensors of a learned head as the network does."""
    classifier = cast(TimmNetwork, network).get_classifier()
    learned = {"weight": torch.from_numpy(head.weight), "bias": torch.from_numpy(head.bias)}
    own = {id(value): learned[name] for name, value in classifier.named_parameters()}
    state = network.state_dict(keep_vars=True)
    return {name: own[id(value)] for name, value in state.items() if id(value) in own}


def changed_tensors(
    network: nn.Module, parent: Path, *, key_map: KeyMap | None
) -> dict[str, Tensor]:
    """Find the tensors of a network that differ from the parent's file, by the network's names."""
    stored = safetensors.torch.load_file(parent)
    names = map_keys(stored, key_map=key_map)
    state = {name: value.detach().cpu() for name, value in network.state_dict().items()}
    return {
        names[name]: state[names[name]]
        for name, value in stored.items()
        if not torch.equal(value.to(state[names[name]].dtype), state[names[name]])
    }


def write_candidate(
    parent: Path, target: Path, changed: Mapping[str, Tensor], *, key_map: KeyMap | None
) -> str:
    """Write the parent's file with other values in some places; give its sha256.

    Parameters
    ----------
    changed : by the network's names; stored as they are, in float32 also where the parent's file
        holds half precision, so that what was evaluated is what will serve
    key_map : naming of the file, None for the network's own

    Raises
    ------
    ValueError : a name or a shape that the parent does not have, or a value that is not finite
    """
    tensors = safetensors.torch.load_file(parent)
    theirs = {ours: name for name, ours in map_keys(tensors, key_map=key_map).items()}
    for name, value in changed.items():
        if name not in theirs or tensors[theirs[name]].shape != value.shape:
            raise ValueError(f"The parent has no tensor {name!r} of this shape.")
        if not torch.isfinite(value).all():
            raise ValueError(f"Tensor {name!r} holds NaN or infinity.")
        tensors[theirs[name]] = value.contiguous()
    safetensors.torch.save_file(tensors, target)
    return file_sha256(target)


def candidate_spec(
    parent: ModelSpec,
    *,
    weights_sha256: str,
    temperature: float,
    evidence_scale: Mapping[str, float],
    story: RunStory,
) -> ModelSpec:
    """Give the spec of a run's candidate; thresholds and everything not named are the parent's."""
    scale = {code: value for code, value in evidence_scale.items() if value > 0}
    kept = dict(parent.evidence_scale)
    codes = [output.code for output in parent.outputs if output.code in scale | kept]
    return replace(
        parent,
        version=candidate_version(parent.version, story.run_number),
        weights=WeightsFile(WEIGHTS_FILE, weights_sha256, parent.weights.key_map),
        temperature=temperature,
        evidence_scale=tuple((code, scale.get(code, kept.get(code, 0.0))) for code in codes),
        training_data=_training_text(parent, story),
    )


def candidate_version(parent_version: str, run_number: int) -> str:
    """Name the candidate after its parent and its run, once: 2, then 2-r1, then 2-r7."""
    suffix = f"-r{run_number}"
    return RUN_SUFFIX.sub("", parent_version)[: LONGEST_VERSION - len(suffix)] + suffix


def _training_text(parent: ModelSpec, story: RunStory) -> str:
    left_out = f" Not learned, for want of both sides: {', '.join(story.left_out)}."
    temperature = (
        f"Temperature fitted on {story.validation_cases} validation cases"
        if story.is_calibrated
        else "Temperature of the parent: the validation part determines none"
    )
    text = (
        f"Run {story.run_number} from {parent.name} {parent.version} on snapshot "
        f"{story.snapshot_id} (manifest {story.manifest_sha256}): {story.train_images} images of "
        f"{story.train_cases} cases; {story.how}.{left_out if story.left_out else ''} "
        f"{temperature}; thresholds of the parent. The parent: {parent.training_data}"
    )
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
