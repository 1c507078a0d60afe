"""What is the path length of a ray through one simple solid? The geometric primitives of the chest
phantoms: the image grid in mm, ellipsoids, tubes along polylines, smooth noise, stroke letters.
It knows nothing of anatomy, attenuation or DICOM.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """A square detector grid in mm: x to the image's right (patient's left in PA), y downwards.

    Parameters
    ----------
    size : int, pixels per side
    field_mm : float, side of the detector in mm; (0, 0) mm is its centre
    """

    size: int
    field_mm: float

    @property
    def spacing_mm(self) -> float:
        return self.field_mm / self.size

    @cached_property
    def axis(self) -> Map:
        """float32 (size,), mm of the pixel centres."""
        half = self.field_mm / 2.0
        return ((np.arange(self.size) + 0.5) * self.spacing_mm - half).astype(np.float32)

    @property
    def x(self) -> Map:
        return self.axis[None, :]

    @property
    def y(self) -> Map:
        return self.axis[:, None]

    def window(self, low: Points, high: Points) -> tuple[slice, slice]:
        """(rows, columns) of the pixels whose centres may lie in the mm box low..high (x, y)."""
        half, scale = self.field_mm / 2.0, 1.0 / self.spacing_mm
        sides = []
        for first, last in zip(low.tolist(), high.tolist(), strict=True):
            start = min(max(math.floor((first + half) * scale - 0.5), 0), self.size)
            stop = min(max(math.ceil((last + half) * scale + 0.5) + 1, start), self.size)
            sides.append(slice(start, stop))
        return sides[1], sides[0]


def ellipsoid_chord(
    grid: Grid,
    *,
    center: tuple[float, float],
    semi_axes: tuple[float, float, float],
    angle_deg: float = 0.0,
) -> Map:
    """Length of parallel rays through an ellipsoid.

    Parameters
    ----------
    center : (x, y) in mm
    semi_axes : (first, second, depth) in mm; the first lies at `angle_deg` from x towards y

    Returns
    -------
    float32 (size, size), mm, 0 outside; at the centre exactly twice the depth semi-axis
    """
    turn = np.deg2rad(angle_deg)
    x, y = grid.x - center[0], grid.y - center[1]
    u = (x * np.cos(turn) + y * np.sin(turn)) / semi_axes[0]
    v = (-x * np.sin(turn) + y * np.cos(turn)) / semi_axes[1]
    inside = np.clip(1.0 - u * u - v * v, 0.0, None)
    return np.asarray(2.0 * semi_axes[2] * np.sqrt(inside), np.float32)


@dataclass(frozen=True)
class Tube:
    """Distances to a polyline, only in the window of the image around it.

    Parameters
    ----------
    rows, columns : slice, where the window lies in the image
    distance : float32 (r, c), mm from the nearest point of the line, infinity beyond the reach
    position : float32 (r, c), in 0..n-1, index along the line of that nearest point
    count : int, points of the line
    """

    rows: slice
    columns: slice
    distance: Map
    position: Map
    count: int

    def chord(self, radii: Points, *, stretch: Points | None = None) -> Map:
        """Length of rays through the round tube: 2 * sqrt(radius^2 - distance^2), mm, (r, c).

        `radii` (n,) in mm are linear between the points; `stretch` (n,) is a factor on the chord
        where the tube runs obliquely to the ray.
        """
        near = self.distance <= radii.max()
        index, at = np.arange(self.count), self.position[near]
        radius = np.interp(at, index, radii)
        chord = 2.0 * np.sqrt(np.clip(radius**2 - self.distance[near] ** 2, 0.0, None))
        if stretch is not None:
            chord *= np.interp(at, index, stretch)
        result = np.zeros_like(self.distance)
        result[near] = chord
        return result


def tube(grid: Grid, points: Points, *, reach_mm: float) -> Tube:
    """Measure distances to the polyline `points` (n >= 2, 2) in mm up to `reach_mm`."""
    rows, columns = grid.window(points.min(axis=0) - reach_mm, points.max(axis=0) + reach_mm)
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    squared, position = np.full(shape, np.inf, np.float32), np.zeros(shape, np.float32)
    for index in range(len(points) - 1):
        start, stop = points[index], points[index + 1]
        high = np.maximum(start, stop) + reach_mm
        r, c = grid.window(np.minimum(start, stop) - reach_mm, high)
        x = grid.x[:, c] - np.float32(start[0])
        y = grid.y[r] - np.float32(start[1])
        if x.size == 0 or y.size == 0:
            continue
        here = (
            slice(r.start - rows.start, r.stop - rows.start),
            slice(c.start - columns.start, c.stop - columns.start),
        )
        dx, dy = np.float32(stop[0] - start[0]), np.float32(stop[1] - start[1])
        along = (x * dx + y * dy) / np.maximum(dx * dx + dy * dy, np.float32(1e-9))
        along = np.minimum(np.maximum(along, 0.0), 1.0)
        candidate = (x - along * dx) ** 2 + (y - along * dy) ** 2
        nearer = candidate < squared[here]
        squared[here] = np.where(nearer, candidate, squared[here])
        position[here] = np.where(nearer, along + np.float32(index), position[here])
    return Tube(rows, columns, np.sqrt(squared), position, len(points))


def tube_chord(grid: Grid, points: Points, radii: Points) -> Map:
    """Length of parallel rays through one round tube, float32 (size, size), mm."""
    result = np.zeros((grid.size, grid.size), np.float32)
    line = tube(grid, points, reach_mm=float(radii.max()))
    result[line.rows, line.columns] = line.chord(radii)
    return result


def splat_tubes(grid: Grid, points: Points, radii: Points, step_mm: Points) -> Map:
    """Path length through many thin tubes given as dense samples; overlaps add up.

    Each sample stands for a piece of tube of length `step_mm`, so for a volume of
    pi * radius^2 * step, which is spread as a Gaussian of standard deviation radius / 2. Samples
    are grouped into radius classes so that one filter serves many of them.

    Parameters
    ----------
    points : float (n, 2), mm
    radii, step_mm : float (n,), mm

    Returns
    -------
    float32 (size, size), mm; its integral over the detector is the volume of what lies on it
    """
    total = np.zeros((grid.size, grid.size), np.float32)
    pixel = np.floor((points + grid.field_mm / 2.0) / grid.spacing_mm).astype(int)
    kept = np.all((pixel >= 0) & (pixel < grid.size), axis=1)
    volume = np.pi * radii**2 * step_mm / grid.spacing_mm**2
    edges = np.array([0.0, 0.5, 0.9, 1.5, 2.4, 4.0, np.inf])
    group = np.digitize(radii, edges) - 1
    for number in range(len(edges) - 1):
        chosen = kept & (group == number)
        if not chosen.any():
            continue
        flat = pixel[chosen, 1] * grid.size + pixel[chosen, 0]
        density = np.bincount(flat, volume[chosen], grid.size**2).reshape(total.shape)
        sigma = float(radii[chosen].mean()) / 2.0 / grid.spacing_mm
        total += ndimage.gaussian_filter(density.astype(np.float32), max(sigma, 0.3), truncate=3.0)
    return total


def smooth_noise(grid: Grid, rng: np.random.Generator, *, scale_mm: float) -> Map:
    """Gaussian random field of unit variance and correlation length about `scale_mm`.

    Drawn on a grid of two samples per scale and interpolated, so the pattern for one seed is the
    same at every image size.
    """
    nodes = max(int(np.ceil(grid.field_mm / scale_mm * 2.0)) + 4, 6)
    coarse = ndimage.gaussian_filter(rng.standard_normal((nodes, nodes)), 1.0, mode="wrap")
    coarse /= coarse.std()
    axis = (grid.axis + grid.field_mm / 2.0) / grid.field_mm * (nodes - 4) + 1.5
    weights = _interpolation_matrix(axis, nodes)
    result: Map = weights @ coarse.astype(np.float32) @ weights.T
    return result


def _interpolation_matrix(axis: NDArray[np.floating], nodes: int) -> NDArray[np.float32]:
    """(len(axis), nodes) weights of separable Catmull-Rom interpolation at `axis` (node units)."""
    distance = np.abs(axis[:, None] - np.arange(nodes)[None, :])
    inner = (1.5 * distance - 2.5) * distance**2 + 1.0
    outer = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    weights = np.where(distance < 1.0, inner, np.where(distance < 2.0, outer, 0.0))
    result: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def low_pass(image: Map, sigma: float) -> Map:
    """Gaussian blur of large `sigma` (pixels), computed on block means: cheap at any size."""
    block = max(1, 2 ** int(np.log2(max(sigma / 3.0, 1.0))))
    if block == 1 or image.shape[0] % block or image.shape[1] % block:
        return np.asarray(ndimage.gaussian_filter(image, sigma, mode="nearest"))
    rows, columns = image.shape[0] // block, image.shape[1] // block
    small = image.reshape(rows, block, columns, block).mean(axis=(1, 3))
    small = ndimage.gaussian_filter(small, sigma / block, mode="nearest")
    left, right = (
        _interpolation_matrix((np.arange(n * block) + 0.5) / block - 0.5, n)
        for n in (rows, columns)
    )
    result: Map = left @ small @ right.T
    return result


# Letters as strokes in a box of width 0.6 and height 1 (y downwards): what the marker and the
# burned-in word need, so that no font file is read.
STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "A": [[(0, 1), (0.3, 0), (0.6, 1)], [(0.1, 0.65), (0.5, 0.65)]],
    "C": [
        [(0.6, 0.15), (0.45, 0), (0.15, 0), (0, 0.2), (0, 0.8), (0.15, 1), (0.45, 1), (0.6, 0.85)]
    ],
    "E": [[(0.55, 0), (0, 0), (0, 1), (0.55, 1)], [(0, 0.5), (0.45, 0.5)]],
    "H": [[(0, 0), (0, 1)], [(0.6, 0), (0.6, 1)], [(0, 0.5), (0.6, 0.5)]],
    "I": [[(0.3, 0), (0.3, 1)]],
    "L": [[(0, 0), (0, 1), (0.55, 1)]],
    "N": [[(0, 1), (0, 0), (0.6, 1), (0.6, 0)]],
    "R": [
        [(0, 1), (0, 0), (0.4, 0), (0.58, 0.13), (0.58, 0.38), (0.4, 0.5), (0, 0.5)],
        [(0.35, 0.5), (0.6, 1)],
    ],
    "S": [
        [
            (0.6, 0.12),
            (0.45, 0),
            (0.15, 0),
            (0, 0.13),
            (0, 0.36),
            (0.15, 0.48),
            (0.45, 0.52),
            (0.6, 0.64),
            (0.6, 0.87),
            (0.45, 1),
            (0.15, 1),
            (0, 0.88),
        ]
    ],
    "T": [[(0, 0), (0.6, 0)], [(0.3, 0), (0.3, 1)]],
    "Y": [[(0, 0), (0.3, 0.5), (0.6, 0)], [(0.3, 0.5), (0.3, 1)]],
}


def letters_mask(
    grid: Grid, text: str, *, corner: tuple[float, float], height_mm: float, stroke_mm: float
) -> Map:
    """Coverage 0..1 of `text` written with its upper left corner at `corner` (x, y in mm).

    Raises
    ------
    KeyError : a letter without strokes
    """
    coverage = np.zeros((grid.size, grid.size), np.float32)
    soft = max(grid.spacing_mm / 2.0, 1e-3)
    for number, letter in enumerate(text):
        origin = np.array([corner[0] + number * height_mm * 0.85, corner[1]])
        for stroke in STROKES[letter]:
            points = origin + np.asarray(stroke, float) * height_mm
            line = tube(grid, points, reach_mm=stroke_mm / 2.0 + soft)
            edge = np.clip((stroke_mm / 2.0 + soft - line.distance) / (2.0 * soft), 0.0, 1.0)
            here = coverage[line.rows, line.columns]
            np.maximum(here, edge, out=here)
    return coverage
