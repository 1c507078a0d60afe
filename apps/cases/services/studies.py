"""How do the facts of an accepted file become rows? By look-up or creation under constraints.

Every function here runs inside the transaction of the ingest and may meet a twin that stores the
same study at the same moment: `get_or_create` and the constraints let one of the two write it.
"""

import hashlib
import re
import secrets
from datetime import date, time
from typing import Any, Final
from uuid import UUID

import orjson

from apps.cases.compute.accepted import Accepted, InstanceFacts
from apps.cases.models import Case, CaseInstance, Instance, Patient, Project, Series, Study
from apps.cases.names import fold, search_text

_DATE: Final = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")
_TIME: Final = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?")


class Disagreement(Exception):  # noqa: N818  a verdict on a file, not a fault of the program
    """A file contradicts what is stored under one of its UIDs; what came first stays as it is."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def known_instance(accepted: Accepted) -> Instance | None:
    """Find the stored instance of a file, and compare, before any of its bytes are written.

    Raises
    ------
    Disagreement : the file contradicts a stored study, series or instance
    """
    facts = accepted.facts
    study = Study.objects.filter(study_instance_uid=facts.study_instance_uid)
    for stored in study.select_related("patient"):
        if not _is_same_person(stored.patient, facts):
            raise Disagreement("other_patient")
    series = Series.objects.filter(series_instance_uid=facts.series_instance_uid)
    if series.exclude(study__in=study).exists():
        raise Disagreement("other_study")
    instance = Instance.objects.filter(sop_instance_uid=facts.sop_instance_uid).first()
    if instance is not None and instance.source_sha256 != accepted.source_sha256:
        raise Disagreement("other_bytes")
    return instance


def study_store(facts: InstanceFacts) -> Study:
    """Find the study of a file, or store it with its patient.

    Raises
    ------
    Disagreement : `other_patient`, the stored study is of somebody else
    """
    study, is_new = Study.objects.select_related("patient").get_or_create(
        study_instance_uid=facts.study_instance_uid,
        defaults={
            # called only if the study is new; django-stubs knows values alone
            "patient": lambda: _patient_store(facts),  # type: ignore[misc]
            "study_date": dicom_date(facts.study_date),
            "study_time": dicom_time(facts.study_time),
            "description": _clean(facts.study_description, 255),
            "accession_number": _clean(facts.accession_number, 64),
            "referring_physician_name": _clean(facts.referring_physician_name, 324),
            "indication": _clean(facts.indication, 10_000),
            "patient_age": _clean(facts.patient_age, 8),
        },
    )
    if not is_new and not _is_same_person(study.patient, facts):
        raise Disagreement("other_patient")
    return study


def series_store(facts: InstanceFacts, study: Study) -> Series:
    """Find the series of a file, or store it.

    Raises
    ------
    Disagreement : `other_study`
    """
    series, _ = Series.objects.get_or_create(
        series_instance_uid=facts.series_instance_uid,
        defaults={
            "study": study,
            "series_number": _in_range(facts.series_number),
            "modality": _clean(facts.modality, 16),
            "description": _clean(facts.series_description, 255),
            "body_part_examined": _clean(facts.body_part_examined, 64),
            "laterality": _clean(facts.laterality, 16),
        },
    )
    if series.study_id != study.pk:
        raise Disagreement("other_study")
    return series


def instance_store(accepted: Accepted, *, series: Series, thumbnail_sha256: str) -> Instance:
    """Find the instance of a file, or store it.

    Raises
    ------
    Disagreement : `other_bytes` or `other_series`
    """
    facts = accepted.facts
    instance, _ = Instance.objects.get_or_create(
        sop_instance_uid=facts.sop_instance_uid,
        defaults={
            "series": series,
            "sop_class_uid": facts.sop_class_uid,
            "instance_number": _in_range(facts.instance_number),
            "transfer_syntax_uid": facts.transfer_syntax_uid,
            "view_position": _clean(facts.view_position, 16),
            "rows": facts.rows,
            "columns": facts.columns,
            "number_of_frames": facts.number_of_frames,
            "row_spacing_mm": facts.row_spacing_mm,
            "column_spacing_mm": facts.column_spacing_mm,
            "spacing_kind": facts.spacing_kind,
            "has_pixels": facts.has_pixels,
            "is_classifiable": facts.is_classifiable,
            "source_sha256": accepted.source_sha256,
            "stored_sha256": accepted.stored_sha256,
            "rendition_sha256": accepted.rendition_sha256,
            "thumbnail_sha256": thumbnail_sha256,
            "metadata": _without_nul(accepted.metadata),
            "frame_ranges": accepted.frame_ranges,
            "acquisition": _without_nul(facts.acquisition),
        },
    )
    if instance.source_sha256 != accepted.source_sha256:
        raise Disagreement("other_bytes")
    if instance.series_id != series.pk:
        raise Disagreement("other_series")
    return instance


def case_store(project: Project, *, study: Study, instance: Instance) -> tuple[UUID, bool]:
    """Make the instance part of the project's case; say its id and whether that was news."""
    case, _ = Case.objects.get_or_create(
        project=project,
        study=study,
        defaults={"random_order": secrets.SystemRandom().random()},
    )
    _, is_new = CaseInstance.objects.get_or_create(case=case, instance=instance)
    return case.pk, is_new


def patient_identity(facts: InstanceFacts) -> str:
    """Hash what tells a patient apart; without a Patient ID, the study is part of it."""
    identity = [
        facts.patient_id,
        facts.issuer_of_patient_id,
        fold(facts.patient_name),
        facts.patient_birth_date,
        facts.patient_sex,
        "" if facts.patient_id else facts.study_instance_uid,
    ]
    return hashlib.sha256(orjson.dumps(identity)).hexdigest()


def dicom_date(text: str) -> date | None:
    """Read a DA (PS3.5 6.2), also in the old form with dots; None where it is no date."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None


def dicom_time(text: str) -> time | None:
    """Read a TM (PS3.5 6.2), whose minutes and seconds may be missing; None where it is no time."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups(default="0")
    try:
        return time(int(hours), int(minutes), min(int(seconds), 59), int(fraction.ljust(6, "0")))
    except ValueError:
        return None


def _patient_store(facts: InstanceFacts) -> Patient:
    patient, _ = Patient.objects.get_or_create(
        identity_sha256=patient_identity(facts),
        defaults={
            "patient_id": _clean(facts.patient_id, 64),
            "issuer_of_patient_id": _clean(facts.issuer_of_patient_id, 64),
            "name": _clean(facts.patient_name, 324),
            "name_flag": facts.patient_name_flag,
            "name_search": _clean(search_text(facts.patient_name), 1000),
            "sex": _clean(facts.patient_sex, 16),
            "birth_date": dicom_date(facts.patient_birth_date),
        },
    )
    return patient


def _is_same_person(patient: Patient, facts: InstanceFacts) -> bool:
    """Compare what both say; devices leave out or reformat parts, which is no contradiction."""
    if patient.patient_id != _clean(facts.patient_id, 64):
        return False
    birth_date = dicom_date(facts.patient_birth_date)
    pairs: list[tuple[Any, Any]] = [
        (patient.issuer_of_patient_id, _clean(facts.issuer_of_patient_id, 64)),
        (patient.sex, _clean(facts.patient_sex, 16)),
        (patient.birth_date, birth_date),
    ]
    if not (patient.name_flag or facts.patient_name_flag):
        groups = zip(patient.name.split("="), facts.patient_name.split("="), strict=False)
        pairs += [(fold(stored), fold(arrived)) for stored, arrived in groups]
    return all(stored == arrived for stored, arrived in pairs if stored and arrived)


def _clean(text: str, length: int) -> str:
    """Cut to the column and drop NUL, which PostgreSQL cannot hold."""
    return text.replace("\x00", "")[:length]


def _in_range(number: int | None) -> int | None:
    """Drop a number that an IS may hold but the column cannot."""
    return number if number is not None and -(2**31) <= number < 2**31 else None


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value
