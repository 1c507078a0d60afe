"""Does this network end in global average pooling and one linear layer, and on which feature map?

Then logit k is exactly `mean(CAM_k) + b_k` with `CAM_k = sum over c of W_kc * A_c`, and the class
maps of all outputs are one matrix product. The answer is found by numbers, not by names: for a
network that only looks like that, the identity fails and there is no map.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Literal, cast

import torch
from torch import Tensor, nn

from apps.inference.compute.networks import TimmNetwork
from apps.inference.compute.spec import ModelSpec

Layout = Literal["NCHW", "NHWC"]

SPATIAL_AXES: Final[dict[Layout, tuple[int, int]]] = {"NCHW": (2, 3), "NHWC": (1, 2)}

# float32 sums over a few hundred cells and a few thousand channels differ by about 1e-6
RELATIVE_TOLERANCE: Final = 1e-4
PROBE_SEED: Final = 20_250_101


@dataclass(frozen=True)
class LinearHead:
    """The linear layer after global average pooling, and where its feature map comes from.

    Attributes
    ----------
    module_name : path of the module whose output is the feature map
    layout : order of that output's axes
    weight : float32 (K, C), a copy
    bias : float32 (K,), zeros where the layer has none
    probe_error : largest |mean(CAM) + b - logit| that the probe saw, in logit units
    """

    module_name: str
    layout: Layout
    weight: Tensor
    bias: Tensor
    probe_error: float = 0.0

    def features(self, output: Tensor) -> Tensor:
        """Feature map of the module's output: float32 (N, C, h, w), a view where possible."""
        features = output.float()
        return features if self.layout == "NCHW" else features.permute(0, 3, 1, 2)

    def to(self, device: torch.device) -> LinearHead:
        """Copy on another device."""
        return replace(self, weight=self.weight.to(device), bias=self.bias.to(device))


@dataclass
class _Trace:
    """What one forward pass did: average of every 4-D output, and every Linear on vectors."""

    averages: list[tuple[str, Layout, Tensor]] = field(default_factory=list)
    linears: list[tuple[nn.Linear, Tensor, Tensor]] = field(default_factory=list)

    def record(self, name: str, module: nn.Module, inputs: tuple[object, ...], out: object) -> None:
        """Note one module's call; means are taken at once, since later layers may work in place."""
        if not isinstance(out, Tensor):
            return
        if isinstance(module, nn.Linear) and isinstance(inputs[0], Tensor) and out.ndim == 2:
            self.linears.append((module, inputs[0].clone(), out.clone()))
        if out.ndim != 4:
            return
        for layout, axes in SPATIAL_AXES.items():
            # A 1 x 1 map is a vector already: it would say "here" of the whole image.
            if out.shape[axes[0]] * out.shape[axes[1]] > 1:
                self.averages.append((name, layout, out.float().mean(dim=axes)))


def probe_linear_head(network: nn.Module, spec: ModelSpec) -> LinearHead | None:
    """Find the linear head of a network by running it, or say that it has none.

    Parameters
    ----------
    network : timm network in evaluation mode, float32; unchanged, its hooks are removed even when
        the forward pass fails
    spec : ModelSpec, for the input's size and the number of outputs

    Returns
    -------
    LinearHead or None
        The last feature map of more than one cell whose spatial mean is the input of the last
        Linear, whose output is the logits, where on fresh input `mean(CAM) + b` equals the logits
        within 1e-4 * max(1, |logit|), and `forward_features` ends in that map. None for other
        heads (VGG, MobileNetV3, ViT, a norm between pooling and Linear, a convolution as
        classifier).

    Raises
    ------
    ValueError : the network is in training mode (dropout would make the identity false)
    """
    if network.training:
        raise ValueError("Probe a network in evaluation mode.")
    device = next(network.parameters()).device
    first, second = (inputs.to(device) for inputs in _probe_inputs(spec))
    head = _candidate(*_run_traced(network, first))
    if head is None or head.weight.shape[0] != len(spec.outputs):
        return None
    with torch.inference_mode(), captured_output(network, head.module_name) as outputs:
        logits = network(second).float()
        if not torch.equal(cast(TimmNetwork, network).forward_features(second), outputs[0]):
            return None
        features = head.features(outputs[0])
        pooled = torch.einsum("kc,nchw->nkhw", head.weight, features).mean(dim=(2, 3)) + head.bias
        error = (pooled - logits).abs()
        if not bool((error <= RELATIVE_TOLERANCE * logits.abs().clamp(min=1.0)).all()):
            return None
    return replace(head, probe_error=float(error.max()))


@contextmanager
def captured_output(network: nn.Module, module_name: str) -> Iterator[list[Tensor]]:
    """Collect what a module of the network gives while the block runs; the hook never stays.

    Parameters
    ----------
    module_name : path as in `network.named_modules()`

    Yields
    ------
    list of Tensor, one per call of the module, not copied
    """
    outputs: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        outputs.append(output)

    handle = network.get_submodule(module_name).register_forward_hook(keep)
    try:
        yield outputs
    finally:
        handle.remove()


def _probe_inputs(spec: ModelSpec) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(PROBE_SEED)
    shape = (2, spec.preprocess.channels, *spec.preprocess.size)
    # Two images of different contrast each time: a head that normalises cannot pass by chance.
    contrast = torch.tensor([0.5, 2.0]).view(2, 1, 1, 1)
    first = torch.randn(shape, generator=generator) * contrast
    return first, torch.randn(shape, generator=generator) * contrast


def _run_traced(network: nn.Module, inputs: Tensor) -> tuple[_Trace, Tensor]:
    trace = _Trace()
    with ExitStack() as hooks, torch.inference_mode():
        for name, module in network.named_modules():
            if name:

                def record(
                    module: nn.Module, inputs: tuple[object, ...], output: object, name: str = name
                ) -> None:
                    trace.record(name, module, inputs, output)

                hooks.callback(module.register_forward_hook(record).remove)
        logits = network(inputs)
    return trace, logits


def _candidate(trace: _Trace, logits: Tensor) -> LinearHead | None:
    """Last feature map whose mean the last Linear reads, where that Linear gives the logits."""
    if not trace.linears or not torch.equal(trace.linears[-1][2], logits):
        return None
    linear, pooled, _ = trace.linears[-1]
    scale = float(pooled.abs().max())
    for name, layout, average in reversed(trace.averages):
        if average.shape == pooled.shape and torch.allclose(
            average, pooled.float(), rtol=RELATIVE_TOLERANCE, atol=RELATIVE_TOLERANCE * scale
        ):
            weight = linear.weight.detach().float().clone()
            bias = torch.zeros_like(weight[:, 0])
            if linear.bias is not None:
                bias = linear.bias.detach().float().clone()
            return LinearHead(name, layout, weight, bias)
    return None
