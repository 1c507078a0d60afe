"""How good is a classifier, with an interval and n on every number?

NumPy and SciPy only. Published examples that these functions reproduce are in
tests/inference/test_metrics.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, norm, rankdata

CONFIDENCE = 0.95

Scores = NDArray[np.floating[Any]]
Truth = NDArray[np.bool_]


@dataclass(frozen=True)
class Proportion:
    """`count` of `total` with its exact interval."""

    value: float
    low: float
    high: float
    count: int
    total: int


@dataclass(frozen=True)
class Auroc:
    """Area under the ROC curve with DeLong's interval (normal approximation, cut at 0 and 1)."""

    value: float
    low: float
    high: float
    positive_count: int
    negative_count: int


@dataclass(frozen=True)
class PairedAuroc:
    """Difference of two areas on the same cases, first minus second, by DeLong's test."""

    difference: float
    low: float
    high: float
    z: float
    p_value: float


def clopper_pearson(
    count: int, total: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Exact confidence interval of a proportion.

    Parameters
    ----------
    count : int, 0 <= count <= total
    total : int, >= 1
    confidence : in (0, 1)

    Returns
    -------
    (low, high) in [0, 1]; low is 0 for count 0, high is 1 for count = total

    Raises
    ------
    ValueError : counts that are no proportion

    Source: Clopper & Pearson, Biometrika 1934, by quantiles of the beta distribution.
    """
    if total < 1 or not 0 <= count <= total:
        raise ValueError(f"{count} of {total} is no proportion.")
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(beta.ppf(tail, count, total - count + 1))
    high = 1.0 if count == total else float(beta.ppf(1 - tail, count + 1, total - count))
    return low, high


def accuracy(predicted: NDArray[Any], truth: NDArray[Any]) -> Proportion:
    """Share of equal entries.

    Parameters
    ----------
    predicted, truth : (n,), n >= 1, comparable classes

    Returns
    -------
    Proportion

    Raises
    ------
    ValueError : different lengths, or none
    """
    if predicted.shape != truth.shape or predicted.ndim != 1:
        raise ValueError("Predictions and truth are two vectors of one length.")
    return _proportion(predicted == truth)


def sensitivity(scores: Scores, truth: Truth, *, threshold: float) -> Proportion:
    """Share of the positives with score >= threshold.

    Parameters
    ----------
    scores : float (n,)
    truth : bool (n,), at least one True
    threshold : float

    Returns
    -------
    Proportion

    Raises
    ------
    ValueError : no positives, different lengths, or a score that is not finite
    """
    _check_binary(scores, truth)
    return _proportion(scores[truth] >= threshold)


def specificity(scores: Scores, truth: Truth, *, threshold: float) -> Proportion:
    """Share of the negatives with score < threshold.

    Parameters
    ----------
    scores : float (n,)
    truth : bool (n,), at least one False
    threshold : float

    Returns
    -------
    Proportion

    Raises
    ------
    ValueError : no negatives, different lengths, or a score that is not finite
    """
    _check_binary(scores, truth)
    return _proportion(scores[~truth] < threshold)


def auroc(scores: Scores, truth: Truth, *, confidence: float = CONFIDENCE) -> Auroc:
    """Area under the ROC curve, ties counted half, with DeLong's variance.

    Parameters
    ----------
    scores : float (n,), higher means more positive
    truth : bool (n,), both values present
    confidence : in (0, 1)

    Returns
    -------
    Auroc : the interval is NaN where a class has a single case (no variance)

    Raises
    ------
    ValueError : a class is absent, different lengths, or a score that is not finite

    Source: DeLong et al., Biometrics 1988; O(n log n) placements by Sun & Xu, IEEE SPL 2014.
    """
    value, positive, negative = _placements(scores, truth)
    margin = _quantile(confidence) * math.sqrt(_mean_variance(positive) + _mean_variance(negative))
    low, high = np.clip([value - margin, value + margin], 0.0, 1.0)
    return Auroc(value, float(low), float(high), len(positive), len(negative))


def paired_auroc(
    first: Scores, second: Scores, truth: Truth, *, confidence: float = CONFIDENCE
) -> PairedAuroc:
    """Compare two scores of the same cases by their areas under the ROC curve.

    Parameters
    ----------
    first, second : float (n,)
    truth : bool (n,), at least two of each value
    confidence : in (0, 1)

    Returns
    -------
    PairedAuroc : two-sided p; z = 0 and p = 1 where both rank alike, z infinite where they differ
        without variance

    Raises
    ------
    ValueError : fewer than two cases of a class, different lengths, or a score that is not finite

    Source: DeLong et al., Biometrics 1988, section 2.
    """
    value_1, positive_1, negative_1 = _placements(first, truth)
    value_2, positive_2, negative_2 = _placements(second, truth)
    if min(len(positive_1), len(negative_1)) < 2:
        raise ValueError("The paired test needs two cases or more of each class.")
    difference = value_1 - value_2
    # Placements pair case by case, so the variance of the difference carries the covariance.
    variance = _mean_variance(positive_1 - positive_2) + _mean_variance(negative_1 - negative_2)
    deviation = math.sqrt(variance)
    if deviation > 0:
        z = difference / deviation
    else:
        z = math.copysign(math.inf, difference) if difference else 0.0
    margin = _quantile(confidence) * deviation
    return PairedAuroc(
        difference, difference - margin, difference + margin, z, float(2 * norm.sf(abs(z)))
    )


def macro_auroc(scores: Scores, labels: NDArray[np.integer[Any]]) -> float:
    """Mean over the classes of the area of one class against the rest.

    Parameters
    ----------
    scores : float (n, K), K >= 2
    labels : int (n,) in [0, K), every class present

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError : a class is absent, or different lengths
    """
    if scores.ndim != 2:
        raise ValueError("Scores are (cases, classes).")
    return float(np.mean([auroc(scores[:, k], labels == k).value for k in range(scores.shape[1])]))


def expected_calibration_error(
    probabilities: Scores, truth: Truth, *, bin_count: int = 15
) -> float:
    """Mean gap between probability and frequency, over bins of equal width.

    Parameters
    ----------
    probabilities : float (n,) in [0, 1], n >= 1
    truth : bool (n,), whether the event happened
    bin_count : >= 1; bin i is (i / bin_count, (i + 1) / bin_count], the first with 0

    Returns
    -------
    float in [0, 1], the gaps weighted by the bins' counts

    Raises
    ------
    ValueError : different lengths, none, or a probability outside [0, 1]

    Source: Guo et al., ICML 2017, eq. 3.
    """
    _check_binary(probabilities, truth)
    if not len(probabilities) or probabilities.min() < 0 or probabilities.max() > 1:
        raise ValueError("Probabilities lie in 0 to 1, and there is one or more.")
    bins = np.clip(np.ceil(probabilities * bin_count).astype(int) - 1, 0, bin_count - 1)
    gaps = np.bincount(bins, weights=probabilities - truth, minlength=bin_count)
    return float(np.abs(gaps).sum() / len(probabilities))


def _quantile(confidence: float) -> float:
    return float(norm.ppf(0.5 + confidence / 2))


def _proportion(is_hit: NDArray[np.bool_]) -> Proportion:
    count, total = int(np.count_nonzero(is_hit)), len(is_hit)
    low, high = clopper_pearson(count, total)
    return Proportion(count / total, low, high, count, total)


def _check_binary(scores: Scores, truth: Truth) -> None:
    if scores.ndim != 1 or scores.shape != truth.shape or truth.dtype != np.bool_:
        raise ValueError("Scores and truth are two vectors of one length, truth of booleans.")
    if not np.isfinite(scores).all():
        raise ValueError("A score is not finite.")


def _placements(scores: Scores, truth: Truth) -> tuple[float, Scores, Scores]:
    """Area, and for each positive (negative) the share of negatives below (positives above) it."""
    _check_binary(scores, truth)
    positives, negatives = scores[truth], scores[~truth]
    if not len(positives) or not len(negatives):
        raise ValueError("An area needs positives and negatives.")
    ranks = rankdata(scores)
    positive = (ranks[truth] - rankdata(positives)) / len(negatives)
    negative = 1 - (ranks[~truth] - rankdata(negatives)) / len(positives)
    return float(positive.mean()), positive, negative


def _mean_variance(placements: Scores) -> float:
    """Variance of the mean, NaN for a single value."""
    if len(placements) < 2:
        return math.nan
    return float(placements.var(ddof=1)) / len(placements)
