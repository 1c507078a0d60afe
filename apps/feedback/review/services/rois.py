"""How do the regions of a draft become rows? As revisions: what changed gets a new number, no more.

A region that the reader took away gets a revision too (`is_removed`), so nothing is ever deleted
and an undo is one more revision.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from apps.cases.compute.geometry import area_mm2, diameter_mm
from apps.cases.models import Case, Finding, Instance
from apps.errors import Invalid
from apps.feedback.review.models import MAXIMUM_ROIS, MAXIMUM_VERTICES, Review, RoiRevision
from apps.feedback.review.selectors.rois import newest_revisions

# A vertex may lie on the outer edge of the image, and a rounded one a hair outside of it.
EDGE_TOLERANCE_PX: Final = 0.01
# Half of the smallest triangle that stored vertices can make: below it is rounding, not area.
SMALLEST_AREA_PX2: Final = 0.01 * 0.01 / 4

Vertex = tuple[float, float]


@dataclass(frozen=True)
class Roi:
    """A region as a reader sends it; `vertices` are DICOM image points (column, row)."""

    roi_id: UUID
    finding: str
    sop_instance_uid: str
    frame_number: int
    kind: RoiRevision.Kind
    vertices: Sequence[Vertex]
    laterality: str = ""

    @property
    def stored_vertices(self) -> list[Vertex]:
        """The vertices to a hundredth of a pixel, beyond any mouse: what is judged and measured."""
        return [(round(column, 2), round(row, 2)) for column, row in self.vertices]


@dataclass(frozen=True)
class Seen:
    """Which AI output was visible to the reader at this moment, and in which program."""

    ai_visible: bool
    case_prediction_id: UUID | None
    client: Mapping[str, Any]


def rois_write(
    review: Review, *, rois: Sequence[Roi], findings: Mapping[str, Finding], seen: Seen
) -> None:
    """Add a revision for every region that was drawn, changed or taken away since the last save.

    Call it inside the transaction that has moved the draft one revision on: that is what keeps two
    tabs from writing the same number.

    Raises
    ------
    Invalid : a region of an unknown finding or image, outside its image, or without an area
    """
    newest = newest_revisions(review)
    instances = _checked_instances(review.case, rois, findings=findings)
    sent = {roi.roi_id: roi for roi in rois}
    changed = [
        _revision(roi, finding=findings[roi.finding], instance=instances[roi.sop_instance_uid])
        for roi in rois
        if not _is_unchanged(newest.get(roi.roi_id), roi)
    ]
    for revision in changed:
        revision.review = review
    removed = [
        _copy(before, is_removed=True)
        for roi_id, before in newest.items()
        if roi_id not in sent and not before.is_removed
    ]
    for revision in [*changed, *removed]:
        before = newest.get(revision.roi_id)
        revision.number = before.number + 1 if before else 1
        revision.author = review.reader
        revision.ai_visible = seen.ai_visible
        revision.case_prediction_id = seen.case_prediction_id
        revision.client = dict(seen.client)
    RoiRevision.objects.bulk_create([*changed, *removed])


def rois_copy(source: Review, *, target: Review) -> None:
    """Begin a new draft with the regions of an earlier version; each keeps its identity."""
    copies = [
        _copy(revision, review=target)
        for revision in newest_revisions(source).values()
        if not revision.is_removed
    ]
    for copy in copies:
        copy.number = 1
        copy.author = target.reader
    RoiRevision.objects.bulk_create(copies)


def rois_unsaved(
    case: Case, rois: Sequence[Roi], *, findings: Mapping[str, Finding]
) -> list[RoiRevision]:
    """Make of regions the rows that they would become, for where no draft holds them.

    Raises
    ------
    Invalid : see `rois_write`
    """
    instances = _checked_instances(case, rois, findings=findings)
    return [
        _revision(roi, finding=findings[roi.finding], instance=instances[roi.sop_instance_uid])
        for roi in rois
    ]


def _checked_instances(
    case: Case, rois: Sequence[Roi], *, findings: Mapping[str, Finding]
) -> dict[str, Instance]:
    # An undrawn case, which is most of them, costs no query.
    instances = _instances(case, rois) if rois else {}
    _check(rois, findings=findings, instances=instances)
    return instances


def _instances(case: Case, rois: Sequence[Roi]) -> dict[str, Instance]:
    uids = {roi.sop_instance_uid for roi in rois}
    found = case.instances.filter(sop_instance_uid__in=uids, has_pixels=True)
    return {
        instance.sop_instance_uid: instance
        for instance in found.only(
            *("sop_instance_uid", "rows", "columns", "number_of_frames"),
            *("row_spacing_mm", "column_spacing_mm", "spacing_kind"),
        )
    }


def _check(
    rois: Sequence[Roi], *, findings: Mapping[str, Finding], instances: Mapping[str, Instance]
) -> None:
    if len(rois) > MAXIMUM_ROIS or len({roi.roi_id for roi in rois}) < len(rois):
        raise _invalid("too_many_rois", f"Send at most {MAXIMUM_ROIS} regions, each once.")
    for roi in rois:
        if roi.finding not in findings:
            raise _invalid("unknown_finding", f"{roi.finding} is no finding of the project.")
        instance = instances.get(roi.sop_instance_uid)
        if instance is None or not 1 <= roi.frame_number <= instance.number_of_frames:
            raise _invalid(
                "unknown_image", "A region lies on an image that this case does not have."
            )
        if not _lies_in(roi, instance):
            raise _invalid(
                "roi_outside_image",
                f"A region has 3 to {MAXIMUM_VERTICES} vertices, all of them on its image.",
            )
        if not _has_area(roi.stored_vertices):
            raise _invalid("roi_without_area", "A region encloses no area: draw it again.")


def _lies_in(roi: Roi, instance: Instance) -> bool:
    if not 3 <= len(roi.vertices) <= MAXIMUM_VERTICES:
        return False
    limits = (instance.columns or 0, instance.rows or 0)
    return all(
        math.isfinite(value) and -EDGE_TOLERANCE_PX <= value <= limit + EDGE_TOLERANCE_PX
        for vertex in roi.vertices
        for value, limit in zip(vertex, limits, strict=True)
    )


def _has_area(vertices: Sequence[Vertex]) -> bool:
    area = area_mm2(vertices, row_spacing_mm=1.0, column_spacing_mm=1.0)
    return area is not None and area > SMALLEST_AREA_PX2


def _is_unchanged(before: RoiRevision | None, roi: Roi) -> bool:
    return (
        before is not None
        and not before.is_removed
        and before.finding.code == roi.finding
        and before.instance.sop_instance_uid == roi.sop_instance_uid
        and before.frame_number == roi.frame_number
        and before.kind == roi.kind
        and before.laterality == roi.laterality
        and before.vertices == [list(vertex) for vertex in roi.stored_vertices]
    )


def _revision(roi: Roi, *, finding: Finding, instance: Instance) -> RoiRevision:
    vertices = roi.stored_vertices
    spacing = {
        "row_spacing_mm": instance.row_spacing_mm,
        "column_spacing_mm": instance.column_spacing_mm,
    }
    return RoiRevision(
        roi_id=roi.roi_id,
        finding=finding,
        instance=instance,
        frame_number=roi.frame_number,
        kind=roi.kind,
        vertices=[list(vertex) for vertex in vertices],
        laterality=roi.laterality,
        area_mm2=area_mm2(vertices, **spacing),
        diameter_mm=diameter_mm(vertices, **spacing),
        spacing_kind=instance.spacing_kind,
    )


def _copy(revision: RoiRevision, **changes: Any) -> RoiRevision:
    kept = {
        field.attname: getattr(revision, field.attname)
        for field in RoiRevision._meta.concrete_fields
        if field.name not in {"id", "created_at"}
    }
    copy = RoiRevision(**kept)
    for name, value in changes.items():
        setattr(copy, name, value)
    return copy


def _invalid(code: str, message: str) -> Invalid:
    return Invalid(message, code=code, fields={"rois": [message]})
