"""What a reader is told of cases: rows of the worklist, and the whole of one case."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Subquery
from django.urls import reverse

from apps.cases.access import RADIOLOGISTS, roles_in, sees_ai
from apps.cases.models import Case, CaseInstance, Instance, Patient, Series, Study, User
from apps.cases.selectors import project_facts
from apps.feedback.review.models import Review
from apps.feedback.review.selectors.worklist import PRIORITIES, WorklistPage, next_case
from apps.inference.selectors import case_ai, cases_ai


def worklist_rows(page: WorklistPage) -> list[dict[str, Any]]:
    """Describe each case of a page in a fixed number of queries."""
    images = _images_of(page.cases)
    readers = _readers_of(page.cases)
    answers = cases_ai(page.cases) if page.shows_ai else {}
    rows = []
    for case in page.cases:
        row = {
            "case_id": case.pk,
            "patient": patient_facts(case.study),
            "study": {**study_facts(case.study), **images[case.pk]["facts"]},
            "status": case.status,  # type: ignore[attr-defined]
            "reader": readers.get(case.pk, ""),
            "received_at": case.created_at,
            "thumbnail_url": images[case.pk]["thumbnail_url"],
        }
        if page.shows_ai:
            row["ai"] = answers[case.pk]
            row["priority"] = _priority(case)
        rows.append(row)
    return rows


def case_review(case: Case, *, user: User) -> dict[str, Any]:
    """Describe one case for the review screen; AI output only where this person may see it now."""
    study = case.study
    signed = _signed_reviews(case)
    draft = _own_draft(case, user)
    following = next_case(case.project, user=user, after=case)
    payload = {
        "case_id": case.pk,
        "project_id": case.project_id,
        "status": "signed" if signed else "draft" if draft else "unread",
        "patient": patient_facts(study),
        "study": {
            **study_facts(study),
            **_images_of([case])[case.pk]["facts"],
            "study_instance_uid": study.study_instance_uid,
            "referring_physician_name": study.referring_physician_name,
            "indication": study.indication,
        },
        "series": _series_of(case),
        "findings": project_facts(case.project)["findings"],
        "draft": draft,
        "reviews": signed,
        "next_case_id": following.pk if following else None,
        "permissions": {
            "can_review": not signed and bool(roles_in(user, case.project) & RADIOLOGISTS)
        },
    }
    if sees_ai(user, case):
        payload["ai"] = case_ai(case)
    return payload


def patient_facts(study: Study) -> dict[str, Any]:
    """Give the identity that stays on the screen."""
    patient: Patient = study.patient
    return {
        "name": patient.name,
        "name_flag": patient.name_flag,
        "patient_id": patient.patient_id,
        "sex": patient.sex,
        "birth_date": patient.birth_date,
        "age": study.patient_age or _age(study),
    }


def _age(study: Study) -> str:
    """Give completed years at the study as DICOM's AS, e.g. 063Y; empty when a date is missing."""
    birth, taken = study.patient.birth_date, study.study_date
    if birth is None or taken is None or taken < birth:
        return ""
    years = taken.year - birth.year - ((taken.month, taken.day) < (birth.month, birth.day))
    return f"{years:03d}Y"


def study_facts(study: Study) -> dict[str, Any]:
    """Give what the order and the modality say of a study."""
    return {
        "study_date": study.study_date,
        "study_time": study.study_time,
        "description": study.description,
        "accession_number": study.accession_number,
    }


def _images_of(cases: Sequence[Case]) -> dict[UUID, dict[str, Any]]:
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


def _readers_of(cases: Iterable[Case]) -> dict[UUID, str]:
    """Name who has signed, else who has a draft."""
    names: dict[UUID, str] = {}
    reviews = Review.objects.filter(case__in=[case.pk for case in cases])
    for review in reviews.select_related("reader").order_by("state", "created_at"):
        names[review.case_id] = review.reader.display_name or review.reader.username
    return names


def _priority(case: Case) -> dict[str, str]:
    reason: str = case.priority_reason  # type: ignore[attr-defined]
    finding = case.top_finding or ""  # type: ignore[attr-defined]
    return {"level": PRIORITIES[reason][1:], "reason": reason, "finding": finding}


def _series_of(case: Case) -> list[dict[str, Any]]:
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


def _own_draft(case: Case, user: User) -> dict[str, Any] | None:
    draft = Review.objects.filter(case=case, reader=user, state=Review.State.DRAFT).first()
    return None if draft is None else {"revision": draft.revision, **_content(draft)}


def _signed_reviews(case: Case) -> list[dict[str, Any]]:
    signed = Review.objects.filter(case=case, state=Review.State.SIGNED)
    return [
        {
            "review_id": review.pk,
            "version": review.version,
            "reader": review.reader.display_name or review.reader.username,
            "signed_at": review.signed_at,
            "content_sha256": review.content_sha256,
            **_content(review),
        }
        for review in signed.select_related("reader").order_by("version")
    ]


def _content(review: Review) -> dict[str, Any]:
    verdicts = review.decisions.order_by("finding__position", "finding__code")
    return {
        "findings_text": review.findings_text,
        "saved_at": review.saved_at,
        "decisions": [
            {"finding": code, "verdict": verdict}
            for code, verdict in verdicts.values_list("finding__code", "verdict")
        ],
    }
