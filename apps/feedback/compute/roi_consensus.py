"""Which region do several readers mean together? A vote of pixels, or STAPLE where it is installed.

Regions are drawn on the pixel grid of their image and traced back along pixel edges.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from skimage import draw

from apps.errors import Unavailable
from apps.feedback.compute.reads import Region, Vertex

Mask = NDArray[np.bool_]
Frame = tuple[str, int]

# Half a pixel turns the stairs of a slanted edge into a line and leaves the corners of a box.
SIMPLIFY_PX: Final = 0.5
MOST_VERTICES: Final = 400
# STAPLE weighs the background, too: that of the whole image would drown a small region.
STAPLE_MARGIN: Final = 0.25


@dataclass(frozen=True)
class ImageSize:
    """Columns and rows of an image, in pixels."""

    columns: int
    rows: int


@dataclass(frozen=True)
class ReaderQuality:
    """STAPLE's estimate of one reader's region on one frame, both in [0, 1]."""

    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class StapleResult:
    """STAPLE's regions, and for each frame the quality of the readers, in their order."""

    regions: tuple[Region, ...]
    qualities: dict[Frame, tuple[ReaderQuality, ...]]


def majority_regions(
    readers: Sequence[Sequence[Region]], *, sizes: Mapping[str, ImageSize]
) -> tuple[Region, ...]:
    """The pixels that at least half of the readers marked, as regions.

    Parameters
    ----------
    readers : the regions of each reader whose vote counts; one who marked nothing votes against.
        Of two readers, one is half: the result is all that either marked.
    sizes : SOP Instance UID -> size of the image

    Returns
    -------
    regions by image, frame and falling area; holes are filled, parts that meet at a corner only are
    separate, edges are true to half a pixel

    Raises
    ------
    ValueError : no reader, or a region of an image without a size
    """
    if not readers:
        raise ValueError("there is no reader")

    regions: list[Region] = []
    for frame, window, masks in _drawn_frames(readers, sizes, margin=0.0):
        regions += _traced(2 * np.sum(masks, axis=0) >= len(masks), frame, window)
    return tuple(regions)


def is_staple_installed() -> bool:
    """Tell whether the optional SimpleITK is there."""
    return find_spec("SimpleITK") is not None


def staple_regions(
    readers: Sequence[Sequence[Region]], *, sizes: Mapping[str, ImageSize]
) -> StapleResult:
    """The region that explains the readers' regions best, each reader weighed by own quality.

    Parameters
    ----------
    readers, sizes : as for `majority_regions`

    Returns
    -------
    StapleResult, from the pixels whose probability is at least 0.5. It is estimated on the box
    around all regions of the frame, a quarter of its size wider on each side.

    Raises
    ------
    Unavailable : SimpleITK is not installed
    ValueError : no reader, or a region of an image without a size

    Source: Warfield, Zou & Wells, IEEE Transactions on Medical Imaging 2004, by SimpleITK.
    """
    if not is_staple_installed():
        raise Unavailable(
            "STAPLE needs SimpleITK: install requirements/registration.txt or choose the majority.",
            code="staple_not_installed",
        )
    if not readers:
        raise ValueError("there is no reader")
    regions: list[Region] = []
    qualities: dict[Frame, tuple[ReaderQuality, ...]] = {}
    for frame, window, masks in _drawn_frames(readers, sizes, margin=STAPLE_MARGIN):
        probability, qualities[frame] = _staple(masks)
        regions += _traced(probability >= 0.5, frame, window)
    return StapleResult(tuple(regions), qualities)


def _staple(masks: Sequence[Mask]) -> tuple[NDArray[np.float64], tuple[ReaderQuality, ...]]:
    itk: Any = importlib.import_module("SimpleITK")
    staple = itk.STAPLEImageFilter()
    staple.SetForegroundValue(1.0)
    images = [itk.GetImageFromArray(mask.astype(np.uint8)) for mask in masks]
    probability = itk.GetArrayFromImage(staple.Execute(images))
    pairs = zip(staple.GetSensitivity(), staple.GetSpecificity(), strict=True)
    return probability, tuple(ReaderQuality(float(one), float(other)) for one, other in pairs)


@dataclass(frozen=True)
class _Window:
    """A part of an image, in whole pixels."""

    left: int
    top: int
    columns: int
    rows: int


def _drawn_frames(
    readers: Sequence[Sequence[Region]], sizes: Mapping[str, ImageSize], *, margin: float
) -> Iterator[tuple[Frame, _Window, list[Mask]]]:
    """Each frame with a region in its image: the window drawn on, and every reader's pixels."""
    for frame in sorted({(one.image, one.frame_number) for regions in readers for one in regions}):
        if frame[0] not in sizes:
            raise ValueError(f"the size of image {frame[0]} is unknown")
        of_readers = [
            [one.vertices for one in regions if (one.image, one.frame_number) == frame]
            for regions in readers
        ]
        window = _window(of_readers, sizes[frame[0]], margin=margin)
        if window is not None:
            yield frame, window, [_drawn(outlines, window) for outlines in of_readers]


def _window(
    of_readers: Sequence[Sequence[Sequence[Vertex]]], size: ImageSize, *, margin: float
) -> _Window | None:
    """The box around all outlines and its margin, as far as it lies in the image."""
    points = np.array(
        [point for outlines in of_readers for outline in outlines for point in outline]
    )
    reach = margin * np.ptp(points, axis=0)
    left, top = np.clip(np.floor(points.min(axis=0) - reach), 0, (size.columns, size.rows))
    right, bottom = np.clip(np.ceil(points.max(axis=0) + reach), 0, (size.columns, size.rows))
    if right <= left or bottom <= top:
        return None
    return _Window(int(left), int(top), int(right - left), int(bottom - top))


def _drawn(outlines: Sequence[Sequence[Vertex]], window: _Window) -> Mask:
    """The pixels whose centre lies inside one of the outlines: bool (rows, columns)."""
    mask: Mask = np.zeros((window.rows, window.columns), bool)
    for outline in outlines:
        # scikit-image counts pixel centres from 0
        centres = np.asarray(outline, float) - (window.left, window.top) - 0.5
        mask[draw.polygon(centres[:, 1], centres[:, 0], mask.shape)] = True
    return mask


def _traced(mask: Mask, frame: Frame, window: _Window) -> list[Region]:
    """The parts of a mask along pixel edges, largest first."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(edges == 1)
    end = np.nonzero(edges == -1)[1]
    boxes = shapely.box(
        start + window.left, row + window.top, end + window.left, row + window.top + 1
    )
    parts = [shapely.Polygon(part.exterior) for part in shapely.get_parts(shapely.union_all(boxes))]
    parts.sort(key=lambda part: -part.area)
    return [Region(*frame, _simplified(part)) for part in parts]


def _simplified(part: shapely.Polygon) -> tuple[Vertex, ...]:
    tolerance_px = SIMPLIFY_PX
    simple = part.simplify(tolerance_px)
    while len(simple.exterior.coords) - 1 > MOST_VERTICES:
        tolerance_px *= 2
        simple = part.simplify(tolerance_px)
    return tuple((float(column), float(row)) for column, row in simple.exterior.coords[:-1])
