"""What may stand in a read, and what is odd about one that is to be locked.

A read is stored under DICOM's own UIDs and leaves under the read's: what a reader sends names
images as the read does. Lengths are the server's own, from the image's spacing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from apps.cases.compute.geometry import area_mm2, length_mm
from apps.cases.models import Case, Instance
from apps.errors import Invalid
from apps.feedback.compute.reads import MAXIMUM_MARKS, MAXIMUM_VERTICES
from apps.feedback.compute.round_policy import FindingRule, RoundRules
from apps.feedback.labeling.models.rounds import Read
from apps.feedback.labeling.selectors.images import EMPTY, ReadUids

Content = dict[str, Any]

# A vertex may lie on the outer edge, a rounded one a hair outside.
EDGE_TOLERANCE_PX: Final = 0.01
SMALLEST_AREA_PX2: Final = 0.01 * 0.01 / 4


@dataclass(frozen=True)
class Oddity:
    """Something to look at before a read is locked; `blocks`: it cannot be locked so."""

    code: str
    finding: str = ""
    blocks: bool = False


def content_stored(
    read: Read, sent: Mapping[str, Any], *, rules: RoundRules, grades: Mapping[str, Sequence[str]]
) -> Content:
    """Check what a reader sends and give what is stored of it.

    Parameters
    ----------
    sent : checked for its types already (serializers); images named as the read names them
    grades : of each finding that the round asks about

    Raises
    ------
    Invalid : an unknown finding, grade, image or flag; a finding answered twice; a region or line
        outside its image or without extent
    """
    uids = ReadUids(read.pk)
    images = _images(read.case_id, sent, name=uids.hidden)
    return _stored(sent, rules=rules, grades=grades, images=images)


def known_content_stored(
    case: Case, sent: Mapping[str, Any], *, rules: RoundRules, grades: Mapping[str, Sequence[str]]
) -> Content:
    """Check what is said to be true of a case and give what is stored of it.

    Whoever writes it is no reader: its marks name images by DICOM's own UIDs.

    Raises
    ------
    Invalid : as for `content_stored`; a finding that the round asks about has no answer or grade
    """
    images = _images(case.pk, sent, name=str)
    content = _stored(sent, rules=rules, grades=grades, images=images)
    graded = {code for code, grades_of_it in grades.items() if grades_of_it}
    # Only a reader owes a reason for an image that cannot be read.
    missing = [
        odd
        for odd in oddities(content, rules=rules, graded=graded)
        if odd.blocks and odd.code != "reason_missing"
    ]
    if missing:
        where = ", ".join(odd.finding or odd.code for odd in missing)
        raise _invalid("content", "known_answer_incomplete", f"Not answered whole: {where}.")
    return content


def _stored(
    sent: Mapping[str, Any],
    *,
    rules: RoundRules,
    grades: Mapping[str, Sequence[str]],
    images: Mapping[str, Instance],
) -> Content:
    _check_answers(sent["answers"], rules=rules, grades=grades)
    unknown = set(sent["quality"]) - set(rules.quality_flags)
    if unknown:
        raise _invalid("quality", "unknown_quality", f"{sorted(unknown)[0]} is no quality flag.")
    for name in ("rois", "measurements"):
        _check_marks(name, sent[name], rules=rules, images=images)
    return {
        **{key: sent[key] for key in EMPTY},
        "answers": sorted(sent["answers"], key=lambda answer: str(answer["finding"])),
        "quality": sorted(set(sent["quality"])),
        "rois": [_roi(roi, images) for roi in sent["rois"]],
        "measurements": [_measurement(line, images) for line in sent["measurements"]],
    }


def rois_stored(
    read: Read, sent: Sequence[Mapping[str, Any]], *, rules: RoundRules
) -> list[Content]:
    """Check regions that an arbitrator has drawn and give what is stored of them.

    Raises
    ------
    Invalid : as for `content_stored`
    """
    images = _images(read.case_id, {"rois": sent}, name=ReadUids(read.pk).hidden)
    _check_marks("rois", sent, rules=rules, images=images)
    return [_roi(roi, images) for roi in sent]


def oddities(content: Mapping[str, Any], *, rules: RoundRules, graded: set[str]) -> list[Oddity]:
    """List what is odd about a read that is to be locked; an unreadable case needs no answers."""
    if content["unreadable"]:
        return [] if content["unreadable_reason"] else [Oddity("reason_missing", blocks=True)]
    answers = {answer["finding"]: answer for answer in content["answers"]}
    odd: list[Oddity] = []
    for rule in rules.findings:
        answer = answers.get(rule.code)
        if answer is None:
            odd.append(Oddity("unanswered", rule.code, blocks=True))
            continue
        odd += _oddities_of(rule, answer, content, is_graded=rule.code in graded)
    values = {answer["value"] for answer in answers.values()}
    if content["nothing_found"] and values - {"absent"}:
        odd.append(Oddity("nothing_found_but_present", blocks=True))
    return odd


def _oddities_of(
    rule: FindingRule, answer: Mapping[str, Any], content: Mapping[str, Any], *, is_graded: bool
) -> list[Oddity]:
    has_roi = any(roi["finding"] == rule.code for roi in content["rois"])
    lines = [line for line in content["measurements"] if line["finding"] == rule.code]
    if answer["value"] != "present":
        return [Oddity("roi_without_presence", rule.code)] if has_roi or lines else []
    odd = []
    if is_graded and not answer["grade"]:
        odd.append(Oddity("grade_missing", rule.code, blocks=True))
    if rule.needs_roi and not has_roi:
        odd.append(Oddity("roi_missing", rule.code))
    if rule.needs_measurement and not lines:
        odd.append(Oddity("measurement_missing", rule.code))
    lengths = [line["length_mm"] for line in lines if line["length_mm"] is not None]
    if rule.minimum_size_mm and lengths and max(lengths) < rule.minimum_size_mm:
        odd.append(Oddity("below_minimum_size", rule.code))
    return odd


def _check_answers(
    answers: Sequence[Mapping[str, Any]],
    *,
    rules: RoundRules,
    grades: Mapping[str, Sequence[str]],
) -> None:
    codes = [answer["finding"] for answer in answers]
    for answer in answers:
        code = answer["finding"]
        if rules.rule_of(code) is None or codes.count(code) > 1:
            raise _invalid(
                "answers", "unknown_finding", f"{code} is not asked in this round, or is twice."
            )
        if answer["grade"] and answer["grade"] not in grades.get(code, ()):
            raise _invalid("answers", "unknown_grade", f"{answer['grade']} is no grade of {code}.")


def _images(
    case_id: UUID, sent: Mapping[str, Any], *, name: Callable[[str], str]
) -> dict[str, Instance]:
    """Map what marks call the images of a case to them; content without marks costs no query."""
    if not sent.get("rois") and not sent.get("measurements"):
        return {}
    instances = Instance.objects.filter(
        links__case=case_id, has_pixels=True, is_classifiable=True
    ).only(
        *("sop_instance_uid", "rows", "columns", "number_of_frames"),
        *("row_spacing_mm", "column_spacing_mm", "spacing_kind"),
    )
    return {name(instance.sop_instance_uid): instance for instance in instances}


def _check_marks(
    name: str,
    marks: Sequence[Mapping[str, Any]],
    *,
    rules: RoundRules,
    images: Mapping[str, Instance],
) -> None:
    identity = "roi_id" if name == "rois" else "measurement_id"
    if len(marks) > MAXIMUM_MARKS or len({str(mark[identity]) for mark in marks}) < len(marks):
        raise _invalid(name, "too_many_marks", f"At most {MAXIMUM_MARKS} of a kind, each once.")
    for mark in marks:
        if rules.rule_of(mark["finding"]) is None:
            raise _invalid(name, "unknown_finding", f"{mark['finding']} is not asked here.")
        image = images.get(mark["sop_instance_uid"])
        if image is None or not 1 <= mark["frame_number"] <= image.number_of_frames:
            raise _invalid(name, "unknown_image", "A mark lies on an image that is not here.")
        points = mark["vertices"] if name == "rois" else [mark["start"], mark["end"]]
        if not _lie_in(points, image):
            raise _invalid(name, "mark_outside_image", "A mark has a point outside of its image.")
        if name == "rois" and not _has_area(points):
            raise _invalid(name, "roi_without_area", "A region encloses no area: draw it again.")


def _lie_in(points: Sequence[Sequence[float]], image: Instance) -> bool:
    limits = (image.columns or 0, image.rows or 0)
    return len(points) <= MAXIMUM_VERTICES and all(
        math.isfinite(value) and -EDGE_TOLERANCE_PX <= value <= limit + EDGE_TOLERANCE_PX
        for point in points
        for value, limit in zip(point, limits, strict=True)
    )


def _has_area(vertices: Sequence[Sequence[float]]) -> bool:
    points = [_rounded(vertex) for vertex in vertices]
    if len(points) < 3:
        return False
    area = area_mm2(points, row_spacing_mm=1.0, column_spacing_mm=1.0)
    return area is not None and area > SMALLEST_AREA_PX2


def _rounded(point: Sequence[float]) -> tuple[float, float]:
    return round(point[0], 2), round(point[1], 2)


def _roi(roi: Mapping[str, Any], images: Mapping[str, Instance]) -> Content:
    return {
        **roi,
        "roi_id": str(roi["roi_id"]),
        "sop_instance_uid": images[roi["sop_instance_uid"]].sop_instance_uid,
        "vertices": [list(_rounded(vertex)) for vertex in roi["vertices"]],
    }


def _measurement(line: Mapping[str, Any], images: Mapping[str, Instance]) -> Content:
    image = images[line["sop_instance_uid"]]
    start, end = _rounded(line["start"]), _rounded(line["end"])
    measured = length_mm(
        start, end, row_spacing_mm=image.row_spacing_mm, column_spacing_mm=image.column_spacing_mm
    )
    if start == end:
        raise _invalid("measurements", "line_without_length", "A line has no length.")
    return {
        **line,
        "measurement_id": str(line["measurement_id"]),
        "sop_instance_uid": image.sop_instance_uid,
        "start": list(start),
        "end": list(end),
        "length_mm": None if measured is None else round(measured, 3),
    }


def _invalid(field: str, code: str, message: str) -> Invalid:
    return Invalid(message, code=code, fields={field: [message]})
