"""What does the gate say of a file it lets in? Plain facts, able to cross a pipe as JSON."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class InstanceFacts:
    """The facts of one SOP instance that the rest of Coread keeps in rows.

    Text is decoded; dates and times are as in the file (DA, TM), "" where absent. Spacing is in mm
    along the rows' and columns' direction: `row_spacing_mm` is the distance between neighbouring
    rows. `spacing_kind`: "patient" (in the patient), "projected" (at the detector, not corrected
    for magnification) or "none" (lengths cannot be evaluated).
    """

    patient_id: str
    issuer_of_patient_id: str
    patient_name: str
    patient_name_flag: str  # "" | "charset_missing" | "charset_guessed" | "undecodable"
    patient_sex: str
    patient_birth_date: str
    patient_age: str
    study_instance_uid: str
    study_id: str
    study_date: str
    study_time: str
    study_description: str
    accession_number: str
    referring_physician_name: str
    indication: str
    series_instance_uid: str
    series_number: int | None
    modality: str
    series_description: str
    body_part_examined: str
    laterality: str
    view_position: str
    patient_position: str
    sop_instance_uid: str
    sop_class_uid: str
    instance_number: int | None
    transfer_syntax_uid: str  # of the rendition
    source_transfer_syntax_uid: str  # as received
    rows: int | None
    columns: int | None
    number_of_frames: int
    samples_per_pixel: int | None  # of the rendition, as the next two
    bits_stored: int | None
    photometric_interpretation: str
    row_spacing_mm: float | None
    column_spacing_mm: float | None
    spacing_kind: str  # "patient" | "projected" | "none"
    manufacturer: str
    acquisition: dict[str, str]  # DICOM keyword -> value as text, only what the file says
    is_classifiable: bool
    has_pixels: bool


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A file that passed the gate, and what was made of it in the work directory.

    `stored_path` is the Part 10 file as received with its preamble zeroed; `rendition_path` is what
    viewer and workers decode and may be the same file. `frame_ranges[i]` are the byte ranges
    `[offset, length]` of frame i + 1 in the rendition: one range for native pixels, the payloads of
    its fragments for encapsulated ones; empty without pixels. `metadata` is the DICOM JSON model
    (PS3.18 F.2) of the rendition without private elements and bulk data.
    """

    stored_path: Path
    rendition_path: Path
    thumbnail_path: Path | None
    source_sha256: str
    stored_sha256: str
    rendition_sha256: str
    facts: InstanceFacts
    metadata: dict[str, Any]
    frame_ranges: list[list[list[int]]]

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types; `from_json` reads it back."""
        return asdict(self) | {
            "stored_path": str(self.stored_path),
            "rendition_path": str(self.rendition_path),
            "thumbnail_path": None if self.thumbnail_path is None else str(self.thumbnail_path),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        thumbnail = values["thumbnail_path"]
        return cls(
            **values
            | {
                "stored_path": Path(values["stored_path"]),
                "rendition_path": Path(values["rendition_path"]),
                "thumbnail_path": None if thumbnail is None else Path(thumbnail),
                "facts": InstanceFacts(**values["facts"]),
            }
        )
