"""How does a phantom become a DICOM file? A Digital X-Ray Image for Presentation (PS3.3 A.26) of an
invented patient, written through pydicom; and how does its ground truth become polygons.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from apps.cases.compute.phantom import Phantom
from apps.cases.compute.phantom_facts import StudyFacts, stable_uid
from apps.cases.compute.phantom_shapes import Mask


def write_phantom(path: Path, phantom: Phantom, facts: StudyFacts) -> None:
    """Write one phantom as a DICOM Part 10 file, explicit VR little endian.

    Parameters
    ----------
    path : file to write
    phantom : pixels, spacing and window
    facts : words of the study

    Raises
    ------
    UnicodeEncodeError : a name that its character set cannot write
    """
    dataset = _file_dataset(facts)
    _add_patient_and_study(dataset, facts)
    _add_series(dataset, phantom, facts)
    _add_pixels(dataset, phantom)
    dataset.save_as(path, enforce_file_format=True)


def _file_dataset(facts: StudyFacts) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = UID(stable_uid("instance", facts.accession_number))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(stable_uid("implementation"))
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    return dataset


def _add_patient_and_study(dataset: Dataset, facts: StudyFacts) -> None:
    if facts.character_set:
        dataset.SpecificCharacterSet = list(facts.character_set)
        dataset.PatientName = facts.patient_name
    else:
        # Bytes of GB18030 in a file that does not say so.
        dataset.add_new("PatientName", "PN", facts.patient_name.encode("gb18030"))
    dataset.PatientID = facts.patient_id
    dataset.ReasonForStudy = facts.indication
    dataset.PatientSex = facts.sex
    dataset.PatientBirthDate = facts.birth_date
    age = int(facts.study_date[:4]) - int(facts.birth_date[:4])
    age -= facts.study_date[4:] < facts.birth_date[4:]
    dataset.PatientAge = f"{age:03d}Y"
    dataset.StudyInstanceUID = stable_uid("study", facts.accession_number)
    dataset.StudyID = facts.accession_number[-4:]
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = facts.study_date
    dataset.ContentDate = facts.study_date
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = facts.study_time
    dataset.ContentTime = facts.study_time
    dataset.AccessionNumber = facts.accession_number
    dataset.StudyDescription = facts.study_description
    dataset.ReferringPhysicianName = facts.referring_physician


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return item


def _add_series(dataset: Dataset, phantom: Phantom, facts: StudyFacts) -> None:
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.SeriesInstanceUID = stable_uid("series", facts.accession_number)
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    dataset.SeriesDescription = f"Chest {facts.view} SYNTHETIC PHANTOM"
    dataset.Manufacturer = "Coread"
    dataset.ManufacturerModelName = "Chest phantom"
    dataset.BodyPartExamined = "CHEST"
    dataset.ViewPosition = facts.view
    dataset.PatientOrientation = ["P", "F"] if facts.view == "LL" else ["L", "F"]
    dataset.ImageLaterality = "U"
    dataset.AnatomicRegionSequence = Sequence([_code("51185008", "Chest")])
    names = {
        "PA": ("399348003", "postero-anterior"),
        "AP": ("399348003", "antero-posterior"),
        "LL": ("399067008", "lateral projection"),
    }
    dataset.ViewCodeSequence = Sequence([_code(*names[facts.view])])
    dataset.AcquisitionContextSequence = Sequence([])
    dataset.KVP = "120"
    portable = facts.view == "AP"
    dataset.DistanceSourceToDetector = "1100" if portable else "1800"
    dataset.Exposure = str(max(1, round(phantom.parameters.exposure.quanta_per_mm2 / 20_000)))
    dataset.DetectorType = "SCINTILLATOR"
    dataset.BurnedInAnnotation = "YES"


def _add_pixels(dataset: Dataset, phantom: Phantom) -> None:
    rows, columns = phantom.image.shape
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.Rows, dataset.Columns = rows, columns
    spacing = f"{phantom.spacing_mm:.6g}"
    dataset.ImagerPixelSpacing = [spacing, spacing]
    dataset.PixelSpacing = [spacing, spacing]
    dataset.PixelSpacingCalibrationType = "GEOMETRY"
    dataset.PixelSpacingCalibrationDescription = "Plane of the middle of the phantom"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.WindowCenter = f"{phantom.window_center:.6g}"
    dataset.WindowWidth = f"{phantom.window_width:.6g}"
    dataset.LossyImageCompression = "00"
    dataset.PixelData = phantom.image.astype("<u2").tobytes()


def mask_polygons(mask: Mask) -> list[list[tuple[int, int]]]:
    """Outlines of a mask along pixel edges, in DICOM image points.

    Parameters
    ----------
    mask : bool (rows, columns), without holes

    Returns
    -------
    One closed polygon (first point not repeated) per 4-connected part, largest first; points are
    (column, row) with 0,0 at the outer corner of the first pixel. The areas add up to the number
    of pixels exactly.
    """
    edges = _boundary_edges(mask)
    polygons = []
    while edges:
        start = next(iter(edges))
        loop, point, direction = [start], start, (0, 0)
        while True:
            choices = edges[point]
            # Where two parts touch at a corner, turn right: each part keeps its own outline.
            step = min(choices, key=lambda way: _turn_rank(direction, way))
            choices.remove(step)
            if not choices:
                del edges[point]
            point, direction = (point[0] + step[0], point[1] + step[1]), step
            if point == start:
                break
            loop.append(point)
        polygons.append(_without_straight_points(loop))
    return sorted(polygons, key=polygon_area, reverse=True)


def _boundary_edges(mask: Mask) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Unit steps along the boundary with the mask on the right hand (clockwise, y downwards)."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    edges: dict[tuple[int, int], list[tuple[int, int]]] = {}
    sides = (
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (0, 1)),
        (padded[2:, 1:-1], (1, 1), (-1, 0)),
        (padded[1:-1, :-2], (0, 1), (0, -1)),
    )
    for neighbour, (right, down), step in sides:
        for row, column in np.argwhere(inside & ~neighbour).tolist():
            edges.setdefault((column + right, row + down), []).append(step)
    return edges


def _turn_rank(heading: tuple[int, int], step: tuple[int, int]) -> int:
    """0 for a right turn, 1 straight on, 2 for a left turn (y downwards)."""
    return 1 - (heading[0] * step[1] - heading[1] * step[0])


def _without_straight_points(loop: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept = []
    for before, here, after in zip([loop[-1], *loop[:-1]], loop, [*loop[1:], loop[0]], strict=True):
        if (here[0] - before[0], here[1] - before[1]) != (after[0] - here[0], after[1] - here[1]):
            kept.append(here)
    return kept


def polygon_area(polygon: list[tuple[int, int]]) -> float:
    """Area by the shoelace formula, in pixels."""
    points: NDArray[np.float64] = np.asarray(polygon, float)
    following = np.roll(points, -1, axis=0)
    return float(abs(np.sum(points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1])) / 2.0)
