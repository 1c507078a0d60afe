"""What does each finding change on the ray, and where exactly is it? Nodule, effusion,
pneumothorax, consolidation and a large heart, each as a change of the tissue maps together with
its ground-truth mask.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from apps.cases.compute.phantom_anatomy import Body, Chest
from apps.cases.compute.phantom_shapes import Grid, Map, Mask, smooth_noise

FINDING_CODES = ("nodule", "effusion", "pneumothorax", "pneumonia", "cardiomegaly")


@dataclass
class LungState:
    """The lung while findings are added, float32 (size, size).

    Parameters
    ----------
    density : relative density of the aerated path (0 = free air, 1 = soft tissue)
    solid_mm : soft tissue that replaces air on the ray
    pleura_mm : soft tissue of a visible pleural line
    vessel_share : 0..1, share of the vessels that is still seen
    masks : ground truth by finding code
    """

    density: Map
    solid_mm: Map
    pleura_mm: Map
    vessel_share: Map
    masks: dict[str, Mask] = field(default_factory=dict)


def fresh_lung(body: Body, grid: Grid) -> LungState:
    """A lung without findings."""
    shape = (grid.size, grid.size)
    gradient = 1.0 + 0.0011 * np.clip(grid.y, -140, 140)
    return LungState(
        density=np.broadcast_to(body.lung_density * gradient, shape).astype(np.float32),
        solid_mm=np.zeros(shape, np.float32),
        pleura_mm=np.zeros(shape, np.float32),
        vessel_share=np.ones(shape, np.float32),
    )


def _side_mask(body: Body, grid: Grid, chest: Chest, side: int) -> Mask:
    x, _ = body.place(grid, 0.0)
    return np.asarray(chest.lung_mask & (np.sign(x) == side))


def _visible_lung(state: LungState, body: Body, grid: Grid, chest: Chest, side: int) -> Mask:
    """Lung of one side that neither fluid nor consolidation hides and that is not collapsed."""
    seen = (state.solid_mm < 20.0) & (state.density > 0.1)
    return np.asarray(_side_mask(body, grid, chest, side) & seen)


def _lung_depth(mask: Mask, grid: Grid) -> Map:
    """Distance of each pixel inside `mask` to its edge, mm."""
    padded = np.pad(mask, 1)
    depth = ndimage.distance_transform_edt(padded)[1:-1, 1:-1] * grid.spacing_mm
    return np.asarray(depth, np.float32)


def _choose_point(allowed: Mask, grid: Grid, rng: np.random.Generator) -> tuple[float, float]:
    """A uniformly drawn point (x, y) in mm of the pixels allowed.

    Drawn from 64 candidate places over the whole detector, so that the same seed chooses nearly
    the same place at every image size.
    """
    candidates = rng.uniform(0.0, 1.0, (4096, 2))
    index = np.minimum((candidates * grid.size).astype(int), grid.size - 1)
    kept = np.flatnonzero(allowed[index[:, 1], index[:, 0]])
    if kept.size == 0:
        raise ValueError("no room for the finding: the allowed region is empty")
    chosen = candidates[kept[0]] * grid.field_mm - grid.field_mm / 2.0
    return float(chosen[0]), float(chosen[1])


def add_nodule(
    state: LungState, body: Body, grid: Grid, chest: Chest, rng: np.random.Generator
) -> None:
    """A solid, slightly lobulated nodule of 13 to 32 mm inside the visible lung.

    Ground truth: where its own path length exceeds a tenth of its largest.
    """
    side = int(rng.choice([-1, 1]))
    diameter, lobes, phase = rng.uniform(13.0, 32.0), rng.integers(3, 7), rng.uniform(0, 6.28)
    x0 = grid.x * side
    open_lung = _visible_lung(state, body, grid, chest, side) & (chest.air > 70.0) & (x0 > 38.0)
    allowed = open_lung & (_lung_depth(open_lung, grid) > diameter * 0.5 + 4.0)
    if not allowed.any():
        allowed = open_lung
    x, y = _choose_point(allowed, grid, rng)
    dx, dy = grid.x - x, grid.y - y
    angle = np.arctan2(dy, dx)
    wave = 1.0 + 0.07 * np.sin(lobes * angle + phase) + 0.05 * np.sin((lobes + 2) * angle)
    stretch = rng.uniform(0.86, 1.16)
    radius = np.sqrt((dx * stretch) ** 2 + (dy / stretch) ** 2) / (wave * diameter / 2.0)
    profile = np.sqrt(np.clip(1.0 - radius**2, 0.0, 1.0)).astype(np.float32)
    state.solid_mm += np.minimum(profile * np.float32(diameter), chest.air * 0.95)
    state.masks["nodule"] = radius < np.sqrt(1.0 - 0.1**2)


def add_effusion(
    state: LungState, body: Body, grid: Grid, chest: Chest, rng: np.random.Generator
) -> None:
    """Free fluid with a meniscus that climbs the lateral wall and blunts the angle.

    Ground truth: where fluid fills more than a third of the pleural depth, or 18 mm of it.
    """
    side = int(rng.choice([-1, 1]))
    size = float(rng.beta(1.3, 1.6))
    x, y = body.place(grid, 0.0)
    x = x * side
    lung = np.sign(x) > 0
    wall = 139.0 * body.width
    level = float(chest.dome[0, np.argmin(np.abs(x[0] - 0.55 * wall))]) + 26.0 - 115.0 * size
    climb = (24.0 + 34.0 * size) * np.exp(-np.clip(wall - x, 0.0, None) / (15.0 + 14.0 * size))
    medial = 8.0 * np.exp(-np.clip(x - 22.0, 0.0, None) / 14.0)
    surface = level - climb - medial
    share = np.clip((y - surface + 4.0) / (26.0 + 18.0 * size), 0.0, 1.0)
    share = share * share * (3.0 - 2.0 * share) * 0.96
    fluid = np.where(lung, share, 0.0).astype(np.float32)
    state.solid_mm += fluid * chest.air
    state.vessel_share *= 1.0 - fluid
    filled = (fluid > 0.33) & (chest.air * fluid > 10.0)
    state.masks["effusion"] = filled | (fluid * chest.air > 18.0)


def add_pneumothorax(
    state: LungState, body: Body, grid: Grid, chest: Chest, rng: np.random.Generator
) -> None:
    """Free air over the apex and along the wall, a visible pleural line, no vessels beyond it.

    Ground truth: the pleural space outside the visceral line.
    """
    side = int(rng.choice([-1, 1]))
    apical, lateral = rng.uniform(18.0, 62.0), rng.uniform(5.0, 26.0)
    _, y = body.place(grid, 0.0)
    lung = _side_mask(body, grid, chest, side)
    top = -137.0 * body.height
    fall = np.clip((y - top) / (230.0 * body.height), 0.0, 1.0)
    gap = lateral * (1.0 - 0.55 * fall) + apical * np.exp(-((fall / 0.26) ** 2))
    wave = 1.0 + 0.10 * np.sin(y / 23.0 + rng.uniform(0, 6.28))
    outer = _outer_distance(lung, grid, side)
    inside_lung = ndimage.gaussian_filter(outer - gap * wave, 7.0 / grid.spacing_mm, truncate=2.5)
    free = lung & (inside_lung < 0.0) & (y < chest.dome - 2.0)
    state.density = np.where(free, 0.04, state.density * 1.10).astype(np.float32)
    line = np.exp(-((inside_lung / 0.75) ** 2)) * lung * (y < chest.dome - 2.0)
    state.pleura_mm += (line * 9.0).astype(np.float32)
    state.vessel_share *= np.clip(inside_lung / 3.0, 0.0, 1.0)
    state.masks["pneumothorax"] = free


def _outer_distance(lung: Mask, grid: Grid, side: int) -> Map:
    """Distance to the chest wall above and beside the lung, not to mediastinum or diaphragm, mm."""
    x = grid.x * side
    rows = np.flatnonzero(lung.any(axis=1))
    solid = lung.copy()
    solid[rows[-1] + 1 :] |= True
    solid |= x < np.where(lung, x, np.inf).min() + 1.0
    for row in rows:
        columns = np.flatnonzero(lung[row])
        if side > 0:
            solid[row, : columns[-1] + 1] = True
        else:
            solid[row, columns[0] :] = True
    lowest = rows[-1]
    below = np.flatnonzero(lung[int(0.55 * rows[0] + 0.45 * lowest)])
    edge = below[-1] if side > 0 else below[0]
    if side > 0:
        solid[int(0.6 * lowest + 0.4 * rows[0]) :, : edge + 1] = True
    else:
        solid[int(0.6 * lowest + 0.4 * rows[0]) :, edge:] = True
    return np.asarray(ndimage.distance_transform_edt(solid) * grid.spacing_mm, np.float32)


def add_pneumonia(
    state: LungState, body: Body, grid: Grid, chest: Chest, rng: np.random.Generator
) -> None:
    """Patchy consolidation: fluffy edge, denser centre, with streaks of air left in it.

    Ground truth: where more than 30 % of its largest density lies inside the lung.
    """
    side = int(rng.choice([-1, 1]))
    radius, dense = rng.uniform(30.0, 58.0), rng.uniform(0.40, 0.80)
    squeeze, tilt = rng.uniform(0.7, 1.3), rng.uniform(-0.8, 0.8)
    lung = _side_mask(body, grid, chest, side)
    allowed = _visible_lung(state, body, grid, chest, side) & (chest.air > 75.0)
    allowed &= _lung_depth(lung, grid) > 16.0
    x, y = _choose_point(allowed if allowed.any() else lung, grid, rng)
    dx, dy = grid.x - x, grid.y - y
    u = (dx * np.cos(tilt) + dy * np.sin(tilt)) * squeeze / radius
    v = (-dx * np.sin(tilt) + dy * np.cos(tilt)) / squeeze / radius
    rough = 0.30 * smooth_noise(grid, rng, scale_mm=22.0) + 0.16 * smooth_noise(
        grid, rng, scale_mm=8.0
    )
    depth = 1.0 - np.sqrt(u * u + v * v) + rough * np.exp(-0.5 * (u * u + v * v))
    share = np.clip(depth / 0.85, 0.0, 1.0)
    share = share * share * (3.0 - 2.0 * share)
    mottle = 1.0 + 0.16 * smooth_noise(grid, rng, scale_mm=5.0)
    patch = np.clip(share * mottle, 0.0, 1.25) * np.float32(dense) * lung
    room = np.minimum(chest.air, 120.0)
    state.solid_mm += (patch * room * 0.62).astype(np.float32)
    state.vessel_share *= 1.0 - np.clip(patch, 0.0, 0.9)
    region = (share > 0.30) & lung
    labels, count = ndimage.label(region)
    if count > 1:
        sizes = np.bincount(labels.ravel())[1:]
        region = np.isin(labels, 1 + np.flatnonzero(sizes >= 0.08 * sizes.max()))
    state.masks["pneumonia"] = region


def heart_mask(chest: Chest) -> Mask:
    """Visible silhouette of the heart above the diaphragm."""
    rows = np.broadcast_to(np.arange(chest.heart.shape[0])[:, None], chest.heart.shape)
    floor = np.argmax(np.cumsum(chest.heart > 6.0, axis=0), axis=0)
    return np.asarray((chest.heart > 6.0) & (rows <= floor))


def cardiothoracic_ratio(chest: Chest, grid: Grid) -> float:
    """Widest heart over widest inner thorax above the domes, both horizontal."""
    heart = heart_mask(chest)
    columns = np.flatnonzero(heart.any(axis=0))
    lung = np.flatnonzero(chest.lung_mask[: int(grid.size * 0.75)].any(axis=0))
    return float((columns[-1] - columns[0] + 1) / (lung[-1] - lung[0] + 1))


def filled(mask: Mask) -> Mask:
    """`mask` without holes, so that each part has one outline."""
    result: NDArray[np.bool_] = ndimage.binary_fill_holes(mask)
    return result
