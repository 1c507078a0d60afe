"""What becomes of lookup tables, of which browsers know only the plain palette."""

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread, uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from apps.cases.compute.accepted import Accepted
from apps.cases.compute.gate import inspect_file
from apps.cases.compute.pixels import decode_frame, display_image
from apps.cases.compute.refusals import Refused
from tests import dicom


def accept(path: Path) -> Accepted:
    work_dir = path.parent / f"{path.stem}.work"
    work_dir.mkdir()
    return inspect_file(path, work_dir)


def row(*values: int, dtype: str = "uint16") -> np.ndarray:
    return np.array([values], dtype=dtype)


def table(values: list[int], *, first: int, bits: int = 16, **attributes: Any) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(values), first, bits])
    item.add_new("LUTData", "US", values)
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def stored_words(accepted: Accepted) -> list[int]:
    """The first frame as a browser reads it: the bytes of its range, by the metadata."""
    ((offset, length),) = accepted.frame_ranges[0]
    assert accepted.metadata["00280100"]["Value"] == [16]
    kind = "i" if accepted.metadata["00280103"]["Value"] == [1] else "u"
    content = accepted.rendition_path.read_bytes()[offset : offset + length]
    return np.frombuffer(content, f"<{kind}2").tolist()


def value_of(accepted: Accepted, tag: str) -> Any:
    return accepted.metadata[tag]["Value"][0]


# --- Modality LUT --------------------------------------------------------------------------------


def test_modality_table_is_applied(tmp_path: Path) -> None:
    tables = Sequence([table([10, 20, 30], first=100, ModalityLUTType="OD")])
    header = dicom.instance(
        row(0, 99, 100, 101, 102, 103, 65535),
        ModalityLUTSequence=tables,
        PixelPaddingValue=0,
        SmallestImagePixelValue=0,
    )
    path = dicom.write(tmp_path / "a.dcm", header)

    accepted = accept(path)

    # values before the first mapped take the first entry, values behind the last the last
    assert stored_words(accepted) == [10, 10, 10, 20, 30, 30, 30]
    assert value_of(accepted, "00281053") == 1
    assert value_of(accepted, "00281052") == 0
    assert value_of(accepted, "00281054") == "OD"
    assert {"00283000", "00280120", "00280106"}.isdisjoint(accepted.metadata)
    # between 10 and 30: 20 is the middle
    expected = [[0, 0, 0, 127.5, 255, 255, 255]]
    assert display_image(accepted.rendition_path).tolist() == expected
    assert display_image(path).tolist() == expected
    stored = accepted.stored_path.read_bytes()
    assert stored == path.read_bytes()  # the evidence stays as it came


@pytest.mark.parametrize("syntax", [dicom.EXPLICIT, str(uid.ImplicitVRLittleEndian)])
def test_signed_values_become_unsigned_ones(tmp_path: Path, syntax: str) -> None:
    tables = Sequence([table([7, 40000, 3], first=-2)])
    header = dicom.instance(
        row(-2048, -2, -1, 0, 2047, dtype="int16"),
        transfer_syntax=syntax,
        BitsStored=12,
        ModalityLUTSequence=tables,
        RescaleType="HU",
    )
    path = dicom.write(tmp_path / "a.dcm", header)
    accepted = accept(path)
    assert stored_words(accepted) == [7, 7, 40000, 3, 3]
    assert [value_of(accepted, tag) for tag in ("00280101", "00280102", "00280103")] == [16, 15, 0]
    assert value_of(accepted, "00281054") == "HU"
    assert accepted.facts.bits_stored == 16
    assert (display_image(accepted.rendition_path) == display_image(path)).all()


def test_entries_of_words_and_of_shared_words(tmp_path: Path) -> None:
    words = table([0, 0, 0], first=0)
    words["LUTData"].VR = "OW"
    words["LUTData"].value = np.array([1, 256, 2], "<u2").tobytes()
    # three entries of 8 bits in two words, the lower byte first: 5, 6 | 7 and padding
    shared = table([0, 0, 0], first=0, bits=8)
    shared["LUTData"].value = [0x0605, 0x0007]
    for name, item, expected in (("w", words, [1, 256, 2]), ("s", shared, [5, 6, 7])):
        header = dicom.instance(row(0, 1, 2), ModalityLUTSequence=Sequence([item]))
        accepted = accept(dicom.write(tmp_path / f"{name}.dcm", header))
        assert stored_words(accepted) == expected


def test_big_endian_table_is_read_by_its_own_order(tmp_path: Path) -> None:
    item = table([0, 0], first=0)
    item["LUTData"].VR = "OW"
    item["LUTData"].value = np.array([1, 256], ">u2").tobytes()
    header = dicom.instance(
        row(0, 1),
        transfer_syntax=str(uid.ExplicitVRBigEndian),
        ModalityLUTSequence=Sequence([item]),
    )
    header["PixelData"].value = row(0, 1).astype(">u2").tobytes()
    assert stored_words(accept(dicom.write(tmp_path / "a.dcm", header))) == [1, 256]


def test_eight_bit_values_without_a_window_keep_their_contrast(tmp_path: Path) -> None:
    # shown from 10 to 30 before and after, not over all of 0 to 255
    tables = Sequence([table([10, 20, 30], first=0, bits=8)])
    header = dicom.instance(row(0, 1, 2, 2, dtype="uint8"), ModalityLUTSequence=tables)
    path = dicom.write(tmp_path / "a.dcm", header)
    accepted = accept(path)
    assert stored_words(accepted) == [10, 20, 30, 30]
    for shown in (path, accepted.rendition_path):
        assert display_image(shown).tolist() == [[0.0, 127.5, 255.0, 255.0]]


def test_window_behind_a_modality_table_and_inverted_polarity(tmp_path: Path) -> None:
    header = dicom.instance(
        row(0, 1, 2),
        PhotometricInterpretation="MONOCHROME1",
        ModalityLUTSequence=Sequence([table([0, 50, 100], first=0)]),
        WindowCenter=50,
        WindowWidth=100,
        VOILUTFunction="LINEAR_EXACT",
    )
    path = dicom.write(tmp_path / "a.dcm", header)
    for shown in (path, accept(path).rendition_path):
        assert display_image(shown).tolist() == [[255.0, 127.5, 0.0]]


def test_every_frame_goes_through_the_table(tmp_path: Path) -> None:
    transformation, group = Dataset(), Dataset()
    transformation.RescaleSlope, transformation.RescaleIntercept = 2, 5
    group.PixelValueTransformationSequence = Sequence([transformation])
    frames = np.array([[[0, 1]], [[1, 0]]], dtype="uint16")
    header = dicom.instance(
        frames,
        frames=2,
        ModalityLUTSequence=Sequence([table([300, 400], first=0)]),
        SharedFunctionalGroupsSequence=Sequence([group]),
    )
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    assert decode_frame(accepted.rendition_path, 1).array.tolist() == [[300, 400]]
    assert decode_frame(accepted.rendition_path, 2).array.tolist() == [[400, 300]]
    assert "00289145" not in accepted.metadata["52009229"]["Value"][0]  # is not applied on top


@pytest.mark.parametrize(
    "sop_class", [uid.XRayAngiographicImageStorage, uid.XRayRadiofluoroscopicImageStorage]
)
def test_table_of_angiography_is_not_for_display(tmp_path: Path, sop_class: str) -> None:
    header = dicom.instance(
        row(100, 200, 300),
        SOPClassUID=sop_class,
        ModalityLUTSequence=Sequence([table([9, 8, 7], first=0)]),
    )
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    assert accepted.rendition_path == accepted.stored_path
    assert display_image(accepted.rendition_path).tolist() == [[0.0, 127.5, 255.0]]


@pytest.mark.parametrize(
    "broken",
    [
        {"LUTDescriptor": [4, 0, 16]},  # one entry less
        {"LUTDescriptor": [3, 0, 17]},
        {"LUTDescriptor": [3, 0]},
        {"LUTDescriptor": None},
        {"LUTData": None},
    ],
)
def test_broken_modality_table_is_refused(tmp_path: Path, broken: dict[str, Any]) -> None:
    item = table([1, 2, 3], first=0)
    for keyword, value in broken.items():
        if value is None:
            del item[keyword]
        else:
            item[keyword].value = value
    header = dicom.instance(row(0, 1, 2), ModalityLUTSequence=Sequence([item]))
    with pytest.raises(Refused) as refusal:
        accept(dicom.write(tmp_path / "a.dcm", header))
    assert refusal.value.code == "bad_lut"


# --- VOI LUT -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "center"),
    [(100, 102.0), (-50, -48.0)],  # first + 4 / 2
)
def test_voi_table_alone_gives_the_browser_a_window(
    tmp_path: Path, first: int, center: float
) -> None:
    header = dicom.instance(
        row(0, 1, dtype="int16" if first < 0 else "uint16"),
        VOILUTSequence=Sequence([table([0, 1, 8, 1023], first=first, bits=10)]),
        VOILUTFunction="SIGMOID",
    )
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    assert accepted.rendition_path == accepted.stored_path
    assert (value_of(accepted, "00281050"), value_of(accepted, "00281051")) == (center, 4.0)
    assert value_of(accepted, "00281055") == "RANGE OF VOI LUT"
    assert value_of(accepted, "00281056") == "LINEAR"
    assert "WindowCenter" not in dcmread(accepted.rendition_path)


def test_that_window_runs_from_the_first_mapped_value_to_the_last(tmp_path: Path) -> None:
    # a straight table is then shown by the browser exactly as by us: 255 / 3 = 85 per step
    pixels = row(99, 100, 101, 102, 103, 104)
    tables = Sequence([table([0, 341, 682, 1023], first=100, bits=10)])
    path = dicom.write(tmp_path / "a.dcm", dicom.instance(pixels, VOILUTSequence=tables))
    metadata = accept(path).metadata
    window = {
        "WindowCenter": metadata["00281050"]["Value"][0],
        "WindowWidth": metadata["00281051"]["Value"][0],
    }
    other = dicom.write(tmp_path / "b.dcm", dicom.instance(pixels, **window))
    assert display_image(path).tolist() == [[0.0, 0.0, 85.0, 170.0, 255.0, 255.0]]
    assert display_image(other)[0] == pytest.approx([0.0, 0.0, 85.0, 170.0, 255.0, 255.0])


def test_window_beside_a_voi_table_stays(tmp_path: Path) -> None:
    header = dicom.instance(
        row(0, 1),
        VOILUTSequence=Sequence([table([0, 255], first=0, bits=8)]),
        WindowCenter=40,
        WindowWidth=400,
    )
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    assert (value_of(accepted, "00281050"), value_of(accepted, "00281051")) == (40, 400)
    assert "00281055" not in accepted.metadata


def test_voi_table_of_each_frame(tmp_path: Path) -> None:
    groups = []
    for first in (0, 100):
        transform, group = Dataset(), Dataset()
        transform.VOILUTSequence = Sequence([table([0, 255], first=first, bits=8)])
        group.FrameVOILUTSequence = Sequence([transform])
        groups.append(group)
    header = dicom.instance(
        np.zeros((2, 1, 2), dtype="uint16"),
        frames=2,
        PerFrameFunctionalGroupsSequence=Sequence(groups),
    )
    metadata = accept(dicom.write(tmp_path / "a.dcm", header)).metadata
    frames = [group["00289132"]["Value"][0] for group in metadata["52009230"]["Value"]]
    assert [frame["00281050"]["Value"] for frame in frames] == [[1.0], [101.0]]
    assert "00281050" not in metadata


# --- palette in segments, and samples of 32 bits -------------------------------------------------


def test_segmented_palette_becomes_a_plain_one(tmp_path: Path) -> None:
    header = dicom.instance(
        row(0, 1, 2, 3, 4, 4, dtype="uint8"), PhotometricInterpretation="PALETTE COLOR"
    )
    # PS3.3 C.7.9.2: discrete (0), 2 entries: 1000, 2000; linear (1), 3 entries up to 5000
    segments = np.array([0, 2, 1000, 2000, 1, 3, 5000], "<u2").tobytes()
    for colour in ("Red", "Green", "Blue"):
        setattr(header, f"{colour}PaletteColorLookupTableDescriptor", [5, 0, 16])
        setattr(header, f"Segmented{colour}PaletteColorLookupTableData", segments)
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    rendition = dcmread(accepted.rendition_path)
    plain = np.frombuffer(rendition.GreenPaletteColorLookupTableData, "<u2")
    assert plain.tolist() == [1000, 2000, 3000, 4000, 5000]
    assert "00281222" not in accepted.metadata
    assert "InlineBinary" in accepted.metadata["00281202"]


def test_compressed_samples_of_32_bits_become_native(tmp_path: Path) -> None:
    pixels = (dicom.ramp(dtype="uint32") + np.uint32(70_000)).astype("uint32")
    planes = pixels.astype(">u4").view("u1").reshape(-1, 4).T.copy()
    segments = [imagecodecs.packbits_encode(plane.tobytes()) for plane in planes]
    segments = [segment + b"\0" * (len(segment) % 2) for segment in segments]
    starts = np.zeros(16, dtype="<u4")
    starts[0] = 4
    starts[1:5] = np.cumsum([64, *map(len, segments)])[:-1]
    header = dicom.encapsulated(
        [starts.tobytes() + b"".join(segments)], pixels, transfer_syntax=str(uid.RLELossless)
    )
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    assert accepted.facts.transfer_syntax_uid == dicom.EXPLICIT
    ((offset, length),) = accepted.frame_ranges[0]
    content = accepted.rendition_path.read_bytes()[offset : offset + length]
    assert (np.frombuffer(content, "<u4").reshape(pixels.shape) == pixels).all()


def test_uncompressed_ybr_full_422_becomes_rgb(tmp_path: Path) -> None:
    # Y Y Cb Cr for two pixels; PS3.3 C.7.6.3.1.2: Y 76, Cb 85, Cr 255 is pure red
    header = dicom.instance(
        np.zeros((2, 4, 3), dtype="uint8"), PhotometricInterpretation="YBR_FULL_422"
    )
    header["PixelData"].value = bytes([76, 76, 85, 255] * 4)
    accepted = accept(dicom.write(tmp_path / "a.dcm", header))
    assert accepted.facts.photometric_interpretation == "RGB"
    difference = decode_frame(accepted.rendition_path).array.astype(int) - [254, 0, 0]
    assert np.abs(difference).max() <= 1
