"""Which regions does a review hold? The newest revision of each, as rows or as facts."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from apps.feedback.review.models import Review, RoiRevision


def newest_revisions(review: Review) -> dict[UUID, RoiRevision]:
    """Map each region of a review to its newest revision, removed ones included, oldest first."""
    return _newest([review]).get(review.pk, {})


def rois_of(reviews: Iterable[Review]) -> dict[UUID, list[dict[str, Any]]]:
    """Describe the standing regions of each review, in one query."""
    newest = _newest(list(reviews))
    return {
        review_id: [roi_facts(revision) for revision in its.values() if not revision.is_removed]
        for review_id, its in newest.items()
    }


def roi_facts(revision: RoiRevision) -> dict[str, Any]:
    """Describe one revision of a region; what AI output was visible is not for the screen."""
    return {
        "roi_id": revision.roi_id,
        "finding": revision.finding.code,
        "sop_instance_uid": revision.instance.sop_instance_uid,
        "frame_number": revision.frame_number,
        "kind": revision.kind,
        "vertices": revision.vertices,
        "laterality": revision.laterality,
        "area_mm2": revision.area_mm2,
        "diameter_mm": revision.diameter_mm,
        "spacing_kind": revision.spacing_kind,
    }


def _newest(reviews: list[Review]) -> dict[UUID, dict[UUID, RoiRevision]]:
    """Read no revision but the last of each region: a long reading leaves hundreds behind."""
    same = RoiRevision.objects.filter(review=OuterRef("review"), roi_id=OuterRef("roi_id"))
    revisions = (
        RoiRevision.objects.filter(
            ~Exists(same.filter(number__gt=OuterRef("number"))), review__in=reviews
        )
        .annotate(first_drawn_at=Subquery(same.filter(number=1).values("created_at")))
        .select_related("finding", "instance")
    )
    newest: dict[UUID, dict[UUID, RoiRevision]] = defaultdict(dict)
    for revision in revisions.only(
        *(field.name for field in RoiRevision._meta.concrete_fields),
        *("finding__code", "instance__sop_instance_uid"),
    ).order_by("first_drawn_at", "pk"):
        newest[revision.review_id][revision.roi_id] = revision
    return newest
