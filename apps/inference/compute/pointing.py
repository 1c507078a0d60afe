"""Does a class map point at the finding? The pointing game, beside what pointing blindly earns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PointingGame:
    """Shares of images whose point lies on the region.

    Parameters
    ----------
    map_share : the hottest cell of the map
    centre_share : always the middle of the image
    best_fixed_share : always the one place that hits the most regions of this very set, the
        strongest answer that does not look at the image
    count : images
    """

    map_share: float
    centre_share: float
    best_fixed_share: float
    count: int


def pointing_game(maps: NDArray[np.float32], regions: NDArray[np.floating]) -> PointingGame:
    """Play it for one finding.

    Parameters
    ----------
    maps : float32 (N, h, w), signed evidence
    regions : float (N, G, G), coverage 0 to 1 on the same field, G a multiple of h and w

    Returns
    -------
    PointingGame; a hit is a point in a cell of the finer grid that is covered by half or more

    Raises
    ------
    ValueError : no image, or grids that do not fit

    Source: Zhang et al., IJCV 2018 (excitation backprop), section 5.1. Departure: no tolerance
    around the region.
    """
    count, height, width = maps.shape
    side = regions.shape[-1]
    if not count or regions.shape != (count, side, side) or side % height or side % width:
        raise ValueError("Maps (N, h, w) and regions (N, G, G) with G a multiple of h and w.")
    inside = regions >= 0.5
    row, column = np.divmod(maps.reshape(count, -1).argmax(axis=1), width)
    rows = ((row + 0.5) * side / height).astype(int)
    columns = ((column + 0.5) * side / width).astype(int)
    return PointingGame(
        map_share=float(inside[np.arange(count), rows, columns].mean()),
        centre_share=float(inside[:, side // 2, side // 2].mean()),
        best_fixed_share=float(inside.mean(axis=0).max()),
        count=count,
    )
