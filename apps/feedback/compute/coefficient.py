"""What is a measure of agreement worth? A value with its interval, or why there is none.

The interval is asymptotic where the coefficient has a standard error and every patient has one
case; otherwise it comes from resampling patients. What cannot be said is None with a reason, never
NaN.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import norm, t

from apps.feedback.compute.intervals import (
    CONFIDENCE,
    RESAMPLES,
    Interval,
    Missing,
    Statistic,
    patient_bootstrap,
)
from apps.feedback.compute.ratings import NOT_RATED, RatingTable

Undefined = Literal["", "no_cases", "one_category"]


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One measure of agreement.

    Attributes
    ----------
    name : of the coefficient
    value : <= 1, 1 for perfect agreement; None where undefined, `undefined` says why
    standard_error : where the interval is asymptotic
    interval : 95 %; None where there is none, `no_interval` says why
    case_count, patient_count, reader_count : what it was computed from
    """

    name: str
    value: float | None
    undefined: Undefined = ""
    standard_error: float | None = None
    interval: Interval | None = None
    no_interval: Missing = ""
    case_count: int
    patient_count: int
    reader_count: int

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Resampling:
    """How the bootstrap draws: seed and number of resamples."""

    seed: int
    resamples: int = RESAMPLES


DEFAULT_RESAMPLING = Resampling(seed=0)


def why_undefined(table: RatingTable, statistic: Statistic) -> Undefined:
    """Tell why a statistic has no value on the table; "" where it has one."""
    if not table.cases:
        return "no_cases"
    return "one_category" if math.isnan(statistic(np.ones(len(table.cases)))) else ""


def undefined(name: str, table: RatingTable, reason: Undefined) -> Coefficient:
    """Give a coefficient without a value."""
    return sized(name, table, value=None, undefined=reason)


def estimated(
    name: str,
    table: RatingTable,
    statistic: Statistic,
    *,
    standard_error: float | None,
    resampling: Resampling,
    is_normal: bool = False,
) -> Coefficient:
    """Give a value its interval.

    Parameters
    ----------
    statistic : from how often each case counts to the value; defined on the whole table
    standard_error : of independent cases; None: always resample
    is_normal : reach by the normal distribution instead of Student's t with n - 1
    """
    value = statistic(np.ones(len(table.cases)))
    if standard_error is None or table.has_repeated_patients:
        interval, missing = patient_bootstrap(
            statistic, table.patients, seed=resampling.seed, resamples=resampling.resamples
        )
        return sized(name, table, value=value, interval=interval, no_interval=missing)
    if len(table.cases) < 2:
        return sized(name, table, value=value, no_interval="one_patient")
    if standard_error < 1e-12:
        return sized(name, table, value=value, no_interval="no_variation")
    tail = (1 + CONFIDENCE) / 2
    quantile = norm.ppf(tail) if is_normal else t.ppf(tail, len(table.cases) - 1)
    reach = standard_error * float(quantile)
    interval = Interval(max(-1.0, value - reach), min(1.0, value + reach), "asymptotic")
    return sized(name, table, value=value, interval=interval, standard_error=standard_error)


def sized(name: str, table: RatingTable, **facts: Any) -> Coefficient:
    """Make a coefficient that tells what it was computed from."""
    return Coefficient(
        name=name,
        case_count=len(table.cases),
        patient_count=len(set(table.patients)),
        reader_count=int((table.codes != NOT_RATED).any(axis=0).sum()) if table.cases else 0,
        **facts,
    )
