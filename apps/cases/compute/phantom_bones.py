"""What bone does a ray meet? Ribs, clavicles, scapulae, spine and sternum as maps of
cortical-equivalent bone thickness in mm (spongy bone counts with its share of mineral).
"""

from __future__ import annotations

import numpy as np

from apps.cases.compute.phantom_anatomy import Body, thorax_half_depth, thorax_half_width
from apps.cases.compute.phantom_shapes import Grid, Map, Points, ellipsoid_chord, tube

SPONGY = 0.16
RIB_PAIRS = 11
RIB_SPACING_MM = 23.5
RIB_DROP_MM = (34, 62, 76, 85, 90, 92, 92, 90, 84, 74, 55)
RIB_END_RAD = (2.35, 2.62, 2.60, 2.55, 2.48, 2.38, 2.25, 2.12, 1.98, 1.8, 1.5)


def add_long_bone(
    total: Map,
    grid: Grid,
    body: Body,
    line: Points,
    radii: Points,
    *,
    cortex_mm: float,
    strength: Points | float = 1.0,
) -> None:
    """Add a hollow bone along a 3-D line to `total`: compact shell outside, spongy inside.

    Parameters
    ----------
    total : float32 (size, size), mm of cortical equivalent, changed in place
    line : float (n, 3), patient mm
    radii : float (n,), mm, in the plane of the detector
    strength : factor on the mineral, per point or for all
    """
    run = np.gradient(line, axis=0)
    across = np.linalg.norm(run[:, :2], axis=1) / np.maximum(np.linalg.norm(run, axis=1), 1e-9)
    stretch = 0.62 / np.maximum(across, 0.42) * strength
    path = tube(grid, body.project(line), reach_mm=float(radii.max()))
    shell = path.chord(radii, stretch=stretch)
    shell -= (1.0 - SPONGY) * path.chord(np.maximum(radii - cortex_mm, 0.1), stretch=stretch)
    total[path.rows, path.columns] += shell


def rib_line(body: Body, number: int, side: int, steps: int) -> Points:
    """Centre line (steps, 3) of rib `number` (0 = first) from spine to cartilage, patient mm."""
    height, end = body.height, RIB_END_RAD[number]
    head = (-141.0 + RIB_SPACING_MM * number) * height
    phi = np.linspace(0.20, end, steps)
    y = head + RIB_DROP_MM[number] * height * np.power(phi / end, 1.55)
    y -= 5.0 * np.exp(-((phi - 0.45) ** 2) / 0.05)
    level = np.array([[y[steps // 2]]], np.float32)
    wide = thorax_half_width(body, level).item() + 4.5
    deep = thorax_half_depth(body, level).item() + 4.5
    if number == 0:
        wide, deep = wide * 0.74, deep * 0.8
    x = side * wide * np.sign(np.sin(phi)) * np.abs(np.sin(phi)) ** 0.86
    return np.stack([x, y, deep * np.cos(phi)], axis=1)


def ribs(body: Body, grid: Grid, rng: np.random.Generator) -> Map:
    """Eleven pairs; the posterior and the anterior part of a rib cross and add."""
    total = np.zeros((grid.size, grid.size), np.float32)
    size = 1.0 if body.sex == "M" else 0.90
    steps = 22
    along = np.linspace(0.0, 1.0, steps)
    for number in range(RIB_PAIRS):
        for side in (-1, 1):
            line = rib_line(body, number, side, steps)
            line[:, 1] += rng.normal(0.0, 1.0)
            radii = (6.1 + 0.7 * along**3) * size * (0.86 if number == 0 else 1.0)
            mineral = rng.normal(1.18, 0.08) * np.clip((1.03 - along) / 0.14, 0.0, 1.0)
            # Past the turn at the side a ray meets the rib a second time: each half on its own,
            # fading where they join, so that the joint is not counted twice.
            turn = min(int(np.argmax(np.abs(line[:, 0]))), steps - 3)
            joint = np.clip(np.abs(np.arange(steps) - turn) / 1.5, 0.5, 1.0)
            for part in (slice(0, turn + 1), slice(turn, None)):
                add_long_bone(
                    total,
                    grid,
                    body,
                    line[part],
                    radii[part],
                    cortex_mm=0.9,
                    strength=(mineral * joint)[part],
                )
    return total


def clavicles(body: Body, grid: Grid, rng: np.random.Generator) -> Map:
    """S-shaped, wide at the sternal end, in front of the apices."""
    total = np.zeros((grid.size, grid.size), np.float32)
    low = 10.0 if body.view == "PA" else -6.0
    for side in (-1, 1):
        tilt = rng.normal(0.0, 3.0)
        shape = np.array(
            [
                (13, -100, -62),
                (24, -104, -66),
                (45, -110, -66),
                (70, -117, -58),
                (100, -126, -38),
                (128, -133, -18),
                (152, -136, -8),
            ],
            float,
        )
        at = np.linspace(0, len(shape) - 1, 28)
        line = np.stack([np.interp(at, range(len(shape)), shape[:, k]) for k in range(3)], axis=1)
        line[:, 0] *= side * body.width
        line[:, 1] = line[:, 1] * body.height + low + tilt * np.linspace(0, 1, len(line))
        radii = np.interp(at, [0, 1, 2, 4, 6], [7.6, 6.4, 5.4, 5.2, 6.6])
        add_long_bone(total, grid, body, line, radii, cortex_mm=1.2, strength=1.7)
    return total


def scapulae(body: Body, grid: Grid, rng: np.random.Generator) -> Map:
    """Thin plates with thick borders; rolled off the lungs in PA, over them in AP."""
    total = np.zeros((grid.size, grid.size), np.float32)
    inward = 0.0 if body.view == "PA" else 14.0
    for side in (-1, 1):
        out = 20.0 * body.width + rng.normal(0.0, 4.0) - inward
        shape = np.array(
            [
                (112, -112, 70),
                (114, -60, 78),
                (124, -10, 78),
                (132, 12, 74),
                (140, -8, 70),
                (154, -62, 52),
                (162, -92, 36),
                (150, -108, 40),
            ],
            float,
        )
        shape[:, 0] = side * (shape[:, 0] + out)
        shape[:, 1] *= body.height
        flat = body.project(shape)
        total += 1.5 * polygon_cover(grid, flat, soft_mm=2.5)
        for piece, radius in ((shape[3:7], 3.6), (shape[:4], 2.2)):
            add_long_bone(total, grid, body, piece, np.full(len(piece), radius), cortex_mm=0.9)
        ridge = np.array([(114, -92, 80), (138, -112, 72), (166, -136, 40), (178, -140, 10)], float)
        ridge[:, 0] = side * (ridge[:, 0] + out)
        ridge[:, 1] *= body.height
        add_long_bone(total, grid, body, ridge, np.array([2.5, 4.0, 6.0, 7.0]), cortex_mm=1.0)
        head = body.project(np.array([[side * (164.0 + out), -112.0 * body.height, 10.0]]))[0]
        ball = ellipsoid_chord(grid, center=(head[0], head[1]), semi_axes=(23.0, 24.0, 22.0))
        total += 0.13 * ball
    return total


def polygon_cover(grid: Grid, polygon: Points, *, soft_mm: float) -> Map:
    """Coverage 0..1 of a convex-ish polygon with a soft edge: product of half-plane ramps."""
    inside = np.ones((grid.size, grid.size), np.float32)
    middle = polygon.mean(axis=0)
    for start, stop in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        normal = np.array([stop[1] - start[1], start[0] - stop[0]])
        normal /= np.linalg.norm(normal)
        if normal @ (middle - start) < 0:
            normal = -normal
        distance = (grid.x - start[0]) * normal[0] + (grid.y - start[1]) * normal[1]
        inside *= np.clip(distance / soft_mm, 0.0, 1.0).astype(np.float32)
    return inside


def spine(body: Body, grid: Grid) -> Map:
    """Vertebral bodies with end plates, pedicles, transverse and spinous processes."""
    total = np.zeros((grid.size, grid.size), np.float32)
    body_x, _ = body.place(grid, 55.0)
    spinous_x, _ = body.place(grid, 95.0)
    columns = slice(*np.searchsorted(body_x[0], [-60.0, 60.0]).tolist())
    for level in range(-3, 16):
        center = (-141.0 + RIB_SPACING_MM * level) * body.height
        size = 0.80 + 0.020 * (level + 3)
        rows = slice(*np.searchsorted(grid.axis, [center - 26.0, center + 26.0]).tolist())
        total[rows, columns] += _vertebra(
            body_x[:, columns],
            grid.y[rows] - center,
            spinous_x[:, columns],
            size=size,
            half_height=9.6 * body.height * (0.9 + 0.01 * (level + 3)),
        )
        for sign in (-1.0, 1.0):
            arm = np.array([(sign * 14.0, center - 3.0, 75.0), (sign * 31.0, center - 7.0, 82.0)])
            add_long_bone(total, grid, body, arm, np.array([4.2, 3.4]), cortex_mm=0.9)
    return total


def _vertebra(x: Map, y: Map, spinous_x: Map, *, size: float, half_height: float) -> Map:
    """One vertebra around (0, 0) mm, mm of cortical equivalent."""
    half_width = 17.0 * size
    v = y / half_height
    waist = half_width * (0.90 + 0.10 * np.clip(v, -1.0, 1.0) ** 2)
    side = np.sqrt(np.clip(1.0 - np.abs(x / waist) ** 5, 0.0, 1.0))
    inside = np.clip((1.0 - np.abs(v)) * half_height / 1.2, 0.0, 1.0)
    plate = np.exp(-(((np.abs(v) - 0.93) * half_height / 1.3) ** 2))
    total = side * inside * (1.7 * size + 2.0 * plate)
    total += 1.5 * side * np.exp(-(((np.abs(x) - waist * 0.96) / 1.3) ** 2)) * inside
    for sign in (-1.0, 1.0):
        u, w = (x - sign * half_width * 0.68) / 3.6, (y + half_height * 0.30) / 5.4
        total += 1.9 * np.exp(-(((np.sqrt(u * u + w * w) - 0.85) / 0.3) ** 2))
    total += 2.8 * np.exp(-(np.abs(spinous_x / 3.2) ** 3) - np.abs((y - 9.0) / 8.0) ** 3)
    return np.asarray(total, np.float32)


def sternum(body: Body, grid: Grid) -> Map:
    """Manubrium and body, seen through the mediastinum."""
    outline = np.array(
        [
            (-22, -103, -68),
            (22, -103, -68),
            (26, -92, -70),
            (13, -62, -78),
            (13, 20, -88),
            (-13, 20, -88),
            (-13, -62, -78),
            (-26, -92, -70),
        ],
        float,
    )
    outline *= [body.width, body.height, body.depth]
    return 2.0 * polygon_cover(grid, body.project(outline), soft_mm=3.0)


def bone_map(body: Body, grid: Grid, rng: np.random.Generator) -> Map:
    """All bones, mm of cortical equivalent, float32 (size, size)."""
    total = ribs(body, grid, rng) + clavicles(body, grid, rng) + scapulae(body, grid, rng)
    return np.asarray(total + spine(body, grid) + sternum(body, grid), np.float32)
