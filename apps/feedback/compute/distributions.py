"""How are numbers spread? Quartiles and counts for overlaps of regions and times on a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Distribution:
    """Quartiles of `count` numbers; None where there is none.

    Attributes
    ----------
    bin_edges : (b + 1,) ascending; empty without a histogram
    bin_counts : (b,) numbers in [edge, next edge), the last one with its upper edge
    """

    count: int
    first_quartile: float | None = None
    median: float | None = None
    third_quartile: float | None = None
    bin_edges: tuple[float, ...] = ()
    bin_counts: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self) | {
            "bin_edges": list(self.bin_edges),
            "bin_counts": list(self.bin_counts),
        }


def distribution(values: Sequence[float], *, bin_edges: Sequence[float] = ()) -> Distribution:
    """Summarise numbers.

    Parameters
    ----------
    values : finite
    bin_edges : ascending, two or more, around all values; or none

    Returns
    -------
    Distribution; quartiles between two numbers are interpolated (Hyndman & Fan's type 7)

    Raises
    ------
    ValueError : a number that is not finite, or outside the edges
    """
    numbers = np.asarray(values, float)
    if not np.isfinite(numbers).all():
        raise ValueError("a number is not finite")
    counts: tuple[int, ...] = ()
    if bin_edges:
        if len(numbers) and not bin_edges[0] <= numbers.min() <= numbers.max() <= bin_edges[-1]:
            raise ValueError(f"a number lies outside {bin_edges[0]} to {bin_edges[-1]}")
        counts = tuple(int(count) for count in np.histogram(numbers, bins=bin_edges)[0])
    if not len(numbers):
        return Distribution(0, bin_edges=tuple(bin_edges), bin_counts=counts)
    first, median, third = (float(value) for value in np.quantile(numbers, [0.25, 0.5, 0.75]))
    return Distribution(len(numbers), first, median, third, tuple(bin_edges), counts)


def iou_distribution(overlaps: Sequence[float]) -> Distribution:
    """Summarise the IoU of paired regions in tenths of 0 to 1."""
    return distribution(overlaps, bin_edges=[place / 10 for place in range(11)])
