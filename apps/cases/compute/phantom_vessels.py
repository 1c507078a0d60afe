"""Where do the vessels of the lungs run? Branching trees that fill each lung from its hilum and
taper by Murray's law, plus the interlobar arteries, as samples for `splat_tubes`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from apps.cases.compute.phantom_anatomy import (
    Body,
    dome_height,
    thorax_half_depth,
    thorax_half_width,
)
from apps.cases.compute.phantom_shapes import Points

TERMINALS = 210
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


def lung_points(body: Body, side: int, count: int, rng: np.random.Generator) -> Points:
    """Points (n, 3) inside one lung, denser towards the base as blood flow is, patient mm."""
    y = body.height * (-128.0 + 225.0 * rng.beta(1.55, 1.05, count * 5))
    wide = thorax_half_width(body, y[:, None].astype(np.float32)).ravel()
    deep = thorax_half_depth(body, y[:, None].astype(np.float32)).ravel()
    x = side * wide * rng.uniform(0.20, 0.965, y.size)
    z = deep * rng.uniform(-0.85, 0.9, y.size) * np.sqrt(np.clip(1 - (x / wide) ** 2, 0, 1))
    floor = dome_height(body, x[None, :].astype(np.float32)).ravel() + 14.0 * (z > 15.0)
    top = -132.0 * body.height + 0.016 * (np.abs(x) - 46.0) ** 2
    inside = (y < floor - 2.0) & (y > top)
    points: Points = np.stack([x, y, z], axis=1)[inside][:count]
    return points


def grow_tree(root: Points, targets: Points, rng: np.random.Generator) -> list[tuple[Points, int]]:
    """Segments (2, 3) with the number of terminals they feed, from `root` to every target.

    A bundle of targets is cut across its longest extent; the branch point lies part of the way to
    the bundle's centroid, which gives the fanning, tapering habit of pulmonary vessels.
    """
    segments: list[tuple[Points, int]] = []
    stack = [(root, targets)]
    while stack:
        start, bundle = stack.pop()
        if len(bundle) == 1:
            segments.append((np.stack([start, bundle[0]]), 1))
            continue
        spread = bundle - bundle.mean(axis=0)
        axis = (
            np.linalg.svd(spread, full_matrices=False)[2][0]
            if len(bundle) > 2
            else ((bundle[1] - bundle[0]) / max(np.linalg.norm(bundle[1] - bundle[0]), 1e-6))
        )
        order = np.argsort(spread @ axis)
        cut = int(np.clip(round(len(bundle) * rng.uniform(0.32, 0.68)), 1, len(bundle) - 1))
        for part in (bundle[order[:cut]], bundle[order[cut:]]):
            share = rng.uniform(0.34, 0.50) if len(part) > 1 else 1.0
            stop = start + share * (part.mean(axis=0) - start)
            segments.append((np.stack([start, stop]), len(part)))
            if len(part) > 1:
                stack.append((stop, part))
    return segments


def sample_segments(
    body: Body,
    segments: list[tuple[Points, int]],
    *,
    root_radius_mm: float,
    total: int,
    rng: np.random.Generator,
) -> VesselSamples:
    """Dense, slightly bowed samples along segments; radius by terminals fed (Murray's law)."""
    points, radii, steps = [], [], []
    for ends, fed in segments:
        length = float(np.linalg.norm(ends[1] - ends[0]))
        count = max(int(length / STEP_MM), 2)
        along = (np.arange(count) + 0.5) / count
        bow = 0.06 * length * rng.normal(0.0, 1.0, 3)
        line = ends[0] + along[:, None] * (ends[1] - ends[0])
        line = line + np.sin(np.pi * along)[:, None] * bow
        radius = root_radius_mm * (fed / total) ** (1.0 / MURRAY)
        taper = 1.0 - 0.55 * along if fed == 1 else 1.0 - 0.12 * along
        points.append(body.project(line))
        radii.append(radius * taper)
        steps.append(np.full(count, length / count))
    return VesselSamples(np.concatenate(points), np.concatenate(radii), np.concatenate(steps))


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
    radii = np.interp(at, [0, 1.0, 2, 4], [8.5, 8.0, 6.8, 3.8])
    return VesselSamples(body.project(path), radii, step)


def lung_vessels(body: Body, rng: np.random.Generator) -> VesselSamples:
    """Arteries from both hila and veins towards the left atrium."""
    parts = []
    for side in (-1, 1):
        y = -18.0 if side < 0 else -28.0
        hilum = np.array([side * 39.0 * body.width, y * body.height, 6.0])
        atrium = np.array([side * 24.0 * body.width, 10.0 * body.height, 15.0])
        for root, radius, share in ((hilum, 5.6, 1.0), (atrium, 4.4, 0.55)):
            targets = lung_points(body, side, int(TERMINALS * share), rng)
            segments = grow_tree(root, targets, rng)
            parts.append(
                sample_segments(body, segments, root_radius_mm=radius, total=len(targets), rng=rng)
            )
        parts.append(hilar_trunk(body, side))
    return _joined(parts)
