"""How does a PNG or JPEG become a DICOM object? As a secondary capture, so that there is one path.

The picture's own metadata (EXIF, text chunks, colour profile) is dropped; its orientation flag is
obeyed first. No pixel spacing is written, because a picture does not know its own: lengths in mm
stay "not evaluable".
"""

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from pydicom import dcmwrite, uid
from pydicom.dataset import FileDataset, FileMetaDataset

from apps.cases.compute.image_attributes import MAX_SIDE
from apps.cases.compute.refusals import Refused

MAX_FILE_BYTES: Final = 256 << 20
MAX_PIXELS: Final = 100_000_000

_GREY_16: Final = frozenset({"I;16", "I;16B", "I;16L", "I"})


@dataclass(frozen=True, kw_only=True)
class WrapFacts:
    """What the person who imports a picture says of it; UIDs see `derived_uid`."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    patient_id: str
    modality: str
    patient_name: str = ""
    patient_sex: str = ""
    patient_birth_date: str = ""
    patient_age: str = ""
    body_part_examined: str = ""
    view_position: str = ""
    laterality: str = ""
    study_date: str = ""
    study_time: str = ""
    study_id: str = ""
    study_description: str = ""
    series_description: str = ""
    accession_number: str = ""
    series_number: int = 1
    instance_number: int = 1


def derived_uid(*parts: str) -> str:
    """A UID that is the same whenever the parts are, so that a second import finds the first.

    Parameters
    ----------
    parts : what makes the object itself: project, patient, study, file

    Returns
    -------
    "2.25." and 128 bits of SHA-256 over the parts (PS3.5 B.2; not a random UUID)
    """
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16])}"


def wrap_image(path: Path, facts: WrapFacts, out: Path) -> None:
    """Write a picture as a Secondary Capture object, Explicit VR little endian.

    Parameters
    ----------
    path : a PNG or JPEG file; 8 or 16 bits grey, or colour
    facts : patient, study and UIDs
    out : the file to write; equal input gives equal bytes

    Raises
    ------
    Refused : unsupported_image_format, bad_image, file_too_large, image_too_large,
        pixels_too_large
    """
    pixels, is_lossy = _read_picture(path)
    instance = _instance(facts)
    rows, columns = pixels.shape[:2]
    instance.Rows, instance.Columns = rows, columns
    instance.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    instance.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        instance.PlanarConfiguration = 0
    bits = 8 * pixels.dtype.itemsize
    instance.BitsAllocated = instance.BitsStored = bits
    instance.HighBit = bits - 1
    instance.PixelRepresentation = 0
    if is_lossy:
        instance.LossyImageCompression = "01"
        instance.LossyImageCompressionRatio = f"{pixels.nbytes / path.stat().st_size:.2f}"
        instance.LossyImageCompressionMethod = "ISO_10918_1"
    content = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    padding = b"\0" * (len(content) % 2)
    instance.add_new("PixelData", "OB" if bits == 8 else "OW", content + padding)
    dcmwrite(out, instance, enforce_file_format=True)


def _read_picture(path: Path) -> tuple[NDArray[np.generic], bool]:
    """(rows, columns[, 3]) uint8 or uint16, and whether the file had lost information."""
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise Refused("file_too_large", {"bytes": size, "limit": MAX_FILE_BYTES})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; the limit is ours
            with Image.open(path, formats=("PNG", "JPEG")) as picture:
                _check_size(picture)
                return _pixels(ImageOps.exif_transpose(picture)), picture.format == "JPEG"
    except Image.UnidentifiedImageError as error:
        raise Refused("unsupported_image_format") from error
    except Image.DecompressionBombError as error:
        raise Refused("pixels_too_large", {"bytes": size, "limit": MAX_PIXELS}) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise Refused("bad_image") from error


def _check_size(picture: Image.Image) -> None:
    """Judge the header's size before a single pixel is decoded."""
    columns, rows = picture.size
    if max(columns, rows) > MAX_SIDE:
        raise Refused("image_too_large", {"rows": rows, "columns": columns, "limit": MAX_SIDE})
    if columns * rows > MAX_PIXELS:
        raise Refused("pixels_too_large", {"bytes": columns * rows, "limit": MAX_PIXELS})
    if getattr(picture, "n_frames", 1) != 1:
        raise Refused("unsupported_image_format")


def _pixels(picture: Image.Image) -> NDArray[np.generic]:
    if picture.mode in _GREY_16:
        return np.asarray(picture).astype(np.uint16)
    if picture.mode in ("L", "1", "LA", "La"):
        return np.asarray(picture.convert("L"))
    colour = np.asarray(picture.convert("RGB"))
    # a grey picture saved as colour is grey: window and level then work on it
    is_grey = (colour[..., 0] == colour[..., 1]).all() and (colour[..., 0] == colour[..., 2]).all()
    return np.ascontiguousarray(colour[..., 0]) if is_grey else colour


def _instance(facts: WrapFacts) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = uid.SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = uid.UID(facts.sop_instance_uid)
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    instance = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    instance.SpecificCharacterSet = "ISO_IR 192"
    instance.SOPClassUID = uid.SecondaryCaptureImageStorage
    instance.SOPInstanceUID = uid.UID(facts.sop_instance_uid)
    instance.StudyInstanceUID = uid.UID(facts.study_instance_uid)
    instance.SeriesInstanceUID = uid.UID(facts.series_instance_uid)
    instance.PatientID = facts.patient_id
    instance.PatientName = facts.patient_name
    instance.PatientSex = facts.patient_sex
    instance.PatientBirthDate = facts.patient_birth_date
    instance.PatientAge = facts.patient_age
    instance.Modality = facts.modality
    instance.ConversionType = "DI"  # digital interface: neither digitised film nor a screen dump
    instance.ImageType = ["DERIVED", "SECONDARY"]
    instance.BodyPartExamined = facts.body_part_examined
    instance.ViewPosition = facts.view_position
    instance.Laterality = facts.laterality
    instance.StudyDate = facts.study_date
    instance.StudyTime = facts.study_time
    instance.StudyID = facts.study_id
    instance.StudyDescription = facts.study_description
    instance.SeriesDescription = facts.series_description
    instance.AccessionNumber = facts.accession_number
    instance.ReferringPhysicianName = ""
    instance.PatientOrientation = ""
    instance.SeriesNumber = facts.series_number
    instance.InstanceNumber = facts.instance_number
    return instance
