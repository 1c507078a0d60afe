"""What does a model say of a labelled set of files, and which temperature makes it honest?

Every file takes the way of a study: a picture is wrapped as DICOM, the display image of each
is preprocessed and predicted, so that a calibration holds for what will be served.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from apps.cases.compute.pixels import display_image
from apps.cases.compute.wrap import WrapFacts, wrap_image
from apps.errors import Invalid
from apps.inference.compute.calibration import fit_case_temperature
from apps.inference.compute.cam import evidence_maps
from apps.inference.compute.metrics import auroc, expected_calibration_error
from apps.inference.compute.predict import LoadedModel, predict_batch
from apps.inference.compute.preprocess import to_network_input
from apps.inference.compute.probabilities import case_probabilities
from apps.inference.compute.spec import ModelSpec

BATCH_SIZE: Final = 16
PICTURE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg"})
# A heat map's scale: nearly all evidence of the validation set lies within it.
SCALE_PERCENTILE: Final = 99.0


class ValidationError(Invalid):
    """A validation set that cannot be used; `message` says which line and why."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="validation_set")


@dataclass(frozen=True)
class LabelledFile:
    """One line of a validation set: a file, the case it belongs to, and the findings it has."""

    path: Path
    case: str
    findings: frozenset[str]


@dataclass(frozen=True)
class Validation:
    """What a model says of a validation set.

    Attributes
    ----------
    logits : float32 (n, K), one row a file
    cases : int (n,), number of the case of each file
    truth : finding to bool (m,), one entry a case
    evidence_scale : output code to a percentile of its absolute evidence in logit units; empty
        without class maps
    """

    logits: NDArray[np.float32]
    cases: NDArray[np.intp]
    truth: dict[str, NDArray[np.bool_]]
    evidence_scale: dict[str, float]


def read_validation_csv(
    path: Path, spec: ModelSpec, *, root: Path, split: str = ""
) -> list[LabelledFile]:
    """Read a CSV with the columns `file` and `label`, and `case` and `split` where there are any.

    Parameters
    ----------
    path : CSV in UTF-8 with a header
    spec : names what a label may be: codes of outputs or findings, several joined by ";", none for
        a file without findings
    root : folder that `file` is relative to
    split : keep only lines with this value in the column `split`; "" keeps all

    Returns
    -------
    list of LabelledFile, at least one; without a column `case` every file is a case of its own

    Raises
    ------
    ValidationError : a column, a file or a label is missing or unknown
    """
    known = {output.code.lower(): output.finding for output in spec.outputs}
    known |= {finding.lower(): finding for finding in spec.finding_outputs}
    with path.open(newline="", encoding="utf-8-sig") as stream:
        lines = list(csv.DictReader(stream))
    files = []
    for number, line in enumerate(lines, start=2):
        if split and line.get("split") != split:
            continue
        if line.get("file") is None or line.get("label") is None:
            raise ValidationError(f"{path.name} line {number} has no `file` or no `label`.")
        file = root / line["file"]
        labels = [word.strip().lower() for word in line["label"].split(";") if word.strip()]
        unknown = sorted(set(labels) - set(known))
        if unknown or not file.is_file():
            what = f"label {unknown[0]!r} is unknown" if unknown else "the file is missing"
            raise ValidationError(f"{path.name} line {number}: {what}.")
        findings = frozenset(finding for word in labels if (finding := known[word]))
        files.append(LabelledFile(file, line.get("case") or str(number), findings))
    if not files:
        raise ValidationError(f"{path.name} names no file{f' of split {split!r}' * bool(split)}.")
    return files


def validate(model: LoadedModel, files: Sequence[LabelledFile]) -> Validation:
    """Classify every file of a validation set.

    Parameters
    ----------
    model : LoadedModel
    files : at least one; DICOM, PNG or JPEG

    Returns
    -------
    Validation

    Raises
    ------
    Refused, ImageError, PredictionError, ValueError : a file that cannot be read or predicted
    """
    logits: list[NDArray[np.float32]] = []
    evidence: list[NDArray[np.float32]] = []
    spec = model.spec
    for start in range(0, len(files), BATCH_SIZE):
        inputs = np.stack(
            [
                to_network_input(_display_image(file.path), spec.preprocess)[0]
                for file in files[start : start + BATCH_SIZE]
            ]
        )
        answer = predict_batch(model, inputs)
        logits.append(answer.logits)
        if answer.maps is not None:
            evidence.append(np.abs(evidence_maps(answer.maps, spec.exclusive_groups)))
    numbers = {name: index for index, name in enumerate(dict.fromkeys(f.case for f in files))}
    return Validation(
        logits=np.concatenate(logits),
        cases=np.array([numbers[file.case] for file in files]),
        truth=_truth(spec, files, numbers),
        evidence_scale=evidence_scale(spec, evidence),
    )


def evidence_scale(spec: ModelSpec, evidence: Sequence[NDArray[np.float32]]) -> dict[str, float]:
    """Absolute colour scale of every output's heat map; empty without class maps.

    Parameters
    ----------
    evidence : batches of float32 (N, K, h, w), magnitudes of `evidence_maps`
    """
    if not evidence:
        return {}
    limits = np.percentile(np.concatenate(evidence), SCALE_PERCENTILE, axis=(0, 2, 3))
    return {out.code: float(limit) for out, limit in zip(spec.outputs, limits, strict=True)}


def fitted_temperature(spec: ModelSpec, validation: Validation) -> float:
    """Temperature that makes the findings of the validation set's cases most likely.

    Raises
    ------
    CalibrationError : the set does not determine one
    """
    return fit_case_temperature(
        spec, validation.logits, cases=validation.cases, findings=validation.truth
    )


def calibration_metrics(
    spec: ModelSpec, validation: Validation, *, temperature: float
) -> dict[str, Any]:
    """How well each finding is told, and how honest its probability is, at a temperature.

    Returns
    -------
    finding to {positive, negative, auroc, auroc_low, auroc_high, calibration_error}; the areas are
    None where a class is absent, their limits also where a class has a single case
    """
    probabilities = case_probabilities(
        spec, validation.logits, cases=validation.cases, temperature=temperature
    )
    return {
        finding: {
            "positive": int(truth.sum()),
            "negative": int((~truth).sum()),
            **_area(probabilities[finding], truth),
            "calibration_error": expected_calibration_error(probabilities[finding], truth),
        }
        for finding, truth in validation.truth.items()
    }


def _area(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> dict[str, float | None]:
    if truth.all() or not truth.any():
        return {"auroc": None, "auroc_low": None, "auroc_high": None}
    area = auroc(scores, truth)
    limits = {"auroc_low": area.low, "auroc_high": area.high}
    finite = {name: value if np.isfinite(value) else None for name, value in limits.items()}
    return {"auroc": area.value, **finite}


def _truth(
    spec: ModelSpec, files: Sequence[LabelledFile], numbers: dict[str, int]
) -> dict[str, NDArray[np.bool_]]:
    truth = {finding: np.zeros(len(numbers), np.bool_) for finding in spec.finding_outputs}
    for file in files:
        for finding in file.findings:
            truth[finding][numbers[file.case]] = True
    return truth


def _display_image(path: Path) -> NDArray[np.float32]:
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        return display_image(path)
    facts = WrapFacts(
        study_instance_uid="2.25.1",
        series_instance_uid="2.25.2",
        sop_instance_uid="2.25.3",
        patient_id="validation",
        modality="OT",
    )
    with tempfile.TemporaryDirectory() as folder:
        wrapped = Path(folder) / "wrapped.dcm"
        wrap_image(path, facts, wrapped)
        return display_image(wrapped)
