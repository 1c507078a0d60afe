"""Which temperature makes a model's probabilities mean what they say?

One number divides all logits. It is fitted on a validation set that the model was not trained on
and that no test uses; `fit_case_temperature` is what the product shows, a probability per case.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from apps.errors import Invalid
from apps.inference.compute.probabilities import aggregate_case, probabilities_of
from apps.inference.compute.spec import Activation, ModelSpec

LOWEST_TEMPERATURE: Final = 0.05
HIGHEST_TEMPERATURE: Final = 20.0
# float32 probabilities of 0 and 1 would make one certain mistake infinitely bad
SMALLEST_PROBABILITY: Final = 1e-7

Logits = NDArray[np.floating[Any]]


class CalibrationError(Invalid):
    """A validation set that does not determine a temperature."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


def fit_temperature(logits: Logits, labels: NDArray[Any], activation: Activation) -> float:
    """Temperature of least negative log likelihood, one row an independent image.

    Parameters
    ----------
    logits : float (n, K), finite
    labels : int (n,) in [0, K) for softmax; bool (n, K) for sigmoid
    activation : softmax or sigmoid

    Returns
    -------
    float in (0.05, 20)

    Raises
    ------
    ValueError : shapes do not fit, or a logit is not finite
    CalibrationError : `calibration_undetermined`, where the likelihood has no inner maximum
        (every case is right, or the logits say nothing)

    Source: temperature scaling, Guo et al., ICML 2017, section 4.2.
    """
    rows = np.asarray(logits, np.float64)
    _check_finite(rows)
    if activation == "softmax":
        if labels.shape != rows.shape[:1] or not np.isin(labels, range(rows.shape[1])).all():
            raise ValueError("Softmax labels are one class index per row.")
        index = np.arange(len(rows))

        def loss(temperature: float) -> float:
            likelihood = log_softmax(rows / temperature, axis=1)[index, labels]
            return -float(likelihood.mean())
    else:
        if labels.shape != rows.shape or labels.dtype != np.bool_:
            raise ValueError("Sigmoid labels are one boolean per logit.")
        signs = np.where(labels, -1.0, 1.0)

        def loss(temperature: float) -> float:
            return float(np.logaddexp(0.0, signs * rows / temperature).mean())

    return _minimum(loss)


def fit_case_temperature(
    spec: ModelSpec,
    logits: Logits,
    *,
    cases: NDArray[np.integer[Any]],
    findings: dict[str, NDArray[np.bool_]],
    judged: dict[str, NDArray[np.bool_]] | None = None,
) -> float:
    """Temperature of least negative log likelihood of the findings of cases.

    Parameters
    ----------
    spec : ModelSpec : activation and aggregation from images to the case
    logits : float (n, K), one row an image, finite
    cases : int (n,) in [0, m): the case of each image, every case with an image
    findings : for each finding of the spec that has a truth, bool (m,)
    judged : for each of `findings` bool (m,), False where nobody knows; None: all are known

    Returns
    -------
    float in (0.05, 20)

    Raises
    ------
    ValueError : shapes do not fit, a finding the spec does not have, or none
    CalibrationError : `calibration_undetermined`
    """
    rows = np.asarray(logits, np.float32)
    _check_finite(rows)
    if cases.shape != rows.shape[:1] or set(cases) != set(range(int(cases.max()) + 1)):
        raise ValueError("Every image names its case, and every case has an image.")
    if not findings or set(findings) - set(spec.finding_outputs):
        raise ValueError(f"Name findings of {spec.name}: {', '.join(spec.finding_outputs)}.")
    images = [np.flatnonzero(cases == case) for case in range(int(cases.max()) + 1)]
    truth = np.stack([findings[finding] for finding in findings], axis=1)
    if truth.shape[0] != len(images):
        raise ValueError("Every finding has one truth per case.")
    known = np.stack([judged[finding] for finding in findings], axis=1) if judged else None
    if known is not None and not known.any():
        raise _undetermined()

    def loss(temperature: float) -> float:
        probabilities = probabilities_of(rows, activation=spec.activation, temperature=temperature)
        gathered = [aggregate_case(spec, probabilities[index]) for index in images]
        said = np.array([[case[finding] for finding in findings] for case in gathered])
        said = np.clip(said, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        likelihood = np.log(np.where(truth, said, 1 - said))
        return -float(likelihood.mean() if known is None else likelihood[known].mean())

    return _minimum(loss)


def _check_finite(rows: NDArray[np.floating[Any]]) -> None:
    if rows.ndim != 2 or not rows.shape[0] or not np.isfinite(rows).all():
        raise ValueError("Logits are finite numbers (images, outputs), one image or more.")


def _minimum(loss: Callable[[float], float]) -> float:
    low, high = math.log(LOWEST_TEMPERATURE), math.log(HIGHEST_TEMPERATURE)
    found = minimize_scalar(
        lambda log_temperature: loss(math.exp(log_temperature)),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-4},
    )
    if not low + 1e-2 < found.x < high - 1e-2:
        raise _undetermined()
    return math.exp(float(found.x))


def _undetermined() -> CalibrationError:
    return CalibrationError(
        "calibration_undetermined",
        "The validation set does not determine a temperature: every case is right, or the "
        "model says nothing about it. Take a larger or harder set.",
    )
