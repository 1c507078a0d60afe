"""Where is each frame in the file, and does its code stream keep to the header?"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from pydicom import uid

from apps.cases.compute import codecs, codestreams
from apps.cases.compute.codestreams import CodestreamHeader
from apps.cases.compute.elements import Buffer, PixelElement
from apps.cases.compute.image_attributes import ImageAttributes
from apps.cases.compute.refusals import Refused

Ranges = list[list[int]]  # [[offset, length], ...] of one frame

_ITEM_HEADER_BYTES: Final = 8
_END_OF_CODESTREAM: Final = b"\xff\xd9"  # EOI of JPEG and JPEG-LS, EOC of JPEG 2000
# A frame that would be larger than this must not come from less than a thousandth of it: no
# medical image compresses like that, and a decoder would be busy for seconds (decompression bomb)
_LARGE_FRAME_BYTES: Final = 32 << 20
_MAX_RATIO: Final = 1000

_PROCESSES: Final = {
    uid.JPEGBaseline8Bit: {0xC0, 0xC1},
    uid.JPEGExtended12Bit: {0xC0, 0xC1},
    uid.JPEGLossless: {0xC3},
    uid.JPEGLosslessSV1: {0xC3},
    uid.JPEGLSLossless: {0xF7},
    uid.JPEGLSNearLossless: {0xF7},
}


def native_frames(pixels: PixelElement, image: ImageAttributes) -> list[Ranges]:
    """The byte ranges of the frames of uncompressed pixel data.

    Parameters
    ----------
    pixels : the pixel data element, cut at the end of the file
    image : the header's promises

    Returns
    -------
    one range per frame; for 1-bit pixels, which need not start at a byte, one range for all

    Raises
    ------
    Refused : truncated_pixels, pixel_length_mismatch
    """
    expected, actual = image.native_bytes, pixels.length
    if actual < expected:
        raise Refused("truncated_pixels", {"actual": actual, "expected": expected})
    if image.photometric == "YBR_FULL_422" and actual >= image.frame_bytes * image.frames:
        raise Refused("pixel_length_mismatch", {"actual": actual, "expected": expected})
    if image.bits_allocated == 1:
        return [[[pixels.offset, expected]]]
    size = expected // image.frames
    return [[[pixels.offset + index * size, size]] for index in range(image.frames)]


def encapsulated_frames(
    buffer: Buffer,
    pixels: PixelElement,
    image: ImageAttributes,
    *,
    extended_offsets: Sequence[int] | None = None,
) -> list[Ranges]:
    """The payload ranges of the fragments of each frame.

    Parameters
    ----------
    buffer : the file
    pixels : the pixel data element with its fragments, the first being the basic offset table
    image : the header's promises
    extended_offsets : Extended Offset Table (7FE0,0001), relative to the first fragment's item

    Returns
    -------
    for each frame its fragments

    Raises
    ------
    Refused : frames_unreadable

    Source: PS3.5 A.4. Without an offset table, frames end at the fragment that holds the end marker
    of a code stream; RLE frames are one fragment each (annex G.2).
    """
    if not pixels.fragments:
        raise Refused("frames_unreadable", {"frames": image.frames})
    (table_offset, table_length), *fragments = pixels.fragments
    table = buffer[table_offset : table_offset + table_length]
    offsets = list(extended_offsets or [])
    if not offsets and table_length and table_length % 4 == 0:
        offsets = np.frombuffer(table, dtype="<u4").tolist()
    if image.frames == 1:
        groups = [fragments]
    elif len(fragments) == image.frames:
        groups = [[fragment] for fragment in fragments]
    elif len(offsets) == image.frames:
        groups = _by_offsets(fragments, offsets)
    else:
        groups = _by_end_marker(buffer, fragments)
    if len(groups) != image.frames or not all(
        sum(length for _, length in group) for group in groups
    ):
        raise Refused("frames_unreadable", {"frames": image.frames})
    return [[list(fragment) for fragment in group] for group in groups]


def _by_offsets(
    fragments: list[tuple[int, int]], offsets: list[int]
) -> list[list[tuple[int, int]]]:
    if not fragments or offsets != sorted(set(offsets)):
        return []
    origin = fragments[0][0] - _ITEM_HEADER_BYTES
    starts = {offset - _ITEM_HEADER_BYTES - origin: offset for offset, _ in fragments}
    if offsets[0] != 0 or any(offset not in starts for offset in offsets):
        return []
    groups: list[list[tuple[int, int]]] = []
    beginnings = {starts[offset] for offset in offsets}
    for fragment in fragments:
        if fragment[0] in beginnings:
            groups.append([])
        groups[-1].append(fragment)
    return groups


def _by_end_marker(buffer: Buffer, fragments: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    groups: list[list[tuple[int, int]]] = [[]]
    for offset, length in fragments:
        groups[-1].append((offset, length))
        tail = buffer[offset + max(0, length - 10) : offset + length]
        if _END_OF_CODESTREAM in tail:
            groups.append([])
    return groups if groups[-1] else groups[:-1]


def check_codestreams(
    buffer: Buffer, frames: list[Ranges], image: ImageAttributes, *, transfer_syntax: str
) -> CodestreamHeader | None:
    """Refuse frames whose own header contradicts the DICOM header, before any decoder sees them.

    Parameters
    ----------
    buffer : the file
    frames : as from `encapsulated_frames`
    image : the header's promises
    transfer_syntax : one of codecs.ENCAPSULATED_SYNTAXES

    Returns
    -------
    the header of the first frame's code stream; None for RLE, which has none

    Raises
    ------
    Refused : bad_codestream, codestream_mismatch, implausible_compression
    """
    first: CodestreamHeader | None = None
    for number, ranges in enumerate(frames, start=1):
        codestream = b"".join(buffer[offset : offset + length] for offset, length in ranges)
        if image.frame_bytes > max(_LARGE_FRAME_BYTES, _MAX_RATIO * len(codestream)):
            raise Refused(
                "implausible_compression",
                {"frame": number, "compressed": len(codestream), "bytes": image.frame_bytes},
            )
        try:
            header = _read_header(codestream, image, transfer_syntax)
        except ValueError as error:
            raise Refused("bad_codestream", {"frame": number}) from error
        if header is not None:
            _compare(header, image, transfer_syntax=transfer_syntax, frame=number)
            first = first or header
    return first


def _read_header(
    codestream: bytes, image: ImageAttributes, transfer_syntax: str
) -> CodestreamHeader | None:
    if transfer_syntax == uid.RLELossless:
        codestreams.check_rle(
            codestream,
            pixels=image.rows * image.columns,
            planes=image.samples * image.bits_allocated // 8,
        )
        return None
    if transfer_syntax in codecs.JPEG_2000_SYNTAXES:
        return codestreams.read_jpeg_2000(codestream)
    return codestreams.read_jpeg(codestream)


def _compare(
    header: CodestreamHeader, image: ImageAttributes, *, transfer_syntax: str, frame: int
) -> None:
    agreements = {
        "Rows": header.rows == image.rows,
        "Columns": header.columns == image.columns,
        "SamplesPerPixel": header.samples == image.samples,
        "BitsAllocated": header.precision <= image.bits_allocated,
        "TransferSyntaxUID": header.process in _PROCESSES.get(uid.UID(transfer_syntax), {0}),
    }
    for attribute, agrees in agreements.items():
        if not agrees:
            raise Refused("codestream_mismatch", {"frame": frame, "attribute": attribute})
