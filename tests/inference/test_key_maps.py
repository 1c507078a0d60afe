from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from apps.inference.compute import torchvision_ops  # noqa: F401  (must come before torchvision)
from apps.inference.compute.json_fields import SpecError
from apps.inference.compute.key_maps import map_keys, torchvision_mobilenet_v2_keys
from apps.inference.compute.networks import load_weights
from apps.inference.compute.spec import ModelSpec
from tests.inference.model_specs import random_network, sigmoid_spec

from torchvision.models import mobilenet_v2  # isort: skip


def oracle() -> nn.Module:
    """torchvision's own MobileNetV2 with batch norms that are not the identity."""
    torch.manual_seed(3)
    network = mobilenet_v2(num_classes=3).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.7, 1.3)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.3, 1.7)
    return network


def test_mapping_covers_both_networks_one_to_one() -> None:
    table = torchvision_mobilenet_v2_keys()
    assert len(table) == 314
    assert set(table) == set(oracle().state_dict())
    assert sorted(table.values()) == sorted(random_network(mobilenet_spec()).state_dict())


def mobilenet_spec() -> ModelSpec:
    return sigmoid_spec("mobilenetv2_100", size=96)


@pytest.mark.parametrize("size", [96, 97])
def test_mapped_network_is_the_same_function(tmp_path: Path, size: int) -> None:
    """Odd sizes too, where another padding of stride-2 convolutions would show."""
    theirs = oracle()
    half = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in theirs.state_dict().items()
    }
    safetensors.torch.save_file(half, tmp_path / "m.safetensors")
    theirs.load_state_dict(half)
    ours = random_network(mobilenet_spec())
    load_weights(ours, tmp_path / "m.safetensors", key_map="torchvision_mobilenet_v2")
    inputs = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(4))
    with torch.inference_mode():
        expected, found = theirs(inputs), ours(inputs)
        features = theirs.features(inputs)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.forward_features(inputs), features, rtol=1e-4, atol=1e-4)


def test_foreign_name_is_refused() -> None:
    with pytest.raises(SpecError) as refused:
        map_keys(["features.0.0.weight", "fc.weight"], key_map="torchvision_mobilenet_v2")
    assert refused.value.code == "key_map_mismatch"


def test_own_names_stay() -> None:
    assert map_keys(["fc.weight"], key_map=None) == {"fc.weight": "fc.weight"}
