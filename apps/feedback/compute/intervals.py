"""How sure is a number? 95 % intervals of proportions, and of any statistic by resampling people.

Cases of one patient resemble each other, so what is drawn anew is the patient with all cases.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 2000
# An interval from the few resamples that have a value would be one of other, luckier samples.
NEEDED_SHARE: Final = 0.95

Method = Literal["wilson", "asymptotic", "patient_bootstrap"]
Missing = Literal["", "one_patient", "no_variation", "undefined_resamples"]
Weights = NDArray[np.float64]
# From how often each case is drawn to the statistic; NaN where it is undefined.
Statistic = Callable[[Weights], float]


@dataclass(frozen=True)
class Interval:
    """A 95 % interval.

    Attributes
    ----------
    low, high : ends, low <= high
    method : how it was made
    resamples, seed : of a bootstrap; None otherwise
    """

    low: float
    high: float
    method: Method
    resamples: int | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Proportion:
    """`count` of `total`, with Wilson's interval; value and interval are None of nothing."""

    count: int
    total: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.total:
            raise ValueError(f"{self.count} of {self.total} is no proportion")

    @property
    def value(self) -> float | None:
        """The share, in [0, 1]."""
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's interval of the share."""
        return wilson_interval(self.count, self.total) if self.total else None

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        interval = asdict(self.interval) if self.interval else None
        return {
            "count": self.count,
            "total": self.total,
            "value": self.value,
            "interval": interval,
        }


def wilson_interval(count: int, total: int) -> Interval:
    """Interval of a proportion that holds near 0 and 1, too.

    Parameters
    ----------
    count : 0 <= count <= total
    total : >= 1

    Returns
    -------
    Interval in [0, 1]

    Source: Wilson, JASA 1927, by statsmodels' proportion_confint.
    """
    low, high = proportion_confint(count, total, alpha=1 - CONFIDENCE, method="wilson")
    # Rounding must not keep an end from the bound that it reaches exactly.
    return Interval(
        0.0 if count == 0 else float(low), 1.0 if count == total else float(high), "wilson"
    )


def patient_bootstrap(
    statistic: Statistic,
    patients: Sequence[str],
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> tuple[Interval | None, Missing]:
    """Percentile interval by drawing patients with replacement.

    Parameters
    ----------
    statistic : float (n,) how often each case is drawn -> its value, NaN where undefined
    patients : (n,) whose case it is
    seed : of the draws; the same seed gives the same interval
    resamples : >= 1

    Returns
    -------
    (interval, "") or (None, why there is none): a single patient, a statistic that no draw changes,
    or more than a twentieth of the draws without a value

    Source: Efron & Tibshirani 1993, chapter 13, with the patient as the unit (Davison & Hinkley
    1997, section 3.8).
    """
    names, patient_of_case = np.unique(np.asarray(patients, dtype=str), return_inverse=True)
    if len(names) < 2:
        return None, "one_patient"
    random = np.random.default_rng(seed)
    shares = np.full(len(names), 1 / len(names))
    drawn = [
        statistic(random.multinomial(len(names), shares).astype(float)[patient_of_case])
        for _ in range(resamples)
    ]
    values = np.array([value for value in drawn if not math.isnan(value)])
    if len(values) < NEEDED_SHARE * resamples:
        return None, "undefined_resamples"
    if np.ptp(values) < 1e-12:
        return None, "no_variation"
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    interval = Interval(float(low), float(high), "patient_bootstrap", resamples, seed)
    return interval, ""
