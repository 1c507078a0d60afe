"""How does a display image become network input, and where does each of its points land?

The one path for training and serving, so that a model never meets a resampling it was not trained
on. Whoever changes a number it gives raises `spec.PREPROCESS_CODE_VERSION`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from apps.errors import Invalid
from apps.inference.compute.spec import Preprocess

DISPLAY_MAX: Final = 255.0


class ImageError(Invalid):
    """An array that is no display image: wrong shape, dtype or range."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


def to_network_input(
    image: NDArray[np.float32], preprocess: Preprocess
) -> tuple[NDArray[np.float32], list[float]]:
    """Resize a display image to the network's input, normalise it, and say how points move.

    Parameters
    ----------
    image : float32 (H, W), display grey in [0, 255] (after modality LUT, window and inversion)
    preprocess : Preprocess
        `stretch` fills the input and gives up the aspect ratio; `letterbox` keeps all of the image
        and pads with black, the image centred; `center_crop` fills the input and cuts equally on
        both sides.

    Returns
    -------
    input : float32 (C, h, w), `(grey - mean) / std`, grey repeated in every channel, C-contiguous
    image_to_input : six floats, row-major 2 x 3
        `x = a*column + b*row + c`, `y = d*column + e*row + f` takes an image point (column, row;
        0,0 at the outer corner of the first pixel) to an input point of the same convention. Exact
        for the whole pixels that resizing gives, not for the ideal scale.

    Raises
    ------
    ImageError : `image_not_display` for another shape, dtype, a value that is not finite or is
        outside [0, 255]

    Source: pixel-area resampling when shrinking, bilinear when growing (OpenCV INTER_AREA and
    INTER_LINEAR, both with half-pixel centres), per axis.
    """
    _check_display_image(image)
    height, width = preprocess.size
    resized_height, resized_width = _resized_size(image.shape, preprocess)
    resized = _resample(image, height=resized_height, width=resized_width)
    top = (height - resized_height) // 2
    left = (width - resized_width) // 2
    grey = _place(resized, height=height, width=width, top=top, left=left)
    affine = [
        resized_width / image.shape[1],
        0.0,
        float(left),
        0.0,
        resized_height / image.shape[0],
        float(top),
    ]
    mean = np.asarray(preprocess.mean, np.float32)[:, None, None]
    std = np.asarray(preprocess.std, np.float32)[:, None, None]
    return (grey - mean) / std, affine


def image_to_grid(
    image_to_input: Sequence[float], *, input_size: Sequence[int], grid_size: Sequence[int]
) -> list[float]:
    """Map image points to points of a network's grid.

    Parameters
    ----------
    image_to_input : six floats, row-major 2 x 3, from `to_network_input`
    input_size, grid_size : (height, width) of the network input and of its feature map

    Returns
    -------
    six floats, row-major 2 x 3: image point (column, row) to grid point (0,0 at the outer corner of
    the first cell, 1 unit a cell)

    Raises
    ------
    ValueError : not six numbers, or a size below 1
    """
    if len(image_to_input) != 6:
        raise ValueError("An affine has six numbers.")
    if min(*input_size, *grid_size) < 1:
        raise ValueError("Sizes are 1 or more.")
    across = grid_size[1] / input_size[1]
    down = grid_size[0] / input_size[0]
    return [value * across for value in image_to_input[:3]] + [
        value * down for value in image_to_input[3:]
    ]


def _check_display_image(image: NDArray[np.float32]) -> None:
    if image.ndim != 2 or image.dtype != np.float32 or image.size == 0:
        raise ImageError("image_not_display", "A display image is a float32 array (rows, columns).")
    # NaN fails both comparisons, so one pass judges finiteness too
    if not (image.min() >= 0.0 and image.max() <= DISPLAY_MAX):
        raise ImageError("image_not_display", "A display image has finite values in 0 to 255.")


def _resized_size(shape: tuple[int, ...], preprocess: Preprocess) -> tuple[int, int]:
    height, width = preprocess.size
    if preprocess.resize == "stretch":
        return height, width
    down, across = height / shape[0], width / shape[1]
    scale = min(down, across) if preprocess.resize == "letterbox" else max(down, across)
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _resample(image: NDArray[np.float32], *, height: int, width: int) -> NDArray[np.float32]:
    shrinks_down, shrinks_across = height < image.shape[0], width < image.shape[1]
    if shrinks_down == shrinks_across:
        return _resample_both(image, height=height, width=width, is_shrinking=shrinks_down)
    # INTER_AREA falls back to linear for both axes when one of them grows: shrink that one alone
    if shrinks_down:
        image = _resample_both(image, height=height, width=image.shape[1], is_shrinking=True)
    else:
        image = _resample_both(image, height=image.shape[0], width=width, is_shrinking=True)
    return _resample_both(image, height=height, width=width, is_shrinking=False)


def _resample_both(
    image: NDArray[np.float32], *, height: int, width: int, is_shrinking: bool
) -> NDArray[np.float32]:
    if image.shape == (height, width):
        return image
    interpolation = cv2.INTER_AREA if is_shrinking else cv2.INTER_LINEAR
    resized = cv2.resize(image, (width, height), interpolation=interpolation)
    return np.asarray(resized, np.float32)


def _place(
    resized: NDArray[np.float32], *, height: int, width: int, top: int, left: int
) -> NDArray[np.float32]:
    if resized.shape == (height, width):
        return resized
    canvas = np.zeros((height, width), np.float32)
    rows = slice(max(top, 0), min(top + resized.shape[0], height))
    columns = slice(max(left, 0), min(left + resized.shape[1], width))
    canvas[rows, columns] = resized[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]
    return canvas
