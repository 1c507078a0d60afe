"""`manage.py import_images FOLDER --csv FILE`: wraps PNG and JPEG files as DICOM and takes them in.

The CSV (UTF-8, a header line) has a row per picture. Columns; only `file` must be there:

    file                 path of the picture inside FOLDER
    patient_id           default: the file's name without its ending
    study                pictures of a patient with the same value form a study; default: the file
    patient_name patient_sex patient_birth_date patient_age
    modality body_part_examined view_position laterality
    study_date study_time study_description series_description accession_number

Dates as YYYYMMDD, times as HHMMSS, sex M, F or O, modality and the rest as in DICOM. A column of
another name is read with `--column patient_id=subject`; a value for all pictures is set with
`--value modality=DX`. Lengths in mm cannot be evaluated: a picture does not know its pixel spacing.
"""

import csv
import tempfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import CommandError

from apps.cases.compute.refusals import Refused
from apps.cases.compute.wrap import WrapFacts, derived_uid, wrap_image
from apps.cases.management.importing import ImportCommand
from apps.cases.models import Project
from apps.cases.services.failures import ArrivedFile, ingest_failure_record
from apps.cases.services.ingest import IngestResult, ingest_file

_SET_BY_US: Final = {
    "study_instance_uid",
    "series_instance_uid",
    "sop_instance_uid",
    "study_id",
    "series_number",
    "instance_number",
}
TEXT_COLUMNS: Final = tuple(
    each.name for each in fields(WrapFacts) if each.name not in _SET_BY_US | {"patient_id"}
)
COLUMNS: Final = ("file", "patient_id", "study", *TEXT_COLUMNS)


class Command(ImportCommand):
    """Import pictures; a second run stores nothing twice."""

    help = __doc__

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Keep the line breaks of the help."""
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        super().add_arguments(parser)
        parser.add_argument("folder", type=Path)
        parser.add_argument("--csv", type=Path, required=True)
        parser.add_argument("--column", action="append", default=[], metavar="OURS=THEIRS")
        parser.add_argument("--value", action="append", default=[], metavar="OURS=VALUE")

    def act(self, project: Project, **options: Any) -> None:
        """Wrap and take in one picture after the other."""
        folder: Path = options["folder"]
        values = _pairs(options["value"])
        with tempfile.TemporaryDirectory(prefix="wrap-", dir=settings.FILE_UPLOAD_TEMP_DIR) as work:
            wrapped = Path(work) / "wrapped.dcm"
            for row in _rows(options["csv"], theirs=_pairs(options["column"])):
                row = {**values, **{name: text for name, text in row.items() if text}}
                picture = _inside(folder, row["file"])
                self.count(row["file"], _take_in(picture, row, project=project, wrapped=wrapped))


def _take_in(
    picture: Path, row: dict[str, str], *, project: Project, wrapped: Path
) -> IngestResult:
    try:
        wrap_image(picture, _facts(row, project), wrapped)
    except Refused as refusal:
        file = ArrivedFile(path=picture, file_name=picture.name, uploaded_by=None)
        ingest_failure_record(file, project=project, code=refusal.code, params=refusal.params)
        return IngestResult("refused", code=refusal.code, params=dict(refusal.params))
    return ingest_file(wrapped, project=project, uploaded_by=None, file_name=picture.name)


def _facts(row: dict[str, str], project: Project) -> WrapFacts:
    """Give the picture UIDs made of what it is, so that a second import finds the first."""
    patient_id = row.get("patient_id") or Path(row["file"]).stem
    study = row.get("study") or row["file"]
    texts: dict[str, Any] = {name: row[name] for name in TEXT_COLUMNS if row.get(name)}
    return WrapFacts(
        study_instance_uid=derived_uid("study", project.code, patient_id, study),
        series_instance_uid=derived_uid("series", project.code, patient_id, study),
        sop_instance_uid=derived_uid("instance", project.code, patient_id, study, row["file"]),
        patient_id=patient_id,
        **{"modality": "OT"} | texts,
    )


def _rows(path: Path, *, theirs: dict[str, str]) -> Iterator[dict[str, str]]:
    """Read the CSV under our names for its columns.

    Raises
    ------
    CommandError : no such file, not UTF-8, a missing column, or a row without a file
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = set(reader.fieldnames or ())
            missing = ({*theirs.values()} | {theirs.get("file", "file")}) - names
            if missing:
                raise CommandError(f"The CSV has no column {', '.join(sorted(missing))}.")
            for number, row in enumerate(reader, start=2):
                ours = {name: (row.get(theirs.get(name, name)) or "").strip() for name in COLUMNS}
                if not ours["file"]:
                    raise CommandError(f"Line {number} of the CSV names no file.")
                yield ours
    except OSError as error:
        raise CommandError(f"The CSV cannot be opened: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError("The CSV is not UTF-8.") from error


def _inside(folder: Path, name: str) -> Path:
    """Find a picture, nowhere but in the folder.

    Raises
    ------
    CommandError : outside of the folder, or not there
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise CommandError(f"The CSV names {name!r}, which is not a file in the folder.")
    return path


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in texts)
    unknown = set(pairs) - set(COLUMNS)
    if unknown:
        raise CommandError(
            f"Unknown column {', '.join(sorted(unknown))}. Known: {', '.join(COLUMNS)}."
        )
    return pairs
