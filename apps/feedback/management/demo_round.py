"""The demo's round of blinded reading: under way, one disagreement waits for the arbitrator.

Made through the services that readers' browsers use: nobody is offered what they may not read.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction

from apps.cases.compute.phantom_studies import STUDIES, DemoStudy
from apps.cases.models import Case, Instance, Project, User
from apps.feedback.labeling.models.rounds import Read, ReadingRound
from apps.feedback.labeling.selectors.images import EMPTY, ReadUids
from apps.feedback.labeling.services.members import member_add
from apps.feedback.labeling.services.offers import next_offer
from apps.feedback.labeling.services.reads import Sent, question_ask, read_lock, read_open
from apps.feedback.labeling.services.round_cases import cases_add
from apps.feedback.labeling.services.rounds import (
    guideline_add,
    policy_add,
    round_create,
    round_open,
)
from apps.feedback.labeling.services.settling import round_settle_now

NAME: Final = "Chest X-ray, double-blind 胸片双盲"
ROLES: Final = {"annotator": "annotator", "annotator2": "annotator", "arbitrator": "arbitrator"}
# One patient each; the others stay free for rounds that a visitor makes.
SEEDS: Final = frozenset({9002, 9003, 9004, 9005, 9008, 9009, 9011, 9012, 9014, 9019})
# Where the phantoms' nodules are: left, top, right, bottom as shares of the image.
NODULES: Final = {
    9002: (0.707, 0.410, 0.773, 0.465),
    9011: (0.684, 0.387, 0.730, 0.449),
    9012: (0.258, 0.359, 0.348, 0.438),
    9014: (0.285, 0.320, 0.359, 0.398),
    9019: (0.613, 0.422, 0.688, 0.492),
}
GUIDELINE: Final = """\
Read each image alone, and say of every finding whether it is present.
A nodule is a rounded opacity of 3 mm or more: draw a region close around each one.
A blunted costophrenic angle is an effusion. The heart is large from half of the chest's width on.

独立阅片，对每个征象逐一作答。
结节：直径 3 mm 及以上的类圆形致密影，每个都紧贴边缘画出区域。
肋膈角变钝即为胸腔积液；心胸比达到 0.5 即为心影增大。
"""
QUESTION: Final = "Does a calcified granuloma count as a nodule?"
CALLED_IN_A_NORMAL_CHEST: Final = "effusion"


@dataclass
class Reader:
    """An account that reads as the phantom was made, a hair beside the other's outline."""

    user: User
    confidence: int
    margin: float
    comment: str
    locked: set[uuid.UUID] = field(default_factory=set)


def demo_round(project: Project) -> None:
    """Give a project that never had a round one that is under way.

    Raises
    ------
    CoreadError : the demo's people or cases have been changed so that no round can begin with them
    """
    if ReadingRound.objects.filter(project=project).exists():
        return
    with transaction.atomic():
        reading_round = _opened(project)
        second, first = _readers()
        count = reading_round.cases.count()
        # Both have cases left, and whatever each of them is given, some case is read by both.
        left = max(1, count // 5)
        for _ in range(count - left):
            _read_next(reading_round, second, other=None)
        last = None
        for _ in range(min(left + 2, count - 1)):
            last = _read_next(reading_round, first, other=second)
        if last is not None:
            question_ask(last, text=QUESTION)
        round_settle_now(reading_round)


def _opened(project: Project) -> ReadingRound:
    people = {user.username: user for user in User.objects.filter(username__in=[*ROLES, "admin"])}
    admin = people["admin"]
    reading_round = round_create(project, name=NAME, actor=admin)
    rules = [
        {
            "code": finding.code,
            "minimum_size_mm": finding.minimum_size_mm,
            "needs_roi": finding.needs_roi,
            "compares_rois": finding.needs_roi,
        }
        for finding in project.findings.order_by("position")
    ]
    policy_add(reading_round, content={"findings": rules}, reason="", actor=admin)
    guideline_add(reading_round, text=GUIDELINE, pictures=[], change="", actor=admin)
    uids = [study.sop_instance_uid for study in STUDIES if study.seed in SEEDS]
    cases = Case.objects.filter(project=project, links__instance__sop_instance_uid__in=uids)
    cases_add(reading_round, cases=cases, sample_size=None, readers=2, actor=admin)
    for username, role in ROLES.items():
        member_add(reading_round, user=people[username], role=role, actor=admin)
    round_open(reading_round, actor=admin)
    return reading_round


def _readers() -> tuple[Reader, Reader]:
    people = {user.username: user for user in User.objects.filter(username__in=ROLES)}
    return (
        Reader(people["annotator2"], confidence=4, margin=0.004, comment="边缘稍模糊"),
        Reader(people["annotator"], confidence=5, margin=0.007, comment=""),
    )


def _read_next(reading_round: ReadingRound, reader: Reader, *, other: Reader | None) -> Read | None:
    """Read what comes next; the first case that `other` has read too is read otherwise."""
    place = reading_round.members.select_related("round__project", "user").get(user=reader.user)
    offer = next_offer(place)
    if offer.read_id is None:
        return None
    read = Read.objects.select_related("round_case__round__project", "reader").get(pk=offer.read_id)
    instance = Instance.objects.get(links__case=read.case_id)
    study = next(each for each in STUDIES if each.sop_instance_uid == instance.sop_instance_uid)
    seen = set(study.findings)
    if other is not None and read.case_id in other.locked:
        seen = _otherwise(seen)
        other.locked.clear()  # one disagreement is enough
    read_open(read)
    content = _content(read, reader, study=study, instance=instance, seen=seen)
    read_lock(read, sent=Sent(read.revision, content, active_s=25.0), is_confirmed=True)
    reader.locked.add(read.case_id)
    return read


def _otherwise(seen: set[str]) -> set[str]:
    """Give the answer of somebody who overlooks something, or sees what is not there."""
    return seen - {max(seen)} if seen else {CALLED_IN_A_NORMAL_CHEST}


def _content(
    read: Read, reader: Reader, *, study: DemoStudy, instance: Instance, seen: set[str]
) -> Mapping[str, Any]:
    rules = read.round_case.round.policies.latest("version").content["findings"]
    answers = [
        {
            "finding": rule["code"],
            "value": "present" if rule["code"] in seen else "absent",
            "grade": "",
            "confidence": reader.confidence,
        }
        for rule in rules
    ]
    rois = []
    if "nodule" in seen and study.seed in NODULES:
        rois.append(_region(read, instance, NODULES[study.seed], margin=reader.margin))
    return {
        **EMPTY,
        "answers": answers,
        "rois": rois,
        "nothing_found": not seen,
        "comment": reader.comment if rois else "",
    }


def _region(
    read: Read, instance: Instance, box: tuple[float, float, float, float], *, margin: float
) -> dict[str, Any]:
    columns, rows = float(instance.columns or 0), float(instance.rows or 0)
    left, right = (box[0] - margin) * columns, (box[2] + margin) * columns
    top, bottom = (box[1] - margin) * rows, (box[3] + margin) * rows
    return {
        "roi_id": str(uuid.uuid4()),
        "finding": "nodule",
        "sop_instance_uid": ReadUids(read.pk).hidden(instance.sop_instance_uid),
        "frame_number": 1,
        "kind": "rectangle",
        "vertices": [[left, top], [right, top], [right, bottom], [left, bottom]],
        "laterality": "",
    }
