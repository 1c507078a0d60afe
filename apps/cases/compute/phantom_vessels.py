"""Where do the vessels of the lungs run? Branching trees that fill each lung from its hilum and
taper by Murray's law, plus the interlobar arteries, as samples for `splat_tubes`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.cases.compute.phantom_anatomy import (
    Body,
    dome_height,
    thorax_half_depth,
    thorax_half_width,
)
from apps.cases.compute.phantom_shapes import Points

TERMINALS = (256, 128)
MURRAY = 2.85
STEP_MM = 1.2


@dataclass(frozen=True)
class VesselSamples:
    """Dense samples of all vessels on the detector.

    Parameters
    ----------
    points : float (n, 2), detector mm
    radii, step_mm : float (n,), mm
    """

    points: Points
    radii: Points
    step_mm: Points


@dataclass(frozen=True)
class Segments:
    """Curved pieces of a tree, quadratic Bezier curves that leave in their parent's direction.

    Parameters
    ----------
    ends : float (n, 2, 3), start and stop, patient mm
    turns : float (n, 3), control points
    fed : int (n,), terminals behind each piece
    """

    ends: Points
    turns: Points
    fed: NDArray[np.int64]


def lung_points(body: Body, side: int, count: int, rng: np.random.Generator) -> Points:
    """Points (n, 3) inside one lung, denser towards the base as blood flow is, patient mm."""
    y = body.height * (-128.0 + 225.0 * rng.beta(1.55, 1.05, count * 8))
    wide = thorax_half_width(body, y[:, None].astype(np.float32)).ravel()
    deep = thorax_half_depth(body, y[:, None].astype(np.float32)).ravel()
    x = side * wide * rng.uniform(0.20, 0.965, y.size)
    z = 0.3 * deep * rng.uniform(-0.85, 0.9, y.size) * np.sqrt(np.clip(1 - (x / wide) ** 2, 0, 1))
    floor = dome_height(body, x[None, :].astype(np.float32)).ravel() + 14.0 * (z > 15.0)
    top = -132.0 * body.height + 0.016 * (np.abs(x) - 46.0) ** 2
    inside = (y < floor - 2.0) & (y > top)
    points: Points = np.stack([x, y, z], axis=1)[inside][:count]
    if len(points) < count:
        raise ValueError("the lung is too small for its vessels")
    return points


def grow_tree(root: Points, targets: Points, rng: np.random.Generator) -> Segments:
    """Branch from `root` to every target, a power of two of them, all branches of a level at once.

    A bundle of targets is halved across its longest extent in the frontal plane; the branch point
    lies part of the way to the bundle's centroid, which gives the fanning, tapering habit of
    pulmonary vessels.
    """
    starts, bundles = root[None, :], targets[None, :, :]
    heading = np.zeros_like(starts)
    ends: list[Points] = []
    turns: list[Points] = []
    fed: list[NDArray[np.int64]] = []
    while bundles.shape[1] > 1:
        nodes, size, _ = bundles.shape
        spread = bundles.var(axis=1) * rng.uniform(0.6, 1.4, (nodes, 3)) * [1.0, 1.0, 0.35]
        axis = spread.argmax(axis=1)
        key = np.take_along_axis(bundles, axis[:, None, None], axis=2)[:, :, 0]
        order = np.argsort(key, axis=1)[:, :, None]
        bundles = np.take_along_axis(bundles, order, axis=1).reshape(nodes * 2, size // 2, 3)
        starts = np.repeat(starts, 2, axis=0)
        share = rng.uniform(0.26, 0.50, (nodes * 2, 1)) if size > 2 else np.ones((nodes * 2, 1))
        stops = starts + share * (bundles.mean(axis=1) - starts)
        reach = np.linalg.norm(stops - starts, axis=1, keepdims=True)
        straight = (starts + stops) / 2.0
        along = starts + 0.5 * reach * np.repeat(heading, 2, axis=0)
        turns.append(straight if len(fed) == 0 else 0.35 * straight + 0.65 * along)
        heading = (stops - turns[-1]) / np.maximum(
            np.linalg.norm(stops - turns[-1], axis=1, keepdims=True), 1e-6
        )
        ends.append(np.stack([starts, stops], axis=1))
        fed.append(np.full(nodes * 2, size // 2))
        starts = stops
    return Segments(np.concatenate(ends), np.concatenate(turns), np.concatenate(fed))


def sample_segments(
    body: Body, segments: Segments, *, root_radius_mm: float, rng: np.random.Generator
) -> VesselSamples:
    """Dense samples along the curved pieces; radius by terminals fed (Murray's law)."""
    ends, fed = segments.ends, segments.fed.astype(float)
    total = 2.0 * fed.max()
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    count = np.maximum((length / STEP_MM).astype(int), 2)
    which = np.repeat(np.arange(len(ends)), count)
    first = np.repeat(np.cumsum(count) - count, count)
    along = (np.arange(len(which)) - first + 0.5) / count[which]
    t = along[:, None]
    line = (1 - t) ** 2 * ends[which, 0] + t**2 * ends[which, 1]
    line += 2 * t * (1 - t) * segments.turns[which]
    taper = np.where(fed == 1, 0.6, 0.12)[which]
    radius = root_radius_mm * (fed / total) ** (1.0 / MURRAY)
    radius *= rng.uniform(0.72, 1.22, len(radius))
    return VesselSamples(
        body.project(line), radius[which] * (1.0 - taper * along), (length / count)[which]
    )


def _joined(parts: list[VesselSamples]) -> VesselSamples:
    return VesselSamples(
        np.concatenate([p.points for p in parts]),
        np.concatenate([p.radii for p in parts]),
        np.concatenate([p.step_mm for p in parts]),
    )


def hilar_trunk(body: Body, side: int) -> VesselSamples:
    """Interlobar artery: the comma that descends beside the heart on each side."""
    h = body.height
    line = np.array([(26, -40, 0), (36, -33, 2), (42, -20, 8), (43, 0, 14), (41, 20, 18)], float)
    if side < 0:
        line = np.array(
            [(24, -26, -2), (36, -22, 0), (43, -8, 6), (44, 12, 12), (41, 32, 16)], float
        )
    line *= [side * body.width, h, 1.0]
    at = np.linspace(0.0, 4.0, 70)
    path = np.stack([np.interp(at, range(5), line[:, k]) for k in range(3)], axis=1)
    step = np.linalg.norm(np.gradient(path, axis=0), axis=1)
    radii = np.interp(at, [0, 1.0, 2, 4], [10.5, 10.0, 8.4, 4.6])
    return VesselSamples(body.project(path), radii, step)


def lung_vessels(body: Body, rng: np.random.Generator) -> VesselSamples:
    """Arteries from both hila and veins towards the left atrium."""
    parts = []
    for side in (-1, 1):
        y = -18.0 if side < 0 else -28.0
        hilum = np.array([side * 39.0 * body.width, y * body.height, 6.0])
        atrium = np.array([side * 24.0 * body.width, 10.0 * body.height, 15.0])
        for root, radius, count in ((hilum, 6.6, TERMINALS[0]), (atrium, 5.0, TERMINALS[1])):
            targets = lung_points(body, side, count, rng)
            segments = grow_tree(root, targets, rng)
            parts.append(sample_segments(body, segments, root_radius_mm=radius, rng=rng))
        parts.append(hilar_trunk(body, side))
    return _joined(parts)
