from typing import Any

import pytest
import torch
from torch import Tensor, nn

from apps.inference.compute.head import captured_output, probe_linear_head
from tests.inference.model_specs import random_inputs, random_network, sigmoid_spec

SPEC = sigmoid_spec("resnet18", size=8, count=3)


class Pooled(nn.Module):
    """A trunk and a head whose names say nothing."""

    def __init__(self, *, after: nn.Module) -> None:
        super().__init__()
        self.alpha = nn.Conv2d(3, 5, 3)
        self.beta = nn.LeakyReLU(inplace=True)
        self.gamma = after
        self.delta = nn.Linear(5, 3)

    def forward_features(self, inputs: Tensor) -> Tensor:
        return self.beta(self.alpha(inputs))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.delta(self.gamma(self.forward_features(inputs).mean(dim=(2, 3))))


class OtherTrunk(Pooled):
    """What it calls its features is not what its logits come from."""

    def forward_features(self, inputs: Tensor) -> Tensor:
        return self.beta(self.alpha(inputs)) * 2

    def forward(self, inputs: Tensor) -> Tensor:
        return self.delta(self.beta(self.alpha(inputs)).mean(dim=(2, 3)))


class LayerThatFails(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        raise RuntimeError("out of memory")


class LooksLinear(nn.Module):
    """A pooling and a Linear called fc, but the logits are something else."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3)
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(5, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.tanh(self.fc(self.global_pool(self.conv(inputs)).flatten(1)))


def hooks(network: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in network.modules())


@pytest.mark.parametrize(
    ("architecture", "options", "layout"),
    [
        ("resnet18", {}, "NCHW"),
        ("mobilenetv2_100", {}, "NCHW"),
        pytest.param("resnet50", {}, "NCHW", marks=pytest.mark.full),
        pytest.param("seresnet50", {}, "NCHW", marks=pytest.mark.full),
        pytest.param(
            "resnet50", {"block_args": {"attn_layer": "cbam"}}, "NCHW", marks=pytest.mark.full
        ),
        pytest.param("densenet121", {}, "NCHW", marks=pytest.mark.full),
        pytest.param(
            "swin_tiny_patch4_window7_224",
            {"img_size": 64, "window_size": 2},
            "NHWC",
            marks=pytest.mark.full,
        ),
    ],
)
def test_linear_head_is_found(architecture: str, options: dict[str, Any], layout: str) -> None:
    spec = sigmoid_spec(architecture, **options)
    network = random_network(spec)
    head = probe_linear_head(network, spec)
    assert head is not None
    assert head.layout == layout
    assert head.weight.shape[0] == 3
    assert head.weight.dtype == torch.float32
    assert head.probe_error < 1e-4
    inputs = torch.from_numpy(random_inputs(spec))
    with torch.inference_mode(), captured_output(network, head.module_name) as outputs:
        logits = network(inputs)
    features = head.features(outputs[-1])
    assert features.shape == (2, head.weight.shape[1], 2, 2)
    pooled = features.mean(dim=(2, 3)) @ head.weight.T + head.bias
    torch.testing.assert_close(pooled, logits, rtol=1e-4, atol=1e-5)
    assert hooks(network) == 0


@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        ("mobilenetv3_large_100", {}),
        ("vit_tiny_patch16_224", {"img_size": 64}),
        pytest.param("vgg11", {}, marks=pytest.mark.full),
    ],
)
def test_other_heads_fail_the_probe(architecture: str, options: dict[str, Any]) -> None:
    spec = sigmoid_spec(architecture, **options)
    assert probe_linear_head(random_network(spec), spec) is None


def test_names_do_not_matter() -> None:
    network = Pooled(after=nn.Identity()).eval()
    head = probe_linear_head(network, SPEC)
    assert head is not None
    assert head.module_name == "beta"
    assert torch.equal(head.weight, network.delta.weight)
    assert torch.equal(head.bias, network.delta.bias)
    assert head.weight.data_ptr() != network.delta.weight.data_ptr()


def test_layer_without_bias_has_a_bias_of_zero() -> None:
    network = Pooled(after=nn.Identity()).eval()
    network.delta = nn.Linear(5, 3, bias=False)
    head = probe_linear_head(network, SPEC)
    assert head is not None
    assert torch.equal(head.bias, torch.zeros(3))


@pytest.mark.parametrize("after", [nn.LayerNorm(5), nn.Tanh(), nn.Hardswish(), nn.Linear(5, 5)])
def test_anything_between_pooling_and_linear_fails(after: nn.Module) -> None:
    assert probe_linear_head(Pooled(after=after).eval(), SPEC) is None


def test_network_that_only_looks_linear_fails() -> None:
    assert probe_linear_head(LooksLinear().eval(), SPEC) is None


def test_trunk_that_gives_another_map_fails() -> None:
    assert probe_linear_head(OtherTrunk(after=nn.Identity()).eval(), SPEC) is None


def test_other_number_of_outputs_fails() -> None:
    spec = sigmoid_spec("resnet18", size=8, count=4)
    assert probe_linear_head(Pooled(after=nn.Identity()).eval(), spec) is None


def test_map_of_a_single_cell_is_no_map() -> None:
    spec = sigmoid_spec("resnet18", size=32)
    assert probe_linear_head(random_network(spec), spec) is None


def test_training_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="evaluation mode"):
        probe_linear_head(Pooled(after=nn.Identity()), SPEC)


def test_hooks_are_removed_when_the_network_fails() -> None:
    network = Pooled(after=LayerThatFails()).eval()
    with pytest.raises(RuntimeError, match="out of memory"):
        probe_linear_head(network, SPEC)
    assert hooks(network) == 0
    with (
        pytest.raises(RuntimeError, match="out of memory"),
        captured_output(network, "beta"),
    ):
        network(torch.zeros(1, 3, 8, 8))
    assert hooks(network) == 0
