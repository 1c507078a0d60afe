"""PNG and JPEG pictures as DICOM: the same pixels, no spacing, no metadata of the picture."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from apps.cases.compute.gate import inspect_file
from apps.cases.compute.pixels import decode_frame
from apps.cases.compute.refusals import Refused
from apps.cases.compute.wrap import WrapFacts, derived_uid, wrap_image
from tests import dicom

FACTS = WrapFacts(
    study_instance_uid=derived_uid("study"),
    series_instance_uid=derived_uid("series"),
    sop_instance_uid=derived_uid("instance"),
    patient_id="P-1",
    patient_name="王^小东",
    modality="DX",
    body_part_examined="CHEST",
    view_position="AP",
)


def wrapped(tmp_path: Path, picture: Image.Image, name: str, **options: object) -> Path:
    picture.save(tmp_path / name, **options)  # type: ignore[arg-type]
    out = tmp_path / "out.dcm"
    wrap_image(tmp_path / name, FACTS, out)
    return out


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_grey_png_passes_the_gate_with_its_pixels(tmp_path: Path, dtype: str) -> None:
    pixels = dicom.ramp(5, 7, dtype=dtype) * (1 if dtype == "uint8" else 1000)
    path = wrapped(tmp_path, Image.fromarray(pixels), "a.png")
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    accepted = inspect_file(path, work_dir)
    assert (decode_frame(accepted.rendition_path).array == pixels).all()
    assert accepted.facts.patient_name == "王^小东"
    assert accepted.facts.patient_name_flag == ""
    assert (accepted.facts.modality, accepted.facts.body_part_examined) == ("DX", "CHEST")
    assert accepted.facts.is_classifiable
    assert accepted.facts.spacing_kind == "none"
    assert accepted.facts.row_spacing_mm is None


def test_colour_png_stays_colour_and_grey_colour_becomes_grey(tmp_path: Path) -> None:
    colour = np.stack([dicom.ramp(), dicom.ramp()[::-1], dicom.ramp()], axis=-1)
    assert (decode_frame(wrapped(tmp_path, Image.fromarray(colour), "a.png")).array == colour).all()
    grey = np.stack([dicom.ramp()] * 3, axis=-1)
    again = tmp_path / "grey"
    again.mkdir()
    path = wrapped(again, Image.fromarray(grey), "b.png")
    assert (decode_frame(path).array == dicom.ramp()).all()


def test_jpeg_says_that_it_is_lossy_and_exif_is_gone(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "ZQXCANARY"
    picture = Image.fromarray(dicom.ramp(64, 64))
    path = wrapped(tmp_path, picture, "a.jpg", exif=exif, comment=b"ZQXCANARY", quality=95)
    assert b"ZQXCANARY" in (tmp_path / "a.jpg").read_bytes()
    assert b"ZQXCANARY" not in path.read_bytes()
    header = dcmread(path)
    assert header.LossyImageCompression == "01"
    assert header.LossyImageCompressionMethod == "ISO_10918_1"
    assert np.abs(decode_frame(path).array.astype(int) - dicom.ramp(64, 64)).max() < 40


def test_orientation_flag_is_obeyed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter clockwise when shown
    pixels = dicom.ramp(4, 6)
    path = wrapped(tmp_path, Image.fromarray(pixels), "a.png", exif=exif)
    assert (decode_frame(path).array == np.rot90(pixels, -1)).all()


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    picture = Image.fromarray(dicom.ramp())
    first = wrapped(tmp_path, picture, "a.png").read_bytes()
    assert wrapped(tmp_path, picture, "a.png").read_bytes() == first


def test_derived_uids() -> None:
    assert derived_uid("a", "b") == derived_uid("a", "b")
    assert len({derived_uid("a", "b"), derived_uid("ab"), derived_uid("b", "a")}) == 3
    assert len(derived_uid("x")) <= 64


def _png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">L", len(content))
            + kind
            + content
            + struct.pack(">L", zlib.crc32(kind + content))
        )

    head = struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (_png_claiming(20_000, 10), "image_too_large"),
        (_png_claiming(16_000, 16_000), "pixels_too_large"),
        (_png_claiming(100, 100), "bad_image"),
        (b"GIF89a" + b"\0" * 100, "unsupported_image_format"),
        (b"", "unsupported_image_format"),
        (b"\xff\xd8\xff\xe0", "unsupported_image_format"),
    ],
)
def test_bad_pictures_are_refused_and_nothing_is_written(
    tmp_path: Path, content: bytes, code: str
) -> None:
    path, out = tmp_path / "a.png", tmp_path / "out.dcm"
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        wrap_image(path, FACTS, out)
    assert refused.value.code == code
    assert not out.exists()


def test_truncated_picture_is_refused(tmp_path: Path) -> None:
    Image.fromarray(dicom.ramp(64, 64)).save(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-200])
    with pytest.raises(Refused) as refused:
        wrap_image(tmp_path / "b.jpg", FACTS, tmp_path / "out.dcm")
    assert refused.value.code == "bad_image"


def test_animation_is_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(dicom.ramp()), Image.fromarray(255 - dicom.ramp())]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(Refused) as refused:
        wrap_image(tmp_path / "a.png", FACTS, tmp_path / "out.dcm")
    assert refused.value.code == "unsupported_image_format"
