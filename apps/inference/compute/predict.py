"""What does a loaded model say of a batch of images, and why?"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from apps.errors import Invalid
from apps.inference.compute.cam import class_maps, keep_means
from apps.inference.compute.head import LinearHead, probe_linear_head
from apps.inference.compute.networks import TimmNetwork, build_network, load_weights
from apps.inference.compute.probabilities import probabilities_of
from apps.inference.compute.spec import ModelSpec

TRUNK_DTYPES: Final = (torch.float32, torch.bfloat16, torch.float16)


class PredictionError(Invalid):
    """A batch that has no valid answer: `code` is stable, `params.images` are batch positions."""

    def __init__(self, code: str, message: str, *, images: list[int] | None = None) -> None:
        super().__init__(message, code=code, params={"images": images or []})


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to predict: network in evaluation mode on its device, and its linear head.

    Attributes
    ----------
    head : LinearHead or None
        None where the numeric probe failed: then there are no class maps.
    bias : float32 (K,), the head's, on the host; None without linear head
    dtype : dtype of the trunk; head, logits and maps are float32 always
    """

    spec: ModelSpec
    network: nn.Module
    head: LinearHead | None
    bias: NDArray[np.float32] | None
    device: torch.device
    dtype: torch.dtype


@dataclass(frozen=True)
class BatchPrediction:
    """What a model says of N images with K outputs.

    Attributes
    ----------
    logits : float32 (N, K), before temperature
    probabilities : float32 (N, K), after temperature
    maps : float16 (N, K, h, w), C-contiguous, class maps in logit units, None without linear head
    bias : float32 (K,), `mean(maps[n, k]) + bias[k] = logits[n, k]`, or None without linear head
    feature_ms, head_ms : wall time of the trunk with the copy to the device, and of the rest
    """

    logits: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    maps: NDArray[np.float16] | None
    bias: NDArray[np.float32] | None
    feature_ms: float
    head_ms: float


def load_model(
    spec: ModelSpec,
    weights_path: Path,
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
) -> LoadedModel:
    """Build, fill and probe a network, and place it on a device.

    Parameters
    ----------
    spec : ModelSpec
    weights_path : safetensors file, already checked by `read_model_folder`
    device : torch device
    dtype : of the trunk: float32, bfloat16 or float16

    Returns
    -------
    LoadedModel : the probe ran in float32, whatever `dtype` is

    Raises
    ------
    SpecError, ModelFolderError : as `build_network` and `load_weights`
    ValueError : another dtype
    """
    if dtype not in TRUNK_DTYPES:
        raise ValueError(f"The trunk runs in float32, bfloat16 or float16, not {dtype}.")
    network = build_network(spec)
    load_weights(network, weights_path, key_map=spec.weights.key_map)
    return prepare_model(spec, network, device=device, dtype=dtype)


def prepare_model(
    spec: ModelSpec,
    network: nn.Module,
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
) -> LoadedModel:
    """Probe a filled network and place it on a device; see `load_model`. Changes `network`."""
    network.eval().requires_grad_(False)
    device = torch.device(device)
    head = probe_linear_head(network, spec)
    # torch's stubs do not know memory_format
    network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if head is not None:
        head = head.to(device)
        if dtype != torch.float32:
            _cast_products(network, dtype)
    bias = None if head is None else head.bias.cpu().numpy()
    return LoadedModel(spec, network, head, bias, device, dtype)


def predict_batch(
    model: LoadedModel, inputs: NDArray[np.float32] | Tensor, *, temperature: float = 1.0
) -> BatchPrediction:
    """Classify a batch and explain it in the same pass.

    Parameters
    ----------
    model : LoadedModel
    inputs : float32 (N, C, h, w), N >= 1, from `to_network_input`, on any device
    temperature : divides the logits before the activation, above 0

    Returns
    -------
    BatchPrediction : on the host

    Raises
    ------
    ValueError : wrong shape or dtype of `inputs`, temperature not above 0
    PredictionError : `output_not_finite` (NaN or infinity in the logits), `map_out_of_range` (class
        map beyond float16, 65504); `images` names the positions. Nothing of the batch is returned:
        the caller repeats image by image.
    """
    spec = model.spec
    wanted = (spec.preprocess.channels, *spec.preprocess.size)
    if isinstance(inputs, np.ndarray):
        # torch shares memory only with arrays that may be written and run forwards
        inputs = np.require(inputs, requirements=["C", "W"])
    batch = torch.as_tensor(inputs)
    if batch.ndim != 4 or tuple(batch.shape[1:]) != wanted or batch.dtype != torch.float32:
        raise ValueError(f"{spec.name} reads float32 (N, {', '.join(map(str, wanted))}).")
    if not batch.shape[0] or not temperature > 0:
        raise ValueError("A batch has one image or more, and a temperature is above 0.")
    start = time.perf_counter()
    with torch.inference_mode():
        batch = batch.to(model.device).contiguous(memory_format=torch.channels_last)
        if model.head is None or model.bias is None:
            logits, maps, feature_end = _logits_only(model, batch)
        else:
            logits, maps, feature_end = _logits_and_maps(model, batch, model.head, model.bias)
    probabilities = probabilities_of(logits, activation=spec.activation, temperature=temperature)
    end = time.perf_counter()
    return BatchPrediction(
        logits=logits,
        probabilities=probabilities,
        maps=maps,
        bias=model.bias,
        feature_ms=(feature_end - start) * 1e3,
        head_ms=(end - feature_end) * 1e3,
    )


def _cast_products(network: nn.Module, dtype: torch.dtype) -> None:
    """Keep the weights that autocast would narrow in each pass in the narrow dtype.

    Normalisation layers stay float32: their statistics need the bits, and cost nothing.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.to(dtype)


def _trunk_precision(model: LoadedModel) -> AbstractContextManager[object]:
    if model.dtype == torch.float32:
        return nullcontext()
    return torch.autocast(model.device.type, dtype=model.dtype)


def _logits_and_maps(
    model: LoadedModel, batch: Tensor, head: LinearHead, bias: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float16], float]:
    network = cast(TimmNetwork, model.network)
    with _trunk_precision(model):
        output = network.forward_features(batch)
    feature_end = _now(model.device)
    maps = class_maps(head, head.features(output))
    logits = (maps.mean(dim=(2, 3)) + head.bias).cpu().numpy()
    _check_finite(logits, code="output_not_finite", what="The logits")
    narrow = maps.to(torch.float16).contiguous().cpu().numpy()
    _check_finite(narrow, code="map_out_of_range", what="A class map in float16")
    keep_means(narrow, means=logits - bias)
    return logits, narrow, feature_end


def _logits_only(model: LoadedModel, batch: Tensor) -> tuple[NDArray[np.float32], None, float]:
    network = cast(TimmNetwork, model.network)
    with _trunk_precision(model):
        features = network.forward_features(batch)
    feature_end = _now(model.device)
    logits = network.forward_head(features.float()).cpu().numpy()
    _check_finite(logits, code="output_not_finite", what="The logits")
    return logits, None, feature_end


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _check_finite(
    values: NDArray[np.float32] | NDArray[np.float16], *, code: str, what: str
) -> None:
    is_finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if not is_finite.all():
        images = [int(index) for index in np.flatnonzero(~is_finite)]
        raise PredictionError(code, f"{what} of images {images} are not finite.", images=images)
