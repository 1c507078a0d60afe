"""Where is a point? Image points, pixel indices, patient coordinates and lengths in mm.

An image point is (column, row) in pixels, (0, 0) at the outer corner of the first pixel, so that
the centre of the first pixel is (0.5, 0.5) and the image spans [0, columns] x [0, rows]. This is
the only home of that conversion on the server; `tests/vectors/geometry.json` is shared with the
browser's twin. DICOM's Pixel Spacing is (row spacing, column spacing), in that order: the first is
the vertical distance between rows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, starmap

Point = tuple[float, float]
Vector = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class ImagePlane:
    """The plane of one image in the patient.

    Attributes
    ----------
    position : Image Position (Patient), mm, the centre of the first pixel
    row_cosine : unit vector along which the column index grows
    column_cosine : unit vector along which the row index grows, at right angles to `row_cosine`
    row_spacing_mm, column_spacing_mm : > 0

    Raises
    ------
    ValueError : a spacing that is not positive, or cosines that are not orthonormal within 1e-3
    """

    position: Vector
    row_cosine: Vector
    column_cosine: Vector
    row_spacing_mm: float
    column_spacing_mm: float

    def __post_init__(self) -> None:
        if not (self.row_spacing_mm > 0 and self.column_spacing_mm > 0):
            raise ValueError("spacing must be positive")
        lengths = (
            _dot(self.row_cosine, self.row_cosine),
            _dot(self.column_cosine, self.column_cosine),
        )
        skew = _dot(self.row_cosine, self.column_cosine)
        if not all(abs(length - 1) < 1e-3 for length in lengths) or not abs(skew) < 1e-3:
            raise ValueError("the direction cosines are not orthonormal")


def pixel_index(point: Point, *, columns: int, rows: int) -> tuple[int, int]:
    """The pixel that holds an image point.

    Parameters
    ----------
    point : (column, row), image points, within [0, columns] x [0, rows]
    columns, rows : int, the size of the image

    Returns
    -------
    (column index, row index) from 0; the far edge belongs to the last pixel

    Raises
    ------
    ValueError : the point is outside the image
    """
    column, row = point
    if not (0 <= column <= columns and 0 <= row <= rows):
        raise ValueError(f"point ({column}, {row}) is outside an image of {columns} x {rows}")
    return min(int(column), columns - 1), min(int(row), rows - 1)


def pixel_center(column_index: int, row_index: int) -> Point:
    """The image point at the centre of a pixel."""
    return column_index + 0.5, row_index + 0.5


def image_to_patient(point: Point, plane: ImagePlane) -> Vector:
    """An image point in the patient coordinate system.

    Parameters
    ----------
    point : (column, row), image points
    plane : the image's plane

    Returns
    -------
    (x, y, z), mm, LPS

    Source: PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1. Departure: the half pixel between the corner
    (our origin) and the centre of the first pixel (the standard's).
    """
    along_row = (point[0] - 0.5) * plane.column_spacing_mm
    along_column = (point[1] - 0.5) * plane.row_spacing_mm
    x, y, z = (
        origin + along_row * row + along_column * column
        for origin, row, column in zip(
            plane.position, plane.row_cosine, plane.column_cosine, strict=True
        )
    )
    return x, y, z


def patient_to_image(position: Vector, plane: ImagePlane) -> tuple[Point, float]:
    """The image point under a patient position, and how far off the plane the position is.

    Parameters
    ----------
    position : (x, y, z), mm, LPS
    plane : the image's plane

    Returns
    -------
    ((column, row), distance) : image points, and mm along the normal row x column (signed)
    """
    x, y, z = (value - origin for value, origin in zip(position, plane.position, strict=True))
    offset = (x, y, z)
    point = (
        _dot(offset, plane.row_cosine) / plane.column_spacing_mm + 0.5,
        _dot(offset, plane.column_cosine) / plane.row_spacing_mm + 0.5,
    )
    return point, _dot(offset, _cross(plane.row_cosine, plane.column_cosine))


def length_mm(
    start: Point, end: Point, *, row_spacing_mm: float | None, column_spacing_mm: float | None
) -> float | None:
    """The distance of two image points.

    Parameters
    ----------
    start, end : (column, row), image points
    row_spacing_mm, column_spacing_mm : mm; None where the file does not say

    Returns
    -------
    mm, or None: not evaluable without a spacing

    Raises
    ------
    ValueError : a spacing that is not positive
    """
    if row_spacing_mm is None or column_spacing_mm is None:
        return None
    if not (row_spacing_mm > 0 and column_spacing_mm > 0):
        raise ValueError("spacing must be positive")
    return math.hypot((end[0] - start[0]) * column_spacing_mm, (end[1] - start[1]) * row_spacing_mm)


def area_mm2(
    polygon: Sequence[Point], *, row_spacing_mm: float | None, column_spacing_mm: float | None
) -> float | None:
    """The area of a simple polygon of image points (shoelace formula).

    Parameters
    ----------
    polygon : three or more (column, row), image points, not closed
    row_spacing_mm, column_spacing_mm : mm; None where the file does not say

    Returns
    -------
    mm², >= 0, or None: not evaluable without a spacing

    Raises
    ------
    ValueError : fewer than three points
    """
    if len(polygon) < 3:
        raise ValueError("a polygon has at least three points")
    if row_spacing_mm is None or column_spacing_mm is None:
        return None
    following = [*polygon[1:], polygon[0]]
    twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(polygon, following, strict=True))
    return abs(twice) / 2 * row_spacing_mm * column_spacing_mm


def diameter_mm(
    polygon: Sequence[Point], *, row_spacing_mm: float | None, column_spacing_mm: float | None
) -> float | None:
    """The longest distance of two vertices.

    Parameters
    ----------
    polygon : two or more (column, row), image points
    row_spacing_mm, column_spacing_mm : mm; None where the file does not say

    Returns
    -------
    mm, or None: not evaluable without a spacing

    Raises
    ------
    ValueError : a spacing that is not positive, or fewer than two points
    """
    if row_spacing_mm is None or column_spacing_mm is None:
        return None
    if not (row_spacing_mm > 0 and column_spacing_mm > 0):
        raise ValueError("spacing must be positive")
    points = [(column * column_spacing_mm, row * row_spacing_mm) for column, row in polygon]
    return max(starmap(math.dist, combinations(points, 2)))


def displayed_point(
    point: Point,
    *,
    columns: int,
    rows: int,
    flip_horizontal: bool = False,
    flip_vertical: bool = False,
    quarter_turns: int = 0,
) -> Point:
    """Where an image point lies when the picture is flipped and then turned clockwise.

    Parameters
    ----------
    point : (column, row), image points of an image of `columns` x `rows`
    flip_horizontal : mirror left and right, before turning
    flip_vertical : mirror top and bottom, before turning
    quarter_turns : int, clockwise

    Returns
    -------
    (column, row), image points of the displayed picture, whose size is swapped for odd turns
    """
    column, row = point
    if flip_horizontal:
        column = columns - column
    if flip_vertical:
        row = rows - row
    width, height = float(columns), float(rows)
    for _ in range(quarter_turns % 4):
        column, row = height - row, column
        width, height = height, width
    return column, row


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )
