"""How large is a deflated data set, really? Inflated in pieces, up to a limit, never in memory.

pydicom inflates the whole of it at once: 1 MB of file becomes 1 GiB of memory.
"""

import zlib
from pathlib import Path
from typing import BinaryIO, Final

from pydicom import uid
from pydicom.filebase import DicomFileLike
from pydicom.filereader import read_file_meta_info
from pydicom.filewriter import write_file_meta_info

from apps.cases.compute.elements import walk
from apps.cases.compute.refusals import Refused

MAX_INFLATED_BYTES: Final = 128 << 20  # deflated images are single ones; the bound costs < 1 s
_READ_BYTES: Final = 1 << 16
_WRITE_BYTES: Final = 1 << 20
_DATA_SET_START: Final = 132


def inflate(source: Path, target: Path) -> None:
    """Write the Explicit VR little endian twin of a deflated file (PS3.5 A.5).

    Parameters
    ----------
    source : Part 10 file whose file meta information has been walked
    target : the file to write

    Raises
    ------
    Refused : inflates_too_much, bad_deflate
    """
    meta = read_file_meta_info(source)
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    content = source.read_bytes()
    start = walk(
        content, start=_DATA_SET_START, is_implicit=False, is_little=True, is_meta=True
    ).end
    with target.open("wb") as stream:
        stream.write(b"\0" * 128 + b"DICM")
        write_file_meta_info(DicomFileLike(stream), meta, enforce_standard=False)
        _inflate_into(stream, memoryview(content)[start:])


def _inflate_into(stream: BinaryIO, deflated: memoryview) -> None:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    written = 0
    try:
        for offset in range(0, len(deflated), _READ_BYTES):
            pending: bytes | memoryview = deflated[offset : offset + _READ_BYTES]
            while pending and not inflater.eof:
                piece = inflater.decompress(pending, _WRITE_BYTES)
                written += len(piece)
                if written > MAX_INFLATED_BYTES:
                    raise Refused("inflates_too_much", {"limit": MAX_INFLATED_BYTES})
                stream.write(piece)
                pending = inflater.unconsumed_tail
    except zlib.error as error:
        raise Refused("bad_deflate") from error
    if not inflater.eof:
        raise Refused("bad_deflate")
