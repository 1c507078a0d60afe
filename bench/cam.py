"""What do the class maps of all findings cost, against the prediction alone and against captum?

`python -m bench.cam` prints JSON lines:
`cam_all_classes_fwd`, limit 1.05: one image with 14 maps, in bare forward passes, one thread;
`explain_tax`, limit 0.97: images/s of batches with all maps, as a share of those without.
"""

from __future__ import annotations

import os

# Before torch is imported: its thread pool reads this once, and idle threads must not spin.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import time
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from captum.attr import LayerGradCam

from apps.inference.compute.networks import build_network
from apps.inference.compute.predict import LoadedModel, predict_batch, prepare_model
from apps.inference.compute.spec import ModelSpec
from bench.figure import Figure, interleaved_seconds, paired_ratio

CLASSES = 14
SIZE = 224
BATCH = 16
REPEATS = 41
CAPTUM_REPEATS = 5
BATCH_REPEATS = 11
SEED = 0


def resnet50_spec() -> ModelSpec:
    """ResNet-50 with 14 independent findings on 224 x 224."""
    findings = [f"finding_{k}" for k in range(CLASSES)]
    return ModelSpec.from_json(
        {
            "name": "bench",
            "version": "1",
            "architecture": "resnet50",
            "weights": {"file": "none.safetensors", "sha256": "0" * 64, "key_map": None},
            "activation": "sigmoid",
            "outputs": [{"code": name, "finding": name} for name in findings],
            "thresholds": dict.fromkeys(findings, 0.5),
            "preprocess": {
                "channels": 3,
                "size": [SIZE, SIZE],
                "resize": "stretch",
                "mean": 127.5,
                "std": 127.5,
            },
            "applicability": {
                "modality": [],
                "body_part": [],
                "view": [],
                "pixel_spacing_mm": None,
            },
            "aggregation": "max",
            "licence": "none",
            "intended_use": "Measuring.",
            "training_data": "none",
        }
    )


def inputs_of(count: int) -> np.ndarray:
    """Random network input."""
    shape = (count, 3, SIZE, SIZE)
    return np.random.default_rng(SEED).standard_normal(shape, dtype=np.float32)


def captum_maps(model: LoadedModel, batch: torch.Tensor) -> torch.Tensor:
    """All class maps the usual way: one forward and one gradient per class."""
    assert model.head is not None  # noqa: S101  (a ResNet has one)
    grad_cam = LayerGradCam(model.network, model.network.get_submodule(model.head.module_name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.cat(
            [grad_cam.attribute(batch, target=k, relu_attributions=False) for k in range(CLASSES)],
            dim=1,
        )


def cam_all_classes_fwd(model: LoadedModel) -> Figure:
    """CPU time of one explained image, in bare forward passes, against captum's loop."""
    inputs = inputs_of(1)
    batch = torch.from_numpy(inputs).contiguous(memory_format=torch.channels_last)
    needs_grad = batch.clone().requires_grad_()
    prediction = predict_batch(model, inputs)
    assert prediction.maps is not None  # noqa: S101
    expected = captum_maps(model, needs_grad).detach().numpy() * prediction.maps[0, 0].size
    np.testing.assert_allclose(
        prediction.maps.astype(np.float32), expected, atol=1e-3 * np.abs(expected).max()
    )

    def forward() -> None:
        with torch.inference_mode():
            model.network(batch)

    def explain() -> None:
        predict_batch(model, inputs)

    clock = time.process_time
    bare, explained = interleaved_seconds([forward, explain], clock=clock, n=REPEATS)
    again, captum = interleaved_seconds(
        [explain, lambda: captum_maps(model, needs_grad)], clock=clock, n=CAPTUM_REPEATS
    )
    value, ratio = paired_ratio(explained, bare), paired_ratio(captum, again)
    return Figure(
        figure="cam_all_classes_fwd",
        value=value,
        unit="forwards",
        peer="captum LayerGradCam, class by class",
        peer_value=ratio * value,
        ratio=ratio,
        n=REPEATS,
        where="resnet50 224 b1 14 classes, float32, cpu 1 thread, process time",
    )


def explain_tax(model: LoadedModel, *, clock: Callable[[], float], where: str) -> Figure:
    """Images/s with all maps as a share of images/s without."""
    inputs = torch.from_numpy(inputs_of(BATCH)).to(model.device)
    plain = replace(model, head=None, bias=None)
    n = BATCH_REPEATS if model.device.type == "cpu" else 300
    explained, bare = interleaved_seconds(
        [lambda: predict_batch(model, inputs), lambda: predict_batch(plain, inputs)],
        clock=clock,
        n=n,
    )
    value = paired_ratio(bare, explained)
    return Figure(
        figure="explain_tax",
        value=value,
        unit="images/s with maps / without",
        peer="the same without maps",
        peer_value=1.0,
        ratio=value,
        n=n,
        where=f"resnet50 224 b{BATCH} {CLASSES} classes, {where}",
    )


def main() -> None:
    """Measure and print."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    spec = resnet50_spec()
    network = build_network(spec)
    model = prepare_model(spec, network)
    cam_all_classes_fwd(model).print()
    explain_tax(model, clock=time.process_time, where="float32, cpu 1 thread, process time").print()
    torch.set_num_threads(threads)
    if torch.cuda.is_available():
        model = prepare_model(spec, network, device="cuda", dtype=torch.bfloat16)
        where = f"bfloat16, {torch.cuda.get_device_name()}, wall time"
        explain_tax(model, clock=time.perf_counter, where=where).print()


if __name__ == "__main__":
    main()
