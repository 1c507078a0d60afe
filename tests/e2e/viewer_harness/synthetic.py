"""Synthetic images for viewer tests: a bright block whose place is known, and stacks to scroll."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    ExplicitVRLittleEndian,
    generate_uid,
)

from tests.e2e.viewer_harness.server import Scene

GRID_SIZE = 14
BRIGHT = 4095
DARK = 300


def image(
    pixels: NDArray[np.uint16],
    *,
    spacing_mm: tuple[float, float] | None = None,
    orientation: list[float] | None = None,
    study: str | None = None,
    series: str | None = None,
    instance_number: int = 1,
    modality: str = "DX",
) -> Dataset:
    """Build one grey image of 16 bits; spacing is (between rows, between columns)."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    is_ct = modality == "CT"
    dataset.SOPClassUID = CTImageStorage if is_ct else ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = study or generate_uid()
    dataset.SeriesInstanceUID = series or generate_uid()
    dataset.InstanceNumber = instance_number
    dataset.Modality = modality
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12
    dataset.HighBit = 11
    dataset.PixelRepresentation = 0
    dataset.WindowCenter = 2048
    dataset.WindowWidth = 4096
    if spacing_mm is not None:
        dataset.PixelSpacing = list(spacing_mm)
    if orientation is not None:
        dataset.ImageOrientationPatient = orientation
        dataset.ImagePositionPatient = [-37.5, 12.25, 8.0 + instance_number]
        dataset.FrameOfReferenceUID = generate_uid()
    else:
        dataset.PatientOrientation = ["L", "F"]
    dataset.PixelData = pixels.astype("<u2").tobytes()
    return dataset


def with_window(dataset: Dataset, width: int, centre: int) -> Dataset:
    dataset.WindowWidth, dataset.WindowCenter = width, centre
    return dataset


def monochrome1(dataset: Dataset) -> Dataset:
    """Let black be the largest value."""
    dataset.PhotometricInterpretation = "MONOCHROME1"
    return dataset


def colour_image(red: int, green: int, blue: int) -> Dataset:
    dataset = image(np.zeros((100, 100), np.uint16), modality="OT")
    dataset.PhotometricInterpretation = "RGB"
    dataset.SamplesPerPixel = 3
    dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    del dataset.WindowWidth, dataset.WindowCenter
    dataset.PixelData = bytes([red, green, blue]) * 10_000
    return dataset


def marked_scene(
    *,
    shape: tuple[int, int],
    cell: tuple[int, int],
    image_to_grid: list[float],
    spacing_mm: tuple[float, float] | None,
    orientation: list[float] | None,
) -> Scene:
    """Bright pixels exactly where one cell of the map lies, and a map of which only it speaks.

    `cell` is (column, row) on a grid of GRID_SIZE x GRID_SIZE; `image_to_grid` has no shear.
    """
    scale_x, _, offset_x, _, scale_y, offset_y = image_to_grid
    left, right = ((cell[0] + step - offset_x) / scale_x for step in (0, 1))
    top, bottom = ((cell[1] + step - offset_y) / scale_y for step in (0, 1))
    pixels = np.full(shape, DARK, np.uint16)
    pixels[round(top) : round(bottom), round(left) : round(right)] = BRIGHT
    maps = np.zeros((1, GRID_SIZE, GRID_SIZE), np.float16)
    maps[0, cell[1], cell[0]] = 1.0
    return Scene(
        datasets=[image(pixels, spacing_mm=spacing_mm, orientation=orientation)],
        maps=maps,
        image_to_grid=image_to_grid,
        scale=1.0,
    )


def stack_scene(slices: int = 12, size: int = 128) -> Scene:
    """Build a CT-like stack whose n-th slice is a square n steps to the right."""
    study, series = generate_uid(), generate_uid()
    datasets = []
    for number in range(1, slices + 1):
        pixels = np.full((size, size), 200 * number, np.uint16)
        pixels[10:30, number * 8 : number * 8 + 8] = BRIGHT
        datasets.append(
            image(
                pixels,
                spacing_mm=(0.7, 0.7),
                orientation=[1, 0, 0, 0, 1, 0],
                study=study,
                series=series,
                instance_number=number,
                modality="CT",
            )
        )
    return Scene(datasets=datasets)
