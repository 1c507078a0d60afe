"""How do logits become probabilities of an image, and those a probability of the case?

Plain NumPy without torch: whoever gathers a case from stored rows calls this too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.inference.compute.spec import Activation, ModelSpec


def probabilities_of(
    logits: NDArray[np.float32], *, activation: Activation, temperature: float = 1.0
) -> NDArray[np.float32]:
    """Calibrated probabilities.

    Parameters
    ----------
    logits : float32 (N, K)
    activation : softmax over the K outputs, or sigmoid of each
    temperature : divides the logits, above 0; 1 leaves them as they are

    Returns
    -------
    float32 (N, K) in [0, 1]; computed in float64

    Raises
    ------
    ValueError : temperature not above 0

    Source: temperature scaling, Guo et al., ICML 2017, eq. 9.
    """
    if not temperature > 0:
        raise ValueError("A temperature is above 0.")
    scaled = logits.astype(np.float64) / temperature
    if activation == "softmax":
        likelihoods = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        values = likelihoods / likelihoods.sum(axis=1, keepdims=True)
    else:
        values = np.exp(-np.logaddexp(0.0, -scaled))
    return np.asarray(values, np.float32)


def aggregate_case(spec: ModelSpec, probabilities: NDArray[np.float32]) -> dict[str, float]:
    """Probability of each finding for a case from those of its images.

    Parameters
    ----------
    spec : ModelSpec, `aggregation` says maximum or mean
    probabilities : float32 (N, K), N >= 1, calibrated

    Returns
    -------
    dict from finding to probability in [0, 1]; outputs without finding are left out

    Raises
    ------
    ValueError : no image, or another number of outputs
    """
    if probabilities.ndim != 2 or probabilities.shape[1] != len(spec.outputs):
        raise ValueError(f"{spec.name} has {len(spec.outputs)} outputs.")
    if not probabilities.shape[0]:
        raise ValueError("A case has one image or more.")
    pooled = probabilities.max(axis=0) if spec.aggregation == "max" else probabilities.mean(axis=0)
    return {finding: float(pooled[index]) for finding, index in spec.finding_outputs.items()}


def case_probabilities(
    spec: ModelSpec,
    logits: NDArray[np.float32],
    *,
    cases: NDArray[np.integer[Any]],
    temperature: float,
) -> dict[str, NDArray[np.float64]]:
    """Calibrated probabilities of the findings of many cases.

    Parameters
    ----------
    spec : ModelSpec
    logits : float32 (n, K), one row an image
    cases : int (n,) in [0, m): the case of each image, every case with an image
    temperature : above 0

    Returns
    -------
    finding to float64 (m,)
    """
    images = probabilities_of(logits, activation=spec.activation, temperature=temperature)
    order = np.argsort(cases, kind="stable")
    starts = np.flatnonzero(np.diff(cases[order], prepend=-1))
    of_case = np.split(images[order], starts[1:])
    gathered = [aggregate_case(spec, rows) for rows in of_case]
    return {
        finding: np.array([case[finding] for case in gathered], np.float64)
        for finding in spec.finding_outputs
    }
