"""How good is a model on a locked part, and is another one better? Per finding, or not evaluable.

A number that the labels do not support is not given: the reason is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from apps.inference.compute.metrics import (
    Proportion,
    auroc,
    paired_auroc,
    sensitivity,
    specificity,
)

CLASS_MISSING: Final = "class_missing"
NO_LABELS: Final = "no_labels_before_ai"
NO_OUTPUT: Final = "model_has_no_output"
TOO_FEW: Final = "too_few_cases"

Scores = NDArray[np.float64]
Labels = NDArray[np.float32]


def evaluated_findings(
    labels: Mapping[str, Labels], scores: Mapping[str, Scores], *, thresholds: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """Judge a model on the cases of a part.

    Parameters
    ----------
    labels : for every finding of the snapshot float32 (m,), 1, 0, NaN where nobody judged
    scores : for every finding that the model speaks of float64 (m,), calibrated probabilities
    thresholds : of the model, for the same findings

    Returns
    -------
    finding to {state, reason, n, positive, negative, threshold, auroc, sensitivity, specificity and
    the limits of each}; numbers are None where the state is not_evaluable, the limits of an area
    also where a class has a single case
    """
    return {
        finding: _evaluated(truth, scores.get(finding), thresholds.get(finding))
        for finding, truth in labels.items()
    }


def compared_findings(
    labels: Mapping[str, Labels], candidate: Mapping[str, Scores], champion: Mapping[str, Scores]
) -> dict[str, dict[str, Any]]:
    """Compare two models on the same cases; parameters as in `evaluated_findings`.

    Returns
    -------
    finding to {state, reason, n, positive, negative, delta_auroc, low, high, p_value}, candidate
    minus champion, by DeLong's paired test
    """
    return {
        finding: _compared(truth, candidate.get(finding), champion.get(finding))
        for finding, truth in labels.items()
    }


def areas(labels: Mapping[str, Labels], scores: Mapping[str, Scores]) -> dict[str, float | None]:
    """Area under the ROC curve of every finding that the model speaks of; None: not evaluable."""
    return {
        finding: None
        if not_evaluable_reason(truth, has_output=True)
        else auroc(*_judged(truth, scores[finding])).value
        for finding, truth in labels.items()
        if finding in scores
    }


def not_evaluable_reason(truth: Labels, *, has_output: bool) -> str:
    """Say why the labels or the model allow no number; "" where they do."""
    if not has_output:
        return NO_OUTPUT
    positive, negative = int((truth == 1.0).sum()), int((truth == 0.0).sum())
    if positive + negative == 0:
        return NO_LABELS
    return "" if positive and negative else CLASS_MISSING


def _evaluated(truth: Labels, scores: Scores | None, threshold: float | None) -> dict[str, Any]:
    reason = not_evaluable_reason(truth, has_output=scores is not None)
    facts = {**_counts(truth, reason), "threshold": threshold}
    if reason or scores is None or threshold is None:
        names = ("auroc", "sensitivity", "specificity")
        return facts | {f"{name}{end}": None for name in names for end in ("", "_low", "_high")}
    said, present = _judged(truth, scores)
    area = auroc(said, present)
    facts |= {"auroc": area.value, "auroc_low": area.low, "auroc_high": area.high}
    facts |= _named("sensitivity", sensitivity(said, present, threshold=threshold))
    facts |= _named("specificity", specificity(said, present, threshold=threshold))
    return _finite(facts)


def _compared(truth: Labels, candidate: Scores | None, champion: Scores | None) -> dict[str, Any]:
    has_output = candidate is not None and champion is not None
    reason = not_evaluable_reason(truth, has_output=has_output)
    if not reason and min((truth == 1.0).sum(), (truth == 0.0).sum()) < 2:
        reason = TOO_FEW
    facts = _counts(truth, reason)
    if reason or candidate is None or champion is None:
        return facts | dict.fromkeys(("delta_auroc", "low", "high", "p_value"))
    first, present = _judged(truth, candidate)
    pair = paired_auroc(first, _judged(truth, champion)[0], present)
    facts |= {"delta_auroc": pair.difference, "low": pair.low, "high": pair.high}
    return _finite(facts | {"p_value": pair.p_value})


def _counts(truth: Labels, reason: str) -> dict[str, Any]:
    positive, negative = int((truth == 1.0).sum()), int((truth == 0.0).sum())
    return {
        "state": "not_evaluable" if reason else "ok",
        "reason": reason,
        "n": positive + negative,
        "positive": positive,
        "negative": negative,
    }


def _judged(truth: Labels, scores: Scores) -> tuple[Scores, NDArray[np.bool_]]:
    judged = ~np.isnan(truth)
    return scores[judged], truth[judged] == 1.0


def _named(name: str, share: Proportion) -> dict[str, float]:
    return {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}


def _finite(facts: dict[str, Any]) -> dict[str, Any]:
    """NaN is no JSON: an interval without variance is unknown."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in facts.items()
    }
