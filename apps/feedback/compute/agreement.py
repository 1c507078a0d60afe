"""How far do readers agree beyond chance? One function a coefficient.

Every coefficient is computed on the cases that two or more readers rated; its interval is analytic
while each patient has one case, otherwise patients are resampled (see `coefficient`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.inter_rater import cohens_kappa

from apps.feedback.compute.coefficient import (
    DEFAULT_RESAMPLING,
    Coefficient,
    Resampling,
    estimated,
    sized,
    undefined,
    why_undefined,
)
from apps.feedback.compute.intervals import Weights, wilson_interval
from apps.feedback.compute.krippendorff import Level, alpha_statistic
from apps.feedback.compute.ratings import NOT_RATED, RatingTable

Floats = NDArray[np.float64]


def raw_agreement(table: RatingTable, resampling: Resampling = DEFAULT_RESAMPLING) -> Coefficient:
    """Share of the pairs of readers of a case that gave the same label, averaged over cases.

    Parameters
    ----------
    table : the ratings
    resampling : for the interval where patients have several cases

    Returns
    -------
    Coefficient, 0 to 1. Wilson's interval where every case has two ratings, else that of a mean.

    Source: Fleiss, Psychological Bulletin 1971, equation 2.
    """
    agreeing = _agreeing_pairs(table)
    if not len(agreeing):
        return undefined("raw_agreement", table, "no_cases")
    are_all_pairs = bool((table.counts.sum(axis=1) == 2).all())
    if are_all_pairs and not table.has_repeated_patients:
        interval = wilson_interval(round(agreeing.sum()), len(agreeing))
        return sized("raw_agreement", table, value=float(agreeing.mean()), interval=interval)
    return estimated(
        "raw_agreement",
        table,
        lambda weights: float(weights @ agreeing / weights.sum()),
        standard_error=_mean_error(agreeing),
        resampling=resampling,
    )


def cohen_kappa(
    table: RatingTable,
    *,
    weights: Literal["linear", "quadratic"] | None = None,
    resampling: Resampling = DEFAULT_RESAMPLING,
) -> Coefficient:
    """Cohen's kappa of two readers, weighted for ordered categories.

    Parameters
    ----------
    table : ratings of exactly two readers
    weights : of a difference of two categories by their distance in `categories`; None: all alike
    resampling : for the interval where patients have several cases

    Returns
    -------
    Coefficient, -1 to 1; undefined where both readers used one and the same category only

    Raises
    ------
    ValueError : not two readers

    Source: Cohen 1960 and 1968; interval of Fleiss, Cohen & Everitt 1969, by statsmodels.
    """
    if len(table.readers) != 2:
        raise ValueError(f"Cohen's kappa is of two readers, not of {len(table.readers)}")
    name = "cohen_kappa" if weights is None else f"cohen_kappa_{weights}"

    def crossed(drawn: Weights) -> Floats:
        q = len(table.categories)
        cells = table.codes[:, 0] * q + table.codes[:, 1]
        return np.reshape(np.bincount(cells, weights=drawn, minlength=q * q), (q, q)).astype(float)

    def kappa(drawn: Weights) -> float:
        cross = crossed(drawn)
        if np.count_nonzero(cross) == 1 and np.trace(cross) > 0:
            return math.nan
        return float(cohens_kappa(cross, wt=weights, return_results=False))

    reason = why_undefined(table, kappa)
    if reason:
        return undefined(name, table, reason)
    # A table without variation makes statsmodels divide 0 by 0 or take the root of a rounded 0.
    with np.errstate(invalid="ignore", divide="ignore"):
        error = float(cohens_kappa(crossed(np.ones(len(table.cases))), wt=weights).std_kappa)
    return estimated(
        name,
        table,
        kappa,
        standard_error=0.0 if math.isnan(error) else error,
        resampling=resampling,
        is_normal=True,
    )


def scott_pi(table: RatingTable, resampling: Resampling = DEFAULT_RESAMPLING) -> Coefficient:
    """Scott's pi of two readers: chance agreement from the shares of both together.

    Parameters
    ----------
    table : ratings of exactly two readers
    resampling : for the interval where patients have several cases

    Returns
    -------
    Coefficient, -1 to 1; undefined where only one category was used

    Raises
    ------
    ValueError : not two readers

    Source: Scott, Public Opinion Quarterly 1955; (p_a - p_e) / (1 - p_e), p_e = sum of pi_k^2.
    """
    if len(table.readers) != 2:
        raise ValueError(f"Scott's pi is of two readers, not of {len(table.readers)}")
    return _chance_corrected("scott_pi", table, _FLEISS, resampling)


def fleiss_kappa(table: RatingTable, resampling: Resampling = DEFAULT_RESAMPLING) -> Coefficient:
    """Fleiss' kappa of two or more readers, who may differ from case to case.

    Parameters
    ----------
    table : the ratings
    resampling : for the interval where patients have several cases

    Returns
    -------
    Coefficient, -1 to 1; undefined where only one category was used

    Source: Fleiss, Psychological Bulletin 1971, equations 2 to 7. Departure: cases may have
    different numbers of ratings, as in Gwet, Handbook of Inter-Rater Reliability 2014, section
    2.4; with equal numbers it is Fleiss' own.
    """
    return _chance_corrected("fleiss_kappa", table, _FLEISS, resampling)


def gwet_ac1(table: RatingTable, resampling: Resampling = DEFAULT_RESAMPLING) -> Coefficient:
    """Gwet's AC1: stays meaningful where one category is rare.

    Parameters
    ----------
    table : the ratings; unused categories count, too
    resampling : for the interval where patients have several cases

    Returns
    -------
    Coefficient, -1 to 1

    Source: Gwet, British Journal of Mathematical and Statistical Psychology 2008, equations 2 and
    3: p_e = sum of pi_k (1 - pi_k) / (q - 1).
    """
    return _chance_corrected("gwet_ac1", table, _GWET, resampling)


def brennan_prediger(
    table: RatingTable, resampling: Resampling = DEFAULT_RESAMPLING
) -> Coefficient:
    """Brennan and Prediger's coefficient: all categories are equally likely by chance.

    Parameters
    ----------
    table : the ratings; unused categories count, too
    resampling : for the interval where patients have several cases

    Returns
    -------
    Coefficient, -1 / (q - 1) to 1

    Source: Brennan & Prediger, Educational and Psychological Measurement 1981: p_e = 1 / q.
    """
    return _chance_corrected("brennan_prediger", table, _UNIFORM, resampling)


def krippendorff_alpha(
    table: RatingTable, *, level: Level, resampling: Resampling = DEFAULT_RESAMPLING
) -> Coefficient:
    """Krippendorff's alpha of two or more readers.

    Parameters
    ----------
    table : the ratings
    level : "nominal", or "ordinal" by the order of `categories`
    resampling : for the interval, which is always by resampling patients

    Returns
    -------
    Coefficient, <= 1; undefined where only one category was used

    Source: see `apps.feedback.compute.krippendorff`.
    """
    values = np.where(table.codes == NOT_RATED, math.nan, table.codes)
    statistic = alpha_statistic(values, level=level)
    name = f"krippendorff_alpha_{level}"
    reason = why_undefined(table, statistic)
    if reason:
        return undefined(name, table, reason)
    return estimated(name, table, statistic, standard_error=None, resampling=resampling)


@dataclass(frozen=True)
class PairAgreement:
    """The coefficients of two readers."""

    readers: tuple[str, str]
    coefficients: tuple[Coefficient, ...]


@dataclass(frozen=True)
class FindingAgreement:
    """How all readers agree on one finding, and each two of them."""

    coefficients: tuple[Coefficient, ...]
    pairs: tuple[PairAgreement, ...]

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "coefficients": [coefficient.to_json() for coefficient in self.coefficients],
            "pairs": [
                {
                    "readers": list(pair.readers),
                    "coefficients": [coefficient.to_json() for coefficient in pair.coefficients],
                }
                for pair in self.pairs
            ],
        }


def finding_agreement(
    table: RatingTable, *, is_ordered: bool, resampling: Resampling = DEFAULT_RESAMPLING
) -> FindingAgreement:
    """Compute every coefficient that applies.

    Parameters
    ----------
    table : the ratings of one finding
    is_ordered : the categories are grades, so that weighted and ordinal coefficients apply, too
    resampling : for the intervals

    Returns
    -------
    FindingAgreement; raw agreement comes first and is never left out, since a chance-corrected
    coefficient alone misleads where a finding is rare
    """
    overall = [
        raw_agreement(table, resampling),
        fleiss_kappa(table, resampling),
        gwet_ac1(table, resampling),
        brennan_prediger(table, resampling),
        krippendorff_alpha(table, level="nominal", resampling=resampling),
    ]
    if is_ordered:
        overall.append(krippendorff_alpha(table, level="ordinal", resampling=resampling))
    pairs = tuple(
        PairAgreement(
            (pair.readers[0], pair.readers[1]),
            _pair_coefficients(pair, is_ordered=is_ordered, resampling=resampling),
        )
        for pair in table.pairs()
    )
    return FindingAgreement(tuple(overall), pairs)


def _pair_coefficients(
    pair: RatingTable, *, is_ordered: bool, resampling: Resampling
) -> tuple[Coefficient, ...]:
    coefficients = [
        raw_agreement(pair, resampling),
        cohen_kappa(pair, resampling=resampling),
        scott_pi(pair, resampling),
        gwet_ac1(pair, resampling),
    ]
    if is_ordered:
        coefficients += [
            cohen_kappa(pair, weights="linear", resampling=resampling),
            cohen_kappa(pair, weights="quadratic", resampling=resampling),
        ]
    return tuple(coefficients)


@dataclass(frozen=True)
class _Chance:
    """Chance agreement of shares (q,), and each case's part in it from its own shares (n, q)."""

    overall: Callable[[Floats], float]
    of_cases: Callable[[Floats, Floats], Floats]


_FLEISS = _Chance(
    lambda shares: float(shares @ shares),
    lambda case_shares, shares: case_shares @ shares,
)
_GWET = _Chance(
    lambda shares: float(shares @ (1 - shares) / (len(shares) - 1)),
    lambda case_shares, shares: case_shares @ (1 - shares) / (len(shares) - 1),
)
_UNIFORM = _Chance(
    lambda shares: 1 / len(shares),
    lambda case_shares, shares: np.full(len(case_shares), 1 / len(shares)),
)


def _chance_corrected(
    name: str, table: RatingTable, chance: _Chance, resampling: Resampling
) -> Coefficient:
    """(p_a - p_e) / (1 - p_e), with the variance by linearisation of Gwet 2014, section 5.3."""
    agreeing = _agreeing_pairs(table)
    case_shares = table.counts / np.maximum(table.counts.sum(axis=1, keepdims=True), 1)
    columns = np.column_stack([agreeing, case_shares])

    def value(weights: Weights) -> float:
        agreed, *shares = weights @ columns / weights.sum()
        expected = chance.overall(np.array(shares))
        return math.nan if expected > 1 - 1e-12 else float((agreed - expected) / (1 - expected))

    reason = why_undefined(table, value)
    if reason:
        return undefined(name, table, reason)
    shares = case_shares.mean(axis=0)
    expected = chance.overall(shares)
    estimate = value(np.ones(len(agreeing)))
    pull = (chance.of_cases(case_shares, shares) - expected) / (1 - expected)
    linear = (agreeing - expected) / (1 - expected) - 2 * (1 - estimate) * pull
    return estimated(name, table, value, standard_error=_mean_error(linear), resampling=resampling)


def _agreeing_pairs(table: RatingTable) -> Floats:
    """Share of agreeing pairs of readers in each case: (n,)."""
    ratings = table.counts.sum(axis=1)
    agreeing: Floats = (table.counts * (table.counts - 1)).sum(axis=1) / (ratings * (ratings - 1.0))
    return agreeing


def _mean_error(values: Floats) -> float:
    """Standard error of a mean over cases, with the divisor n of Gwet 2008."""
    return float(np.std(values) / math.sqrt(len(values)))
