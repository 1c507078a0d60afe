"""May this file come in? The ingest gate: every check, the rendition, the thumbnail and the facts.

It runs inside a child process with limits on memory and time (gate_process), because every DICOM
file is hostile until it has passed. Cheap checks of the raw structure come first, then the header,
then the code streams' own headers, and only then a decoder. The answer is an `Accepted` or a
`Refused` with a reason; nothing outside the work directory is written.
"""

import hashlib
import mmap
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydicom import config, dcmread, uid
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info

from apps.cases.compute import codecs, frames, inflate, pixels, rendition
from apps.cases.compute.accepted import Accepted, InstanceFacts
from apps.cases.compute.elements import Layout, PixelElement, walk
from apps.cases.compute.header import instance_facts, required_uids
from apps.cases.compute.image_attributes import ImageAttributes, image_attributes
from apps.cases.compute.metadata import json_model
from apps.cases.compute.object_kinds import CLASSIFIABLE
from apps.cases.compute.refusals import Refused

MAX_FILE_BYTES: Final = (1 << 30) + (64 << 20)
THUMBNAIL_SIDE: Final = 256

_PREAMBLE_BYTES: Final = 128
_DATA_SET_START: Final = 132
_PIXEL_DATA: Final = 0x7FE00010
_COPY_BYTES: Final = 1 << 20
# What pydicom, numpy and the codecs raise on damaged input. MemoryError is not among them: the
# child's limit is the caller's business and becomes "too_expensive" there.
_READER_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    InvalidDicomError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)

config.settings.reading_validation_mode = config.IGNORE  # values are judged here, not by pydicom


@dataclass(frozen=True)
class _Rendition:
    """What viewer and workers decode."""

    path: Path
    transfer_syntax: str
    image: ImageAttributes | None
    frame_ranges: list[frames.Ranges]


def inspect_file(source: Path, work_dir: Path) -> Accepted:
    """Judge one file, and make of it what Coread stores.

    Parameters
    ----------
    source : the file as received; only read
    work_dir : an empty directory of the caller's; results are written there

    Returns
    -------
    Accepted

    Raises
    ------
    Refused : with the reason
    MemoryError : the file needs more than the process may have
    """
    _check_container(source)
    with _reader_errors("parse_failed"):
        source_syntax = _transfer_syntax(source)
        path, syntax = source, source_syntax
        if source_syntax == uid.DeflatedExplicitVRLittleEndian:
            path, syntax = work_dir / "inflated.dcm", str(uid.ExplicitVRLittleEndian)
            inflate.inflate(source, path)
        layout = _walk_data_set(path, syntax)
        header = _checked_header(path, layout)
    made = _make_rendition(path, work_dir, layout, header, syntax)
    thumbnail = _thumbnail(made, work_dir)
    with _reader_errors("parse_failed"):
        facts = instance_facts(
            dcmread(path, stop_before_pixels=True),
            source_transfer_syntax_uid=source_syntax,
            transfer_syntax_uid=made.transfer_syntax,
            image=made.image,
        )
        metadata = json_model(dcmread(made.path, stop_before_pixels=True))
    return _store(source, work_dir, made, thumbnail=thumbnail, facts=facts, metadata=metadata)


@contextmanager
def _reader_errors(code: str) -> Iterator[None]:
    """Turn a parser's complaint into a reason; its text may quote the file and is dropped."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except RecursionError as error:
        raise Refused("too_deep", {"limit": 32}) from error
    except _READER_ERRORS as error:
        raise Refused(code, {"cause": type(error).__name__}) from error


def _check_container(source: Path) -> None:
    size = source.stat().st_size
    if size == 0:
        raise Refused("empty_file")
    if size > MAX_FILE_BYTES:
        raise Refused("file_too_large", {"bytes": size, "limit": MAX_FILE_BYTES})
    with source.open("rb") as stream:
        stream.seek(_PREAMBLE_BYTES)
        if stream.read(4) != b"DICM":
            raise Refused("not_dicom")


def _transfer_syntax(source: Path) -> str:
    with _mapped(source) as buffer:
        walk(buffer, start=_DATA_SET_START, is_implicit=False, is_little=True, is_meta=True)
    syntax = str(read_file_meta_info(source).get("TransferSyntaxUID") or "")
    if not syntax:
        raise Refused("missing_transfer_syntax")
    if syntax not in codecs.ACCEPTED_SYNTAXES:
        raise Refused("unsupported_transfer_syntax", {"uid": syntax[:64]})
    return syntax


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with (
        path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as buffer,
    ):
        yield buffer


def _walk_data_set(path: Path, syntax: str) -> Layout:
    encoding = uid.UID(syntax)
    with _mapped(path) as buffer:
        meta = walk(buffer, start=_DATA_SET_START, is_implicit=False, is_little=True, is_meta=True)
        return walk(
            buffer,
            start=meta.end,
            is_implicit=encoding.is_implicit_VR,
            is_little=encoding.is_little_endian,
        )


def _checked_header(path: Path, layout: Layout) -> Dataset:
    header = dcmread(path, stop_before_pixels=True)
    # two parsers that see different elements in one file is how a wrong image is shown
    before_pixels = {tag for tag in layout.tags if layout.pixels is None or tag < layout.pixels.tag}
    # keys(), because iterating over a Dataset itself yields its elements, converted
    if {int(tag) for tag in header.keys()} != before_pixels:  # noqa: SIM118
        raise Refused("parse_failed", {"cause": "disagreement"})
    required_uids(header)
    if layout.pixels is None and header.SOPClassUID in CLASSIFIABLE:
        raise Refused("missing_attribute", {"keyword": "PixelData"})
    return header


def _make_rendition(
    path: Path, work_dir: Path, layout: Layout, header: Dataset, syntax: str
) -> _Rendition:
    if layout.pixels is None or layout.pixels.tag != _PIXEL_DATA:
        return _Rendition(path, syntax, None, [])
    with _reader_errors("parse_failed"):
        image = image_attributes(header)
        if image.photometric in ("YBR_ICT", "YBR_RCT") and syntax not in codecs.JPEG_2000_SYNTAXES:
            raise Refused("unsupported_photometric", {"value": image.photometric})
        ranges, codestream = _locate_frames(path, layout.pixels, image, header, syntax)
    with _reader_errors("decode_failed"):
        if not rendition.needs_rewriting(
            path,
            layout.pixels,
            image,
            transfer_syntax=syntax,
            codestream=codestream,
            header=header,
        ):
            return _Rendition(path, syntax, image, ranges)
        target = work_dir / "rendition.dcm"
        image = rendition.rewrite(path, target, image)
        written = _walk_data_set(target, uid.ExplicitVRLittleEndian).pixels
        if written is None:
            raise Refused("decode_failed", {"cause": "disagreement"})
        ranges = frames.native_frames(written, image)
        return _Rendition(target, str(uid.ExplicitVRLittleEndian), image, ranges)


def _locate_frames(
    path: Path, element: PixelElement, image: ImageAttributes, header: Dataset, syntax: str
) -> tuple[list[frames.Ranges], Any]:
    is_encapsulated = syntax in codecs.ENCAPSULATED_SYNTAXES
    if is_encapsulated and image.bits_allocated == 1:
        raise Refused("unsupported_pixel_format", {"bits": 1, "samples": image.samples})
    if is_encapsulated != (element.fragments is not None):
        raise Refused("frames_unreadable", {"frames": image.frames})
    if not is_encapsulated:
        return frames.native_frames(element, image), None
    with _mapped(path) as buffer:
        ranges = frames.encapsulated_frames(
            buffer, element, image, extended_offsets=_extended_offsets(header)
        )
        codestream = frames.check_codestreams(buffer, ranges, image, transfer_syntax=syntax)
    return ranges, codestream


def _extended_offsets(header: Dataset) -> list[int] | None:
    table = header.get("ExtendedOffsetTable")
    if not isinstance(table, bytes) or len(table) % 8:
        return None
    return list(struct.unpack(f"<{len(table) // 8}Q", table))


def _thumbnail(made: _Rendition, work_dir: Path) -> Path | None:
    """Decode one frame: what cannot be decoded is not stored."""
    if made.image is None:
        return None
    with _reader_errors("decode_failed"):
        content = pixels.thumbnail_jpeg(made.path, size=THUMBNAIL_SIDE)
    thumbnail = work_dir / "thumbnail.jpg"
    thumbnail.write_bytes(content)
    return thumbnail


def _store(
    source: Path,
    work_dir: Path,
    made: _Rendition,
    *,
    thumbnail: Path | None,
    facts: InstanceFacts,
    metadata: dict[str, Any],
) -> Accepted:
    stored = work_dir / "stored.dcm"
    source_sha256, stored_sha256 = _copy_with_zeroed_preamble(source, stored)
    is_same = made.path == source
    return Accepted(
        stored_path=stored,
        rendition_path=stored if is_same else made.path,
        thumbnail_path=thumbnail,
        source_sha256=source_sha256,
        stored_sha256=stored_sha256,
        rendition_sha256=stored_sha256 if is_same else _sha256(made.path),
        facts=facts,
        metadata=metadata,
        frame_ranges=made.frame_ranges,
    )


def _copy_with_zeroed_preamble(source: Path, target: Path) -> tuple[str, str]:
    """Copy; a preamble may hold a program for another system (CVE-2019-11687)."""
    received, kept = hashlib.sha256(), hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        received.update(reader.read(_PREAMBLE_BYTES))
        kept.update(b"\0" * _PREAMBLE_BYTES)
        writer.write(b"\0" * _PREAMBLE_BYTES)
        while chunk := reader.read(_COPY_BYTES):
            received.update(chunk)
            kept.update(chunk)
            writer.write(chunk)
    return received.hexdigest(), kept.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


__all__ = ["Accepted", "Refused", "inspect_file"]
