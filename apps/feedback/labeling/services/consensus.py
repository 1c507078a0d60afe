"""The label a case ends with: of readers who agree, of an arbitrator, of a panel of three."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from apps.cases.models import Finding, Instance
from apps.feedback.compute.comparison import FindingRule
from apps.feedback.compute.consensus import reader_distribution
from apps.feedback.compute.reads import CaseRead, FindingAnswer, Region, case_read
from apps.feedback.compute.roi_consensus import (
    ImageSize,
    is_staple_installed,
    majority_regions,
    staple_regions,
)
from apps.feedback.compute.round_policy import RoundRules
from apps.feedback.labeling.models.rounds import ReadLock, RoundCase, RoundPolicy
from apps.feedback.labeling.models.verdicts import (
    ArbitrationDecision,
    Consensus,
    ConsensusLabel,
    Value,
)

Method = Consensus.Method


@dataclass(frozen=True)
class Label:
    """What a consensus says of one finding."""

    value: str
    grade: str = ""
    length_mm: float | None = None
    rois: Sequence[Mapping[str, Any]] = field(default=())
    roi_method: str = ""


def consensus_of_readers(
    round_case: RoundCase, *, rules: RoundRules, policy: RoundPolicy, locks: Sequence[ReadLock]
) -> Consensus:
    """Seal a case whose readers agree, or that nobody could read.

    Call it inside the transaction of the comparison.
    """
    reads = [case_read(lock.content) for lock in locks]
    is_unreadable = all(read.is_unreadable for read in reads)
    findings = _findings(round_case)
    labels = {}
    if not is_unreadable:
        sizes = image_sizes(round_case)
        for rule in rules.findings:
            if rule.code in findings:
                labels[rule.code] = _agreed(
                    rule.code,
                    reads,
                    rules=rules,
                    grades=tuple(findings[rule.code].grades),
                    sizes=sizes,
                )
    method = Method.SINGLE if len(locks) == 1 else Method.CONCORDANT
    return _seal(
        round_case,
        policy=policy,
        method=method,
        labels=labels,
        reads=reads,
        is_unreadable=is_unreadable,
        inputs=[lock.content_sha256 for lock in locks],
    )


def consensus_of_seats(
    round_case: RoundCase, *, rules: RoundRules, policy: RoundPolicy
) -> Consensus:
    """Seal a case that an arbitrator, or a panel by the majority of its seats, has decided.

    A panel without a majority leaves the finding indeterminate. Call it inside the transaction that
    ends the case.
    """
    seats = list(round_case.arbitrations.order_by("seat"))
    locks = list(round_case.comparison.locks.order_by("read__slot"))
    decisions = list(
        ArbitrationDecision.objects.filter(arbitration__in=seats)
        .select_related("finding", "arbitration")
        .order_by("arbitration__seat")
    )
    whole = [each.value for each in decisions if each.finding is None]
    is_unreadable = 2 * whole.count(Value.NOT_ASSESSABLE) > len(seats)
    findings = _findings(round_case)
    labels = {}
    if not is_unreadable:
        sizes = image_sizes(round_case)
        for rule in rules.findings:
            said = [each for each in decisions if each.finding and each.finding.code == rule.code]
            if said:
                grades = tuple(findings[rule.code].grades)
                labels[rule.code] = _voted(said, rules=rules, grades=grades, sizes=sizes)
    return _seal(
        round_case,
        policy=policy,
        method=Method.PANEL if len(seats) > 1 else Method.ARBITRATED,
        labels=labels,
        reads=[case_read(lock.content) for lock in locks],
        is_unreadable=is_unreadable,
        inputs=[
            *[lock.content_sha256 for lock in locks],
            *[_decision_sha256(decision) for decision in decisions],
        ],
    )


def image_sizes(round_case: RoundCase) -> dict[str, ImageSize]:
    """Map the images of a case to their size in pixels."""
    instances = Instance.objects.filter(links__case=round_case.case_id, has_pixels=True)
    return {
        uid: ImageSize(rows=rows, columns=columns)
        for uid, rows, columns in instances.values_list("sop_instance_uid", "rows", "columns")
        if rows and columns
    }


def _findings(round_case: RoundCase) -> dict[str, Finding]:
    return {
        finding.code: finding
        for finding in Finding.objects.filter(project=round_case.round.project_id)
    }


def _agreed(
    code: str,
    reads: Sequence[CaseRead],
    *,
    rules: RoundRules,
    grades: Sequence[str],
    sizes: Mapping[str, ImageSize],
) -> Label:
    """Give what readers who agree say; within the tolerance of a grade, the lower median."""
    answers = [
        answer
        for read in reads
        if not read.is_unreadable and (answer := read.answer(code)) is not None
    ]
    if not answers:
        return Label(Value.INDETERMINATE)
    value = _counted(code, answers[0], rules)
    if value != Value.PRESENT:
        return Label(value)
    lengths = [answer.length_mm for answer in answers if answer.length_mm is not None]
    drawn = [answer.regions for answer in answers if answer.regions]
    regions, method = _regions(drawn, rules=rules, sizes=sizes)
    return Label(
        value,
        grade=_lower_median([answer.grade for answer in answers], grades),
        length_mm=sum(lengths) / len(lengths) if lengths else None,
        rois=regions,
        roi_method=method,
    )


def _counted(code: str, answer: FindingAnswer, rules: RoundRules) -> str:
    rule = rules.rule_of(code)
    size = rule.minimum_size_mm if rule else None
    return FindingRule(code=code, minimum_size_mm=size).counted_value(answer)


def _voted(
    said: Sequence[ArbitrationDecision],
    *,
    rules: RoundRules,
    grades: Sequence[str],
    sizes: Mapping[str, ImageSize],
) -> Label:
    """Give what most seats decided; one seat is its own majority."""
    value, votes = Counter(each.value for each in said).most_common(1)[0]
    if 2 * votes <= len(said):
        return Label(Value.INDETERMINATE)
    for_it = [each for each in said if each.value == value]
    if value != Value.PRESENT:
        return Label(value)
    if len(said) == 1:
        only = for_it[0]
        chosen = [_plain(roi) for roi in only.rois]
        return Label(value, only.grade, only.length_mm, chosen, "chosen" if chosen else "")
    drawn = [[_region(roi) for roi in each.rois] for each in for_it if each.rois]
    regions, method = _regions(drawn, rules=rules, sizes=sizes)
    lengths = [each.length_mm for each in for_it if each.length_mm is not None]
    return Label(
        value,
        grade=_lower_median([each.grade for each in for_it], grades),
        length_mm=sum(lengths) / len(lengths) if lengths else None,
        rois=regions,
        roi_method=method,
    )


def _regions(
    drawn: Sequence[Sequence[Region]], *, rules: RoundRules, sizes: Mapping[str, ImageSize]
) -> tuple[list[dict[str, Any]], str]:
    """Join the regions of those who drew any; who drew none where none is asked for has no vote."""
    if not drawn:
        return [], ""
    if len(drawn) == 1:
        return [_outline(region) for region in drawn[0]], "chosen"
    if rules.roi_method == "staple" and is_staple_installed():
        return [_outline(region) for region in staple_regions(drawn, sizes=sizes).regions], "staple"
    return [_outline(region) for region in majority_regions(drawn, sizes=sizes)], "majority"


def _lower_median(given: Sequence[str], grades: Sequence[str]) -> str:
    known = sorted((grade for grade in given if grade in grades), key=grades.index)
    return known[(len(known) - 1) // 2] if known else next((each for each in given if each), "")


def _outline(region: Region) -> dict[str, Any]:
    return {
        "sop_instance_uid": region.image,
        "frame_number": region.frame_number,
        "vertices": [[float(column), float(row)] for column, row in region.vertices],
    }


def _region(roi: Mapping[str, Any]) -> Region:
    vertices = tuple((float(column), float(row)) for column, row in roi["vertices"])
    return Region(roi["sop_instance_uid"], roi["frame_number"], vertices)


def _plain(roi: Mapping[str, Any]) -> dict[str, Any]:
    return {key: roi[key] for key in ("sop_instance_uid", "frame_number", "vertices")}


def _share_present(code: str, reads: Sequence[CaseRead], rules_value: str) -> float | None:
    """Give the soft label: which share of the readers who could assess the finding saw it."""
    if rules_value == Value.INDETERMINATE:
        return None
    answers = [read.answer(code) for read in reads if not read.is_unreadable]
    said = [each.value for each in answers if each is not None and each.value != "not_assessable"]
    shares = reader_distribution(said, ["absent", "present"])
    return shares["present"] if shares else None


def _seal(
    round_case: RoundCase,
    *,
    policy: RoundPolicy,
    method: Consensus.Method,
    labels: Mapping[str, Label],
    reads: Sequence[CaseRead],
    is_unreadable: bool,
    inputs: Sequence[str],
) -> Consensus:
    findings = _findings(round_case)
    rows = {
        code: {
            "value": str(label.value),
            "grade": label.grade,
            "share_present": _share_present(code, reads, label.value),
            "length_mm": label.length_mm,
            "rois": [dict(roi) for roi in label.rois],
            "roi_method": label.roi_method,
        }
        for code, label in labels.items()
    }
    sealed = {
        "round_case_id": str(round_case.pk),
        "epoch": round_case.epoch,
        "policy_version": policy.version,
        "method": str(method),
        "is_unreadable": is_unreadable,
        "labels": rows,
        "inputs": list(inputs),
    }
    consensus = Consensus.objects.create(
        round_case=round_case,
        policy=policy,
        method=method,
        is_unreadable=is_unreadable,
        content_sha256=_sha256(sealed),
    )
    ConsensusLabel.objects.bulk_create(
        ConsensusLabel(consensus=consensus, finding=findings[code], **row)
        for code, row in rows.items()
    )
    return consensus


def _decision_sha256(decision: ArbitrationDecision) -> str:
    return _sha256(
        {
            "finding": decision.finding.code if decision.finding else "",
            "seat": decision.arbitration.seat,
            "choice": decision.choice,
            "value": decision.value,
            "grade": decision.grade,
            "rois": decision.rois,
        }
    )


def _sha256(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
