"""Which facts does the header state? Identifiers, text in its true characters, size, spacing."""

import re
from collections.abc import Iterable
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from apps.cases.compute.accepted import InstanceFacts
from apps.cases.compute.image_attributes import ImageAttributes
from apps.cases.compute.object_kinds import CLASSIFIABLE
from apps.cases.compute.refusals import Refused
from apps.cases.compute.text import DecodedText, decode_text

_UID: Final = re.compile(r"[0-9]+(\.[0-9]+)*\Z")
_REQUIRED_UIDS: Final = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_MAX_IDENTIFIER: Final = 64  # characters of LO (PS3.5 6.2); cutting one could merge two patients
_MAX_NAME: Final = 324  # three component groups of 64 characters, with their delimiters, rounded up
_MAX_TEXT: Final = 255
_MAX_CODE: Final = 16  # characters of CS
_PROJECTION: Final = frozenset({"CR", "DX", "MG", "XA", "RF", "IO", "PX", "RG"})
_INDICATION: Final = (
    "ReasonForStudy",
    "RequestedProcedureDescription",
    "AdmittingDiagnosesDescription",
)
_ACQUISITION: Final = (
    "KVP",
    "XRayTubeCurrent",
    "ExposureTime",
    "Exposure",
    "ExposureIndex",
    "DeviationIndex",
    "RelativeXRayExposure",
    "DistanceSourceToDetector",
    "DistanceSourceToPatient",
    "Grid",
    "FilterType",
    "PatientOrientation",
    "PresentationIntentType",
    "SliceThickness",
    "SpacingBetweenSlices",
    "ConvolutionKernel",
    "CTDIvol",
    "MagneticFieldStrength",
    "ScanningSequence",
    "SequenceName",
    "RepetitionTime",
    "EchoTime",
    "FlipAngle",
    "ContrastBolusAgent",
    "ProtocolName",
    "AcquisitionDate",
    "AcquisitionTime",
    "ManufacturerModelName",
    "BurnedInAnnotation",
    "LossyImageCompression",
    "LossyImageCompressionRatio",
)


class HeaderReader:
    """Reads values of one data set as bytes, before pydicom interprets them.

    Parameters
    ----------
    header : a data set just read: a value that pydicom has already converted is read as its text
    """

    def __init__(self, header: Dataset) -> None:
        self._header = header
        self.character_sets = (
            self.raw("SpecificCharacterSet").decode("ascii", "replace").split("\\")
        )

    def raw(self, keyword: str | int) -> bytes:
        """The bytes of a value, by keyword or tag; empty where absent or a sequence."""
        tag = Tag(keyword)
        if tag not in self._header:
            return b""
        element = self._header.get_item(tag)
        value: Any = element.value
        if element.VR == "SQ" or value is None:
            return b""
        if isinstance(value, bytes):
            return value
        # pydicom converts an empty value and the character set while it reads
        return "\\".join(str(part) for part in _parts(value)).encode()

    def text(self, keyword: str, *, longest: int = _MAX_TEXT) -> str:
        """The decoded value, cut to `longest` characters."""
        return self.decoded(keyword).value[:longest]

    def decoded(self, keyword: str) -> DecodedText:
        """The decoded value with its doubt."""
        return decode_text(self.raw(keyword), self.character_sets)

    def code(self, keyword: str, *, longest: int = _MAX_CODE) -> str:
        """A CS, DA, TM, AS or UI value: ASCII without padding, cut to `longest` characters."""
        text = self.raw(keyword).decode("ascii", "replace")
        return "".join(filter(str.isprintable, text)).strip()[:longest]

    def identifier(self, keyword: str) -> str:
        """A LO or SH value that names someone or something."""
        value = self.decoded(keyword).value
        if len(value) > _MAX_IDENTIFIER:
            raise Refused("bad_attribute", {"keyword": keyword})
        return value

    def integer(self, keyword: str) -> int | None:
        """An IS value; the walk has checked that it is one."""
        value = self.raw(keyword).split(b"\\")[0].strip(b" \0")
        return int(float(value)) if value else None


def required_uids(header: Dataset) -> None:
    """Refuse an object without a valid class, instance, study and series UID.

    Raises
    ------
    Refused : missing_uid, bad_uid
    """
    reader = HeaderReader(header)
    for keyword in _REQUIRED_UIDS:
        value = reader.raw(keyword).decode("ascii", "replace").strip(" \0")
        if not value:
            raise Refused("missing_uid", {"keyword": keyword})
        if len(value) > _MAX_IDENTIFIER or not _UID.match(value):
            raise Refused("bad_uid", {"keyword": keyword})


def instance_facts(
    header: Dataset,
    *,
    source_transfer_syntax_uid: str,
    transfer_syntax_uid: str,
    image: ImageAttributes | None,
) -> InstanceFacts:
    """All facts of one instance.

    Parameters
    ----------
    header : the data set without pixels, freshly read
    source_transfer_syntax_uid, transfer_syntax_uid : as received, and of the rendition
    image : the rendition's image attributes; None where there are no pixels to show

    Returns
    -------
    InstanceFacts

    Raises
    ------
    Refused : bad_attribute, an identifier longer than the standard allows
    """
    reader = HeaderReader(header)
    name = reader.decoded("PatientName")
    row_spacing, column_spacing, kind = spacing(header, modality=reader.code("Modality"))
    sop_class = reader.code("SOPClassUID", longest=_MAX_IDENTIFIER)
    return InstanceFacts(
        patient_id=reader.identifier("PatientID"),
        issuer_of_patient_id=reader.identifier("IssuerOfPatientID"),
        patient_name=name.value[:_MAX_NAME],
        patient_name_flag=name.flag,
        patient_sex=reader.code("PatientSex"),
        patient_birth_date=reader.code("PatientBirthDate"),
        patient_age=reader.code("PatientAge", longest=8),
        study_instance_uid=reader.code("StudyInstanceUID", longest=_MAX_IDENTIFIER),
        study_id=reader.identifier("StudyID"),
        study_date=reader.code("StudyDate"),
        study_time=reader.code("StudyTime"),
        study_description=reader.text("StudyDescription"),
        accession_number=reader.identifier("AccessionNumber"),
        referring_physician_name=reader.text("ReferringPhysicianName", longest=_MAX_NAME),
        indication=next(filter(None, (reader.text(word) for word in _INDICATION)), ""),
        series_instance_uid=reader.code("SeriesInstanceUID", longest=_MAX_IDENTIFIER),
        series_number=reader.integer("SeriesNumber"),
        modality=reader.code("Modality"),
        series_description=reader.text("SeriesDescription"),
        body_part_examined=reader.code("BodyPartExamined", longest=_MAX_IDENTIFIER),
        laterality=reader.code("ImageLaterality") or reader.code("Laterality"),
        view_position=reader.code("ViewPosition"),
        patient_position=reader.code("PatientPosition"),
        sop_instance_uid=reader.code("SOPInstanceUID", longest=_MAX_IDENTIFIER),
        sop_class_uid=sop_class,
        instance_number=reader.integer("InstanceNumber"),
        transfer_syntax_uid=transfer_syntax_uid,
        source_transfer_syntax_uid=source_transfer_syntax_uid,
        rows=None if image is None else image.rows,
        columns=None if image is None else image.columns,
        number_of_frames=0 if image is None else image.frames,
        samples_per_pixel=None if image is None else image.samples,
        bits_stored=None if image is None else image.bits_stored,
        photometric_interpretation="" if image is None else image.photometric,
        row_spacing_mm=row_spacing,
        column_spacing_mm=column_spacing,
        spacing_kind=kind,
        manufacturer=reader.text("Manufacturer"),
        acquisition={
            word: text for word in _ACQUISITION if (text := reader.text(word, longest=256))
        },
        is_classifiable=image is not None and sop_class in CLASSIFIABLE,
        has_pixels=image is not None,
    )


def spacing(header: Dataset, *, modality: str) -> tuple[float | None, float | None, str]:
    """Row and column spacing, and what they measure.

    Parameters
    ----------
    header : the data set
    modality : Modality (0008,0060)

    Returns
    -------
    (row_spacing_mm, column_spacing_mm, kind), kind as in `InstanceFacts`; (None, None, "none")
    where the file states none

    Source: PS3.3 10.7.1.3. A projection's Pixel Spacing is in the patient only if its calibration
    is declared; without that it may repeat the detector's, and is called "projected".
    """
    pixel_spacing = _pair(header.get("PixelSpacing"))
    if pixel_spacing is None:
        for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
            for measures in _measures(header.get(groups)):
                pixel_spacing = pixel_spacing or _pair(measures.get("PixelSpacing"))
    if pixel_spacing is not None:
        is_calibrated = bool(header.get("PixelSpacingCalibrationType"))
        kind = "projected" if modality in _PROJECTION and not is_calibrated else "patient"
        return *pixel_spacing, kind
    at_detector = _pair(header.get("ImagerPixelSpacing")) or _pair(
        header.get("NominalScannedPixelSpacing")
    )
    return (*at_detector, "projected") if at_detector is not None else (None, None, "none")


def _parts(value: Any) -> list[Any]:
    is_single = isinstance(value, (str, bytes)) or not hasattr(value, "__iter__")
    return [value] if is_single else list(value)


def _measures(groups: Any) -> Iterable[Dataset]:
    for group in list(groups or [])[:1]:
        yield from list(group.get("PixelMeasuresSequence") or [])[:1]


def _pair(value: Any) -> tuple[float, float] | None:
    if value is None or isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        return None
    if len(value) != 2 or None in list(value) or "" in list(value):
        return None
    row, column = float(value[0]), float(value[1])
    return (row, column) if row > 0 and column > 0 else None
