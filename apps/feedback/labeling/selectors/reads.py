"""What is a reader told? Their own reads, rounds and guideline; nothing that another's act changes.

Every value here is a function of the reader's own rows, of the round's rules and of the images
(DESIGN rule 3); a count over a case or a round is never among them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from apps.cases.models import Finding, Study, User
from apps.cases.selectors import age_at_study
from apps.errors import NotFound
from apps.feedback.compute.round_policy import RoundRules, read_rules
from apps.feedback.labeling.access import WITH_IMAGES, reads_visible_to, rounds_of
from apps.feedback.labeling.models.rounds import (
    Guideline,
    Read,
    ReadingRound,
    RoundCase,
    RoundMember,
    RoundPolicy,
)
from apps.feedback.labeling.models.verdicts import Consensus
from apps.feedback.labeling.selectors.images import (
    EMPTY,
    ReadUids,
    content_shown,
    dicomweb_root,
    instances_of,
    series_of,
)

State = Read.State
LOCKED = (State.LOCKED, State.FINAL)
LIVE = (State.OFFERED, State.OPENED, State.DRAFT)


def take_back_until(read: Read) -> datetime | None:
    """Give the end of the time in which a lock may be taken back; None where it may not."""
    if read.state != State.LOCKED or read.locked_at is None:
        return None
    return read.locked_at + timedelta(seconds=settings.TAKE_BACK_WINDOW_S)


def rules_in_force(reading_round: ReadingRound) -> RoundRules:
    """Give the newest version of a round's rules.

    Raises
    ------
    NotFound : the round has none yet
    """
    content = (
        RoundPolicy.objects.filter(round=reading_round)
        .order_by("-version")
        .values_list("content", flat=True)
        .first()
    )
    if content is None:
        raise NotFound
    return read_rules(content)


def read_payload(read: Read, *, rules: RoundRules | None = None) -> dict[str, Any]:
    """Describe one read as the label screen needs it; `rules` are those in force, where known."""
    round_case = read.round_case
    if rules is None:
        rules = rules_in_force(round_case.round)
    return {
        **images_payload(read),
        "round_id": round_case.round_id,
        "pseudonym": read.pseudonym,
        "kind": read.kind,
        "state": read.state,
        "revision": read.revision,
        "content": content_shown(read, read.content),
        "saved_at": read.saved_at,
        "lease_until": read.lease_until,
        "locked_at": read.locked_at,
        "take_back_until": take_back_until(read),
        "is_qualification": round_case.purpose == RoundCase.Purpose.QUALIFICATION,
        "findings": findings_asked(round_case.round, rules),
        "guideline": {"version": _guideline_version(round_case.round)},
        "active_s": read.active_s,
    }


def offered_payload(
    read: Read, reading_round: ReadingRound, rules: RoundRules | None
) -> dict[str, Any]:
    """Describe a read that was found by the queue of its round, not by its address."""
    read.round_case.round = reading_round
    return read_payload(read, rules=rules)


def images_payload(read: Read) -> dict[str, Any]:
    """Give the images of a read and the few facts of them; of an ended read, none."""
    instances = instances_of(read) if read.state in WITH_IMAGES else []
    study = Study.objects.select_related("patient").get(cases=read.case_id)
    first = instances[0] if instances else None
    return {
        "read_id": read.pk,
        "study_instance_uid": ReadUids(read.pk).hidden(study.study_instance_uid),
        "dicomweb_root": dicomweb_root(read),
        "series": series_of(read, study, instances),
        "facts": {
            "modality": first.series.modality if first else "",
            "body_part_examined": first.series.body_part_examined if first else "",
            "view_position": first.view_position if first else "",
            "patient_sex": study.patient.sex if first else "",
            "patient_age": age_at_study(study) if first else "",
        },
    }


def findings_asked(reading_round: ReadingRound, rules: RoundRules) -> list[dict[str, Any]]:
    """List the findings that a round asks about, in its own order."""
    schema = {
        finding.code: finding for finding in Finding.objects.filter(project=reading_round.project)
    }
    return [
        {
            "code": rule.code,
            "name_en": schema[rule.code].name_en,
            "name_zh": schema[rule.code].name_zh,
            "kind": schema[rule.code].kind,
            "grades": schema[rule.code].grades,
            "needs_roi": rule.needs_roi,
            "needs_measurement": rule.needs_measurement,
            "minimum_size_mm": rule.minimum_size_mm,
        }
        for rule in rules.findings
        if rule.code in schema
    ]


def own_rounds(user: User) -> list[dict[str, Any]]:
    """List the rounds of a person, each with how far they themselves are."""
    newest = RoundPolicy.objects.filter(round=OuterRef("round")).order_by("-version")
    members = (
        rounds_of(user)
        .select_related("round__project")
        .alias(guidelines=Max("round__guidelines__version"))
        .annotate(
            policy_content=Subquery(newest.values("content")[:1]),
            guideline_version=Max("round__guidelines__version"),
        )
        .order_by("round__name", "pk")
    )
    found = list(members)
    rounds = [member.round_id for member in found]
    progress = _progress(user, rounds)
    qualifications = _qualifications(user, rounds)
    return [
        _own_round(member, progress.get(member.round_id, {}), qualifications.get(member.round_id))
        for member in found
    ]


def _own_round(
    member: Any, progress: Mapping[str, Any], qualification: Mapping[str, int] | None
) -> dict[str, Any]:
    rules = read_rules(member.policy_content) if member.policy_content else None
    project = member.round.project
    return {
        "round_id": member.round_id,
        "name": member.round.name,
        "project": {"id": project.pk, "name_en": project.name_en, "name_zh": project.name_zh},
        "role": member.role,
        "state": member.round.state,
        "is_paused": member.state == RoundMember.State.PAUSED,
        "locked": progress.get("locked", 0),
        "locked_today": progress.get("locked_today", 0),
        "cap": member.cap or (rules.cap if rules else None),
        "daily_cap": member.daily_cap or (rules.daily_cap if rules else None),
        "qualification": (
            {**qualification, "passed": member.qualified_at is not None}
            if qualification and member.role == RoundMember.Role.ANNOTATOR
            else None
        ),
        "guideline_version": member.guideline_version or 0,
        "waiting_read_id": progress.get("waiting_read_id"),
    }


def _progress(user: User, rounds: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    own = Read.objects.filter(reader=user, round_case__round__in=rounds)
    since = timezone.now() - timedelta(days=1)
    counted = own.values("round_case__round").annotate(
        locked=Count("pk", filter=Q(state__in=LOCKED)),
        locked_today=Count("pk", filter=Q(state__in=LOCKED, locked_at__gt=since)),
    )
    progress: dict[UUID, dict[str, Any]] = {
        row["round_case__round"]: {"locked": row["locked"], "locked_today": row["locked_today"]}
        for row in counted
    }
    live = own.filter(state__in=LIVE).order_by("-created_at")
    for round_id, read_id in live.values_list("round_case__round", "pk"):
        progress[round_id]["waiting_read_id"] = read_id  # the oldest stays
    return progress


def _qualifications(user: User, rounds: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    cases = RoundCase.objects.filter(
        round__in=rounds, purpose=RoundCase.Purpose.QUALIFICATION
    ).exclude(state=RoundCase.State.CANCELLED)
    done = Q(reads__reader=user, reads__state__in=LOCKED)
    counted = cases.values("round").annotate(
        of=Count("pk", distinct=True), done=Count("pk", distinct=True, filter=done)
    )
    return {row["round"]: {"done": row["done"], "of": row["of"]} for row in counted}


def own_reads(
    user: User, reading_round: ReadingRound, *, offset: int, limit: int
) -> dict[str, Any]:
    """Give a page of a person's own reads of a round, newest first."""
    reads = (
        reads_visible_to(user)
        .filter(round_case__round=reading_round, opened_at__isnull=False)
        .order_by("-opened_at", "pk")
    )
    shows_results = has_results(reading_round)
    return {
        "count": reads.count(),
        "rows": [
            {
                "read_id": read.pk,
                "pseudonym": read.pseudonym,
                "state": read.state,
                "locked_at": read.locked_at,
                "take_back_until": take_back_until(read),
                "active_s": read.active_s,
                "has_result": shows_results and read.state == State.FINAL,
            }
            for read in reads[offset : offset + limit]
        ],
    }


def has_results(reading_round: ReadingRound) -> bool:
    """Tell whether readers may see the consensus beside their own reads: once all is released.

    Before that, that a case has a result would tell it from one with a known answer (I9).
    """
    return (
        reading_round.released_at is not None
        and rules_in_force(reading_round).shows_result_to_reader
    )


def result_of(read: Read) -> dict[str, Any]:
    """Give a final read beside what its case ended with.

    Raises
    ------
    NotFound : nothing is released, or the policy does not show it, or the case has no result
    """
    if read.state != State.FINAL or not has_results(read.round_case.round):
        raise NotFound
    return {
        "mine": content_shown(read, read.content),
        "consensus": _known_answer(read) or _consensus(read),
    }


def _known_answer(read: Read) -> list[dict[str, Any]]:
    gold = getattr(read.round_case, "gold", None)
    if gold is None:
        return []
    content = content_shown(read, gold.content)
    return [
        {
            "finding": answer["finding"],
            "value": answer["value"],
            "grade": answer.get("grade", ""),
            "rois": [
                _outline(roi) for roi in content["rois"] if roi["finding"] == answer["finding"]
            ],
        }
        for answer in content["answers"]
    ]


def _consensus(read: Read) -> list[dict[str, Any]]:
    round_case = read.round_case.rereads or read.round_case
    consensus = Consensus.objects.filter(
        round_case=round_case, round_case__released_at__isnull=False
    ).first()
    if consensus is None:
        raise NotFound
    uids = ReadUids(read.pk)
    return [
        {
            "finding": label.finding.code,
            "value": label.value,
            "grade": label.grade,
            "rois": [
                _outline({**roi, "sop_instance_uid": uids.hidden(roi["sop_instance_uid"])})
                for roi in label.rois
            ],
        }
        for label in consensus.labels.select_related("finding").order_by("finding__position")
    ]


def _outline(roi: Mapping[str, Any]) -> dict[str, Any]:
    return {key: roi[key] for key in ("sop_instance_uid", "frame_number", "vertices")}


def guideline_payload(reading_round: ReadingRound) -> dict[str, Any]:
    """Give the guideline in force, and what each version changed, newest first."""
    versions: QuerySet[Guideline] = Guideline.objects.filter(round=reading_round)
    ordered = list(versions.order_by("-version"))
    newest = ordered[0] if ordered else None
    return {
        "version": newest.version if newest else 0,
        "text": newest.text if newest else "",
        "pictures": [
            {
                "sha256": picture["sha256"],
                "caption": picture.get("caption", ""),
                "url": reverse(
                    "label-guideline-picture",
                    kwargs={"round_id": reading_round.pk, "sha256": picture["sha256"]},
                ),
            }
            for picture in (newest.pictures if newest else [])
        ],
        "changes": [
            {"version": each.version, "change": each.change, "created_at": each.created_at}
            for each in ordered
        ],
    }


def guideline_picture_type(reading_round: ReadingRound, sha256: str) -> str:
    """Give the content type of a picture that any version of the guideline shows.

    Raises
    ------
    NotFound : no version shows it
    """
    for pictures in Guideline.objects.filter(round=reading_round).values_list(
        "pictures", flat=True
    ):
        for picture in pictures:
            if picture["sha256"] == sha256:
                return str(picture["content_type"])
    raise NotFound


def feedback_of(read: Read) -> dict[str, Any] | None:
    """Say how a locked qualification read compares with what is known; None of any other read."""
    if read.round_case.purpose != RoundCase.Purpose.QUALIFICATION:
        return None
    gold = getattr(read.round_case, "gold", None)
    if gold is None:
        return None
    said = {answer["finding"]: answer["value"] for answer in read.content.get("answers", [])}
    known = {answer["finding"]: answer["value"] for answer in gold.content["answers"]}
    findings = [
        {
            "code": code,
            "value": said.get(code, ""),
            "expected": expected,
            "is_correct": said.get(code) == expected,
        }
        for code, expected in known.items()
    ]
    return {
        "is_correct": all(finding["is_correct"] for finding in findings)
        and bool(read.content.get("unreadable")) == bool(gold.content.get("unreadable")),
        "findings": findings,
        "explanation": gold.explanation,
        "expected_content": content_shown(read, {**EMPTY, **gold.content}),
    }


def _guideline_version(reading_round: ReadingRound) -> int:
    newest = Guideline.objects.filter(round=reading_round).aggregate(newest=Max("version"))
    return newest["newest"] or 0
