"""What does training read? The images of a manifest through the product's own decoding and
preprocessing, with labels and with the drawn regions on a grid of the network's input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from skimage import draw

from apps.cases.compute.pixels import display_image
from apps.inference.compute.manifest import Example, Polygon
from apps.inference.compute.preprocess import image_to_grid, to_network_input
from apps.inference.compute.spec import ModelSpec

REGION_SIZE = 64


@dataclass(frozen=True)
class TrainingSet:
    """Images in memory; half precision holds 0..255 to a sixteenth of a grey level.

    Parameters
    ----------
    inputs : float16 (N, C, h, w), network units
    labels : float32 (N, K), 0, 1, NaN where nobody judged
    regions : float16 (N, K, 64, 64), coverage of the drawn regions on the input, 0 to 1
    image_to_input : float64 (N, 6), from `to_network_input`
    """

    inputs: NDArray[np.float16]
    labels: NDArray[np.float32]
    regions: NDArray[np.float16]
    image_to_input: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.inputs)

    def with_outputs(self, rows: Sequence[int]) -> TrainingSet:
        """The same images with the truth of some outputs, in the order of their indices."""
        index = list(rows)
        return replace(self, labels=self.labels[:, index], regions=self.regions[:, index])


@dataclass(frozen=True)
class SetImage:
    """One image of a training set: network input, the way of its points, its regions.

    Parameters
    ----------
    values : float32 (C, h, w), from `to_network_input`
    image_to_input : six floats, from `to_network_input`
    rois : finding code -> polygons in image points
    """

    values: NDArray[np.float32]
    image_to_input: Sequence[float]
    rois: Mapping[str, Sequence[Polygon]]


def load_training_set(examples: Sequence[Example], spec: ModelSpec) -> TrainingSet:
    """Decode, window, resize and normalise every example, as prediction does.

    Parameters
    ----------
    examples : at least one
    spec : ModelSpec, for preprocessing and the order of the findings

    Returns
    -------
    TrainingSet

    Raises
    ------
    ValueError : no example; else as `display_image`
    """
    if not examples:
        raise ValueError("A training set has one image or more.")
    codes = [output.finding for output in spec.outputs]
    labels = np.full((len(examples), len(codes)), np.nan, np.float32)
    for row, example in enumerate(examples):
        for column, code in enumerate(codes):
            if code in example.labels:
                labels[row, column] = float(example.labels[code])
    return gather_training_set(map(partial(_set_image, spec), examples), labels, spec)


def gather_training_set(
    images: Iterable[SetImage], labels: NDArray[np.float32], spec: ModelSpec
) -> TrainingSet:
    """Put images into one set.

    Parameters
    ----------
    images : as many as there are rows of labels
    labels : float32 (N, K), 1, 0, NaN where nobody judged
    spec : ModelSpec, for the input's size and the order of the findings
    """
    channels, (height, width) = spec.preprocess.channels, spec.preprocess.size
    codes = [output.finding for output in spec.outputs]
    inputs = np.empty((len(labels), channels, height, width), np.float16)
    regions = np.zeros((len(labels), len(codes), REGION_SIZE, REGION_SIZE), np.float16)
    affines = np.empty((len(labels), 6))
    for row, image in enumerate(images):
        inputs[row], affines[row] = image.values, image.image_to_input
        to_region = image_to_grid(
            image.image_to_input, input_size=(height, width), grid_size=(REGION_SIZE, REGION_SIZE)
        )
        for column, code in enumerate(codes):
            if code is not None and code in image.rois:
                regions[row, column] = region_coverage(image.rois[code], to_region)
    return TrainingSet(inputs, labels, regions, affines)


def _set_image(spec: ModelSpec, example: Example) -> SetImage:
    image = display_image(example.path, example.frame_number)
    values, image_to_input = to_network_input(image, spec.preprocess)
    return SetImage(values, image_to_input, example.rois)


def region_coverage(
    polygons: Sequence[Polygon], image_to_region: Sequence[float], *, size: int = REGION_SIZE
) -> NDArray[np.float16]:
    """How much of each cell the polygons cover.

    Parameters
    ----------
    polygons : image points (column, row), 0,0 at the outer corner of the first pixel
    image_to_region : six floats, image point to point of the (size, size) grid

    Returns
    -------
    float16 (size, size), 0 to 1, from 8 x 8 samples a cell
    """
    fine = 8
    canvas = np.zeros((size * fine, size * fine), bool)
    affine = np.asarray(image_to_region, float).reshape(2, 3)
    for polygon in polygons:
        points = np.asarray(polygon, float) @ affine[:, :2].T + affine[:, 2]
        # scikit-image judges pixel centres, which it counts from 0
        centres = points * fine - 0.5
        canvas[draw.polygon(centres[:, 1], centres[:, 0], canvas.shape)] = True
    coverage = canvas.reshape(size, fine, size, fine).mean(axis=(1, 3))
    return np.asarray(coverage, np.float16)
