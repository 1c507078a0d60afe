"""Small whole DICOM files for tests, written by pydicom."""

from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from tests.factories import uid


def write_dicom(path: Path, *, frames: int = 1, **attributes: Any) -> Path:
    """Write a radiograph of 6 × 4 pixels; attributes by DICOM keyword override the defaults."""
    pixels = np.arange(frames * 24, dtype=np.uint16).reshape(frames, 4, 6)
    dataset = Dataset()
    values: dict[str, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": DigitalXRayImageStorageForPresentation,
        "SOPInstanceUID": uid(),
        "StudyInstanceUID": uid(),
        "SeriesInstanceUID": uid(),
        "PatientName": "Doe^Jane",
        "PatientID": "PID-1",
        "PatientSex": "F",
        "PatientBirthDate": "19700102",
        "StudyDate": "20260301",
        "StudyTime": "101112.5",
        "StudyDescription": "CHEST",
        "AccessionNumber": "ACC-1",
        "Modality": "DX",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "AP",
        "SeriesNumber": 1,
        "InstanceNumber": 1,
        "ImagerPixelSpacing": [0.2, 0.1],
        "Rows": 4,
        "Columns": 6,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "WindowCenter": 12,
        "WindowWidth": 24,
        **({"NumberOfFrames": frames} if frames > 1 else {}),
        **attributes,
    }
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    return path
