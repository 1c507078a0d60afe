"""What the gate refuses, and what it makes of what it accepts."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread, uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from apps.cases.compute.accepted import Accepted
from apps.cases.compute.gate import inspect_file
from apps.cases.compute.pixels import decode_frame
from apps.cases.compute.refusals import REFUSAL_CODES, Refused
from tests import dicom

RLE = str(uid.RLELossless)
BASELINE = str(uid.JPEGBaseline8Bit)
J2K = str(uid.JPEG2000Lossless)
JPEG_LS = str(uid.JPEGLSLossless)
BIG_ENDIAN = str(uid.ExplicitVRBigEndian)
DEFLATED = str(uid.DeflatedExplicitVRLittleEndian)


def accept(path: Path) -> Accepted:
    work_dir = path.parent / f"{path.stem}.work"
    work_dir.mkdir()
    return inspect_file(path, work_dir)


def refusal_of(path: Path) -> Refused:
    with pytest.raises(Refused) as refused:
        accept(path)
    assert "?" not in refused.value.message  # every placeholder of the sentence is filled
    return refused.value


def refusal_of_bytes(tmp_path: Path, content: bytes) -> Refused:
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    return refusal_of(path)


# --- what comes in -------------------------------------------------------------------------------


def test_a_plain_file_is_its_own_rendition_with_its_preamble_zeroed(tmp_path: Path) -> None:
    path = dicom.write(tmp_path / "a.dcm", dicom.instance())
    content = bytearray(path.read_bytes())
    content[:2] = b"MZ"  # a program for another system may hide in the preamble
    path.write_bytes(content)

    accepted = accept(path)

    assert accepted.stored_path == accepted.rendition_path
    assert accepted.stored_sha256 == accepted.rendition_sha256 != accepted.source_sha256
    stored = accepted.stored_path.read_bytes()
    assert stored[:128] == b"\0" * 128
    assert stored[128:] == content[128:]
    assert accepted.thumbnail_path is not None
    assert accepted.thumbnail_path.read_bytes()[:3] == b"\xff\xd8\xff"


def test_the_facts_are_those_of_the_header(tmp_path: Path) -> None:
    header = dicom.instance(
        PixelSpacing=[2.0, 0.5], ReasonForStudy="cough", KVP="120", Manufacturer="Maker"
    )
    facts = accept(dicom.write(tmp_path / "a.dcm", header)).facts

    assert (facts.patient_id, facts.patient_name, facts.patient_name_flag) == (
        "P-1",
        "Test^One",
        "",
    )
    assert (facts.study_instance_uid, facts.series_instance_uid) == ("2.25.1", "2.25.2")
    assert (facts.row_spacing_mm, facts.column_spacing_mm) == (2.0, 0.5)
    assert facts.spacing_kind == "projected"  # a radiograph without a declared calibration
    assert (facts.rows, facts.columns, facts.number_of_frames) == (12, 16, 1)
    assert (facts.modality, facts.body_part_examined, facts.view_position) == ("DX", "CHEST", "AP")
    assert (facts.series_number, facts.instance_number) == (4, 5)
    assert facts.indication == "cough"
    assert facts.acquisition == {"KVP": "120"}
    assert facts.is_classifiable
    assert facts.has_pixels


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"Modality": "CT", "PixelSpacing": [2, 0.5]}, (2.0, 0.5, "patient")),
        (
            {"PixelSpacing": [2, 0.5], "PixelSpacingCalibrationType": "FIDUCIAL"},
            (2.0, 0.5, "patient"),
        ),
        ({"ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1, "projected")),
        ({}, (None, None, "none")),
        ({"PixelSpacing": [0, 0]}, (None, None, "none")),
    ],
)
def test_spacing_says_what_it_measures(
    tmp_path: Path, attributes: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    facts = accept(dicom.write(tmp_path / "a.dcm", dicom.instance(**attributes))).facts
    assert (facts.row_spacing_mm, facts.column_spacing_mm, facts.spacing_kind) == expected


def test_answer_survives_json(tmp_path: Path) -> None:
    accepted = accept(dicom.write(tmp_path / "a.dcm", dicom.instance()))
    assert Accepted.from_json(accepted.to_json()) == accepted


def test_metadata_holds_no_pixels_no_private_and_no_icon(tmp_path: Path) -> None:
    header = dicom.instance(PatientComments="<script>alert(1)</script>")
    header.add_new(0x00091010, "LO", "private")
    icon = Dataset()
    icon.add_new("PixelData", "OB", b"\0\1")
    header.IconImageSequence = Sequence([icon])

    metadata = accept(dicom.write(tmp_path / "a.dcm", header)).metadata

    assert set(metadata) & {"7FE00010", "00091010", "00880200"} == set()
    assert metadata["00280010"] == {"vr": "US", "Value": [12]}
    assert metadata["00104000"]["Value"] == ["<script>alert(1)</script>"]


def test_no_nul_reaches_the_database(tmp_path: Path) -> None:
    # found by test_gate_fuzz: a NUL inside a text of an unknown VR
    header = dicom.instance(Modality="C\0T", PatientComments="a\0b", StudyDescription="c\0d")
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    assert (accepted.facts.modality, accepted.facts.study_description) == ("CT", "cd")
    assert "\\u0000" not in json.dumps(accepted.to_json())


@pytest.mark.parametrize("character_set", [None, "ISO_IR 100", "ISO_IR 192", "GB18030"])
def test_chinese_text_is_read_declared_or_not(tmp_path: Path, character_set: str | None) -> None:
    header = dicom.instance(
        PatientName="AAAA", StudyDescription="BBBB", SpecificCharacterSet=character_set
    )
    path = dicom.write(tmp_path / "a.dcm", header)
    content = path.read_bytes()
    for ascii_text, chinese in ((b"AAAA", "王小"), (b"BBBB", "胸部")):
        content = content.replace(ascii_text, chinese.encode("gb18030"))
    path.write_bytes(content)

    accepted = accept(path)

    assert (accepted.facts.patient_name, accepted.facts.study_description) == ("王小", "胸部")
    flag = "" if character_set == "GB18030" else "charset_guessed"
    assert accepted.facts.patient_name_flag == flag
    assert accepted.metadata["00100010"]["Value"] == [{"Alphabetic": "王小"}]
    assert accepted.metadata["00081030"]["Value"] == ["胸部"]


def test_all_component_groups_of_a_name_are_kept(tmp_path: Path) -> None:
    header = dicom.instance(
        PatientName="Wang^XiaoDong=王^小东=ワン", SpecificCharacterSet="ISO_IR 192"
    )
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    assert accepted.facts.patient_name == "Wang^XiaoDong=王^小东=ワン"
    assert accepted.metadata["00100010"]["Value"] == [
        {"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东", "Phonetic": "ワン"}
    ]


def test_palette_travels_inline(tmp_path: Path) -> None:
    header = dicom.instance(dicom.ramp(16, 16), PhotometricInterpretation="PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(header, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        table = np.arange(256, dtype="<u2").tobytes()
        setattr(header, f"{colour}PaletteColorLookupTableData", table)
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    assert "InlineBinary" in accepted.metadata["00281201"]
    assert accepted.facts.photometric_interpretation == "PALETTE COLOR"


def test_object_without_pixels_is_stored_but_not_classified(tmp_path: Path) -> None:
    header = dicom.instance(SOPClassUID=uid.BasicTextSRStorage, Modality="SR")
    del header.PixelData
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    assert not accepted.facts.has_pixels
    assert not accepted.facts.is_classifiable
    assert accepted.thumbnail_path is None
    assert accepted.frame_ranges == []


def test_unknown_object_with_pixels_is_shown_but_not_classified(tmp_path: Path) -> None:
    header = dicom.instance(SOPClassUID="1.2.3.4.5")
    facts = accept(dicom.write(tmp_path / "a.dcm", header)).facts
    assert facts.has_pixels
    assert not facts.is_classifiable


# --- renditions ----------------------------------------------------------------------------------


def rewritten(path: Path) -> Accepted:
    accepted = accept(path)
    assert accepted.rendition_path != accepted.stored_path
    assert accepted.facts.transfer_syntax_uid == dicom.EXPLICIT
    return accepted


def test_big_endian_becomes_little_endian_with_its_words_swapped(tmp_path: Path) -> None:
    pixels = dicom.ramp(16, 16, dtype="uint16")
    header = dicom.instance(
        pixels, transfer_syntax=BIG_ENDIAN, PhotometricInterpretation="PALETTE COLOR"
    )
    table = np.arange(256, dtype=">u2")
    for colour in ("Red", "Green", "Blue"):
        setattr(header, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(header, f"{colour}PaletteColorLookupTableData", table.tobytes())
    header["PixelData"].value = pixels.astype(">u2").tobytes()

    accepted = rewritten(dicom.write(tmp_path / "a.dcm", header))

    assert accepted.facts.source_transfer_syntax_uid == BIG_ENDIAN
    assert (decode_frame(accepted.rendition_path).array == pixels).all()
    rendition = dcmread(accepted.rendition_path)
    assert rendition.RedPaletteColorLookupTableData == table.astype("<u2").tobytes()


def test_deflated_file_is_inflated(tmp_path: Path) -> None:
    header = dicom.instance(transfer_syntax=DEFLATED)
    accepted = rewritten(dicom.write(tmp_path / "a.dcm", header))
    assert (decode_frame(accepted.rendition_path).array == dicom.ramp()).all()


def test_twelve_bit_jpeg_becomes_lossless(tmp_path: Path) -> None:
    pixels = dicom.ramp(32, 32, dtype="uint16") * 4
    codestream = imagecodecs.jpeg8_encode(pixels, level=95, bitspersample=12)
    header = dicom.encapsulated(
        [codestream], pixels, transfer_syntax=str(uid.JPEGExtended12Bit), BitsStored=12
    )
    accepted = rewritten(dicom.write(tmp_path / "a.dcm", header))
    decoded = imagecodecs.jpeg8_decode(codestream)
    assert decoded.dtype == np.uint16
    assert (decode_frame(accepted.rendition_path).array == decoded).all()


def test_uncompressed_ybr_becomes_rgb(tmp_path: Path) -> None:
    # PS3.3 C.7.6.3.1.2: Y = 76, Cb = 85, Cr = 255 is pure red
    pixels = np.full((4, 6, 3), (76, 85, 255), dtype="uint8")
    header = dicom.instance(pixels, PhotometricInterpretation="YBR_FULL")
    accepted = rewritten(dicom.write(tmp_path / "a.dcm", header))
    assert accepted.facts.photometric_interpretation == "RGB"
    assert np.abs(decode_frame(accepted.rendition_path).array - np.array([254, 0, 0])).max() <= 1


def test_rubbish_in_unused_bits_is_cleared(tmp_path: Path) -> None:
    pixels = dicom.ramp(dtype="uint16") | np.uint16(0xF000)  # an old overlay in the high bits
    header = dicom.instance(pixels, BitsStored=12)
    accepted = rewritten(dicom.write(tmp_path / "a.dcm", header))
    ((offset, length),) = accepted.frame_ranges[0]
    raw = accepted.rendition_path.read_bytes()[offset : offset + length]
    assert (np.frombuffer(raw, "<u2").reshape(12, 16) == dicom.ramp()).all()


def test_clean_unused_bits_change_nothing(tmp_path: Path) -> None:
    pixels = (dicom.ramp(dtype="int16") - 100).astype("int16")
    accepted = accept(dicom.write(tmp_path / "a.dcm", dicom.instance(pixels, BitsStored=12)))
    assert accepted.rendition_path == accepted.stored_path
    assert (decode_frame(accepted.rendition_path).array == pixels).all()


def test_signed_jpeg_ls_becomes_native(tmp_path: Path) -> None:
    pixels = (dicom.ramp(dtype="int16") - 100).astype("int16")
    stored = pixels.astype("uint16") & np.uint16(0x0FFF)  # twelve bits, two's complement
    header = dicom.instance(stored, BitsStored=12)
    header.compress(uid.JPEGLSLossless, encoding_plugin="pyjpegls")
    header.PixelRepresentation = 1
    accepted = rewritten(dicom.write(tmp_path / "a.dcm", header))
    assert (decode_frame(accepted.rendition_path).array == pixels).all()


def test_jpeg_that_browsers_take_for_ybr_becomes_native_rgb(tmp_path: Path) -> None:
    pixels = np.zeros((16, 16, 3), dtype="uint8")
    pixels[..., 0] = 200
    # RGB samples behind component ids 1, 2, 3 without any marker: libjpeg guesses YCbCr
    codestream = imagecodecs.jpeg8_encode(
        pixels, level=100, colorspace="YCBCR", outcolorspace="YCBCR"
    )
    codestream = _without_app_markers(codestream)
    header = dicom.encapsulated([codestream], pixels, transfer_syntax=BASELINE)
    accepted = rewritten(dicom.write(tmp_path / "a.dcm", header))
    difference = np.abs(decode_frame(accepted.rendition_path).array.astype(int) - pixels)
    assert difference.max() <= 3


def _without_app_markers(codestream: bytes) -> bytes:
    kept, offset = codestream[:2], 2
    while codestream[offset + 1] & 0xF0 == 0xE0:
        offset += 2 + int.from_bytes(codestream[offset + 2 : offset + 4])
    return kept + codestream[offset:]


def test_jpeg_2000_in_a_file_of_its_own_becomes_native(tmp_path: Path) -> None:
    pixels = dicom.ramp(64, 64)
    header = dicom.encapsulated([_jp2(pixels)], pixels, transfer_syntax=J2K)
    accepted = rewritten(dicom.write(tmp_path / "a.dcm", header))
    assert (decode_frame(accepted.rendition_path).array == pixels).all()


def test_eight_bit_stream_in_sixteen_bit_header_becomes_native(tmp_path: Path) -> None:
    pixels = dicom.ramp(64, 64)
    header = dicom.encapsulated(
        [_j2k(pixels)], pixels, transfer_syntax=J2K, BitsAllocated=16, BitsStored=8
    )
    accepted = rewritten(dicom.write(tmp_path / "a.dcm", header))
    array = decode_frame(accepted.rendition_path).array
    assert array.dtype == np.uint16
    assert (array == pixels).all()


def test_one_bit_pixels_become_bytes(tmp_path: Path) -> None:
    bits = np.arange(24 * 2).reshape(2, 4, 6) % 3 == 0
    header = dicom.instance(
        bits.astype("uint8"), frames=2, BitsAllocated=1, BitsStored=1, SOPClassUID="1.2.3"
    )
    header["PixelData"].value = np.packbits(bits.ravel(), bitorder="little").tobytes()
    accepted = rewritten(dicom.write(tmp_path / "a.dcm", header))
    for number in (1, 2):
        assert (decode_frame(accepted.rendition_path, number).array == bits[number - 1]).all()


def test_frames_are_found_without_an_offset_table(tmp_path: Path) -> None:
    pixels = np.stack([dicom.ramp(16, 16), 255 - dicom.ramp(16, 16)])
    streams = [imagecodecs.jpeg2k_encode(frame, level=0, codecformat="j2k") for frame in pixels]
    header = dicom.encapsulated(streams, pixels, transfer_syntax=J2K, frames=2)
    header["PixelData"].value = encapsulate(streams, fragments_per_frame=2, has_bot=False)
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    assert [len(ranges) for ranges in accepted.frame_ranges] == [2, 2]
    content = accepted.rendition_path.read_bytes()
    for ranges, stream in zip(accepted.frame_ranges, streams, strict=True):
        joined = b"".join(content[offset : offset + length] for offset, length in ranges)
        assert joined.rstrip(b"\0") == stream.rstrip(b"\0")


# --- what is refused -----------------------------------------------------------------------------


def test_not_dicom(tmp_path: Path) -> None:
    assert refusal_of_bytes(tmp_path, b"GIF89a" + b"\0" * 200).code == "not_dicom"


def test_empty_file(tmp_path: Path) -> None:
    assert refusal_of_bytes(tmp_path, b"").code == "empty_file"


@pytest.mark.parametrize(
    "syntax",
    [
        "1.2.840.10008.1.2.4.52",
        "1.2.840.10008.1.2.4.53",
        "1.2.840.10008.1.2.4.55",
        "1.2.840.10008.1.2.4.94",  # JPIP: the pixels are at a URL
        "1.2.840.10008.1.2.4.100",  # MPEG-2
        "1.2.840.10008.1.2.8.1",
        "1.2.3",
    ],
)
def test_other_transfer_syntaxes_are_refused(tmp_path: Path, syntax: str) -> None:
    refusal = refusal_of_bytes(tmp_path, dicom.part_10(b"", transfer_syntax=syntax))
    assert (refusal.code, refusal.params) == ("unsupported_transfer_syntax", {"uid": syntax})


def test_every_cut_of_a_file_is_refused(tmp_path: Path) -> None:
    whole = dicom.write(tmp_path / "whole.dcm", dicom.instance()).read_bytes()
    codes = set()
    for size in range(133, len(whole), 7):
        path = tmp_path / f"{size}.dcm"
        path.write_bytes(whole[:size])
        codes.add(refusal_of(path).code)
    assert "truncated_pixels" in codes
    assert "truncated" in codes


def test_nested_sequences(tmp_path: Path) -> None:
    refusal = refusal_of_bytes(tmp_path, dicom.part_10(dicom.nested_sequences(300)))
    assert (refusal.code, refusal.params) == ("too_deep", {"limit": 32})


def test_sequences_hidden_as_unknown_are_counted_too(tmp_path: Path) -> None:
    value = b""
    for _ in range(40):
        item = struct.pack("<HHL", 0xFFFE, 0xE000, len(value)) + value
        value = struct.pack("<HHL", 0x0008, 0x1115, len(item)) + item
    refusal = refusal_of_bytes(tmp_path, dicom.part_10(dicom.element(0x00081115, "UN", value[8:])))
    assert refusal.code == "too_deep"


def test_too_many_elements(tmp_path: Path) -> None:
    elements = b"".join(
        dicom.element(0x00090000 | number, "LO", b"") for number in range(0x1000, 0x1000 + 50_001)
    )
    assert refusal_of_bytes(tmp_path, dicom.part_10(elements)).code == "too_many_elements"


def test_bad_vr(tmp_path: Path) -> None:
    refusal = refusal_of_bytes(tmp_path, dicom.part_10(dicom.element(0x00080060, "ZZ", b"CT")))
    assert (refusal.code, refusal.params) == ("bad_vr", {"tag": "(0008,0060)"})


def test_duplicate_element(tmp_path: Path) -> None:
    twice = dicom.element(0x00080060, "CS", b"CT") * 2
    assert refusal_of_bytes(tmp_path, dicom.part_10(twice)).code == "bad_structure"


@pytest.mark.parametrize("text", [b"nan ", b"inf ", b"-Infinity", b"1e400 "])
def test_not_finite_slope(tmp_path: Path, text: bytes) -> None:
    refusal = refusal_of_bytes(tmp_path, dicom.part_10(dicom.element(0x00281053, "DS", text)))
    assert (refusal.code, refusal.params) == ("not_finite", {"tag": "(0028,1053)"})


@pytest.mark.parametrize("vr", ["UN", "LO", "FD"])
def test_slope_in_another_vr_does_not_escape(tmp_path: Path, vr: str) -> None:
    value = struct.pack("<d", float("nan")) if vr == "FD" else b"nan "
    refusal = refusal_of_bytes(tmp_path, dicom.part_10(dicom.element(0x00281053, vr, value)))
    assert refusal.code == ("not_finite" if vr == "UN" else "bad_vr")


def test_zero_slope_in_a_functional_group(tmp_path: Path) -> None:
    item = dicom.element(0x00281053, "DS", b"0.0 ")
    item = struct.pack("<HHL", 0xFFFE, 0xE000, len(item)) + item
    data_set = dicom.part_10(dicom.element(0x00289145, "SQ", item))
    assert refusal_of_bytes(tmp_path, data_set).code == "zero_slope"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_not_finite_binary_number(tmp_path: Path, value: float) -> None:
    element = dicom.element(0x00189087, "FD", struct.pack("<d", value))
    assert refusal_of_bytes(tmp_path, dicom.part_10(element)).code == "not_finite"


def test_number_behind_a_long_list_does_not_escape(tmp_path: Path) -> None:
    # implicit VR has no limit of 64 KiB on a value
    numbers = struct.pack("<d", 1.0) * 10_000 + struct.pack("<d", float("nan"))
    value = struct.pack("<HHL", 0x0018, 0x9087, len(numbers)) + numbers
    content = dicom.part_10(value, transfer_syntax=str(uid.ImplicitVRLittleEndian))
    assert refusal_of_bytes(tmp_path, content).code == "not_finite"


def test_unreadable_number(tmp_path: Path) -> None:
    element = dicom.element(0x00280008, "IS", b"1A")
    assert refusal_of_bytes(tmp_path, dicom.part_10(element)).code == "bad_number"


@pytest.mark.parametrize(
    "keyword", ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"]
)
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "missing_uid"),
        ("1.2/../../admin", "bad_uid"),
        ("1." + "2" * 63, "bad_uid"),
        ("1..2", "bad_uid"),
        ("1.2.", "bad_uid"),
    ],
)
def test_identifiers(tmp_path: Path, keyword: str, value: str | None, code: str) -> None:
    header = dicom.instance()
    if value is None:
        del header[keyword]
    else:
        header[keyword]._value = value  # as bytes in the file, not as pydicom would allow
    refusal = refusal_of(dicom.write(tmp_path / "a.dcm", header))
    assert (refusal.code, refusal.params) == (code, {"keyword": keyword})


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"Rows": 65535, "Columns": 65535}, "image_too_large"),
        ({"Rows": 0}, "bad_attribute"),
        ({"Rows": None}, "missing_attribute"),
        ({"Rows": 16384, "Columns": 16384, "NumberOfFrames": 5}, "pixels_too_large"),
        ({"NumberOfFrames": 0}, "bad_attribute"),
        ({"NumberOfFrames": 2}, "truncated_pixels"),
        ({"PhotometricInterpretation": "YBR_PARTIAL_420"}, "unsupported_photometric"),
        ({"PhotometricInterpretation": None}, "missing_attribute"),
        ({"PhotometricInterpretation": "YBR_RCT", "SamplesPerPixel": 3}, "unsupported_photometric"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "bad_lut"),
        ({"SamplesPerPixel": 3}, "bad_attribute"),
        ({"BitsAllocated": 12, "BitsStored": 12}, "unsupported_pixel_format"),
        ({"BitsAllocated": 64, "BitsStored": 64}, "unsupported_pixel_format"),
        ({"BitsStored": 9}, "bad_attribute"),
        ({"BitsStored": 8, "HighBit": 5}, "bad_attribute"),
        ({"PixelRepresentation": 2}, "bad_attribute"),
        ({"PatientID": "x" * 65}, "bad_attribute"),
        ({"PixelData": None}, "missing_attribute"),
    ],
)
def test_impossible_headers(tmp_path: Path, attributes: dict[str, Any], code: str) -> None:
    path = dicom.write(tmp_path / "a.dcm", dicom.instance(**attributes))
    assert refusal_of(path).code == code


def test_short_palette_is_refused(tmp_path: Path) -> None:
    header = dicom.instance(PhotometricInterpretation="PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(header, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(header, f"{colour}PaletteColorLookupTableData", b"\0" * 100)
    assert refusal_of(dicom.write(tmp_path / "a.dcm", header)).code == "bad_lut"


def _jpeg(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels))


def _jpeg_ls(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpegls_encode(pixels))


def _j2k(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k"))


def _jp2(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="jp2"))


@pytest.mark.parametrize(
    ("encode", "syntax"),
    [(_jpeg, BASELINE), (_jpeg_ls, JPEG_LS), (_j2k, J2K), (_jp2, J2K)],
)
def test_code_stream_larger_than_its_header(
    tmp_path: Path, encode: Callable[[np.ndarray], bytes], syntax: str
) -> None:
    bomb = encode(np.zeros((2000, 2000), dtype="uint8"))
    header = dicom.encapsulated([bomb], dicom.ramp(64, 64), transfer_syntax=syntax)
    refusal = refusal_of(dicom.write(tmp_path / "a.dcm", header))
    assert (refusal.code, refusal.params["attribute"]) == ("codestream_mismatch", "Rows")


@pytest.mark.parametrize(
    ("encode", "syntax"), [(_jpeg, BASELINE), (_jpeg_ls, JPEG_LS), (_j2k, J2K)]
)
def test_damaged_code_streams(
    tmp_path: Path, encode: Callable[[np.ndarray], bytes], syntax: str
) -> None:
    pixels = dicom.ramp(64, 64)
    whole = encode(pixels)
    codes = set()
    for number, stream in enumerate((b"\0\0", b"\0" * 50, whole[:10], whole[: len(whole) // 4])):
        header = dicom.encapsulated([stream], pixels, transfer_syntax=syntax)
        path = dicom.write(tmp_path / f"{number}.dcm", header)
        try:
            accept(path)
        except Refused as refusal:
            codes.add(refusal.code)
    assert codes <= {"bad_codestream", "decode_failed", "frames_unreadable"}
    assert "bad_codestream" in codes


def test_rle_that_cannot_hold_the_image(tmp_path: Path) -> None:
    stream = struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\0" * 100
    header = dicom.encapsulated(
        [stream], dicom.ramp(), transfer_syntax=RLE, Rows=16384, Columns=16384
    )
    assert refusal_of(dicom.write(tmp_path / "a.dcm", header)).code == "implausible_compression"
    header.Rows = header.Columns = 2000
    assert refusal_of(dicom.write(tmp_path / "b.dcm", header)).code == "bad_codestream"


def test_small_stream_for_a_huge_honest_image(tmp_path: Path) -> None:
    # the classic bomb whose header agrees: 1 KB that would decode to 67 MB
    bomb = _j2k(np.zeros((64, 64), dtype="uint8"))
    size = struct.pack(">L", 64)
    assert bomb.count(size) == 4  # the image's and the tile's width and height in SIZ
    bomb = bomb.replace(size, struct.pack(">L", 8192))
    header = dicom.encapsulated([bomb], dicom.ramp(), transfer_syntax=J2K, Rows=8192, Columns=8192)
    assert refusal_of(dicom.write(tmp_path / "a.dcm", header)).code == "implausible_compression"


def test_wrong_process_for_its_transfer_syntax(tmp_path: Path) -> None:
    pixels = dicom.ramp(64, 64)
    header = dicom.encapsulated([_jpeg(pixels)], pixels, transfer_syntax=JPEG_LS)
    refusal = refusal_of(dicom.write(tmp_path / "a.dcm", header))
    assert refusal.params == {"frame": 1, "attribute": "TransferSyntaxUID"}


def test_fewer_frames_than_promised(tmp_path: Path) -> None:
    pixels = dicom.ramp(64, 64)
    header = dicom.encapsulated([_jpeg(pixels)], pixels, transfer_syntax=BASELINE, NumberOfFrames=2)
    assert refusal_of(dicom.write(tmp_path / "a.dcm", header)).code == "frames_unreadable"


def test_deflated_bomb_and_damaged_deflate(tmp_path: Path) -> None:
    bomb = dicom.deflated_bomb(130 << 20)
    assert len(bomb) < 200_000
    assert refusal_of_bytes(tmp_path, bomb).code == "inflates_too_much"
    (tmp_path / "more").mkdir()
    damaged = dicom.part_10(b"\xff" * 100, transfer_syntax=DEFLATED)
    assert refusal_of_bytes(tmp_path / "more", damaged).code == "bad_deflate"


def test_every_code_has_a_sentence_and_unknown_codes_are_a_fault() -> None:
    assert all(sentence.endswith(".") for sentence in REFUSAL_CODES.values())
    with pytest.raises(ValueError, match="nonsense"):
        Refused("nonsense")
