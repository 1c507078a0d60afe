"""From what was learned to a candidate: which bytes change, its name, what its card says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from apps.inference.compute.candidate import (
    RunStory,
    candidate_spec,
    candidate_version,
    changed_tensors,
    classifier_tensors,
    write_candidate,
)
from apps.inference.compute.folder import file_sha256
from apps.inference.compute.head_training import Head
from apps.inference.compute.json_fields import MAX_TEXT
from apps.inference.compute.key_maps import torchvision_mobilenet_v2_keys
from apps.inference.compute.networks import load_weights
from apps.inference.compute.spec import ModelSpec
from tests.inference.model_specs import random_network, spec_json

SPEC = ModelSpec.from_json(spec_json(architecture="test_resnet"))
STORY = RunStory(
    run_number=3,
    snapshot_id="5e1f",
    manifest_sha256="ab" * 32,
    train_images=40,
    train_cases=30,
    validation_cases=20,
    how="last layer fitted, all else as it was",
    left_out=(),
    is_calibrated=True,
)


def tensor_bytes(path: Path) -> dict[str, bytes]:
    return {
        name: value.contiguous().view(torch.uint8).numpy().tobytes() if value.ndim else
        value.reshape(1).view(torch.uint8).numpy().tobytes()
        for name, value in safetensors.torch.load_file(path).items()
    }  # fmt: skip


def half(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: v.half() if v.is_floating_point() else v for name, v in state.items()}


def test_a_learned_head_leaves_every_other_tensor_its_bytes(tmp_path: Path) -> None:
    network = random_network(SPEC)
    parent, target = tmp_path / "parent.safetensors", tmp_path / "target.safetensors"
    safetensors.torch.save_file(half(network.state_dict()), parent)
    rng = np.random.default_rng(1)
    width = network.get_classifier().in_features
    head = Head(
        rng.normal(size=(2, width)).astype(np.float32), rng.normal(size=2).astype(np.float32)
    )
    changed = classifier_tensors(network, head)
    assert set(changed) == {"fc.weight", "fc.bias"}
    sha256 = write_candidate(parent, target, changed, key_map=None)
    assert sha256 == file_sha256(target)
    before, after = tensor_bytes(parent), tensor_bytes(target)
    assert set(before) == set(after)
    assert {name for name in before if before[name] != after[name]} == set(changed)
    # the head keeps its float32 although the file holds half precision
    other = random_network(SPEC, seed=5)
    load_weights(other, target)
    assert other.get_classifier().weight.detach().numpy().tobytes() == head.weight.tobytes()
    assert other.get_classifier().bias.detach().numpy().tobytes() == head.bias.tobytes()


def test_of_a_trained_network_only_what_differs_is_written(tmp_path: Path) -> None:
    network = random_network(SPEC)
    parent, target = tmp_path / "parent.safetensors", tmp_path / "target.safetensors"
    safetensors.torch.save_file(half(network.state_dict()), parent)
    load_weights(network, parent)
    assert changed_tensors(network, parent, key_map=None) == {}
    with torch.no_grad():
        network.get_classifier().bias += 1.0
        network.bn1.num_batches_tracked += 1
    changed = changed_tensors(network, parent, key_map=None)
    assert set(changed) == {"fc.bias", "bn1.num_batches_tracked"}
    write_candidate(parent, target, changed, key_map=None)
    before, after = tensor_bytes(parent), tensor_bytes(target)
    assert {name for name in before if before[name] != after[name]} == set(changed)


def test_a_file_in_foreign_names_keeps_them(tmp_path: Path) -> None:
    spec = ModelSpec.from_json(spec_json(architecture="mobilenetv2_100"))
    network = random_network(spec)
    theirs = {ours: name for name, ours in torchvision_mobilenet_v2_keys().items()}
    parent, target = tmp_path / "parent.safetensors", tmp_path / "target.safetensors"
    tensors = {theirs[name]: value for name, value in network.state_dict().items()}
    safetensors.torch.save_file(tensors, parent)
    head = Head(np.ones((2, 1280), np.float32), np.ones(2, np.float32))
    changed = classifier_tensors(network, head)
    write_candidate(parent, target, changed, key_map="torchvision_mobilenet_v2")
    before, after = tensor_bytes(parent), tensor_bytes(target)
    different = {name for name in before if before[name] != after[name]}
    assert different == {"classifier.1.weight", "classifier.1.bias"}


def test_what_does_not_fit_the_parent_is_not_written(tmp_path: Path) -> None:
    parent, target = tmp_path / "parent.safetensors", tmp_path / "target.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(2), "b": torch.zeros(1)}, parent)
    for changed in (
        {"c": torch.zeros(2)},
        {"a": torch.zeros(3)},
        {"a": torch.full((2,), torch.nan)},
    ):
        with pytest.raises(ValueError):
            write_candidate(parent, target, changed, key_map=None)
    assert not target.exists()


def test_a_candidate_is_named_after_its_run_and_not_after_all_before() -> None:
    assert candidate_version("2", 1) == "2-r1"
    assert candidate_version("2-r1", 12) == "2-r12"
    assert candidate_version("1" * 40, 7) == "1" * 29 + "-r7"


def test_the_card_says_what_was_done_and_what_was_not() -> None:
    spec = candidate_spec(
        SPEC,
        weights_sha256="c" * 64,
        temperature=1.7,
        evidence_scale={"NODULE": 2.5, "NORMAL": 0.0},
        story=STORY,
    )
    assert (spec.name, spec.version, spec.temperature) == ("lung", "1.0.0-r3", 1.7)
    assert spec.weights.sha256 == "c" * 64
    assert spec.thresholds == SPEC.thresholds
    assert spec.evidence_scale == (("NODULE", 2.5),)
    assert ModelSpec.from_json(spec.to_json()) == spec
    for word in ("Run 3 from lung 1.0.0", "5e1f", "ab" * 32, "40 images of 30 cases", "None."):
        assert word in spec.training_data
    assert "Temperature fitted on 20 validation cases" in spec.training_data
    bare = replace(STORY, is_calibrated=False, left_out=("nodule",))
    long_parent = replace(SPEC, training_data="x" * MAX_TEXT)
    text = candidate_spec(
        long_parent, weights_sha256="c" * 64, temperature=1.0, evidence_scale={}, story=bare
    ).training_data
    assert "determines none" in text
    assert "Not learned, for want of both sides: nodule." in text
    assert len(text) == MAX_TEXT
