"""Is the file well formed, and where are its pixels? A walk over the raw data elements.

It runs before pydicom sees the file, in constant memory, and refuses what makes a full parser
expensive or silently wrong: endless nesting, counts, lengths that leave their container, unknown
value representations, numbers that are not finite (PS3.5 section 7, annex A; PS3.10 section 7.1).
It keeps no values: facts are read by pydicom from what passed here.
"""

import mmap
import struct
from dataclasses import dataclass, field
from typing import Final

from pydicom.datadict import dictionary_VR

from apps.cases.compute.element_values import MAX_NUMBERS_BYTES, check_value
from apps.cases.compute.refusals import Refused

MAX_DEPTH: Final = 32
MAX_ELEMENTS: Final = 50_000

Buffer = bytes | mmap.mmap

_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
_UNDEFINED: Final = 0xFFFFFFFF
_PIXEL_DATA: Final = 0x7FE00010
_PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, _PIXEL_DATA})
_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
_SHORT_VRS: Final = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN"}
    | {b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)


@dataclass(frozen=True)
class PixelElement:
    """Where the pixel data lies: `length` bytes at `offset`, or the payloads of its fragments.

    The first fragment is the basic offset table, not pixels.
    """

    tag: int
    offset: int
    length: int
    fragments: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True)
class Layout:
    """What the walk found at the top level: the tags, in order, and the pixel data."""

    tags: tuple[int, ...]
    pixels: PixelElement | None
    end: int  # offset behind the last element


@dataclass
class _Encoding:
    is_implicit: bool
    is_little: bool
    short: struct.Struct = field(init=False)
    long: struct.Struct = field(init=False)
    tag: struct.Struct = field(init=False)

    def __post_init__(self) -> None:
        order = "<" if self.is_little else ">"
        self.short = struct.Struct(order + "H")
        self.long = struct.Struct(order + "L")
        self.tag = struct.Struct(order + "HH")


@dataclass(frozen=True)
class _Header:
    tag: int
    vr: str
    length: int
    value: int  # offset


def tag_text(tag: int) -> str:
    """(gggg,eeee), as the standard writes it."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def walk(
    buffer: Buffer, *, start: int, is_implicit: bool, is_little: bool, is_meta: bool = False
) -> Layout:
    """Check every data element of a data set.

    Parameters
    ----------
    buffer : the file, or the inflated data set
    start : int, offset of the first element
    is_implicit, is_little : the encoding of the transfer syntax
    is_meta : stop behind group 0002 (its elements are always explicit VR little endian)

    Returns
    -------
    Layout

    Raises
    ------
    Refused : truncated, bad_structure, bad_vr, too_deep, too_many_elements, bad_number,
        not_finite, zero_slope
    """
    walker = _Walker(buffer)
    encoding = _Encoding(is_implicit, is_little)
    return walker.data_set(start, encoding, is_meta=is_meta)


class _Walker:
    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.size = len(buffer)
        self.count = 0

    def data_set(self, start: int, encoding: _Encoding, *, is_meta: bool) -> Layout:
        tags: dict[int, None] = {}
        pixels: PixelElement | None = None
        offset = start
        while offset < self.size and not self._is_padding(offset):
            if is_meta and self._tag(offset, self.size, encoding) >> 16 != 2:
                break
            header = self._header(offset, self.size, encoding)
            if header.tag in tags:
                raise Refused("bad_structure", {"tag": tag_text(header.tag)})
            tags[header.tag] = None
            if header.tag in _PIXEL_TAGS:
                if pixels is not None:
                    raise Refused("bad_structure", {"tag": tag_text(header.tag)})
                pixels, offset = self._pixels(header, encoding)
            else:
                offset = self._skip(header, self.size, encoding, 0)
        return Layout(tuple(tags), pixels, offset)

    def _is_padding(self, offset: int) -> bool:
        """Some writers pad the file with zeros behind the last element."""
        return self.buffer[offset : offset + 4] == b"\0\0\0\0" and not any(
            self.buffer[offset : min(self.size, offset + (1 << 16))]
        )

    def _read(self, layout: struct.Struct, offset: int, end: int, tag: int) -> int:
        if offset + layout.size > end:
            raise Refused("truncated", {"tag": tag_text(tag)})
        value: int = layout.unpack_from(self.buffer, offset)[0]
        return value

    def _tag(self, offset: int, end: int, encoding: _Encoding) -> int:
        if offset + 4 > end:
            raise Refused("truncated", {"tag": "(end)"})
        group, element = encoding.tag.unpack_from(self.buffer, offset)
        return int(group << 16 | element)

    def _header(self, offset: int, end: int, encoding: _Encoding) -> _Header:
        self.count += 1
        if self.count > MAX_ELEMENTS:
            raise Refused("too_many_elements", {"limit": MAX_ELEMENTS})
        tag = self._tag(offset, end, encoding)
        if encoding.is_implicit or tag >> 16 == 0xFFFE:
            length = self._read(encoding.long, offset + 4, end, tag)
            return _Header(tag, _known_vr(tag), length, offset + 8)
        raw_vr = self.buffer[offset + 4 : offset + 6]
        if raw_vr in _LONG_VRS:
            length = self._read(encoding.long, offset + 8, end, tag)
            value = offset + 12
        elif raw_vr in _SHORT_VRS:
            length = self._read(encoding.short, offset + 6, end, tag)
            value = offset + 8
        else:
            raise Refused("bad_vr", {"tag": tag_text(tag)})
        return _Header(tag, _declared_vr(tag, raw_vr.decode("ascii")), length, value)

    def _skip(self, header: _Header, end: int, encoding: _Encoding, depth: int) -> int:
        """Check one element and return the offset behind it."""
        tag, length = header.tag, header.length
        if tag >> 16 == 0xFFFE:
            raise Refused("bad_structure", {"tag": tag_text(tag)})
        is_undefined = length == _UNDEFINED
        if not is_undefined and header.value + length > end:
            raise Refused("truncated", {"tag": tag_text(tag)})
        if header.vr == "SQ" or is_undefined:
            # PS3.5 6.2.2: a sequence that hides as UN is encoded as implicit VR little endian
            inner = encoding
            if not encoding.is_implicit and self._is_unknown(header):
                inner = _Encoding(is_implicit=True, is_little=True)
            elif header.vr not in ("SQ", "UN"):
                raise Refused("bad_structure", {"tag": tag_text(tag)})
            return self._sequence(header, end, inner, depth + 1)
        if tag >> 16 & 1 == 0:
            content = self.buffer[header.value : header.value + min(length, MAX_NUMBERS_BYTES)]
            check_value(tag, header.vr, content, length=length, is_little=encoding.is_little)
        return header.value + length

    def _is_unknown(self, header: _Header) -> bool:
        return self.buffer[header.value - 8 : header.value - 6] == b"UN"

    def _sequence(self, header: _Header, end: int, encoding: _Encoding, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise Refused("too_deep", {"limit": MAX_DEPTH})
        is_undefined = header.length == _UNDEFINED
        stop = end if is_undefined else header.value + header.length
        offset = header.value
        while offset < stop:
            tag = self._tag(offset, stop, encoding)
            length = self._read(encoding.long, offset + 4, stop, tag)
            offset += 8
            if tag == _SEQUENCE_END and is_undefined:
                return offset
            if tag != _ITEM:
                raise Refused("bad_structure", {"tag": tag_text(header.tag)})
            offset = self._item(offset, length, stop, encoding, depth)
        if is_undefined:
            raise Refused("truncated", {"tag": tag_text(header.tag)})
        return stop

    def _item(self, offset: int, length: int, end: int, encoding: _Encoding, depth: int) -> int:
        is_undefined = length == _UNDEFINED
        stop = end if is_undefined else offset + length
        if stop > end:
            raise Refused("truncated", {"tag": tag_text(_ITEM)})
        seen: set[int] = set()
        while offset < stop:
            header = self._header(offset, stop, encoding)
            if header.tag == _ITEM_END and is_undefined:
                return header.value
            if header.tag in seen:
                raise Refused("bad_structure", {"tag": tag_text(header.tag)})
            seen.add(header.tag)
            offset = self._nested(header, stop, encoding, depth)
        if is_undefined:
            raise Refused("truncated", {"tag": tag_text(_ITEM)})
        return stop

    def _nested(self, header: _Header, end: int, encoding: _Encoding, depth: int) -> int:
        """An element of an item; an icon may hold encapsulated pixels of its own."""
        if header.tag == _PIXEL_DATA and header.length == _UNDEFINED:
            return self._fragments(header, end, encoding)[1]
        return self._skip(header, end, encoding, depth)

    def _pixels(self, header: _Header, encoding: _Encoding) -> tuple[PixelElement, int]:
        if header.length == _UNDEFINED:
            fragments, offset = self._fragments(header, self.size, encoding)
            return PixelElement(header.tag, header.value, 0, fragments), offset
        # a value cut off by the end of the file is judged with the header: truncated_pixels
        length = min(header.length, self.size - header.value)
        return PixelElement(header.tag, header.value, length, None), header.value + length

    def _fragments(
        self, header: _Header, end: int, encoding: _Encoding
    ) -> tuple[tuple[tuple[int, int], ...], int]:
        fragments: list[tuple[int, int]] = []
        offset = header.value
        while True:
            tag = self._tag(offset, end, encoding)
            length = self._read(encoding.long, offset + 4, end, tag)
            offset += 8
            if tag == _SEQUENCE_END:
                return tuple(fragments), offset
            if tag != _ITEM:
                raise Refused("bad_structure", {"tag": tag_text(header.tag)})
            if offset + length > end:
                raise Refused("truncated", {"tag": tag_text(header.tag)})
            self.count += 1
            if self.count > MAX_ELEMENTS:
                raise Refused("too_many_elements", {"limit": MAX_ELEMENTS})
            fragments.append((offset, length))
            offset += length


def _known_vr(tag: int) -> str:
    """The dictionary's VR; "UN" for what it does not know. Ambiguous ones read "US or SS"."""
    if tag >> 16 & 1:
        return "UN"
    try:
        return str(dictionary_VR(tag))
    except KeyError:
        return "UL" if tag & 0xFFFF == 0 else "UN"


def _declared_vr(tag: int, vr: str) -> str:
    """The VR to check by; pydicom too reads an UN by its dictionary.

    Where a wrong VR would change the picture (group 0028) it is refused: a slope written as text
    must not escape the checks of a number.
    """
    known = _known_vr(tag)
    if vr == "UN":
        return known
    if tag >> 16 == 0x0028 and known != "UN" and vr not in known.split(" or "):
        raise Refused("bad_vr", {"tag": tag_text(tag)})
    return vr
