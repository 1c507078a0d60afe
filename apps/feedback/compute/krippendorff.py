"""Krippendorff's alpha: agreement of any number of readers, with any values missing.

Own code, since the package of that name is under the GPL; it is the oracle in the tests.
"""

from __future__ import annotations

import math
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from apps.feedback.compute.intervals import Statistic, Weights

Level = Literal["nominal", "ordinal", "interval", "ratio"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)

Floats = NDArray[np.float64]


def alpha(values: Floats, *, level: Level) -> float:
    """Krippendorff's alpha of a table.

    Parameters
    ----------
    values : float (cases, readers), NaN where a reader gave none
    level : how two values differ: by being different, by rank, by difference, by ratio

    Returns
    -------
    float, <= 1; NaN where fewer than two different values can be paired

    Raises
    ------
    ValueError : an unknown level; a negative value at the ratio level

    Source: Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, sections C and D:
    alpha = 1 - (n - 1) sum o_ck d_ck^2 / sum n_c n_k d_ck^2.
    """
    return alpha_statistic(values, level=level)(np.ones(len(values)))


def alpha_statistic(values: Floats, *, level: Level) -> Statistic:
    """Prepare alpha for resampling: from how often each case is drawn to alpha.

    Parameters, errors and source are those of `alpha`.
    """
    if level not in LEVELS:
        raise ValueError(f"unknown level {level!r}; known are {LEVELS}")
    if level == "ratio" and np.nanmin(values, initial=0.0) < 0:
        raise ValueError("the ratio level has no negative values")
    is_given = ~np.isnan(values)
    distinct, places = np.unique(values[is_given], return_inverse=True)
    table = np.full(values.shape, -1)
    table[is_given] = places
    first, second, case, share = _ordered_pairs(table)
    v = len(distinct)
    cells = first * v + second

    def value(weights: Weights) -> float:
        together = np.bincount(cells, weights=weights[case] * share, minlength=v * v)
        together = together.reshape(v, v)
        occurrences = together.sum(axis=1)
        difference = _difference(level, distinct, occurrences)
        expected = float(occurrences @ difference @ occurrences)
        if expected <= 0:
            return math.nan
        observed = float((together * difference).sum())
        return 1 - (float(occurrences.sum()) - 1) * observed / expected

    return value


def _ordered_pairs(
    table: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Floats]:
    """Every ordered pair of values of a case: the two, the case, and 1 / (its values - 1)."""
    readers = table.shape[1]
    left, right = np.nonzero(~np.eye(readers, dtype=bool))
    case, pair = np.nonzero((table[:, left] >= 0) & (table[:, right] >= 0))
    given = (table >= 0).sum(axis=1)
    return table[case, left[pair]], table[case, right[pair]], case, 1 / (given[case] - 1.0)


def _difference(level: Level, values: Floats, occurrences: Floats) -> Floats:
    """Squared difference of each two of the values (v,), at the level: (v, v), >= 0."""
    if level == "nominal":
        return 1 - np.eye(len(values))
    if level == "ordinal":
        # half of the occurrences at both ends and all of what lies between them
        middle = np.cumsum(occurrences) - occurrences / 2
        return np.subtract.outer(middle, middle) ** 2
    squared: Floats = np.subtract.outer(values, values) ** 2
    if level == "interval":
        return squared
    total: Floats = np.add.outer(values, values)
    # 0 of 0 is no difference
    return np.divide(squared, total**2, out=np.zeros_like(total), where=total > 0)
