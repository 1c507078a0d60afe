"""How does a spec become a network with weights, without running or fetching foreign code?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, cast

import safetensors.torch
import torch
from torch import Tensor, nn

from apps.inference.compute import torchvision_ops  # noqa: F401  (must come before timm)
from apps.inference.compute.folder import ModelFolderError, describe_weights
from apps.inference.compute.json_fields import SpecError
from apps.inference.compute.key_maps import map_keys
from apps.inference.compute.spec import KeyMap, ModelSpec

import timm  # isort: skip


class TimmNetwork(Protocol):
    """What every timm classifier offers beside `nn.Module`."""

    def forward_features(self, inputs: Tensor) -> Tensor:
        """Run the trunk."""

    def forward_head(self, features: Tensor) -> Tensor:
        """Run pooling and classifier."""

    def get_classifier(self) -> nn.Module:
        """Last layer."""


def build_network(spec: ModelSpec) -> nn.Module:
    """Build the network that a spec names, with untrained weights, in training mode, on the CPU.

    Parameters
    ----------
    spec : ModelSpec

    Returns
    -------
    nn.Module : float32 (N, channels, h, w) -> float32 (N, number of outputs), logits

    Raises
    ------
    SpecError : `architecture_unknown`, or `architecture_option_refused` where the network does not
        take an option
    """
    if not timm.is_model(spec.architecture):
        raise SpecError("architecture_unknown", f"timm has no network {spec.architecture!r}.")
    options: dict[str, Any] = {
        "num_classes": len(spec.outputs),
        "in_chans": spec.preprocess.channels,
        **spec.network_options,
    }
    try:
        network: nn.Module = timm.create_model(spec.architecture, pretrained=False, **options)
    except (TypeError, ValueError, KeyError, AssertionError, RuntimeError) as error:
        raise SpecError(
            "architecture_option_refused",
            f"{spec.architecture} cannot be built with these options: {error}.",
        ) from error
    return network


def load_weights(network: nn.Module, path: Path, *, key_map: KeyMap | None = None) -> None:
    """Fill a network from a safetensors file, every tensor of one in the other.

    Parameters
    ----------
    network : nn.Module, changed in place; half-precision values are widened to its own dtype
    path : safetensors file
    key_map : naming of the file, None for the network's own

    Raises
    ------
    SpecError : `key_map_mismatch`
    ModelFolderError : `weights_missing_tensor`, `weights_unknown_tensor`, `weights_class_count`
        (classifier for another number of outputs), `weights_shape`, `weights_not_finite`, and those
        of `describe_weights`. The network is then unchanged.
    """
    header = describe_weights(path)
    names = map_keys(header.tensors, key_map=key_map)
    found = {names[name]: tensor.shape for name, tensor in header.tensors.items()}
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    _check_names(path, found=set(found), wanted=set(wanted))
    for name, shape in wanted.items():
        if found[name] != shape:
            raise _shape_error(network, name, found=found[name], wanted=shape)
    tensors = {names[name]: tensor for name, tensor in safetensors.torch.load_file(path).items()}
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ModelFolderError("weights_not_finite", f"Tensor {name!r} holds NaN or infinity.")
    network.load_state_dict(tensors, strict=True)


def _check_names(path: Path, *, found: set[str], wanted: set[str]) -> None:
    missing, unknown = sorted(wanted - found), sorted(found - wanted)
    if missing:
        raise ModelFolderError(
            "weights_missing_tensor",
            f"{path.name} lacks {len(missing)} tensors of the network, first {missing[0]!r}.",
        )
    if unknown:
        raise ModelFolderError(
            "weights_unknown_tensor",
            f"{path.name} has {len(unknown)} tensors the network has not, first {unknown[0]!r}.",
        )


def _shape_error(
    network: nn.Module, name: str, *, found: tuple[int, ...], wanted: tuple[int, ...]
) -> ModelFolderError:
    parameter = network.state_dict(keep_vars=True)[name]
    classifier = {id(value) for value in cast(TimmNetwork, network).get_classifier().parameters()}
    if id(parameter) in classifier and found[:1] != wanted[:1]:
        return ModelFolderError(
            "weights_class_count",
            f"The weights classify {found[0] if found else 0} outputs, the spec names {wanted[0]}.",
        )
    return ModelFolderError(
        "weights_shape", f"Tensor {name!r} has shape {list(found)}, the network {list(wanted)}."
    )
