"""Points, lengths and areas: shared vectors worked by hand, and what must hold for any image."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.cases.compute.geometry import (
    ImagePlane,
    area_mm2,
    diameter_mm,
    displayed_point,
    image_to_patient,
    length_mm,
    patient_to_image,
    pixel_center,
    pixel_index,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "geometry.json").read_text())

coordinate = st.floats(-500, 500, allow_nan=False)
spacing = st.floats(0.05, 5)


def plane_of(values: dict[str, Any]) -> ImagePlane:
    return ImagePlane(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


@pytest.mark.parametrize("vector", VECTORS["lengths"])
def test_lengths(vector: dict[str, Any]) -> None:
    measured = length_mm(
        tuple(vector["start"]),
        tuple(vector["end"]),
        row_spacing_mm=vector["row_spacing_mm"],
        column_spacing_mm=vector["column_spacing_mm"],
    )
    expected = vector["length_mm"]
    assert measured == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("vector", VECTORS["areas"])
def test_areas(vector: dict[str, Any]) -> None:
    measured = area_mm2(
        [tuple(point) for point in vector["polygon"]],
        row_spacing_mm=vector["row_spacing_mm"],
        column_spacing_mm=vector["column_spacing_mm"],
    )
    expected = vector["area_mm2"]
    assert measured == (None if expected is None else pytest.approx(expected))


@given(
    polygon=st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=12),
    row_spacing_mm=spacing,
    column_spacing_mm=spacing,
)
def test_the_diameter_is_the_longest_of_all_lengths(
    polygon: list[tuple[float, float]], row_spacing_mm: float, column_spacing_mm: float
) -> None:
    spacings = {"row_spacing_mm": row_spacing_mm, "column_spacing_mm": column_spacing_mm}
    longest = max(length_mm(a, b, **spacings) or 0.0 for a in polygon for b in polygon)
    assert diameter_mm(polygon, **spacings) == pytest.approx(longest, rel=1e-12, abs=1e-9)
    assert diameter_mm(polygon, row_spacing_mm=None, column_spacing_mm=1.0) is None


@pytest.mark.parametrize("vector", VECTORS["pixels"])
def test_pixels(vector: dict[str, Any]) -> None:
    size = {"columns": vector["columns"], "rows": vector["rows"]}
    if vector["index"] is None:
        with pytest.raises(ValueError, match="outside"):
            pixel_index(tuple(vector["point"]), **size)
    else:
        assert pixel_index(tuple(vector["point"]), **size) == tuple(vector["index"])


@pytest.mark.parametrize("vector", VECTORS["patient"], ids=lambda vector: vector["name"])
def test_patient_positions(vector: dict[str, Any]) -> None:
    plane = plane_of(vector["plane"])
    assert image_to_patient(tuple(vector["point"]), plane) == pytest.approx(vector["patient"])
    point, distance = patient_to_image(tuple(vector["patient"]), plane)
    assert point == pytest.approx(vector["point"])
    assert distance == pytest.approx(0)


@pytest.mark.parametrize("vector", VECTORS["displays"])
def test_displays(vector: dict[str, Any]) -> None:
    view = {key: value for key, value in vector.items() if key not in ("point", "displayed")}
    assert displayed_point(tuple(vector["point"]), **view) == tuple(vector["displayed"])


@given(
    st.tuples(coordinate, coordinate),
    st.tuples(coordinate, coordinate, coordinate),
    st.floats(0, 2 * math.pi),
    spacing,
    spacing,
)
def test_image_to_patient_and_back(
    point: tuple[float, float],
    position: tuple[float, float, float],
    angle: float,
    row_spacing_mm: float,
    column_spacing_mm: float,
) -> None:
    cos, sin = math.cos(angle), math.sin(angle)
    plane = ImagePlane(
        position=position,
        row_cosine=(cos, sin, 0.0),
        column_cosine=(0.0, 0.0, 1.0),
        row_spacing_mm=row_spacing_mm,
        column_spacing_mm=column_spacing_mm,
    )
    back, distance = patient_to_image(image_to_patient(point, plane), plane)
    assert back == pytest.approx(point, abs=1e-6)
    assert distance == pytest.approx(0, abs=1e-6)


@given(st.tuples(coordinate, coordinate), st.tuples(coordinate, coordinate), spacing, spacing)
def test_length_is_the_distance_in_the_patient(
    start: tuple[float, float],
    end: tuple[float, float],
    row_spacing_mm: float,
    column_spacing_mm: float,
) -> None:
    plane = ImagePlane(
        position=(1.0, 2.0, 3.0),
        row_cosine=(0.0, 1.0, 0.0),
        column_cosine=(0.0, 0.0, -1.0),
        row_spacing_mm=row_spacing_mm,
        column_spacing_mm=column_spacing_mm,
    )
    measured = length_mm(
        start, end, row_spacing_mm=row_spacing_mm, column_spacing_mm=column_spacing_mm
    )
    apart = math.dist(image_to_patient(start, plane), image_to_patient(end, plane))
    assert measured == pytest.approx(apart, abs=1e-6)


@given(
    st.integers(1, 500),
    st.integers(1, 500),
    st.booleans(),
    st.booleans(),
    st.integers(-8, 8),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_displayed_points_stay_inside_and_keep_distances(
    columns: int,
    rows: int,
    flip_horizontal: bool,
    flip_vertical: bool,
    turns: int,
    x: float,
    y: float,
) -> None:
    view: dict[str, Any] = {
        "columns": columns,
        "rows": rows,
        "flip_horizontal": flip_horizontal,
        "flip_vertical": flip_vertical,
        "quarter_turns": turns,
    }
    point = (x * columns, y * rows)
    column, row = displayed_point(point, **view)
    width, height = (rows, columns) if turns % 2 else (columns, rows)
    assert -1e-9 <= column <= width + 1e-9
    assert -1e-9 <= row <= height + 1e-9
    origin = displayed_point((0.0, 0.0), **view)
    assert math.dist((column, row), origin) == pytest.approx(math.dist(point, (0, 0)), abs=1e-6)


@given(st.integers(0, 99), st.integers(0, 49))
def test_the_centre_of_a_pixel_is_in_it(column: int, row: int) -> None:
    assert pixel_index(pixel_center(column, row), columns=100, rows=50) == (column, row)


def test_impossible_planes_and_shapes_are_refused() -> None:
    good: dict[str, Any] = {
        "position": (0.0, 0.0, 0.0),
        "row_cosine": (1.0, 0.0, 0.0),
        "column_cosine": (0.0, 1.0, 0.0),
        "row_spacing_mm": 1.0,
        "column_spacing_mm": 1.0,
    }
    for wrong in (
        {"row_spacing_mm": 0.0},
        {"column_spacing_mm": -1.0},
        {"row_cosine": (2.0, 0.0, 0.0)},
        {"column_cosine": (1.0, 0.0, 0.0)},
        {"row_cosine": (math.nan, 0.0, 0.0)},
    ):
        with pytest.raises(ValueError, match=r"spacing|cosines"):
            ImagePlane(**good | wrong)
    with pytest.raises(ValueError, match="positive"):
        length_mm((0, 0), (1, 1), row_spacing_mm=0.0, column_spacing_mm=1.0)
    with pytest.raises(ValueError, match="positive"):
        diameter_mm([(0, 0), (1, 1)], row_spacing_mm=1.0, column_spacing_mm=-1.0)
    with pytest.raises(ValueError):
        diameter_mm([(0, 0)], row_spacing_mm=1.0, column_spacing_mm=1.0)
    with pytest.raises(ValueError, match="three"):
        area_mm2([(0, 0), (1, 1)], row_spacing_mm=1.0, column_spacing_mm=1.0)
