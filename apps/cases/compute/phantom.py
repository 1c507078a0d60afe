"""A synthetic chest radiograph for a seed: which patient, which findings, which pixels, and where
each finding exactly is. The physics is that of a radiograph (line integrals, Beer-Lambert,
scatter, quantum noise); the anatomy is procedural and resembles no person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.cases.compute import phantom_findings as findings_
from apps.cases.compute.phantom_anatomy import Body, Chest, build_chest
from apps.cases.compute.phantom_bones import bone_map
from apps.cases.compute.phantom_findings import FINDING_CODES, LungState
from apps.cases.compute.phantom_physics import (
    Exposure,
    add_scatter,
    detected_counts,
    presentation_values,
    stored_values,
    transmission,
)
from apps.cases.compute.phantom_shapes import (
    Grid,
    Map,
    Mask,
    letters_mask,
    low_pass,
    smooth_noise,
    splat_tubes,
)
from apps.cases.compute.phantom_vessels import lung_vessels

FIELD_MM = 389.12  # 1024 pixels of 0.38 mm: close to a 14 x 17 inch detector
HEART_SCALE_NORMAL = (0.90, 1.10)
HEART_SCALE_LARGE = (1.34, 1.58)


@dataclass(frozen=True)
class PhantomParameters:
    """Everything that decides a phantom.

    Parameters
    ----------
    seed : int, of anatomy, findings and noise (separate streams, so that the same seed with other
        findings is the same patient)
    findings : codes out of FINDING_CODES
    body : the patient and the projection
    exposure : quanta, scatter, blur
    contrast : float, latitude of the console's image (1 = usual)
    """

    seed: int
    findings: frozenset[str]
    body: Body
    exposure: Exposure
    contrast: float


@dataclass(frozen=True)
class Phantom:
    """A finished radiograph.

    Parameters
    ----------
    image : uint16 (size, size), 0..4095, larger = whiter (MONOCHROME2)
    spacing_mm : float, pixel spacing at the detector
    window_center, window_width : float, stored values, as the console would send them
    masks : finding code -> bool (size, size), exact ground truth
    cardiothoracic_ratio : float
    """

    parameters: PhantomParameters
    image: NDArray[np.uint16]
    spacing_mm: float
    window_center: float
    window_width: float
    masks: dict[str, Mask]
    cardiothoracic_ratio: float


def sample_parameters(
    seed: int,
    *,
    findings: frozenset[str] | None = None,
    view: str | None = None,
    sex: str | None = None,
) -> PhantomParameters:
    """Draw one patient and exposure.

    Parameters
    ----------
    findings : codes, or None to draw each with probability 0.3
    view : "PA", "AP" or None to draw (AP one in four)
    sex : "F", "M" or None to draw

    Raises
    ------
    ValueError : unknown finding code or view
    """
    rng = np.random.default_rng([seed, 1])
    drawn = frozenset(code for code in FINDING_CODES if rng.random() < 0.30)
    drawn_view = "AP" if rng.random() < 0.25 else "PA"
    chosen = drawn if findings is None else findings
    if not chosen <= set(FINDING_CODES):
        raise ValueError(f"unknown findings: {sorted(chosen - set(FINDING_CODES))}")
    if view not in (None, "PA", "AP"):
        raise ValueError(f"view must be PA or AP, not {view!r}")
    drawn_sex = "F" if rng.random() < 0.5 else "M"
    sex = sex or drawn_sex
    small = 0.93 if sex == "F" else 1.0
    low, high = HEART_SCALE_LARGE if "cardiomegaly" in chosen else HEART_SCALE_NORMAL
    body = Body(
        sex=sex,
        view=view or drawn_view,
        width=small * float(rng.normal(1.0, 0.035)),
        height=small * float(rng.normal(1.02, 0.03)),
        depth=float(rng.normal(0.98, 0.05)),
        wall_mm=float(np.clip(rng.normal(27.0, 8.0), 14.0, 48.0)),
        rotation_deg=float(np.clip(rng.normal(0.0, 2.0), -5.0, 5.0)),
        dome_mm=float(rng.normal(0.0, 5.0)),
        heart=float(rng.uniform(low, high)),
        breast_mm=float(rng.uniform(14.0, 42.0)) if sex == "F" else 0.0,
        lung_density=float(rng.uniform(0.20, 0.30)),
        variation=tuple(float(v) for v in np.clip(rng.standard_normal(16), -2.0, 2.0)),
    )
    exposure = Exposure(
        quanta_per_mm2=float(np.exp(rng.uniform(np.log(40_000.0), np.log(120_000.0)))),
        scatter_fraction=float(rng.uniform(0.18, 0.42)),
        blur_mm=float(rng.uniform(0.12, 0.22)),
    )
    return PhantomParameters(seed, chosen, body, exposure, float(rng.uniform(0.9, 1.12)))


def _lung_with_findings(parameters: PhantomParameters, grid: Grid, chest: Chest) -> LungState:
    """The lung after every finding of the parameters, each from its own random stream."""
    body, state = parameters.body, findings_.fresh_lung(parameters.body, grid)
    # Fluid first: consolidation and nodule then look for lung that can still be seen.
    additions = {
        "pneumothorax": findings_.add_pneumothorax,
        "effusion": findings_.add_effusion,
        "pneumonia": findings_.add_pneumonia,
        "nodule": findings_.add_nodule,
    }
    for code, add in additions.items():
        if code in parameters.findings:
            stream = np.random.default_rng([parameters.seed, 10 + FINDING_CODES.index(code)])
            add(state, body, grid, chest, stream)
    if "cardiomegaly" in parameters.findings:
        state.masks["cardiomegaly"] = findings_.heart_mask(chest)
    return state


def _soft_path(parameters: PhantomParameters, grid: Grid, chest: Chest, lung: LungState) -> Map:
    """Soft-tissue equivalent path of every ray, mm."""
    rng = np.random.default_rng([parameters.seed, 2])
    vessels = lung_vessels(parameters.body, rng)
    blood = splat_tubes(grid, vessels.points, vessels.radii, vessels.step_mm)
    texture = 1.0 + 0.055 * smooth_noise(grid, rng, scale_mm=3.0)
    texture += 0.05 * smooth_noise(grid, rng, scale_mm=9.0)
    solid = np.minimum(lung.solid_mm, 0.97 * chest.air)
    aerated = chest.air - solid
    blood *= lung.vessel_share * np.clip(chest.air / 100.0, 0.0, 1.0)
    blood = np.minimum(blood, 0.8 * aerated)
    tissue = solid + blood + lung.pleura_mm + lung.density * texture * (aerated - blood)
    muscle = 1.0 + 0.012 * smooth_noise(grid, rng, scale_mm=14.0)
    outside = (chest.body - chest.air - chest.airway) * muscle
    return np.asarray(np.clip(outside, 0.0, None) + tissue, np.float32)


def _marker(parameters: PhantomParameters, grid: Grid) -> Map:
    """Lead letter R on the patient's right, somewhere near the upper corner, as coverage 0..1."""
    rng = np.random.default_rng([parameters.seed, 4])
    letter = "R" if rng.random() < 0.7 else "L"
    side = -1.0 if letter == "R" else 1.0
    x, y = side * rng.uniform(158.0, 174.0) - 5.0, rng.uniform(-176.0, -120.0)
    return letters_mask(grid, letter, corner=(x, y), height_mm=15.0, stroke_mm=2.6)


def make_phantom(parameters: PhantomParameters, *, size: int = 1024) -> Phantom:
    """Expose one phantom.

    Parameters
    ----------
    size : int, pixels per side; the field of view stays, the spacing follows

    Returns
    -------
    Phantom; equal parameters and size give equal bytes
    """
    grid = Grid(size, FIELD_MM)
    chest = build_chest(parameters.body, grid)
    lung = _lung_with_findings(parameters, grid, chest)
    soft = _soft_path(parameters, grid, chest, lung)
    bone = bone_map(parameters.body, grid, np.random.default_rng([parameters.seed, 3]))
    bone *= low_pass((chest.body > 0).astype(np.float32), 1.0)
    primary = transmission(np.clip(soft - bone, 0.0, None), bone)
    primary *= 1.0 - np.float32(0.985) * _marker(parameters, grid)
    exposure = parameters.exposure
    signal = add_scatter(primary, fraction=exposure.scatter_fraction, spacing_mm=grid.spacing_mm)
    counts = detected_counts(
        signal,
        exposure=exposure,
        spacing_mm=grid.spacing_mm,
        rng=np.random.default_rng([parameters.seed, 5, size]),
    )
    image, window = _console_image(counts, parameters, grid, chest)
    masks = {code: findings_.filled(mask) for code, mask in lung.masks.items()}
    return Phantom(
        parameters=parameters,
        image=image,
        spacing_mm=grid.spacing_mm,
        window_center=window[0],
        window_width=window[1],
        masks=masks,
        cardiothoracic_ratio=findings_.cardiothoracic_ratio(chest, grid),
    )


def _console_image(
    counts: Map, parameters: PhantomParameters, grid: Grid, chest: Chest
) -> tuple[NDArray[np.uint16], tuple[float, float]]:
    """12-bit image with the burned-in word, and its window (center, width)."""
    reference = parameters.exposure.quanta_per_mm2 * grid.spacing_mm**2
    values = presentation_values(counts, spacing_mm=grid.spacing_mm, reference=reference)
    inside = values[chest.body > 60.0]
    low, high = np.percentile(inside[:: max(1, inside.size // 50_000)], [0.6, 99.8])
    high += 0.06 * (high - low)
    middle, half = (low + high) / 2.0, (high - low) / 2.0 / parameters.contrast
    image = stored_values(values, low=middle - 1.7 * half, high=middle + 1.7 * half)
    word = letters_mask(
        grid,
        "SYNTHETIC",
        corner=(grid.field_mm / 2 - 52.0, grid.field_mm / 2 - 9.0),
        height_mm=5.0,
        stroke_mm=0.8,
    )
    image = np.maximum(image, (word * 3300).astype(np.uint16))
    return image, (2047.5, float(round(4095 / 1.7)))
