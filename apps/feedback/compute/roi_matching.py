"""Which of two readers' regions are the same? Overlap of polygons, and the best pairing of them.

All areas are in square pixels of one image; a ratio of areas needs no spacing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from apps.feedback.compute.reads import Region, Vertex

# Less is a rounding of two regions that share an edge.
SMALLEST_OVERLAP: Final = 1e-9


@dataclass(frozen=True)
class RegionPair:
    """Two regions that are paired: their positions in the two lists, and IoU in [0, 1]."""

    first: int
    second: int
    iou: float


@dataclass(frozen=True)
class RegionMatching:
    """The pairing of two lists of regions.

    Attributes
    ----------
    pairs : the pairs that reach the minimum IoU, by position in the first list
    first_unmatched, second_unmatched : positions of the regions without a partner, ascending
    worst_iou : the smallest IoU of the best pairing, below the minimum too, and 0 where a region
        has no counterpart at all; None where both lists are empty
    """

    pairs: tuple[RegionPair, ...]
    first_unmatched: tuple[int, ...]
    second_unmatched: tuple[int, ...]
    worst_iou: float | None

    @property
    def is_complete(self) -> bool:
        """Tell whether every region has its partner."""
        return not self.first_unmatched and not self.second_unmatched


def polygon_area(vertices: Sequence[Vertex]) -> float:
    """The area of a region in square pixels.

    Parameters
    ----------
    vertices : image points (column, row); the ring may touch or cross itself

    Returns
    -------
    float, >= 0; inside is where a ray crosses the outline an odd number of times, as training draws
    the same region (skimage.draw.polygon). Departure: an outline drawn twice counts once.
    """
    return float(_shape(vertices).area)


def polygon_iou(first: Sequence[Vertex], second: Sequence[Vertex]) -> float:
    """Intersection over union of two regions of one image.

    Parameters
    ----------
    first, second : vertices as image points (column, row); a ring may touch or cross itself

    Returns
    -------
    float, in [0, 1]; 1 for equal regions, 0 where both have no area
    """
    return _iou(_shape(first), _shape(second))


def match_regions(
    first: Sequence[Region], second: Sequence[Region], *, minimum_iou: float
) -> RegionMatching:
    """Pair the regions of two readers so that as many as possible agree.

    Among the pairings with the most agreeing pairs, the one with the largest sum of IoU is taken.
    Regions of different images or frames are never paired.

    Parameters
    ----------
    first, second : the regions that two readers drew for one finding
    minimum_iou : in [0, 1]; two regions that do not overlap never agree

    Returns
    -------
    RegionMatching

    Raises
    ------
    ValueError : a minimum outside its range
    """
    if not 0 <= minimum_iou <= 1:
        raise ValueError(f"the minimum IoU must be in [0, 1], not {minimum_iou}")
    minimum_iou = max(minimum_iou, SMALLEST_OVERLAP)
    assigned: list[RegionPair] = []
    first_places, second_places = _by_frame(first), _by_frame(second)
    for frame in first_places.keys() & second_places.keys():
        assigned += _assign(
            [(place, _shape(first[place].vertices)) for place in first_places[frame]],
            [(place, _shape(second[place].vertices)) for place in second_places[frame]],
            minimum_iou=minimum_iou,
        )
    pairs = sorted(
        (pair for pair in assigned if pair.iou >= minimum_iou), key=lambda pair: pair.first
    )
    is_without_counterpart = max(len(first), len(second)) > len(assigned)
    overlaps = [pair.iou for pair in assigned] + ([0.0] if is_without_counterpart else [])
    return RegionMatching(
        pairs=tuple(pairs),
        first_unmatched=_rest(len(first), {pair.first for pair in pairs}),
        second_unmatched=_rest(len(second), {pair.second for pair in pairs}),
        worst_iou=min(overlaps, default=None),
    )


def _assign(
    first: Sequence[tuple[int, BaseGeometry]],
    second: Sequence[tuple[int, BaseGeometry]],
    *,
    minimum_iou: float,
) -> list[RegionPair]:
    overlaps = np.array([[_iou(one, other) for _, other in second] for _, one in first])
    # An agreeing pair outweighs every sum of overlaps, so the number of agreeing pairs comes first.
    score: NDArray[np.float64] = overlaps + (overlaps >= minimum_iou) * (min(overlaps.shape) + 1.0)
    rows, columns = linear_sum_assignment(score, maximize=True)
    return [
        RegionPair(first[row][0], second[column][0], float(overlaps[row, column]))
        for row, column in zip(rows, columns, strict=True)
    ]


def _by_frame(regions: Sequence[Region]) -> dict[tuple[str, int], list[int]]:
    places: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, region in enumerate(regions):
        places[region.image, region.frame_number].append(place)
    return places


def _rest(length: int, taken: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(range(length)).difference(taken)))


def _shape(vertices: Sequence[Vertex]) -> BaseGeometry:
    if len(vertices) < 3:
        return MultiPolygon()
    # "linework" keeps what is inside by the even-odd rule, both lobes of an eight for instance.
    valid = shapely.make_valid(Polygon(vertices), method="linework")
    return shapely.union_all([part for part in shapely.get_parts(valid) if part.area > 0])


def _iou(first: BaseGeometry, second: BaseGeometry) -> float:
    union = first.union(second).area
    # A union that rounding made smaller than the intersection would give more than 1.
    return min(1.0, float(first.intersection(second).area / union)) if union > 0 else 0.0
