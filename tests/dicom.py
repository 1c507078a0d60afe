"""Builders of tiny synthetic DICOM files: one valid image, and the ways in which files are bad."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite, uid
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate

EXPLICIT = str(uid.ExplicitVRLittleEndian)


def ramp(rows: int = 12, columns: int = 16, *, dtype: str = "uint8") -> NDArray[Any]:
    """(rows, columns) with a different value in every pixel as far as the type allows."""
    return np.arange(rows * columns).reshape(rows, columns).astype(dtype)


def instance(
    pixels: NDArray[Any] | None = None,
    *,
    transfer_syntax: str = EXPLICIT,
    frames: int = 1,
    **attributes: Any,
) -> FileDataset:
    """A digital radiograph of `pixels`: (rows, columns[, 3]), or (frames, rows, columns[, 3])."""
    pixels = ramp() if pixels is None else pixels
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = uid.DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "2.25.3"
    meta.TransferSyntaxUID = uid.UID(transfer_syntax)
    header = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    image = pixels[0] if frames > 1 else pixels
    values: dict[str, Any] = {
        "SOPClassUID": uid.DigitalXRayImageStorageForPresentation,
        "SOPInstanceUID": "2.25.3",
        "StudyInstanceUID": "2.25.1",
        "SeriesInstanceUID": "2.25.2",
        "PatientID": "P-1",
        "PatientName": "Test^One",
        "PatientSex": "F",
        "Modality": "DX",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "AP",
        "StudyDate": "20260102",
        "SeriesNumber": 4,
        "InstanceNumber": 5,
        "Rows": image.shape[0],
        "Columns": image.shape[1],
        "SamplesPerPixel": 1 if image.ndim == 2 else 3,
        "PhotometricInterpretation": "MONOCHROME2" if image.ndim == 2 else "RGB",
        "BitsAllocated": 8 * image.dtype.itemsize,
        "BitsStored": 8 * image.dtype.itemsize,
        "PixelRepresentation": int(image.dtype.kind == "i"),
    }
    if image.ndim == 3:
        values["PlanarConfiguration"] = 0
    if frames > 1:
        values["NumberOfFrames"] = frames
    values |= attributes
    values.setdefault("HighBit", (values["BitsStored"] or 1) - 1)
    for keyword, value in values.items():
        if value is not None:
            setattr(header, keyword, value)
    if "PixelData" not in attributes:
        content = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
        vr = "OB" if pixels.dtype.itemsize == 1 else "OW"
        header.add_new("PixelData", vr, content + b"\0" * (len(content) % 2))
    return header


def encapsulated(
    codestreams: list[bytes], pixels: NDArray[Any], *, transfer_syntax: str, **attributes: Any
) -> FileDataset:
    """The image of `pixels`, with these code streams as its frames."""
    header = instance(pixels, transfer_syntax=transfer_syntax, **attributes)
    header["PixelData"].value = encapsulate(codestreams)
    header["PixelData"].VR = "OB"
    header["PixelData"].is_undefined_length = True
    return header


def write(path: Path, header: FileDataset) -> Path:
    """Write as Part 10 in the header's own transfer syntax."""
    syntax = header.file_meta.TransferSyntaxUID
    dcmwrite(
        path,
        header,
        implicit_vr=syntax.is_implicit_VR,
        little_endian=syntax.is_little_endian,
        force_encoding=True,
    )
    return path


def part_10(data_set: bytes, *, transfer_syntax: str = EXPLICIT) -> bytes:
    """Preamble, meta information and these bytes."""
    value = transfer_syntax.encode()
    value += b"\0" * (len(value) % 2)
    syntax = b"\x02\x00\x10\x00UI" + struct.pack("<H", len(value)) + value
    length = b"\x02\x00\x00\x00UL\x04\x00" + struct.pack("<L", len(syntax))
    return b"\0" * 128 + b"DICM" + length + syntax + data_set


def element(tag: int, vr: str, value: bytes) -> bytes:
    """One element, Explicit VR little endian."""
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    if vr in ("OB", "OW", "SQ", "UN", "UT"):
        return head + struct.pack("<HL", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def nested_sequences(depth: int) -> bytes:
    """A data set of sequences of undefined length, each in an item of the one before."""
    opening = struct.pack("<HH", 0x0008, 0x1115) + b"SQ" + struct.pack("<HL", 0, 0xFFFFFFFF)
    opening += struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    closing = struct.pack("<HHL", 0xFFFE, 0xE00D, 0) + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    return opening * depth + closing * depth


def deflated_bomb(inflated_bytes: int) -> bytes:
    """A deflated file whose data set inflates to a private element of that many zeros."""
    head = element(0x00091010, "OB", b"")[:-4] + struct.pack("<L", inflated_bytes)
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    pieces = [deflater.compress(head) + deflater.flush(zlib.Z_FULL_FLUSH)]
    # behind a full flush nothing is remembered, so one compressed block may be repeated
    block = deflater.compress(b"\0" * (1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    pieces += [block] * (inflated_bytes >> 20)
    pieces.append(deflater.flush())
    return part_10(b"".join(pieces), transfer_syntax=str(uid.DeflatedExplicitVRLittleEndian))
