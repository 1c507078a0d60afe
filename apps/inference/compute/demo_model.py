"""How is the shipped demo model made? Phantoms, the project's own training, calibration on the
validation part, honest numbers from the test part, and a model folder anybody can make again.

A finding that the network cannot see is left out of the folder: a probability and a heat map that
mean nothing are worse than none.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import nn

from apps.cases.compute.phantom_findings import FINDING_CODES
from apps.inference.compute.calibration import fit_temperature
from apps.inference.compute.folder import SPEC_FILE, file_sha256
from apps.inference.compute.json_fields import Json
from apps.inference.compute.manifest import read_manifest
from apps.inference.compute.metrics import Auroc, auroc, sensitivity, specificity
from apps.inference.compute.networks import TimmNetwork
from apps.inference.compute.phantom_dataset import PhantomSplit
from apps.inference.compute.pointing import pointing_game
from apps.inference.compute.predict import (
    BatchPrediction,
    LoadedModel,
    load_model,
    predict_batch,
)
from apps.inference.compute.probabilities import probabilities_of
from apps.inference.compute.spec import ModelSpec
from apps.inference.compute.train import Progress, Recipe, TrainingError, train
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
            "version": "2",
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
    minimum_auroc: float = MINIMUM_AUROC,
    report: Callable[[Progress], None] = lambda _progress: None,
) -> dict[str, Json]:
    """Train, leave out what is not seen, calibrate, measure and write the model folder.

    Parameters
    ----------
    manifest : of phantoms, with all three parts
    folder : where spec.json, weights.safetensors and card.json go; created
    minimum_auroc : see `ship_model`
    seed, recipe, report : see `train`

    Returns
    -------
    The card: what was measured, as written to card.json

    Raises
    ------
    TrainingError, CalibrationError, ManifestError
    """
    examples = read_manifest(manifest)
    spec = draft_spec()
    train_set, validation, test = (
        load_training_set([example for example in examples if example.part == part], spec)
        for part in ("train", "validation", "test")
    )
    network = train(train_set, spec, recipe, seed=seed, report=report)
    folder.mkdir(parents=True, exist_ok=True)
    spec = save_weights(network, spec, folder)
    whole = load_model(spec, folder / spec.weights.file)
    card: dict[str, Json] = {
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
        "images": {"train": len(train_set), "validation": len(validation), "test": len(test)},
    }
    card |= ship_model(whole, folder, validation=validation, test=test, minimum_auroc=minimum_auroc)
    _write_json(folder / CARD_FILE, card)
    return card


def ship_model(
    whole: LoadedModel,
    folder: Path,
    *,
    validation: TrainingSet,
    test: TrainingSet,
    minimum_auroc: float = MINIMUM_AUROC,
) -> dict[str, Json]:
    """Write weights and spec of a trained model with the findings it sees, and measure it.

    Parameters
    ----------
    whole : LoadedModel, with all outputs, sigmoid
    folder : where spec.json and weights.safetensors go
    validation : decides what is left out, temperature, thresholds and colour scales
    test : read for the numbers alone
    minimum_auroc : in 0 to 1; an output whose validation AUC is below it is left out

    Returns
    -------
    The model's part of the card; a finding left out stands in it with its AUC

    Raises
    ------
    TrainingError : no finding reaches the minimum
    CalibrationError
    """
    areas = finding_areas(whole, validation)
    rows = [index for index, area in enumerate(areas) if area.value >= minimum_auroc]
    if not rows:
        raise TrainingError(f"No finding reaches a validation AUC of {minimum_auroc}.")
    network, spec = with_outputs(whole.network, whole.spec, rows)
    spec = save_weights(network, spec, folder)
    model = load_model(spec, folder / spec.weights.file)
    spec = calibrated_spec(model, validation.with_outputs(rows))
    _write_json(folder / SPEC_FILE, spec.to_json())
    measured = _measured(replace(model, spec=spec), test.with_outputs(rows))
    findings: dict[str, Json] = {}
    for output, seen, shown in zip(
        whole.spec.outputs, areas, finding_areas(whole, test), strict=True
    ):
        code = str(output.finding)
        findings[code] = {
            "is_left_out": code not in measured,
            "validation_auroc": round(seen.value, 4),
            "positive_count": shown.positive_count,
            "auroc": [round(value, 4) for value in (shown.value, shown.low, shown.high)],
            **measured.get(code, {}),
        }
    return {
        "model": f"{spec.name} {spec.version}",
        "weights_sha256": spec.weights.sha256,
        "minimum_validation_auroc": minimum_auroc,
        "findings": findings,
    }


def with_outputs(
    network: nn.Module, spec: ModelSpec, rows: Sequence[int]
) -> tuple[nn.Module, ModelSpec]:
    """Copy of a network and its spec with some of the outputs; the others' logits stay.

    Parameters
    ----------
    network : ends in one linear layer; unchanged
    spec : ModelSpec, sigmoid
    rows : indices of the outputs to keep, in order

    Returns
    -------
    Network and spec; thresholds and colour scales of the outputs that are gone are gone too

    Raises
    ------
    ValueError : softmax, where each output's probability depends on all the others
    TypeError : the classifier is no linear layer
    """
    if spec.activation != "sigmoid":
        raise ValueError("Only independent outputs can be left out.")
    network = copy.deepcopy(network)
    classifier = cast(TimmNetwork, network).get_classifier()
    if not isinstance(classifier, nn.Linear):
        raise TypeError(f"{spec.name} does not end in a linear layer.")
    index = torch.tensor(rows)
    for name, parameter in list(classifier.named_parameters(recurse=False)):
        setattr(classifier, name, nn.Parameter(parameter.detach()[index], requires_grad=False))
    classifier.out_features = len(rows)
    outputs = tuple(spec.outputs[row] for row in rows)
    codes = {output.code for output in outputs}
    findings = {output.finding for output in outputs}
    return network, replace(
        spec,
        outputs=outputs,
        thresholds=tuple(item for item in spec.thresholds if item[0] in findings),
        evidence_scale=tuple(item for item in spec.evidence_scale if item[0] in codes),
    )


def save_weights(network: nn.Module, spec: ModelSpec, folder: Path) -> ModelSpec:
    """Write the weights in half precision; the spec with their hash.

    Integer buffers (counters of batch normalisation) keep their type. The header carries no date,
    so equal weights are equal bytes.
    """
    tensors = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }
    path = folder / spec.weights.file
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


def finding_areas(model: LoadedModel, images: TrainingSet) -> list[Auroc]:
    """AUC of each output on a set; the logit ranks as the probability does."""
    logits = predict_set(model, images).logits
    truth = images.labels > 0.5
    return [auroc(logits[:, index], truth[:, index]) for index in range(logits.shape[1])]


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
        threshold = youden_threshold(probabilities[:, index], labels[:, index])
        thresholds.append((str(output.finding), threshold))
        evidence = np.abs(answer.maps[:, index].astype(np.float32))
        scales.append((output.code, round(float(np.quantile(evidence, EVIDENCE_QUANTILE)), 4)))
    return replace(
        spec,
        temperature=round(temperature, 4),
        thresholds=tuple(thresholds),
        evidence_scale=tuple(scales),
    )


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


def _measured(model: LoadedModel, images: TrainingSet) -> dict[str, dict[str, Json]]:
    """Sensitivity, specificity and pointing game of every finding the model speaks of."""
    spec = model.spec
    answer = predict_set(model, images)
    probabilities = probabilities_of(
        answer.logits, activation=spec.activation, temperature=spec.temperature
    )
    thresholds = dict(spec.thresholds)
    findings: dict[str, dict[str, Json]] = {}
    for index, output in enumerate(spec.outputs):
        code, scores = str(output.finding), probabilities[:, index]
        truth = images.labels[:, index] > 0.5
        hit = sensitivity(scores, truth, threshold=thresholds[code])
        correct = specificity(scores, truth, threshold=thresholds[code])
        game = pointing_game(
            answer.maps[truth, index].astype(np.float32), images.regions[truth, index]
        )
        findings[code] = {
            "sensitivity": round(hit.value, 4),
            "specificity": round(correct.value, 4),
            "pointing_hits": round(game.map_share, 4),
            "pointing_hits_of_centre": round(game.centre_share, 4),
            "pointing_hits_of_best_fixed_place": round(game.best_fixed_share, 4),
        }
    return findings


def _write_json(path: Path, value: dict[str, Json]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
