"""How is the shipped demo model made? Phantoms, the project's own training, calibration on the
validation part, honest numbers from the test part, and a model folder anybody can make again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import nn

from apps.cases.compute.phantom_findings import FINDING_CODES
from apps.inference.compute.calibration import fit_temperature
from apps.inference.compute.folder import SPEC_FILE, file_sha256
from apps.inference.compute.json_fields import Json
from apps.inference.compute.manifest import Example, read_manifest
from apps.inference.compute.metrics import auroc, sensitivity, specificity
from apps.inference.compute.phantom_dataset import PhantomSplit
from apps.inference.compute.pointing import PointingGame, pointing_game
from apps.inference.compute.predict import (
    BatchPrediction,
    LoadedModel,
    load_model,
    predict_batch,
)
from apps.inference.compute.probabilities import probabilities_of
from apps.inference.compute.spec import ModelSpec
from apps.inference.compute.train import Progress, Recipe, train
from apps.inference.compute.training_set import TrainingSet, load_training_set

WEIGHTS_FILE = "weights.safetensors"
CARD_FILE = "card.json"
DEMO_SEED = 20_250_301
DEMO_SPLIT = PhantomSplit(train=800, validation=120, test=180, first_seed=1000)
DEMO_RECIPE = Recipe(
    epochs=24, batch_size=16, learning_rate=3e-3, head_rate=10.0, region_weight=1.0
)
EVIDENCE_QUANTILE = 0.995
MINIMUM_AUROC = 0.75


@dataclass(frozen=True)
class SetPrediction:
    """What a model says of a whole set.

    Parameters
    ----------
    logits : float32 (N, K)
    maps : float16 (N, K, h, w)
    """

    logits: NDArray[np.float32]
    maps: NDArray[np.float16]


def draft_spec() -> ModelSpec:
    """The spec of the demo model before training: neutral thresholds, no weights."""
    return ModelSpec.from_json(
        {
            "name": "chest-phantom",
            "version": "1",
            "architecture": "resnet10t",
            "architecture_options": {
                "channels": [24, 48, 64, 96],
                "output_stride": 8,
                "stem_width": 8,
            },
            "weights": {"file": WEIGHTS_FILE, "sha256": "0" * 64, "key_map": None},
            "activation": "sigmoid",
            "outputs": [{"code": code, "finding": code} for code in FINDING_CODES],
            "exclusive_groups": [],
            "thresholds": dict.fromkeys(FINDING_CODES, 0.5),
            "preprocess": {
                "channels": 1,
                "size": [128, 128],
                "resize": "letterbox",
                "mean": 127.5,
                "std": 64.0,
            },
            "applicability": {
                "modality": ["DX", "CR"],
                "body_part": ["CHEST"],
                "view": ["PA", "AP"],
                "pixel_spacing_mm": None,
            },
            "aggregation": "max",
            "evidence_scale": {},
            "licence": "Apache-2.0",
            "intended_use": "Demonstration and tests of the software on its own synthetic phantoms."
            " Not for patients: it has never seen a real radiograph.",
            "training_data": "Synthetic chest phantoms made by this project (docs/demo-model.md).",
        }
    )


def make_demo_model(
    manifest: Path,
    folder: Path,
    *,
    seed: int = DEMO_SEED,
    recipe: Recipe = DEMO_RECIPE,
    report: Callable[[Progress], None] = lambda _progress: None,
) -> dict[str, Json]:
    """Train, calibrate, measure and write the model folder.

    Parameters
    ----------
    manifest : of phantoms, with all three parts
    folder : where spec.json, weights.safetensors and card.json go; created
    seed, recipe, report : see `train`

    Returns
    -------
    The card: what was measured, as written to card.json

    Raises
    ------
    TrainingError, CalibrationError, ManifestError
    """
    examples = read_manifest(manifest)
    parts = {part: [e for e in examples if e.part == part] for part in ("train", "validation")}
    spec = draft_spec()
    network = train(load_training_set(parts["train"], spec), spec, recipe, seed=seed, report=report)
    folder.mkdir(parents=True, exist_ok=True)
    spec = save_weights(network, spec, folder)
    model = load_model(spec, folder / WEIGHTS_FILE)
    spec = calibrated_spec(model, load_training_set(parts["validation"], spec))
    _write_json(folder / SPEC_FILE, spec.to_json())
    test = [example for example in examples if example.part == "test"]
    card = model_card(replace(model, spec=spec), test, seed=seed, recipe=recipe)
    card["images"] = {
        "train": len(parts["train"]),
        "validation": len(parts["validation"]),
        "test": len(test),
    }
    _write_json(folder / CARD_FILE, card)
    return card


def save_weights(network: nn.Module, spec: ModelSpec, folder: Path) -> ModelSpec:
    """Write the weights in half precision; the spec with their hash.

    Integer buffers (counters of batch normalisation) keep their type. The header carries no date,
    so equal weights are equal bytes.
    """
    tensors = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }
    path = folder / WEIGHTS_FILE
    safetensors.torch.save_file(tensors, path)
    return replace(spec, weights=replace(spec.weights, sha256=file_sha256(path)))


def predict_set(model: LoadedModel, images: TrainingSet, *, batch_size: int = 32) -> SetPrediction:
    """Logits and class maps of a whole set.

    Raises
    ------
    ValueError : the model has no linear head, so no maps
    """
    answers: list[BatchPrediction] = []
    for start in range(0, len(images), batch_size):
        inputs = images.inputs[start : start + batch_size].astype(np.float32)
        answers.append(predict_batch(model, inputs))
    maps = [answer.maps for answer in answers if answer.maps is not None]
    if len(maps) < len(answers):
        raise ValueError(f"{model.spec.name} has no class maps.")
    return SetPrediction(np.concatenate([a.logits for a in answers]), np.concatenate(maps))


def calibrated_spec(model: LoadedModel, validation: TrainingSet) -> ModelSpec:
    """Temperature, thresholds and colour scales, from the validation part alone."""
    spec = model.spec
    answer = predict_set(model, validation)
    labels = validation.labels > 0.5
    temperature = fit_temperature(answer.logits, labels, spec.activation)
    probabilities = probabilities_of(
        answer.logits, activation=spec.activation, temperature=temperature
    )
    thresholds, scales = [], []
    for index, output in enumerate(spec.outputs):
        threshold = suggestion_threshold(probabilities[:, index], labels[:, index])
        thresholds.append((str(output.finding), threshold))
        evidence = np.abs(answer.maps[:, index].astype(np.float32))
        scales.append((output.code, round(float(np.quantile(evidence, EVIDENCE_QUANTILE)), 4)))
    return replace(
        spec,
        temperature=round(temperature, 4),
        thresholds=tuple(thresholds),
        evidence_scale=tuple(scales),
    )


def suggestion_threshold(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Youden's threshold; 1.0, so no suggestion, for a finding read with an AUC below 0.75."""
    is_useful = auroc(scores, truth).value >= MINIMUM_AUROC
    return youden_threshold(scores, truth) if is_useful else 1.0


def youden_threshold(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    """Threshold where sensitivity + specificity is greatest, four digits.

    Parameters
    ----------
    scores : float (n,); a case counts as positive from the threshold on
    truth : bool (n,), both values present

    Returns
    -------
    The middle of the gap between two scores; of several best gaps the one with the lowest scores,
    which prefers sensitivity

    Raises
    ------
    ValueError : a class is absent

    Source: Youden, Cancer 1950.
    """
    if truth.all() or not truth.any():
        raise ValueError("A threshold needs positive and negative cases.")
    levels = np.unique(scores)
    middles = np.concatenate([levels[:1], (levels[1:] + levels[:-1]) / 2.0])
    positives, negatives = np.sort(scores[truth]), np.sort(scores[~truth])
    hit = 1.0 - np.searchsorted(positives, middles) / len(positives)
    correct = np.searchsorted(negatives, middles) / len(negatives)
    return round(float(middles[np.argmax(hit + correct)]), 4)


def model_card(
    model: LoadedModel, examples: Sequence[Example], *, seed: int, recipe: Recipe
) -> dict[str, Json]:
    """Numbers of the held-out test part: AUC, sensitivity, specificity, pointing game."""
    spec = model.spec
    images = load_training_set(examples, spec)
    answer = predict_set(model, images)
    probabilities = probabilities_of(
        answer.logits, activation=spec.activation, temperature=spec.temperature
    )
    thresholds = dict(spec.thresholds)
    findings: dict[str, Json] = {}
    for index, output in enumerate(spec.outputs):
        truth = images.labels[:, index] > 0.5
        game = pointing_game(
            answer.maps[truth, index].astype(np.float32), images.regions[truth, index]
        )
        code = str(output.finding)
        measured = _measured(probabilities[:, index], truth, threshold=thresholds[code])
        findings[code] = measured | _pointing(game)
    return {
        "model": f"{spec.name} {spec.version}",
        "weights_sha256": spec.weights.sha256,
        "seed": seed,
        "recipe": {
            "epochs": recipe.epochs,
            "batch_size": recipe.batch_size,
            "learning_rate": recipe.learning_rate,
            "head_rate": recipe.head_rate,
            "region_weight": recipe.region_weight,
        },
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "findings": findings,
    }


def _measured(
    scores: NDArray[np.float32], truth: NDArray[np.bool_], *, threshold: float
) -> dict[str, Json]:
    area = auroc(scores, truth)
    return {
        "positive_count": area.positive_count,
        "auroc": [round(value, 4) for value in (area.value, area.low, area.high)],
        "sensitivity": round(sensitivity(scores, truth, threshold=threshold).value, 4),
        "specificity": round(specificity(scores, truth, threshold=threshold).value, 4),
    }


def _pointing(game: PointingGame) -> dict[str, Json]:
    return {
        "pointing_hits": round(game.map_share, 4),
        "pointing_hits_of_centre": round(game.centre_share, 4),
        "pointing_hits_of_best_fixed_place": round(game.best_fixed_share, 4),
    }


def _write_json(path: Path, value: dict[str, Json]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
