"""Which form of the file do viewer and workers decode, so that every one of them shows the same?

Most files are their own rendition. Rewritten as Explicit VR little endian, losslessly from the
decoded pixels, are those that browsers' decoders (Cornerstone3D 5.14) do not read or read wrongly:
big endian, deflated, 12-bit extended JPEG, uncompressed or RLE YBR, segmented palettes, 1-bit and
compressed 32-bit pixels, values with rubbish in their unused bits, signed values in code streams
that cannot say so, colour that a JPEG decoder would guess differently than the header says. A
Modality LUT, which they do not apply, is applied here. The reasons stand in docs/decisions.
"""

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread, dcmwrite, uid
from pydicom.dataset import Dataset
from pydicom.pixels import iter_pixels
from pydicom.pixels.processing import apply_color_lut

from apps.cases.compute import codecs
from apps.cases.compute.codestreams import CodestreamHeader
from apps.cases.compute.elements import PixelElement
from apps.cases.compute.image_attributes import MAX_PIXEL_BYTES, ImageAttributes
from apps.cases.compute.lookup import LookupTable, modality_table
from apps.cases.compute.refusals import Refused

_CHUNK_VALUES: Final = 1 << 22
_BIG_ENDIAN_WORDS: Final = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
_PALETTE: Final = ("Red", "Green", "Blue")
_SEGMENTED_PALETTE: Final = "SegmentedRedPaletteColorLookupTableData"
# what is said in stored values, and is void once they are modality values
_IN_STORED_VALUES: Final = (
    "SmallestImagePixelValue",
    "LargestImagePixelValue",
    "SmallestPixelValueInSeries",
    "LargestPixelValueInSeries",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
)
_MULTI_COMPONENT: Final = frozenset({"YBR_ICT", "YBR_RCT"})


def needs_rewriting(
    path: Path,
    pixels: PixelElement,
    image: ImageAttributes,
    *,
    transfer_syntax: str,
    codestream: CodestreamHeader | None,
    header: Dataset,
) -> bool:
    """Whether a browser would show this file wrongly or not at all.

    Parameters
    ----------
    path : the file, inflated
    pixels, image : where and what its pixels are
    transfer_syntax : of `path`
    codestream : the first frame's own header; None for native and RLE pixels
    header : the data set without pixels

    Returns
    -------
    bool

    Raises
    ------
    Refused : bad_lut
    """
    if transfer_syntax in (uid.ExplicitVRBigEndian, uid.JPEGExtended12Bit):
        return True
    # a palette in segments (PS3.3 C.7.9.2), a table before the window: browsers know neither
    if _SEGMENTED_PALETTE in header or _modality_table(header) is not None:
        return True
    if image.bits_allocated == 1:
        return True
    if image.bits_allocated == 32 and transfer_syntax in codecs.ENCAPSULATED_SYNTAXES:
        return True
    if codestream is not None and _container_differs(image, codestream):
        return True
    if image.samples == 3:
        return _colour_differs(image, transfer_syntax=transfer_syntax, codestream=codestream)
    if codestream is not None:
        return _sign_differs(image, transfer_syntax=transfer_syntax, codestream=codestream)
    if transfer_syntax == uid.RLELossless:
        return image.bits_stored < image.bits_allocated
    return _has_unused_bits(path, pixels, image)


def _container_differs(image: ImageAttributes, codestream: CodestreamHeader) -> bool:
    """Whether decoders answer in another integer type than the header promises."""
    decoded_bits = next(bits for bits in (8, 16, 32, 64) if codestream.precision <= bits)
    return codestream.is_boxed or decoded_bits != image.bits_allocated


def _colour_differs(
    image: ImageAttributes, *, transfer_syntax: str, codestream: CodestreamHeader | None
) -> bool:
    if transfer_syntax in codecs.JPEG_2000_SYNTAXES:
        return image.photometric not in _MULTI_COMPONENT | {"RGB"}
    if transfer_syntax == uid.JPEGBaseline8Bit and codestream is not None:
        is_rgb = image.photometric == "RGB"
        return is_rgb != (codestream.colour_guess == "RGB")
    return image.photometric != "RGB"


def _sign_differs(
    image: ImageAttributes, *, transfer_syntax: str, codestream: CodestreamHeader
) -> bool:
    if transfer_syntax in codecs.JPEG_2000_SYNTAXES:
        return image.is_signed != codestream.is_signed
    if transfer_syntax == uid.JPEGBaseline8Bit:
        return False
    return image.is_signed and codestream.precision < image.bits_allocated


def _has_unused_bits(path: Path, pixels: PixelElement, image: ImageAttributes) -> bool:
    """Whether any value differs from its own low `bits_stored` bits, sign extended."""
    shift = image.bits_allocated - image.bits_stored
    if not shift:
        return False
    kind = "i" if image.is_signed else "u"
    values: NDArray[np.integer[Any]] = np.memmap(
        path,
        dtype=f"<{kind}{image.bits_allocated // 8}",
        mode="r",
        offset=pixels.offset,
        shape=(image.native_bytes * 8 // image.bits_allocated,),
    )
    for start in range(0, values.size, _CHUNK_VALUES):
        chunk = values[start : start + _CHUNK_VALUES]
        if ((chunk << shift) >> shift != chunk).any():
            return True
    return False


def rewrite(source: Path, target: Path, image: ImageAttributes) -> ImageAttributes:
    """Write the decoded frames as Explicit VR little endian, a Modality LUT applied.

    Parameters
    ----------
    source : Part 10 file in any accepted syntax but the deflated one
    target : the file to write
    image : of the source

    Returns
    -------
    ImageAttributes of the target; the same SOP Instance UID, since it never leaves Coread as an
    object of its own

    Raises
    ------
    Refused : pixels_too_large, bad_lut
    errors of the decoder, as from pixels.decode_frame
    """
    header = dcmread(source, stop_before_pixels=True)
    header.preamble = b"\0" * 128
    table = _modality_table(header)
    target_image = _rewritten(image, has_table=table is not None)
    total = target_image.native_bytes
    if total > MAX_PIXEL_BYTES:
        raise Refused("pixels_too_large", {"bytes": total, "limit": MAX_PIXEL_BYTES})
    _state(header, target_image)
    if table is not None:
        _state_modality_values(header)
    with target.open("wb") as stream:
        dcmwrite(stream, header, implicit_vr=False, little_endian=True, force_encoding=True)
        vr = b"OB" if target_image.bits_allocated == 8 else b"OW"
        padding = total % 2
        stream.write(struct.pack("<HH2sHL", 0x7FE0, 0x0010, vr, 0, total + padding))
        _write_frames(stream, source, target_image, table)
        stream.write(b"\0" * padding)
    return target_image


def _modality_table(header: Dataset) -> LookupTable | None:
    try:
        return modality_table(header, little_endian=bool(header.original_encoding[1]))
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise Refused("bad_lut") from error


def _rewritten(image: ImageAttributes, *, has_table: bool) -> ImageAttributes:
    """The attributes of the rewritten pixels; entries of any table are unsigned 16-bit numbers."""
    is_one_bit = image.bits_allocated == 1
    is_colour = image.samples == 3
    return replace(
        image,
        bits_allocated=16 if has_table else 8 if is_one_bit else image.bits_allocated,
        bits_stored=16 if has_table else 8 if is_one_bit else image.bits_stored,
        is_signed=image.is_signed and not has_table,
        planar=0,
        photometric="RGB" if is_colour else image.photometric,
    )


def _write_frames(
    stream: BinaryIO, source: Path, image: ImageAttributes, table: LookupTable | None
) -> None:
    kind = "i" if image.is_signed else "u"
    dtype = np.dtype(f"<{kind}{image.bits_allocated // 8}")
    for frame in _decoded_frames(source, image.frames):
        values = frame if table is None else table.apply(frame)
        stream.write(np.ascontiguousarray(values, dtype=dtype).tobytes())


def _decoded_frames(source: Path, count: int) -> Iterator[NDArray[np.generic]]:
    frames = iter_pixels(source, decoding_plugin=codecs.PLUGIN)
    for _ in range(count):
        frame = next(frames, None)
        if frame is None:
            raise Refused("frames_unreadable", {"frames": count})
        yield frame


def _state(header: Dataset, image: ImageAttributes) -> None:
    """Make the header say what the rewritten pixels are."""
    if header.file_meta.TransferSyntaxUID == uid.ExplicitVRBigEndian:
        _swap_words(header)
    if _SEGMENTED_PALETTE in header:
        _expand_palette(header)
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in header:
            del header[keyword]
    header.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    header.BitsAllocated = image.bits_allocated
    header.BitsStored = image.bits_stored
    header.HighBit = image.bits_stored - 1
    header.PixelRepresentation = int(image.is_signed)
    header.PhotometricInterpretation = image.photometric
    if image.samples > 1:
        header.PlanarConfiguration = 0


def _state_modality_values(header: Dataset) -> None:
    """Make the header say that the Modality LUT has been applied."""
    unit = header.get("RescaleType") or header.ModalityLUTSequence[0].get("ModalityLUTType")
    del header.ModalityLUTSequence
    for keyword in _IN_STORED_VALUES:
        if keyword in header:
            del header[keyword]
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in header.get(groups) or []:
            if "PixelValueTransformationSequence" in group:
                del group.PixelValueTransformationSequence
    header.RescaleIntercept, header.RescaleSlope = 0, 1
    header.RescaleType = str(unit or "US")  # unspecified


def _expand_palette(header: Dataset) -> None:
    """Replace a segmented palette by the plain one it stands for."""
    first = int(header.RedPaletteColorLookupTableDescriptor[1])
    entries = int(header.RedPaletteColorLookupTableDescriptor[0]) or 1 << 16
    colours = apply_color_lut(np.arange(first, first + entries, dtype=np.uint32), header)
    for index, colour in enumerate(_PALETTE):
        del header[f"Segmented{colour}PaletteColorLookupTableData"]
        table = np.ascontiguousarray(colours[..., index], dtype="<u2").tobytes()
        setattr(header, f"{colour}PaletteColorLookupTableData", table)


def _swap_words(header: Dataset) -> None:
    """Turn words kept as bytes to little endian; pydicom converts numbers only."""
    for element in header.iterall():
        size = _BIG_ENDIAN_WORDS.get(element.VR)
        if size is not None and isinstance(element.value, bytes):
            if len(element.value) % size:
                raise Refused("bad_structure", {"tag": str(element.tag).replace(" ", "")})
            element.value = np.frombuffer(element.value, dtype=f">u{size}").byteswap().tobytes()
