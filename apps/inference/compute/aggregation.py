"""What follows for a case from its images, and how soon should somebody read it?

Without torch: the web process gathers a case whose images were all left out, the workers all others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.inference.compute.spec import ModelSpec


@dataclass(frozen=True)
class ReadingPriority:
    """Why a case should be read sooner.

    Attributes
    ----------
    urgency : float in [0, 1], largest margin above its threshold of an urgent finding
    uncertainty : float in [0, 1], 1 where a finding is at its threshold, 0 far from it
    top_finding : code of the finding that says why, "" without findings: the urgent one of largest
        margin, else the one of largest margin, else the least certain
    """

    urgency: float
    uncertainty: float
    top_finding: str


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


def reading_priority(
    probabilities: Mapping[str, float],
    *,
    thresholds: Mapping[str, float],
    urgent: Collection[str],
) -> ReadingPriority:
    """Judge how soon a case should be read.

    Parameters
    ----------
    probabilities : finding to calibrated probability in [0, 1]
    thresholds : finding to threshold in [0, 1], for each of `probabilities`
    urgent : codes of the findings that cannot wait

    Returns
    -------
    ReadingPriority : margins are shares of the way from the threshold to 1 (to 0 below it), so that
        findings with different thresholds compare
    """
    margins = {code: _margin(p, thresholds[code]) for code, p in probabilities.items()}
    above = {code: margin for code, margin in margins.items() if margin >= 0.0}
    urgent_above = {code: margin for code, margin in above.items() if code in urgent}
    certainty = {code: abs(margin) for code, margin in margins.items()}
    if above:
        candidates = urgent_above or above
        top_finding = max(sorted(candidates), key=lambda code: candidates[code])
    else:
        top_finding = min(sorted(certainty), key=lambda code: certainty[code], default="")
    return ReadingPriority(
        urgency=max(urgent_above.values(), default=0.0),
        uncertainty=1.0 - min(certainty.values(), default=1.0),
        top_finding=top_finding,
    )


def _margin(probability: float, threshold: float) -> float:
    """Signed share of the way from the threshold to the end of the scale; -0.0 never below it."""
    if probability >= threshold:
        return (probability - threshold) / (1.0 - threshold) if threshold < 1.0 else 1.0
    return (probability - threshold) / threshold
