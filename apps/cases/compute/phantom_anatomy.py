"""What soft tissue and air does a ray meet in a healthy chest? Body outline, thorax, lungs,
mediastinum, heart, airways, diaphragm and breasts as path-length maps in mm. Bones, vessels and
findings have their own files.

Coordinates of a patient without rotation: x to the patient's left, y to the feet, z to the back,
in mm; (0, 0, 0) is the middle of the chest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import PchipInterpolator

from apps.cases.compute.phantom_shapes import Grid, Map, Mask, Points, ellipsoid_chord, tube_chord

SOURCE_TO_DETECTOR_MM = {"PA": 1800.0, "AP": 1100.0}
DETECTOR_GAP_MM = 135.0


@dataclass(frozen=True)
class Body:
    """One patient and the way the exposure was made.

    Parameters
    ----------
    sex : "M" or "F"
    view : "PA" or "AP"
    width, height, depth : float, scale of the thorax (1 = average adult)
    wall_mm : float, thickness of the lateral chest wall
    rotation_deg : float, turn about the long axis
    dome_mm : float, shift of the diaphragm, positive = shallow inspiration
    heart : float, scale of the heart
    breast_mm : float, thickness of the breasts, 0 for none
    lung_density : float, density of aerated lung relative to soft tissue
    variation : (16,) floats of unit variance that move the landmarks
    """

    sex: str
    view: str
    width: float
    height: float
    depth: float
    wall_mm: float
    rotation_deg: float
    dome_mm: float
    heart: float
    breast_mm: float
    lung_density: float
    variation: tuple[float, ...]

    def project(self, points: Points) -> Points:
        """Patient points (n, 3) in mm to detector points (n, 2): rotation, then magnification."""
        turn = np.deg2rad(self.rotation_deg)
        x = points[:, 0] * np.cos(turn) + points[:, 2] * np.sin(turn)
        z = points[:, 2] * np.cos(turn) - points[:, 0] * np.sin(turn)
        return np.stack([x, points[:, 1]], axis=1) * self._magnification(z)[:, None]

    def place(self, grid: Grid, z_mm: float) -> tuple[Map, Map]:
        """Patient (x, y) in mm seen by each pixel at depth `z_mm`: the inverse of `project`."""
        factor = np.float32(self._magnification(np.array(z_mm)))
        turn = np.deg2rad(self.rotation_deg)
        x = (grid.x / factor - np.float32(z_mm * np.sin(turn))) / np.float32(np.cos(turn))
        return x, grid.y / factor

    def _magnification(self, z: Points) -> Points:
        """Relative to the plane z = 0, which keeps its size on the detector grid."""
        distance = SOURCE_TO_DETECTOR_MM[self.view]
        to_detector = DETECTOR_GAP_MM + (z if self.view == "PA" else -z)
        magnification: Points = (distance - DETECTOR_GAP_MM) / (distance - to_detector)
        return magnification


@dataclass(frozen=True)
class Chest:
    """Path-length maps of one healthy chest, float32 (size, size), mm.

    Parameters
    ----------
    body : whole body with breasts
    thorax : the pleural space as if neither heart nor mediastinum were in it
    air : aerated lung on the ray, what is left of `thorax`
    heart, mediastinum : their own chords
    airway : trachea and main bronchi
    dome : y of the highest line of the diaphragm under each pixel column, mm
    """

    body: Map
    thorax: Map
    air: Map
    heart: Map
    mediastinum: Map
    airway: Map
    dome: Map

    @property
    def lung_mask(self) -> Mask:
        """Pixels whose ray meets lung."""
        return self.air > 8.0


Knots = tuple[tuple[float, float], ...]


@lru_cache
def _curve(knots: Knots) -> PchipInterpolator:
    at, value = np.array(knots, float).T
    return PchipInterpolator(at, value)


def _profile(y: Map, knots: Knots, *, scale: float, height: float) -> Map:
    """Smooth monotone curve through (y, value) knots, both scaled; constant beyond the ends."""
    at = np.clip(y / height, knots[0][0], knots[-1][0])
    return np.asarray(_curve(knots)(at) * scale, np.float32)


THORAX_HALF_WIDTH: Knots = (
    (-146, 62),
    (-128, 84),
    (-105, 100),
    (-75, 113),
    (-30, 127),
    (20, 136),
    (70, 140),
    (120, 140),
    (175, 132),
)
THORAX_HALF_DEPTH: Knots = (
    (-146, 38),
    (-120, 55),
    (-80, 72),
    (-30, 86),
    (40, 92),
    (120, 90),
    (175, 80),
)
BODY_OUTSIDE: Knots = (
    *((-200, 58), (-178, 62), (-166, 84), (-155, 128), (-144, 172), (-122, 206), (-80, 212)),
    *((-35, 206), (20, 184), (70, 168), (130, 163), (200, 164)),
)
BODY_HALF_DEPTH: Knots = (
    (-200, 58),
    (-170, 66),
    (-140, 84),
    (-100, 104),
    (-40, 116),
    (60, 120),
    (130, 122),
    (200, 122),
)
MEDIASTINUM_RIGHT: Knots = (
    *((-190, 30), (-140, 27), (-110, 26), (-80, 27), (-50, 28), (-20, 27), (10, 25), (60, 21)),
    (140, 20),
)
MEDIASTINUM_LEFT: Knots = (
    *((-190, 28), (-140, 25), (-110, 25), (-90, 27), (-50, 28), (-20, 30), (10, 28), (60, 24)),
    (140, 22),
)


def thorax_half_width(body: Body, y: Map) -> Map:
    """Inner half-width of the rib cage at height y, mm."""
    return _profile(y, THORAX_HALF_WIDTH, scale=body.width, height=body.height)


def thorax_half_depth(body: Body, y: Map) -> Map:
    """Inner half-depth of the rib cage at height y, mm."""
    return _profile(y, THORAX_HALF_DEPTH, scale=body.depth, height=body.height)


def body_chord(body: Body, grid: Grid) -> Map:
    """Whole body: a superelliptic cross-section that widens from neck to shoulders."""
    x, y = body.place(grid, 0.0)
    widest = thorax_half_width(body, np.array([[100.0]], np.float32)).item()
    half = _profile(y, BODY_OUTSIDE, scale=1.0, height=body.height)
    neck = np.clip((y / body.height + 150.0) / 60.0, 0.0, 1.0)
    half = half * (1.0 - neck) + neck * half * (widest + body.wall_mm) / 164.0
    deep = _profile(y, BODY_HALF_DEPTH, scale=body.depth, height=body.height)
    deep = deep + np.float32(0.45 * (body.wall_mm - 24.0))
    ratio = np.clip(np.abs(x) / half, 0.0, 1.0)
    chord = 2.0 * deep * np.power(1.0 - ratio**2.6, 1 / 2.6)
    return np.asarray(chord + _breasts(body, grid), np.float32)


def _breasts(body: Body, grid: Grid) -> Map:
    """Half-ellipsoids in front of the lower lungs; their lower edge is the sharp one."""
    total = np.zeros((grid.size, grid.size), np.float32)
    if body.breast_mm <= 0.0:
        return total
    v = body.variation
    for sign, jitter in ((-1.0, v[0]), (1.0, v[1])):
        x, y = sign * 82.0 * body.width, 52.0 * body.height + 5.0 * jitter
        center = body.project(np.array([[x, y, -100.0]]))[0]
        chord = ellipsoid_chord(
            grid,
            center=(center[0], center[1]),
            angle_deg=sign * 12.0,
            semi_axes=(66.0 * body.width, 62.0 + 0.2 * body.breast_mm, body.breast_mm / 2.0),
        )
        fade = np.clip((grid.y - (center[1] - 70.0)) / 90.0, 0.0, 1.0)
        fade = fade * fade * (3.0 - 2.0 * fade)
        total += fade * np.power(chord / body.breast_mm, 1.5) * np.float32(body.breast_mm)
    return total


def dome_height(body: Body, x: Map) -> Map:
    """Y of the highest line of the diaphragm at each patient x (right dome the higher one), mm."""
    v = body.variation
    width = 140.0 * body.width
    right = (83.0 + 4.0 * v[2]) * body.height + body.dome_mm
    left = right + 12.0 + 3.0 * v[3]
    peak = np.where(x < 0, -0.50, 0.52) * width
    top = right + (left - right) / (1.0 + np.exp(-x / 9.0))
    outward = np.clip(np.abs(x) - np.abs(peak), 0.0, None) / (width - np.abs(peak))
    inward = np.clip(np.abs(peak) - np.abs(x), 0.0, None) / np.abs(peak)
    lateral = (44.0 + 4.0 * v[4]) * np.power(outward, 2.4)
    return np.asarray(top + lateral + 13.0 * inward**2, np.float32)


def thorax_chord(body: Body, grid: Grid) -> tuple[Map, Map]:
    """Pleural space above the diaphragm, and the line of the domes.

    The air below the top of the dome is the posterior (and a little anterior) sulcus: the surface
    y = dome + k * (z - z0)^2 meets the ray at two depths, so its share has a closed form.
    """
    x, y = body.place(grid, 0.0)
    wide, deep = thorax_half_width(body, y), thorax_half_depth(body, y)
    ratio = np.clip(np.abs(x) / wide, 0.0, 1.0)
    half = deep * np.power(1.0 - ratio**2.4, 1 / 2.4)
    top = (-137.0 + 3.0 * body.variation[5]) * body.height + 0.016 * (np.abs(x) - 46.0) ** 2
    rise = np.clip((y - top) / 52.0, 0.0, 1.0)
    half = half * np.sqrt(1.0 - (1.0 - rise) ** 2)
    dome = dome_height(body, x)
    below = np.clip(y - dome, 0.0, None)
    back_of, front_of = -22.0 + np.sqrt(below / 0.0060), -22.0 - np.sqrt(below / 0.022)
    behind = np.clip(half - np.maximum(back_of, -half), 0.0, None)
    before = np.clip(np.minimum(front_of, half) + half, 0.0, None)
    beside_spine = np.clip((np.abs(x) - 26.0) / 40.0, 0.0, 1.0)
    sulcus = np.minimum(behind + before, 2.0 * half)
    sulcus = sulcus * np.where(
        below > 0.0, beside_spine + (1.0 - beside_spine) * np.exp(-below / 6.0), 1.0
    )
    chord = np.where(below > 0.0, sulcus, 2.0 * half)
    return np.asarray(chord, np.float32), dome


def heart_chord(body: Body, grid: Grid) -> Map:
    """Left ventricle, right atrium and outflow as one smooth solid, z about 25 mm to the front."""
    v, size = body.variation, body.heart
    place, parts = np.array([[0.0, 0.0, -25.0]]), []
    base = float(dome_height(body, np.array([[30.0]], np.float32))[0, 0]) + 2.0
    solids = (
        ((15.0 + 13.0 * size, -36.0), (58.0, 38.0, 56.0), 38.0 + 3.0 * v[6]),
        ((-7.0 - 4.0 * size, -42.0), (28.0, 46.0, 54.0), -4.0),
        ((19.0, -72.0), (46.0, 28.0, 48.0), 52.0),
        ((12.0, -22.0), (42.0, 28.0, 50.0), 6.0),
    )
    for (x, dy), axes, angle in solids:
        place[0, :2] = x * body.width, base + dy * size**0.8
        u = body.project(place)[0]
        scaled = (axes[0] * size * body.width, axes[1] * size * body.width, axes[2] * size**0.7)
        parts.append(ellipsoid_chord(grid, center=(u[0], u[1]), semi_axes=scaled, angle_deg=angle))
    return _soft_union(parts)


def mediastinum_chord(body: Body, grid: Grid) -> Map:
    """Great vessels, oesophagus and the tissue between the lungs."""
    v, stretch = body.variation, 1.15 if body.view == "AP" else 1.0
    x, y = body.place(grid, 0.0)
    right = _profile(y, MEDIASTINUM_RIGHT, scale=stretch * body.width, height=body.height)
    left = _profile(y, MEDIASTINUM_LEFT, scale=stretch * body.width, height=body.height)
    edge = np.where(x < 0, right * (1.0 + 0.06 * v[7]), left * (1.0 + 0.06 * v[8]))
    deep = 2.0 * thorax_half_depth(body, y)
    ratio = np.abs(x) / edge
    filling = 0.74 + 0.34 * np.clip((y - dome_height(body, x) + 85.0) / 85.0, 0.0, 1.0) ** 2
    slab = filling * deep * np.power(np.clip(1.25 * (1.0 - ratio**2), 0.0, 1.0), 0.62)
    knob = np.array(
        [[19.0 + 2.0 * v[9], -72.0 * body.height, 5.0], [21.0, -40.0 * body.height, -15.0]]
    )
    arch, trunk = body.project(knob)
    aorta = ellipsoid_chord(grid, center=(arch[0], arch[1]), semi_axes=(20.0, 22.0, 40.0))
    pulmonary = ellipsoid_chord(
        grid, center=(trunk[0], trunk[1]), semi_axes=(27.0, 17.0, 30.0), angle_deg=62.0
    )
    line = np.array(
        [[23.0, -70.0, 35.0], [25.0, -30.0, 45.0], [21.0, 30.0, 50.0], [13.0, 120.0, 50.0]]
    ) * [1.0, body.height, 1.0]
    descending = tube_chord(grid, body.project(line), np.array([12.0, 12.0, 11.0, 11.0]))
    return _soft_union([slab.astype(np.float32), aorta, pulmonary, descending])


def airway_chord(body: Body, grid: Grid) -> Map:
    """Trachea, carina and main bronchi: air inside the mediastinum."""
    h, v = body.height, body.variation
    carina = (-1.0 + v[10], -52.0 * h, 12.0)
    trunk = np.array(
        [(v[10], -200.0 * h, -5.0), (-1.0, -130.0 * h, 0.0), (-2.0, -75.0 * h, 10.0), carina]
    )
    right = np.array([carina, (-16.0, -40.0 * h, 14.0), (-30.0, -25.0 * h, 16.0)])
    left = np.array([carina, (17.0, -44.0 * h, 14.0), (36.0, -32.0 * h, 18.0)])
    width = 8.5 if body.sex == "M" else 7.3
    total = np.zeros((grid.size, grid.size), np.float32)
    for line, radii in (
        (trunk, np.full(4, width)),
        (right, np.array([7.0, 6.5, 4.0])),
        (left, np.array([6.5, 5.5, 3.5])),
    ):
        np.maximum(total, tube_chord(grid, body.project(line), radii), out=total)
    return total


def gastric_bubble(body: Body, grid: Grid) -> Map:
    """Air in the stomach below the left dome; flat above its fluid, as the patient stands."""
    v = body.variation
    if v[11] < -0.4:
        return np.zeros((grid.size, grid.size), np.float32)
    y = 118.0 * body.height + body.dome_mm + 4.0 * v[12]
    at = body.project(np.array([[56.0 * body.width, y, -10.0]]))[0]
    size = 1.0 + 0.25 * v[13]
    bubble = ellipsoid_chord(
        grid,
        center=(at[0], at[1]),
        semi_axes=(25.0 * size, 15.0 * size, 13.0 * size),
        angle_deg=-8.0,
    )
    above_fluid = np.clip((at[1] + 6.0 * size - grid.y) / 2.5, 0.0, 1.0)
    return np.asarray(bubble * above_fluid, np.float32)


def _soft_union(chords: list[Map]) -> Map:
    """Smooth maximum of chords: (sum c^4)^(1/4), so that silhouettes join without a crease."""
    total = np.zeros_like(chords[0])
    for chord in chords:
        total += np.square(np.square(chord))
    return np.asarray(np.sqrt(np.sqrt(total)))


def build_chest(body: Body, grid: Grid) -> Chest:
    """All soft-tissue and air maps of one patient on `grid`."""
    thorax, dome = thorax_chord(body, grid)
    heart, mediastinum = heart_chord(body, grid), mediastinum_chord(body, grid)
    # Below the dome only the posterior sulcus holds air, and that lies behind the heart.
    _, y = body.place(grid, 0.0)
    heart_in_lung = heart * np.clip(1.0 - (y - dome) / 9.0, 0.0, 1.0)
    middle = _soft_union([heart_in_lung.astype(np.float32), mediastinum])
    air = np.clip(thorax - middle, 0.0, None)
    airway = airway_chord(body, grid) + gastric_bubble(body, grid)
    whole = np.maximum(body_chord(body, grid), thorax + 20.0 * (thorax > 0.0)).astype(np.float32)
    return Chest(
        body=whole,
        thorax=thorax,
        air=air,
        heart=heart,
        mediastinum=mediastinum,
        airway=airway,
        dome=np.broadcast_to(dome, thorax.shape),
    )
