from pathlib import Path

import pytest
import torch

from apps.inference.compute.folder import ModelFolderError
from apps.inference.compute.json_fields import SpecError
from apps.inference.compute.networks import build_network, load_weights
from apps.inference.compute.spec import ModelSpec
from tests.inference.model_specs import random_network, spec_json, write_folder

SMALL = {"architecture": "resnet10t"}


def small_spec() -> ModelSpec:
    return ModelSpec.from_json(spec_json(**SMALL))


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("architecture_unknown", {"architecture": "resnet51"}),
        ("architecture_option_refused", {"architecture_options": {"img_size": 64}}),
        ("architecture_option_refused", {"architecture_options": {"output_stride": 7}}),
    ],
)
def test_network_that_cannot_be_built_is_refused(code: str, changes: dict[str, object]) -> None:
    with pytest.raises(SpecError) as refused:
        build_network(ModelSpec.from_json(spec_json(**changes)))
    assert refused.value.code == code


def test_weights_of_half_precision_fill_a_float32_network(tmp_path: Path) -> None:
    network = random_network(small_spec())
    half = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in network.state_dict().items()
    }
    write_folder(tmp_path, tensors=half, **SMALL)
    other = random_network(small_spec(), seed=1)
    load_weights(other, tmp_path / "lung.safetensors")
    for name, tensor in other.state_dict().items():
        assert tensor.dtype == network.state_dict()[name].dtype
        assert torch.equal(tensor, half[name].to(tensor.dtype))


def change_class_count(tensors: dict[str, torch.Tensor]) -> None:
    tensors["fc.weight"] = torch.zeros(3, 512)
    tensors["fc.bias"] = torch.zeros(3)


def change_shape(tensors: dict[str, torch.Tensor]) -> None:
    tensors["layer1.0.conv1.weight"] = torch.zeros(64, 64, 1, 1)


def remove(tensors: dict[str, torch.Tensor]) -> None:
    del tensors["layer1.0.conv1.weight"]


def add(tensors: dict[str, torch.Tensor]) -> None:
    tensors["layer9.weight"] = torch.zeros(1)


def spoil(tensors: dict[str, torch.Tensor]) -> None:
    tensors["fc.bias"] = torch.tensor([0.0, float("nan")])


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("weights_class_count", change_class_count),
        ("weights_shape", change_shape),
        ("weights_missing_tensor", remove),
        ("weights_unknown_tensor", add),
        ("weights_not_finite", spoil),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_change_nothing(
    tmp_path: Path, code: str, change: object
) -> None:
    network = random_network(small_spec())
    tensors = dict(random_network(small_spec(), seed=1).state_dict())
    change(tensors)
    write_folder(tmp_path, tensors=tensors, **SMALL)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(ModelFolderError) as refused:
        load_weights(network, tmp_path / "lung.safetensors")
    assert refused.value.code == code
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
