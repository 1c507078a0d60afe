"""How much of each cell of a class map does a region cover, and which logits does pooling it give?

The server's own answer to what the browser computes while a region is dragged (`whatIf.ts`), by
another algorithm, so that the one can check the other: there the outline is cut cell by cell, here
the area is summed along the outline by Green's theorem. `tests/vectors/roi.json` is shared.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def roi_coverage(
    polygon: Sequence[tuple[float, float]],
    image_to_grid: Sequence[float],
    grid_size: tuple[int, int],
) -> Floats:
    """The share of each cell that a region covers.

    Parameters
    ----------
    polygon : (column, row) image points, (0, 0) at the outer corner of the first pixel; closed
        without the first point again, either way round, not crossing itself
    image_to_grid : a, b, c, d, e, f; x = a column + b row + c and y = d column + e row + f on the
        grid, where cell (row, column) covers [column, column + 1] x [row, row + 1]
    grid_size : (rows, columns), each 1 or more

    Returns
    -------
    float64 (rows, columns), in [0, 1]; what lies outside the grid is left out

    Raises
    ------
    ValueError : fewer than 3 points, a coordinate that is not finite, an affine that is not 6
        numbers, an empty grid

    Source: Green's theorem. The area of a cell right of the outline is the integral of
    (column + 1 - x) dy over the pieces of the outline in it; a piece left of the cell covers the
    cell's whole width.
    """
    points, affine = np.asarray(polygon, np.float64), np.asarray(image_to_grid, np.float64)
    if points.ndim != 2 or points.shape[0] < 3 or points.shape[1] != 2:
        raise ValueError("a polygon is 3 points (column, row) or more")
    if affine.shape != (6,) or min(grid_size) < 1:
        raise ValueError("an affine map is 6 numbers, and a grid has 1 row and 1 column or more")
    on_grid = points @ affine.reshape(2, 3)[:, :2].T + affine[[2, 5]]
    if not np.isfinite(on_grid).all():
        raise ValueError("a coordinate of the polygon is not finite")
    starts, ends = _pieces(on_grid, grid_size)
    signed = _area_right_of(starts, ends, grid_size)
    return np.clip(np.abs(signed), 0.0, 1.0)


def roi_pooled_logits(maps: ArrayLike, biases: ArrayLike, coverage: ArrayLike) -> Floats:
    """The logits that a network with a linear head gives when only a region is pooled.

    Parameters
    ----------
    maps : (K, h, w), class maps in logit units, without the bias
    biases : (K,)
    coverage : (h, w), not negative; of the region, or of what is to be left of the image without it

    Returns
    -------
    float64 (K,) : sum of coverage times map, divided by the sum of the coverage, plus the bias

    Raises
    ------
    ValueError : shapes that do not belong together, or a coverage of nothing
    """
    weights = np.asarray(coverage, np.float64)
    cells, offsets = np.asarray(maps, np.float64), np.asarray(biases, np.float64)
    if cells.ndim != 3 or cells.shape[1:] != weights.shape or offsets.shape != cells.shape[:1]:
        raise ValueError(
            f"maps {cells.shape}, biases {offsets.shape} and coverage {weights.shape} do not match"
        )
    covered = float(weights.sum())
    if not covered > 0 or bool((weights < 0).any()):
        raise ValueError("the region covers nothing of the grid")
    return np.tensordot(cells, weights, axes=2) / covered + offsets


def _pieces(ring: Floats, grid_size: tuple[int, int]) -> tuple[Floats, Floats]:
    """The edges of the ring, cut where they cross a line between cells."""
    starts, ends = ring, np.roll(ring, -1, axis=0)
    for axis, count in ((0, grid_size[1]), (1, grid_size[0])):
        lines = np.arange(count + 1, dtype=np.float64)
        steps = ends[:, axis] - starts[:, axis]
        with np.errstate(divide="ignore", invalid="ignore"):
            cuts = (lines - starts[:, axis, None]) / steps[:, None]
        crosses = np.isfinite(cuts) & (cuts > 0) & (cuts < 1)
        # a cut that is none repeats the end, and so leaves a piece of no length
        shares = np.sort(np.where(crosses, cuts, 1.0), axis=1)
        at = starts[:, None, :] + shares[:, :, None] * (ends - starts)[:, None, :]
        at[shares == 1.0] = np.broadcast_to(ends[:, None, :], at.shape)[shares == 1.0]
        path = np.concatenate([starts[:, None, :], at, ends[:, None, :]], axis=1)
        starts, ends = path[:, :-1].reshape(-1, 2), path[:, 1:].reshape(-1, 2)
        moved = (starts != ends).any(axis=1)
        starts, ends = starts[moved], ends[moved]
    return starts, ends


def _area_right_of(starts: Floats, ends: Floats, grid_size: tuple[int, int]) -> Floats:
    """Signed area of each cell to the right of the pieces, summed over them."""
    rows, columns = grid_size
    middle, rise = (starts + ends) / 2, ends[:, 1] - starts[:, 1]
    row = np.floor(middle[:, 1]).astype(np.int64)
    inside = (row >= 0) & (row < rows) & (rise != 0)
    row, rise = row[inside], rise[inside]
    x = np.clip(middle[inside, 0], 0.0, columns)
    column = np.floor(x).astype(np.int64)
    # a cell gets the part right of the piece, the next one the rest, and all after it the whole
    change = np.zeros((rows, columns + 2))
    np.add.at(change, (row, column), rise * (column + 1 - x))
    np.add.at(change, (row, column + 1), rise * (x - column))
    return np.cumsum(change, axis=1)[:, :columns]
