"""What do headers and images say of a case? Worklist, review and prior ask the same."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Subquery
from django.urls import reverse

from apps.cases.models import Case, CaseInstance, Instance, Patient, Series, Study, User
from apps.cases.selectors import age_at_study


def name_of(user: User | None) -> str:
    """Give the name by which colleagues know a person; empty for nobody known."""
    return (user.display_name or user.username) if user else ""


def patient_facts(study: Study) -> dict[str, Any]:
    """Give the identity that stays on the screen."""
    patient: Patient = study.patient
    return {
        "name": patient.name,
        "name_flag": patient.name_flag,
        "patient_id": patient.patient_id,
        "sex": patient.sex,
        "birth_date": patient.birth_date,
        "age": age_at_study(study),
    }


def study_facts(study: Study) -> dict[str, Any]:
    """Give what the order and the modality say of a study."""
    return {
        "study_date": study.study_date,
        "study_time": study.study_time,
        "description": study.description,
        "accession_number": study.accession_number,
    }


def images_of(cases: Sequence[Case]) -> dict[UUID, dict[str, Any]]:
    """Count images, list modalities and find a thumbnail for each case, in two queries."""
    modalities: dict[UUID, set[str]] = defaultdict(set)
    body_parts: dict[UUID, set[str]] = defaultdict(set)
    counts: dict[UUID, int] = defaultdict(int)
    links = CaseInstance.objects.filter(case__in=cases).values_list(
        "case_id", "instance__series__modality", "instance__series__body_part_examined"
    )
    for case_id, modality, body_part, count in links.annotate(n=Count("pk")).order_by():
        modalities[case_id].add(modality)
        body_parts[case_id].add(body_part)
        counts[case_id] += count
    thumbnails = _thumbnails_of(cases)
    return {
        case.pk: {
            "thumbnail_url": thumbnails.get(case.pk, ""),
            "facts": {
                "modalities": sorted(filter(None, modalities[case.pk])),
                "body_part": ", ".join(sorted(filter(None, body_parts[case.pk]))),
                "image_count": counts[case.pk],
            },
        }
        for case in cases
    }


def _thumbnails_of(cases: Sequence[Case]) -> dict[UUID, str]:
    """Find the first pictured instance of each case."""
    pictured = CaseInstance.objects.filter(case=OuterRef("case")).exclude(
        instance__thumbnail_sha256=""
    )
    first = pictured.order_by(
        "instance__series__series_number",
        "instance__series__series_instance_uid",
        "instance__instance_number",
        "instance__sop_instance_uid",
    )
    addresses = CaseInstance.objects.filter(
        case__in=cases, pk=Subquery(first.values("pk")[:1])
    ).values_list(
        "case_id",
        "instance__series__study__study_instance_uid",
        "instance__series__series_instance_uid",
        "instance__sop_instance_uid",
    )
    return {case_id: thumbnail_url(*address) for case_id, *address in addresses}


def thumbnail_url(study_uid: str, series_uid: str, sop_uid: str) -> str:
    """Give the address of an instance's thumbnail."""
    return reverse(
        "wado-thumbnail", kwargs={"study": study_uid, "series": series_uid, "sop": sop_uid}
    )


def series_of(case: Case) -> list[dict[str, Any]]:
    instances = (
        case.instances.select_related("series")
        .defer("metadata", "frame_ranges")
        .order_by("series__series_number", "series_id", "instance_number", "sop_instance_uid")
    )
    return [
        {
            "series_instance_uid": series.series_instance_uid,
            "series_number": series.series_number,
            "modality": series.modality,
            "description": series.description,
            "body_part": series.body_part_examined,
            "laterality": series.laterality,
            "instances": [_instance_facts(case.study, series, each) for each in its],
        }
        for series, its in groupby(instances, key=lambda instance: instance.series)
    ]


def _instance_facts(study: Study, series: Series, instance: Instance) -> dict[str, Any]:
    pictured = bool(instance.thumbnail_sha256)
    address = (study.study_instance_uid, series.series_instance_uid, instance.sop_instance_uid)
    return {
        "instance_id": instance.pk,
        "sop_instance_uid": instance.sop_instance_uid,
        "instance_number": instance.instance_number,
        "view_position": instance.view_position,
        "rows": instance.rows,
        "columns": instance.columns,
        "number_of_frames": instance.number_of_frames,
        "row_spacing_mm": instance.row_spacing_mm,
        "column_spacing_mm": instance.column_spacing_mm,
        "spacing_kind": instance.spacing_kind,
        "has_pixels": instance.has_pixels,
        "thumbnail_url": thumbnail_url(*address) if pictured else "",
        "acquisition": instance.acquisition,
    }


def review_study_facts(case: Case) -> dict[str, Any]:
    """Describe the study of a case as the review screen shows it."""
    study = case.study
    return {
        **study_facts(study),
        **images_of([case])[case.pk]["facts"],
        "study_instance_uid": study.study_instance_uid,
        "referring_physician_name": study.referring_physician_name,
        "indication": study.indication,
    }
