"""What does a compressed image say of itself? Its own header, read without decoding anything.

A code stream that is larger than the DICOM header says makes a decoder allocate far more than was
checked, so the gate compares the two before any decoder runs. Markers: ITU-T T.81 annex B (JPEG),
T.87 annex C (JPEG-LS), T.800 annex A (JPEG 2000; T.814 keeps the same SIZ), PS3.5 annex G (RLE).
"""

import struct
from dataclasses import dataclass
from typing import Final

_JPEG_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}) | {0xF7}
_JP2_SIGNATURE: Final = b"\0\0\0\x0cjP  "


@dataclass(frozen=True)
class CodestreamHeader:
    """Size and format as the code stream says.

    `process` is the JPEG marker of the frame header (0xC0 baseline, 0xC1 extended, 0xC3 lossless,
    0xF7 JPEG-LS), 0 for JPEG 2000, which alone can say that its samples are signed. `colour_guess`
    is the space that libjpeg, and so a browser's decoder, takes three components for: "RGB" or
    "YBR"; "" where there is nothing to guess.
    """

    rows: int
    columns: int
    samples: int
    precision: int
    process: int
    colour_guess: str
    is_signed: bool = False
    is_boxed: bool = False  # a whole JP2 file, where DICOM wants the bare code stream (PS3.5 A.4.4)


def read_jpeg(codestream: bytes) -> CodestreamHeader:
    """The header of a JPEG or JPEG-LS code stream.

    Parameters
    ----------
    codestream : the frame from its SOI marker; only its first scan header need be there

    Returns
    -------
    CodestreamHeader

    Raises
    ------
    ValueError : no valid frame header before the first scan, or more than one
    """
    if codestream[:2] != b"\xff\xd8":
        raise ValueError("no SOI marker")
    frame: CodestreamHeader | None = None
    component_ids = b""
    app_colour = ""
    offset = 2
    while True:
        marker, offset = _next_marker(codestream, offset)
        if marker in _JPEG_STANDALONE:
            continue
        segment = _segment(codestream, offset)
        offset += 2 + len(segment)
        if marker in _JPEG_FRAMES:
            if frame is not None:
                raise ValueError("two frame headers")
            frame, component_ids = _jpeg_frame(marker, segment)
        elif marker == 0xDA:
            break
        else:
            app_colour = app_colour or _app_colour(marker, segment)
    if frame is None:
        raise ValueError("a scan without a frame header")
    guess = "" if frame.samples != 3 else app_colour or _colour_of_ids(frame, component_ids)
    return CodestreamHeader(
        frame.rows, frame.columns, frame.samples, frame.precision, frame.process, guess
    )


def _next_marker(codestream: bytes, offset: int) -> tuple[int, int]:
    if codestream[offset : offset + 1] != b"\xff":
        raise ValueError("a marker is missing")
    while codestream[offset : offset + 1] == b"\xff":
        offset += 1
    if offset >= len(codestream) or codestream[offset] in (0x00, 0xD9):
        raise ValueError("the code stream ends before its first scan")
    return codestream[offset], offset + 1


def _segment(codestream: bytes, offset: int) -> bytes:
    if offset + 2 > len(codestream):
        raise ValueError("a marker segment is cut off")
    (length,) = struct.unpack_from(">H", codestream, offset)
    segment = codestream[offset + 2 : offset + length]
    if length < 2 or len(segment) != length - 2:
        raise ValueError("a marker segment is cut off")
    return segment


def _jpeg_frame(marker: int, segment: bytes) -> tuple[CodestreamHeader, bytes]:
    if len(segment) < 6:
        raise ValueError("a frame header is too short")
    precision, rows, columns, samples = struct.unpack_from(">BHHB", segment)
    if len(segment) != 6 + 3 * samples or not rows or not columns or not samples:
        raise ValueError("a frame header is damaged")
    return CodestreamHeader(rows, columns, samples, precision, marker, ""), segment[6::3]


def _app_colour(marker: int, segment: bytes) -> str:
    """JFIF always means YCbCr; Adobe says which."""
    if marker == 0xE0 and segment.startswith(b"JFIF\0"):
        return "YBR"
    if marker == 0xEE and segment.startswith(b"Adobe") and len(segment) >= 12:
        return "YBR" if segment[11] else "RGB"
    return ""


def _colour_of_ids(frame: CodestreamHeader, component_ids: bytes) -> str:
    """The rule of libjpeg where neither JFIF nor Adobe speaks (jdapimin.c)."""
    if frame.process in (0xC3, 0xF7):  # lossless processes hold RGB unless something says otherwise
        return "RGB"
    return "RGB" if component_ids in (b"RGB", b"rgb") else "YBR"


def read_jpeg_2000(codestream: bytes) -> CodestreamHeader:
    """The SIZ segment of a JPEG 2000 or HTJ2K code stream, bare or in a JP2 file.

    Parameters
    ----------
    codestream : the frame; only its first segments need be there

    Returns
    -------
    CodestreamHeader

    Raises
    ------
    ValueError : no SIZ, sub-sampled or unlike components, or an absurd number of tiles
    """
    is_boxed = codestream[:8] == _JP2_SIGNATURE
    if is_boxed:
        codestream = _boxed_codestream(codestream)
    if codestream[:4] != b"\xff\x4f\xff\x51":
        raise ValueError("no SOC and SIZ markers")
    segment = _segment(codestream, 4)
    if len(segment) < 36:
        raise ValueError("the SIZ segment is too short")
    (right, bottom, left, top, tile_width, tile_height, tile_left, tile_top) = struct.unpack_from(
        ">8L", segment, 2
    )
    (samples,) = struct.unpack_from(">H", segment, 34)
    components = segment[36:]
    if not samples or len(components) != 3 * samples:
        raise ValueError("the SIZ segment is damaged")
    if right <= left or bottom <= top or not tile_width or not tile_height:
        raise ValueError("the image area is empty")
    tiles = -(-(right - tile_left) // tile_width) * -(-(bottom - tile_top) // tile_height)
    if not 0 < tiles <= max(1, (right - left) * (bottom - top) // 64) or tiles > 0xFFFF:
        raise ValueError("an absurd number of tiles")
    if components != components[:3] * samples or components[1:3] != b"\x01\x01":
        raise ValueError("components of different size or depth")
    precision = (components[0] & 0x7F) + 1
    is_signed = bool(components[0] & 0x80)
    return CodestreamHeader(
        bottom - top, right - left, samples, precision, 0, "", is_signed, is_boxed
    )


def _boxed_codestream(file: bytes) -> bytes:
    """The payload of the first jp2c box (T.800 annex I.4)."""
    offset = 0
    while offset + 8 <= len(file):
        length, kind = struct.unpack_from(">L4s", file, offset)
        if kind == b"jp2c":
            return file[offset + (16 if length == 1 else 8) :]
        if length < 8:
            break
        offset += length
    raise ValueError("a JP2 file without a code stream")


def check_rle(codestream: bytes, *, pixels: int, planes: int) -> None:
    """Refuse an RLE frame whose segments cannot hold the image.

    Parameters
    ----------
    codestream : the frame
    pixels : int, rows times columns
    planes : int, samples times bytes per sample

    Raises
    ------
    ValueError : the header contradicts the image, or a segment is too short even at the best
        compression the format allows (128 bytes from 2)
    """
    if len(codestream) < 64:
        raise ValueError("the RLE header is cut off")
    count, *offsets = struct.unpack_from("<16L", codestream)
    if count != planes or planes > 15:
        raise ValueError("another number of RLE segments than the image has")
    starts = offsets[:planes]
    ends = [*starts[1:], len(codestream)]
    if starts[0] != 64 or any(a >= b for a, b in zip(starts, ends, strict=True)):
        raise ValueError("the RLE segments are out of order")
    for start, end in zip(starts, ends, strict=True):
        if (end - start) * 64 < pixels:
            raise ValueError("an RLE segment is too short for the image")
