"""How soon should somebody read a case, judging by what a model says of it?

Without torch: the web process gathers a case whose images were all left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ReadingPriority:
    """Why a case should be read sooner.

    Attributes
    ----------
    urgency : float in [0, 1], highest probability of an urgent finding at or above its threshold, 0
        where there is none
    uncertainty : float in [0, 1], 1 where a finding is at its threshold, 0 as far from it as can be
    top_finding : finding of the largest margin among those at or above their thresholds, else ""
    top_probability : highest of all, 0 without findings
    """

    urgency: float
    uncertainty: float
    top_finding: str
    top_probability: float


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
    ReadingPriority : a margin is the share of the way from the threshold to 1 (or, below it, to
        0), and doubt is 1 less that share, so that findings with different thresholds compare and
        a clear no is no doubt however low the threshold
    """
    above = {code: p for code, p in probabilities.items() if p >= thresholds[code]}
    margins = {code: _margin(p, thresholds[code]) for code, p in above.items()}
    doubts = [1.0 - _margin(p, thresholds[code]) for code, p in probabilities.items()]
    return ReadingPriority(
        urgency=max((p for code, p in above.items() if code in urgent), default=0.0),
        uncertainty=max(doubts, default=0.0),
        top_finding=max(sorted(margins), key=lambda code: margins[code], default=""),
        top_probability=max(probabilities.values(), default=0.0),
    )


def _margin(probability: float, threshold: float) -> float:
    """Give the share of the way from the threshold to certainty, on the probability's own side."""
    if probability < threshold:
        return (threshold - probability) / threshold
    return (probability - threshold) / (1.0 - threshold) if threshold < 1.0 else 1.0
