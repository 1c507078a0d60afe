"""Small specs and networks of which tests need two of everything."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import nn

from apps.inference.compute.folder import file_sha256
from apps.inference.compute.networks import build_network
from apps.inference.compute.spec import ModelSpec


def spec_json(**changes: Any) -> dict[str, Any]:
    """A valid spec.json of a small two-class network; a change of None removes the field."""
    value: dict[str, Any] = {
        "name": "lung",
        "version": "1.0.0",
        "architecture": "resnet18",
        "architecture_options": {},
        "weights": {"file": "lung.safetensors", "sha256": "0" * 64, "key_map": None},
        "activation": "softmax",
        "outputs": [
            {"code": "NORMAL", "finding": None},
            {"code": "NODULE", "finding": "nodule"},
        ],
        "exclusive_groups": [[0, 1]],
        "thresholds": {"nodule": 0.4},
        "preprocess": {
            "channels": 3,
            "size": [64, 64],
            "resize": "stretch",
            "mean": 127.5,
            "std": 127.5,
        },
        "applicability": {
            "modality": ["CR", "DX"],
            "body_part": ["CHEST"],
            "view": ["AP", "PA"],
            "pixel_spacing_mm": [0.1, 0.8],
        },
        "aggregation": "max",
        "evidence_scale": {"NODULE": 4.0},
        "licence": "Apache-2.0",
        "intended_use": "Tests.",
        "training_data": "None.",
    }
    value |= changes
    return {key: item for key, item in value.items() if item is not None}


def sigmoid_spec(architecture: str, *, size: int = 64, count: int = 3, **options: Any) -> ModelSpec:
    """A spec of independent findings for any architecture."""
    return ModelSpec.from_json(
        spec_json(
            architecture=architecture,
            architecture_options=options,
            activation="sigmoid",
            outputs=[{"code": f"C{k}", "finding": f"finding_{k}"} for k in range(count)],
            exclusive_groups=[],
            thresholds={f"finding_{k}": 0.5 for k in range(count)},
            preprocess=spec_json()["preprocess"] | {"size": [size, size]},
            evidence_scale={},
        )
    )


def random_network(spec: ModelSpec, *, seed: int = 0) -> nn.Module:
    """An untrained network in evaluation mode whose batch norms are not the identity."""
    torch.manual_seed(seed)
    network = build_network(spec).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.7, 1.3)
            nn.init.uniform_(module.bias, -0.2, 0.2)
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.7, 1.3)
    return network


def random_inputs(spec: ModelSpec, *, count: int = 2, seed: int = 1) -> np.ndarray:
    """Network input of the spec's size."""
    shape = (count, spec.preprocess.channels, *spec.preprocess.size)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def write_folder(folder: Path, *, tensors: dict[str, torch.Tensor], **changes: Any) -> ModelSpec:
    """Write a model folder whose spec names the hash of its weights."""
    folder.mkdir(parents=True, exist_ok=True)
    value = spec_json(**changes)
    path = folder / value["weights"]["file"]
    safetensors.torch.save_file(tensors, path)
    value["weights"] = value["weights"] | {"sha256": file_sha256(path)}
    (folder / "spec.json").write_text(json.dumps(value))
    return ModelSpec.from_json(value)
