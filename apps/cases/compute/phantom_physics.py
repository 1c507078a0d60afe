"""What does the detector record, and what does the console show? Beer-Lambert attenuation over a
few photon energies, scatter, quantum noise and blur; then logarithm, detail enhancement and the
12-bit values of a digital radiograph. Nothing here knows anatomy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from apps.cases.compute.phantom_shapes import Map, low_pass

# Linear attenuation in 1/mm at 50, 60, 80 and 100 keV: mass attenuation coefficients of NIST
# (Hubbell and Seltzer, NISTIR 5632) for soft tissue (ICRU-44, 1.06 g/cm3) and cortical bone
# (ICRU-44, 1.92 g/cm3). The weights stand for a filtered 120 kV spectrum at the detector.
ENERGY_WEIGHTS = np.array([0.22, 0.30, 0.31, 0.17])
SOFT_PER_MM = np.array([0.2264, 0.2048, 0.1823, 0.1693]) * 1.06 / 10.0
BONE_PER_MM = np.array([0.4242, 0.3148, 0.2229, 0.1855]) * 1.92 / 10.0

STORED_BITS = 12
STORED_MAX = 2**STORED_BITS - 1


@dataclass(frozen=True)
class Exposure:
    """How much light, scatter and blur one exposure has.

    Parameters
    ----------
    quanta_per_mm2 : float, detected photons per mm^2 without an object
    scatter_fraction : float, scattered over primary signal of the smoothed primary image
    blur_mm : float, standard deviation of the detector's point spread
    """

    quanta_per_mm2: float = 60_000.0
    scatter_fraction: float = 0.30
    blur_mm: float = 0.16


def transmission(soft_mm: Map, bone_mm: Map) -> Map:
    """Primary transmission exp(-line integral), averaged over the energies.

    Parameters
    ----------
    soft_mm, bone_mm : float32, path lengths in soft tissue and cortical bone, mm

    Returns
    -------
    float32, same shape, in (0, 1]
    """
    total = np.zeros(np.broadcast(soft_mm, bone_mm).shape, np.float32)
    for weight, soft, bone in zip(ENERGY_WEIGHTS, SOFT_PER_MM, BONE_PER_MM, strict=True):
        exponent = np.float32(soft) * soft_mm + np.float32(bone) * bone_mm
        total += np.float32(weight) * np.exp(-exponent)
    return total


def add_scatter(primary: Map, *, fraction: float, spacing_mm: float) -> Map:
    """Primary plus scatter: a share of the primary spread with a standard deviation of 24 mm."""
    return primary + np.float32(fraction) * low_pass(primary, 24.0 / spacing_mm)


def detected_counts(
    signal: Map, *, exposure: Exposure, spacing_mm: float, rng: np.random.Generator
) -> Map:
    """Photon counts per pixel with quantum noise.

    The expected count is signal * quanta_per_mm2 * pixel area, after the detector's blur. Counts
    are large (hundreds and more), where the Poisson law is the normal law of equal mean and
    variance; it is drawn as such because that is faster.
    """
    expected = ndimage.gaussian_filter(signal, exposure.blur_mm / spacing_mm, truncate=3.0)
    expected = expected * np.float32(exposure.quanta_per_mm2 * spacing_mm**2)
    noise = rng.standard_normal(expected.shape, dtype=np.float32)
    return np.asarray(np.maximum(expected + np.sqrt(expected) * noise, 1.0))


def presentation_values(counts: Map, *, spacing_mm: float, reference: float) -> Map:
    """The console's image: logarithm, less large-scale range, more fine detail.

    Parameters
    ----------
    counts : float32, detected photons per pixel
    reference : float, counts of the unattenuated beam

    Returns
    -------
    float32, optical-depth units, larger = whiter
    """
    depth = np.log(np.float32(reference) / counts).astype(np.float32)
    depth = np.clip(depth, 0.15, None)
    broad = low_pass(depth, 22.0 / spacing_mm)
    fine = ndimage.gaussian_filter(depth, 3.0 / spacing_mm, truncate=3.0)
    return np.asarray(depth - np.float32(0.58) * broad + np.float32(0.45) * (depth - fine))


def stored_values(values: Map, *, low: float, high: float) -> NDArray[np.uint16]:
    """uint16 in 0..4095: `low`..`high` linearly onto the 12-bit range, clipped."""
    scaled = (values - np.float32(low)) / np.float32(high - low) * STORED_MAX
    return np.asarray(np.clip(np.rint(scaled), 0, STORED_MAX), np.uint16)
