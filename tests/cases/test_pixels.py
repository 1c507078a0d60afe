"""The display image: what a reader sees first and what a network is given."""

import csv
import math
from collections.abc import Sequence as Values
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_windowing
from pydicom.sequence import Sequence

from apps.cases.compute.gate import inspect_file
from apps.cases.compute.pixels import decode_frame, display_image, thumbnail_jpeg
from apps.cases.compute.voi import windowed
from tests import dicom


def shown(tmp_path: Path, pixels: np.ndarray, **attributes: Any) -> np.ndarray:
    return display_image(dicom.write(tmp_path / "a.dcm", dicom.instance(pixels, **attributes)))


def row(*values: int, dtype: str = "uint16") -> np.ndarray:
    return np.array([values], dtype=dtype)


def test_eight_bits_without_a_window_are_shown_as_they_are(tmp_path: Path) -> None:
    image = shown(tmp_path, dicom.ramp())
    assert image.dtype == np.float32
    assert (image == dicom.ramp()).all()


def test_monochrome1_is_inverted_once(tmp_path: Path) -> None:
    # Presentation LUT Shape INVERSE says the same a second time (PS3.3 C.8.11.1.1.1)
    image = shown(
        tmp_path,
        dicom.ramp(),
        PhotometricInterpretation="MONOCHROME1",
        PresentationLUTShape="INVERSE",
    )
    assert (image == 255 - dicom.ramp()).all()


def test_deeper_pixels_without_a_window_span_their_range(tmp_path: Path) -> None:
    # 100..300: 150 is a quarter of the way, 255 / 4 = 63.75
    assert shown(tmp_path, row(100, 150, 300)).tolist() == [[0.0, 63.75, 255.0]]


def test_constant_image_is_black(tmp_path: Path) -> None:
    assert not shown(tmp_path, row(700, 700)).any()


def test_linear_window_is_that_of_the_standard(tmp_path: Path) -> None:
    # PS3.3 C.11.2.1.2.1 with c = 100, w = 101: y = ((x - 99.5) / 100 + 0.5) * 255;
    # x = 49 -> -0.5 % -> 0; x = 50 -> 0.5 % -> 1.275; x = 99.5 is the middle; x = 151 -> 255
    image = shown(tmp_path, row(49, 50, 99, 151), WindowCenter=100, WindowWidth=101)
    assert image[0] == pytest.approx([0.0, 1.275, 126.225, 255.0], abs=1e-3)


def test_rescaled_signed_pixels_with_a_window(tmp_path: Path) -> None:
    # slope 2, intercept -1000: stored 300, 500, 700 are -400, 0, 400 HU; window 0 / 801
    image = shown(
        tmp_path,
        row(300, 500, 700, dtype="int16"),
        RescaleSlope=2,
        RescaleIntercept=-1000,
        WindowCenter=0,
        WindowWidth=801,
    )
    # ((400 + 0.5) / 800 + 0.5) * 255 is above 255; ((0.5) / 800 + 0.5) * 255 = 127.659
    assert image[0] == pytest.approx([0.159, 127.659, 255.0], abs=1e-3)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("LINEAR_EXACT", [0.0, 127.5, 255.0]),  # ((x - 100) / 100 + 0.5) * 255
        ("SIGMOID", [255 / (1 + math.exp(2)), 127.5, 255 / (1 + math.exp(-2))]),
    ],
)
def test_other_window_functions(tmp_path: Path, function: str, expected: Values[float]) -> None:
    image = shown(
        tmp_path,
        row(50, 100, 150),
        WindowCenter=100,
        WindowWidth=100,
        VOILUTFunction=function,
    )
    assert image[0] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("width", [0, -5])
def test_forbidden_window_counts_as_none(tmp_path: Path, width: int) -> None:
    image = shown(tmp_path, row(100, 300), WindowCenter=7, WindowWidth=width)
    assert image.tolist() == [[0.0, 255.0]]


def test_first_of_several_windows(tmp_path: Path) -> None:
    image = shown(tmp_path, row(0, 50, 100), WindowCenter=[50, 9], WindowWidth=[100, 3])
    assert image[0, 1] == pytest.approx((0.5 / 99 + 0.5) * 255, abs=1e-3)


def _table(values: list[int], *, first: int, bits: int) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(values), first, bits]
    item.add_new("LUTData", "US", values)
    return item


def test_voi_table_wins_over_the_window(tmp_path: Path) -> None:
    # 10 bits: 1023 is white; values before the first entry take it, behind the last the last
    table = _table([0, 341, 682, 1023], first=100, bits=10)
    image = shown(
        tmp_path,
        row(5, 101, 102, 900),
        VOILUTSequence=Sequence([table]),
        WindowCenter=1,
        WindowWidth=2,
    )
    assert image[0] == pytest.approx([0.0, 85.0, 170.0, 255.0], abs=1e-3)


def test_modality_table(tmp_path: Path) -> None:
    table = _table([0, 10, 1000, 4000], first=0, bits=16)
    table.ModalityLUTType = "US"
    image = shown(tmp_path, row(0, 1, 2, 3), ModalityLUTSequence=Sequence([table]))
    assert image[0] == pytest.approx([0.0, 0.6375, 63.75, 255.0], abs=1e-3)


def test_short_voi_table_is_a_fault(tmp_path: Path) -> None:
    table = _table([0, 1023], first=0, bits=10)
    table.LUTDescriptor = [4, 0, 10]
    with pytest.raises(ValueError, match="shorter"):
        shown(tmp_path, row(0, 1), VOILUTSequence=Sequence([table]))


def test_each_frame_has_its_own_window(tmp_path: Path) -> None:
    shared, groups = Dataset(), []
    transformation = Dataset()
    transformation.RescaleSlope, transformation.RescaleIntercept = 2, 0
    shared.PixelValueTransformationSequence = Sequence([transformation])
    for center in (100, 200):
        window, group = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = center, 100
        window.VOILUTFunction = "LINEAR_EXACT"
        group.FrameVOILUTSequence = Sequence([window])
        groups.append(group)
    pixels = np.full((2, 1, 2), 50, dtype="uint16")
    header = dicom.instance(
        pixels,
        frames=2,
        SOPClassUID=uid.EnhancedCTImageStorage,
        SharedFunctionalGroupsSequence=Sequence([shared]),
        PerFrameFunctionalGroupsSequence=Sequence(groups),
    )
    path = dicom.write(tmp_path / "a.dcm", header)
    assert display_image(path, 1)[0, 0] == pytest.approx(127.5)  # 2 * 50 is the first's centre
    assert display_image(path, 2)[0, 0] == 0.0


def test_colour_becomes_luma(tmp_path: Path) -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], dtype="uint8")
    image = shown(tmp_path, pixels)
    assert image[0] == pytest.approx([76.245, 149.685, 29.07, 255.0], abs=1e-3)


def test_palette_becomes_luma(tmp_path: Path) -> None:
    palette = {"Red": [0, 65535], "Green": [0, 0], "Blue": [0, 65535]}
    header = dicom.instance(
        np.array([[0, 1]], dtype="uint8"), PhotometricInterpretation="PALETTE COLOR"
    )
    for colour, values in palette.items():
        setattr(header, f"{colour}PaletteColorLookupTableDescriptor", [2, 0, 16])
        table = np.array(values, dtype="<u2").tobytes()
        setattr(header, f"{colour}PaletteColorLookupTableData", table)
    image = display_image(dicom.write(tmp_path / "a.dcm", header))
    assert image[0] == pytest.approx([0.0, 105.315], abs=1e-3)  # 76.245 + 29.07


@pytest.mark.parametrize("number", [0, 2])
def test_frame_that_is_not_there(tmp_path: Path, number: int) -> None:
    path = dicom.write(tmp_path / "a.dcm", dicom.instance())
    with pytest.raises(ValueError, match=r"frame|index"):
        decode_frame(path, number)


@pytest.mark.parametrize("bytes_per_sample", [1, 2, 4])
@pytest.mark.parametrize("is_signed", [False, True])
def test_rle_of_every_depth(tmp_path: Path, bytes_per_sample: int, is_signed: bool) -> None:
    kind = "i" if is_signed else "u"
    pixels = np.random.default_rng(1).integers(0, 100, (9, 7)).astype(f"{kind}{bytes_per_sample}")
    pixels[0] *= -1 if is_signed else 1
    planes = pixels.astype(f">{kind}{bytes_per_sample}").view("u1").reshape(-1, bytes_per_sample)
    segments = [imagecodecs.packbits_encode(plane.tobytes()) for plane in planes.T.copy()]
    segments = [segment + b"\0" * (len(segment) % 2) for segment in segments]
    starts = np.cumsum([64, *map(len, segments)])[:-1]
    header = np.zeros(16, dtype="<u4")
    header[0] = len(segments)
    header[1 : len(segments) + 1] = starts
    stream = header.tobytes() + b"".join(segments)
    instance = dicom.encapsulated([stream], pixels, transfer_syntax=str(uid.RLELossless))
    path = dicom.write(tmp_path / "a.dcm", instance)
    assert (decode_frame(path).array == pixels).all()


@given(
    st.lists(st.integers(-3000, 3000), min_size=1, max_size=20),
    st.floats(-500, 500),
    st.floats(3, 4000),
    st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
def test_windows_agree_with_pydicom(
    values: list[int], center: float, width: float, function: str
) -> None:
    header = Dataset()
    header.PhotometricInterpretation = "MONOCHROME2"
    header.BitsStored, header.PixelRepresentation = 8, 0  # pydicom's output range: 0..255
    header.WindowCenter, header.WindowWidth = f"{center:.6f}", f"{width:.6f}"
    header.VOILUTFunction = function
    array = np.array(values)
    with np.errstate(over="ignore"):
        theirs = apply_windowing(array, header)
    ours = windowed(
        array,
        center=float(header.WindowCenter),
        width=float(header.WindowWidth),
        function=function,
    )
    assert ours == pytest.approx(theirs, abs=0.05)


@given(st.floats(-100, 100), st.floats(1, 1000), st.sampled_from(["LINEAR", "SIGMOID"]))
def test_windows_are_monotonous_and_bounded(center: float, width: float, function: str) -> None:
    grey = windowed(np.arange(-2000, 2000), center=center, width=width, function=function)
    assert (np.diff(grey) >= 0).all()
    assert grey.min() >= 0
    assert grey.max() <= 255


def test_thumbnail_is_small_and_keeps_its_proportions(tmp_path: Path) -> None:
    path = dicom.write(tmp_path / "a.dcm", dicom.instance(dicom.ramp(300, 600)))
    (tmp_path / "t.jpg").write_bytes(thumbnail_jpeg(path))
    with Image.open(tmp_path / "t.jpg") as thumbnail:
        assert thumbnail.size == (256, 128)
        assert thumbnail.mode == "L"
        assert not thumbnail.getexif()


def test_thumbnail_of_colour_is_in_colour(tmp_path: Path) -> None:
    pixels = np.zeros((20, 20, 3), dtype="uint8")
    pixels[..., 2] = 200
    path = dicom.write(tmp_path / "a.dcm", dicom.instance(pixels))
    (tmp_path / "t.jpg").write_bytes(thumbnail_jpeg(path))
    with Image.open(tmp_path / "t.jpg") as thumbnail:
        red, _, blue = thumbnail.getpixel((10, 10))
    assert blue > 150 > 50 > red


def _images_in_nine_encodings(folder: Path) -> dict[str, list[Path]]:
    with (folder / "labels.csv").open(newline="") as stream:
        by_image: dict[str, list[Path]] = {}
        for entry in csv.DictReader(stream):
            by_image.setdefault(entry["source_image"], []).append(folder / entry["file"])
    return {image: paths for image, paths in by_image.items() if len(paths) == 9}


def test_nine_encodings_of_one_radiograph_look_the_same(shared_data: Path, tmp_path: Path) -> None:
    images = _images_in_nine_encodings(shared_data / "dicom_cxr")
    assert len(images) >= 5
    for paths in images.values():
        renditions = {}
        for path in paths:
            work_dir = tmp_path / path.stem
            work_dir.mkdir()
            renditions[path.stem.split("__")[1]] = inspect_file(path, work_dir).rendition_path
        base = display_image(renditions["mono2_8"])
        for variant, rendition in renditions.items():
            difference = np.abs(display_image(rendition) - base).max()
            # the 12- and 16-bit forms are rounded by their window: an eighth of a grey level
            assert difference <= (6.0 if variant == "jpeg_baseline" else 0.125), variant
