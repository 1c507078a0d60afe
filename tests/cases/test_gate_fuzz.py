"""Hostile files by the hundred: each is accepted or refused with a code, and nothing else happens.

Mutations are made at the level of data elements (tag, VR, length, value, nesting, order, transfer
syntax), where a parser's assumptions live, and on single bytes of code streams. Every crash that is
ever found becomes a test of its own in test_gate.py.
"""

import json
import struct
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from apps.cases.compute import codecs
from apps.cases.compute.accepted import Accepted
from apps.cases.compute.elements import walk
from apps.cases.compute.gate import inspect_file
from apps.cases.compute.gate_process import run_gate
from apps.cases.compute.refusals import Refused
from tests import dicom

Element = tuple[int, str, bytes]

VRS = ["AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB", "OW", "PN"]
VRS += ["SH", "SL", "SQ", "SS", "ST", "TM", "UI", "UL", "UN", "US", "UT", "ZZ"]
SYNTAXES = [*sorted(codecs.ACCEPTED_SYNTAXES), "1.2.840.10008.1.2.4.53", "1.2.3", ""]
VALUES = [b"", b"\0", b"nan ", b"-1", b"1e400 ", b"1\\2\\3 ", b"\xff\xff", b"\0\0\0\0", b"A" * 300]
VALUES += [b"\x1b$B\x1b", "王小东".encode("gbk"), struct.pack("<d", float("inf")), b"\\" * 8]


@cache
def base_elements() -> tuple[Element, ...]:
    """The data set of a rich but small image, split into its top-level elements."""
    window, group = Dataset(), Dataset()
    window.WindowCenter, window.WindowWidth = 100, 50
    group.FrameVOILUTSequence = Sequence([window])
    table = Dataset()
    table.LUTDescriptor = [4, 0, 16]
    table.add_new("LUTData", "US", [1, 2, 3, 4])
    table.ModalityLUTType = "US"
    header = dicom.instance(
        SpecificCharacterSet="ISO_IR 192",
        PixelSpacing=[2.0, 0.5],
        ModalityLUTSequence=Sequence([table]),
        SharedFunctionalGroupsSequence=Sequence([group]),
        WindowCenter="100",
        WindowWidth="200",
        VOILUTFunction="LINEAR",
        NumberOfFrames=1,
        ImageType=["ORIGINAL", "PRIMARY"],
    )
    with tempfile.TemporaryDirectory() as folder:
        content = dicom.write(Path(folder) / "a.dcm", header).read_bytes()
    offset = walk(content, start=132, is_implicit=False, is_little=True, is_meta=True).end
    elements: list[Element] = []
    while offset < len(content):
        group_number, number = struct.unpack_from("<HH", content, offset)
        vr = content[offset + 4 : offset + 6].decode()
        is_long = vr in ("OB", "OW", "SQ", "UN", "UT")
        (length,) = struct.unpack_from(
            "<L" if is_long else "<H", content, offset + (8 if is_long else 6)
        )
        start = offset + (12 if is_long else 8)
        elements.append((group_number << 16 | number, vr, content[start : start + length]))
        offset = start + length
    return tuple(elements)


@st.composite
def mutated_files(draw: st.DrawFn) -> bytes:
    """A Part 10 file with one to six mutations."""
    elements = list(base_elements())
    for _ in range(draw(st.integers(1, 6))):
        draw(st.sampled_from(MUTATIONS))(draw, elements)
    data_set = bytearray(b"".join(_encode(element) for element in elements))
    if draw(st.integers(0, 3)) == 0 and data_set:
        for _ in range(draw(st.integers(1, 4))):
            data_set[draw(st.integers(0, len(data_set) - 1))] = draw(st.integers(0, 255))
    if draw(st.integers(0, 5)) == 0:
        del data_set[draw(st.integers(0, len(data_set))) :]
    syntax = draw(st.sampled_from(SYNTAXES)) if draw(st.integers(0, 4)) == 0 else dicom.EXPLICIT
    return dicom.part_10(bytes(data_set), transfer_syntax=syntax)


def _encode(element: Element) -> bytes:
    tag, vr, value = element
    if vr not in ("OB", "OW", "SQ", "UN", "UT"):
        value = value[:0xFFFE]
    return dicom.element(tag, vr, value)


def _replace_value(draw: st.DrawFn, elements: list[Element]) -> None:
    index = draw(st.integers(0, len(elements) - 1))
    tag, vr, _ = elements[index]
    elements[index] = (tag, vr, draw(st.one_of(st.sampled_from(VALUES), st.binary(max_size=12))))


def _replace_number(draw: st.DrawFn, elements: list[Element]) -> None:
    """Image attributes: numbers of the right type, most of them wrong."""
    numbers = [index for index, element in enumerate(elements) if element[1] == "US"]
    if numbers:
        index = draw(st.sampled_from(numbers))
        value = struct.pack("<H", draw(st.sampled_from([0, 1, 2, 3, 8, 12, 16, 32, 255, 65535])))
        elements[index] = (*elements[index][:2], value)


def _replace_vr(draw: st.DrawFn, elements: list[Element]) -> None:
    index = draw(st.integers(0, len(elements) - 1))
    tag, _, value = elements[index]
    elements[index] = (tag, draw(st.sampled_from(VRS)), value)


def _replace_tag(draw: st.DrawFn, elements: list[Element]) -> None:
    index = draw(st.integers(0, len(elements) - 1))
    tags = [0x00281053, 0x00281052, 0x7FE00010, 0x7FE00008, 0x00020010, 0xFFFEE000, 0x00080005]
    tag = draw(st.one_of(st.sampled_from(tags), st.integers(0, 0xFFFFFFFF)))
    elements[index] = (tag, *elements[index][1:])


def _remove(draw: st.DrawFn, elements: list[Element]) -> None:
    if len(elements) > 1:
        del elements[draw(st.integers(0, len(elements) - 1))]


def _duplicate(draw: st.DrawFn, elements: list[Element]) -> None:
    index = draw(st.integers(0, len(elements) - 1))
    elements.insert(draw(st.integers(0, len(elements))), elements[index])


def _nest(draw: st.DrawFn, elements: list[Element]) -> None:
    """Move an element into a sequence of some depth, properly written or as unknown."""
    index = draw(st.integers(0, len(elements) - 1))
    tag, _, _ = elements[index]
    value = _encode(elements[index])
    for _ in range(draw(st.integers(0, 3))):
        item = struct.pack("<HHL", 0xFFFE, 0xE000, len(value)) + value
        value = dicom.element(0x00081140, "SQ", item)
    item = struct.pack("<HHL", 0xFFFE, 0xE000, len(value)) + value
    elements[index] = (tag, draw(st.sampled_from(["SQ", "UN"])), item)


MUTATIONS: list[Callable[[st.DrawFn, list[Element]], None]] = [
    _replace_value,
    _replace_number,
    _replace_vr,
    _replace_tag,
    _remove,
    _duplicate,
    _nest,
]


def check_verdict(content: bytes) -> None:
    """The oracle: an answer that can be stored and is the same again, or a reason."""
    with tempfile.TemporaryDirectory() as folder:
        path, first, second = (Path(folder) / name for name in ("a.dcm", "first", "second"))
        path.write_bytes(content)
        first.mkdir()
        try:
            accepted = inspect_file(path, first)
        except Refused as error:
            json.dumps(error.params, allow_nan=False)  # REFUSAL_CODES holds the code: see Refused
            return
        encoded = json.dumps(accepted.to_json(), allow_nan=False)
        assert Accepted.from_json(json.loads(encoded)) == accepted
        # PostgreSQL stores no NUL in text or JSON
        assert "\\u0000" not in encoded.replace("\\\\", "")
        second.mkdir()
        again = inspect_file(accepted.stored_path, second)
        assert (again.facts, again.metadata) == (accepted.facts, accepted.metadata)
        assert again.rendition_sha256 == accepted.rendition_sha256


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated_files())
def test_mutated_elements(content: bytes) -> None:
    check_verdict(content)


@pytest.mark.full
@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated_files())
def test_many_mutated_elements(content: bytes) -> None:
    check_verdict(content)


@cache
def compressed_files() -> tuple[bytes, ...]:
    """One small image in every kind of code stream."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 20)).astype("uint8")
    plane = imagecodecs.packbits_encode(pixels.tobytes())
    streams = {
        uid.JPEGBaseline8Bit: imagecodecs.jpeg8_encode(pixels),
        uid.JPEGLosslessSV1: imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1),
        uid.JPEGLSLossless: imagecodecs.jpegls_encode(pixels),
        uid.JPEG2000Lossless: imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k"),
        uid.HTJ2KLossless: imagecodecs.htj2k_encode(pixels),
        uid.RLELossless: struct.pack("<16L", 1, 64, *[0] * 14) + plane,
    }
    files = []
    with tempfile.TemporaryDirectory() as folder:
        for syntax, stream in streams.items():
            header = dicom.encapsulated([bytes(stream)], pixels, transfer_syntax=str(syntax))
            files.append(dicom.write(Path(folder) / "a.dcm", header).read_bytes())
    return tuple(files)


@st.composite
def damaged_codestreams(draw: st.DrawFn) -> bytes:
    """A compressed file with a few bytes of its last part, the code stream, replaced."""
    content = bytearray(draw(st.sampled_from(compressed_files())))
    start = content.index(b"\xe0\x7f\x10\x00OB") + 28
    for _ in range(draw(st.integers(0, 5))):
        # the head of a code stream steers the decoder: hit it as often as the rest
        end = draw(st.sampled_from([min(start + 90, len(content)), len(content)]))
        content[draw(st.integers(start, end - 1))] = draw(st.integers(0, 255))
    return bytes(content)


def test_undamaged_codestreams_are_accepted(tmp_path: Path) -> None:
    for number, content in enumerate(compressed_files()):
        path, work_dir = tmp_path / f"{number}.dcm", tmp_path / f"{number}"
        path.write_bytes(content)
        work_dir.mkdir()
        assert inspect_file(path, work_dir).facts.rows == 24


def check_child(content: bytes) -> None:
    """In the child, because a decoder written in C may really crash."""
    with tempfile.TemporaryDirectory() as folder:
        path, work_dir = Path(folder) / "a.dcm", Path(folder) / "work"
        path.write_bytes(content)
        work_dir.mkdir()
        refusal = None
        try:
            run_gate(path, work_dir)
        except Refused as error:
            refusal = error
        # a crash with a cause would mean an exception that the gate does not know
        assert refusal is None or refusal.code != "decoder_crashed" or not refusal.params


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged_codestreams())
def test_damaged_codestreams(content: bytes) -> None:
    check_child(content)


@pytest.mark.full
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged_codestreams())
def test_many_damaged_codestreams(content: bytes) -> None:
    check_child(content)


@pytest.mark.full
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_flipped_bytes_of_real_files(shared_data: Path, data: st.DataObject) -> None:
    files = sorted((shared_data / "dicom").glob("*/*.dcm"))
    content = bytearray(data.draw(st.sampled_from(files)).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        # most of the meaning of a file is in its first few thousand bytes
        end = data.draw(st.sampled_from([min(4_000, len(content)), len(content)]))
        content[data.draw(st.integers(132, end - 1))] = data.draw(st.integers(0, 255))
    check_child(bytes(content))
