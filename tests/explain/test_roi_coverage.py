"""Coverage and pooled logits of a region: shared vectors, a slow oracle, and what always holds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from apps.explain.compute.roi import roi_coverage, roi_pooled_logits

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "roi.json").read_text())
HALF = [0.5, 0, 0, 0, 0.5, 0]
FINE = 64

Polygon = list[tuple[float, float]]


def polygon_of(vector: dict[str, Any]) -> Polygon:
    return [(column, row) for column, row in vector["polygon"]]


def supersampled(
    polygon: Polygon, affine: list[float], grid_size: tuple[int, int]
) -> NDArray[np.float64]:
    """Count, of FINE x FINE points of each cell, those inside by the even-odd rule."""
    rows, columns = grid_size
    a, b, c, d, e, f = affine
    ring = [(a * x + b * y + c, d * x + e * y + f) for x, y in polygon]
    y, x = (np.mgrid[0 : rows * FINE, 0 : columns * FINE] + 0.5) / FINE
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True):
        if ay != by:
            between = (ay > y) != (by > y)
            inside ^= between & (x < ax + (y - ay) / (by - ay) * (bx - ax))
    return inside.reshape(rows, FINE, columns, FINE).mean(axis=(1, 3))


def star(radii: list[float], centre: tuple[float, float]) -> Polygon:
    """A star-shaped polygon: it cannot cross itself."""
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    return [
        (centre[0] + r * float(np.cos(t)), centre[1] + r * float(np.sin(t)))
        for r, t in zip(radii, angles, strict=True)
    ]


stars = st.builds(
    star,
    st.lists(st.floats(0.5, 20), min_size=3, max_size=24),
    st.tuples(st.floats(-5, 45), st.floats(-5, 45)),
)


@pytest.mark.parametrize("vector", VECTORS["coverages"], ids=lambda vector: vector["name"])
def test_coverage(vector: dict[str, Any]) -> None:
    rows, columns = vector["grid"]
    coverage = roi_coverage(polygon_of(vector), vector["image_to_grid"], (rows, columns))
    np.testing.assert_allclose(coverage, vector["coverage"], atol=1e-12)


@pytest.mark.parametrize("vector", VECTORS["coverages"], ids=lambda vector: vector["name"])
def test_the_vectors_agree_with_counting_points(vector: dict[str, Any]) -> None:
    rows, columns = vector["grid"]
    counted = supersampled(polygon_of(vector), vector["image_to_grid"], (rows, columns))
    # an edge through a cell passes at most 2 x FINE of its points by
    np.testing.assert_allclose(counted, vector["coverage"], atol=2 / FINE)


@pytest.mark.parametrize("vector", VECTORS["pooled"], ids=lambda vector: vector["name"])
def test_pooled_logits(vector: dict[str, Any]) -> None:
    maps = np.asarray(vector["maps"])
    rows, columns = maps.shape[1:]
    coverage = roi_coverage(polygon_of(vector), vector["image_to_grid"], (rows, columns))
    pooled = roi_pooled_logits(maps, vector["biases"], coverage)
    expected = [output["pooled_logit"] for output in vector["outputs"]]
    np.testing.assert_allclose(pooled, expected, rtol=1e-12)

    width, height = vector["image"]["columns"], vector["image"]["rows"]
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    image = roi_coverage(corners, vector["image_to_grid"], (rows, columns))
    assert coverage.sum() / image.sum() == pytest.approx(vector["area_share"])
    outside = [output["outside_logit"] for output in vector["outputs"]]
    if None not in outside:
        rest = roi_pooled_logits(maps, vector["biases"], image - coverage)
        np.testing.assert_allclose(rest, outside, rtol=1e-12)


@given(polygon=stars)
def test_coverage_agrees_with_counting_points(polygon: Polygon) -> None:
    affine = [0.1, 0.02, 0.3, -0.01, 0.12, 0]
    coverage = roi_coverage(polygon, affine, (5, 4))
    counted = supersampled(polygon, affine, (5, 4))
    # 24 edges may all run through one cell
    np.testing.assert_allclose(coverage, counted, atol=24 * 2 / FINE)
    np.testing.assert_allclose(coverage.sum(), counted.sum(), atol=0.5)


@given(polygon=stars, start=st.integers(0, 23))
def test_neither_the_first_point_nor_the_direction_matters(polygon: Polygon, start: int) -> None:
    k = start % len(polygon)
    turned = (polygon[k:] + polygon[:k])[::-1]
    np.testing.assert_allclose(
        roi_coverage(turned, HALF, (20, 20)), roi_coverage(polygon, HALF, (20, 20)), atol=1e-9
    )


@given(polygon=stars)
def test_a_region_within_the_grid_keeps_its_area(polygon: Polygon) -> None:
    shifted = [(column + 60, row + 60) for column, row in polygon]
    x, y = np.array(shifted).T
    area = abs(float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))) / 2
    # 200 columns on 50 cells and 160 rows on 20: a cell is 4 x 8 pixels
    coverage = roi_coverage(shifted, [0.25, 0, 0, 0, 0.125, 0], (20, 50))
    assert coverage.sum() * 32 == pytest.approx(area, rel=1e-9, abs=1e-9)
    assert coverage.min() >= 0
    assert coverage.max() <= 1


@given(polygon=stars, seed=st.integers(0, 2**32 - 1))
def test_inside_and_outside_make_the_whole(polygon: Polygon, seed: int) -> None:
    maps = np.random.default_rng(seed).normal(size=(3, 20, 20))
    biases = np.array([0.5, 0.0, -2.0])
    inside = roi_coverage(polygon, HALF, (20, 20))
    share = inside.mean()
    if 1e-6 < share < 1 - 1e-6:
        mixed = share * roi_pooled_logits(maps, biases, inside) + (1 - share) * roi_pooled_logits(
            maps, biases, 1 - inside
        )
        np.testing.assert_allclose(mixed, maps.mean(axis=(1, 2)) + biases, atol=1e-9)


def test_halves_of_a_cut_region_add_up() -> None:
    left = [(1.5, 1.25), (7.75, 1.25), (7.75, 9.0), (1.5, 9.0)]
    right = [(7.75, 1.25), (13.1, 1.25), (13.1, 9.0), (7.75, 9.0)]
    both = [(1.5, 1.25), (13.1, 1.25), (13.1, 9.0), (1.5, 9.0)]
    parts = roi_coverage(left, HALF, (8, 8)) + roi_coverage(right, HALF, (8, 8))
    np.testing.assert_allclose(parts, roi_coverage(both, HALF, (8, 8)), atol=1e-12)


@pytest.mark.parametrize(
    ("polygon", "affine", "grid"),
    [
        ([(0, 0), (1, 1)], HALF, (2, 2)),
        ([(0, 0), (1, 1), (float("nan"), 2)], HALF, (2, 2)),
        ([(0, 0), (1, 1), (0, 1)], HALF[:5], (2, 2)),
        ([(0, 0), (1, 1), (0, 1)], HALF, (0, 2)),
    ],
)
def test_what_is_no_region_is_refused(
    polygon: Polygon, affine: list[float], grid: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match=r"polygon|affine"):
        roi_coverage(polygon, affine, grid)


def test_pooling_nothing_is_refused() -> None:
    maps = np.ones((1, 2, 2))
    with pytest.raises(ValueError, match="covers nothing"):
        roi_pooled_logits(maps, [0.0], np.zeros((2, 2)))
    with pytest.raises(ValueError, match="do not match"):
        roi_pooled_logits(maps, [0.0, 1.0], np.ones((2, 2)))
    with pytest.raises(ValueError, match="do not match"):
        roi_pooled_logits(maps, [0.0], np.ones((2, 3)))
