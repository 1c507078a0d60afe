"""What does an arbitrator see once their own blind read is locked? The reads, where they differ.

Readers are letters in an order drawn for this seat; no name, time, comment or device is told
(labeling.md, I6; security.md 2.2, arbitrator's side).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.cases.models import Finding, User
from apps.errors import NotFound
from apps.feedback.compute.round_policy import RoundRules, read_rules
from apps.feedback.labeling.access import rounds_of
from apps.feedback.labeling.models.rounds import Arbitration, Read, ReadLock
from apps.feedback.labeling.models.verdicts import ArbitrationDecision
from apps.feedback.labeling.selectors.images import content_shown
from apps.feedback.labeling.selectors.reads import findings_asked, images_payload

LETTERS = "abcdefghi"
WHOLE_CASE = ""
# What an arbitrator is not shown of a reader: words may tell who wrote them.
_WITHHELD = {"comment": "", "unreadable_reason": ""}


def own_seat(user: User, arbitration_id: UUID) -> Arbitration:
    """Give a person's own seat, once the reads are shown to them.

    Raises
    ------
    NotFound : none of theirs, or their own blind read is not locked yet
    """
    seat = (
        Arbitration.objects.filter(
            pk=arbitration_id,
            arbitrator=user,
            state__in=[Arbitration.State.REVEALED, Arbitration.State.DECIDED],
            round_case__round__in=rounds_of(user).values("round"),
        )
        .select_related(
            "round_case__round__project",
            "round_case__comparison__policy",
            "round_case__case__study__patient",
            "read__reader",
            "read__round_case__round__project",
            "read__round_case__case__study__patient",
        )
        .first()
    )
    if seat is None:
        raise NotFound
    return seat


def blind_read(seat: Arbitration) -> Read:
    """Give the arbitrator's own read of a revealed seat.

    Raises
    ------
    NotFound : nobody has taken the seat
    """
    if seat.read is None:
        raise NotFound
    return seat.read


def rules_of(seat: Arbitration) -> RoundRules:
    """Give the rules that the case is judged by: those of its comparison, whatever came since."""
    return read_rules(seat.round_case.comparison.policy.content)


def locked_contents(reads: Sequence[Read]) -> dict[UUID, dict[str, Any]]:
    """Map reads to what they locked last and did not take back."""
    locks = ReadLock.objects.filter(read__in=reads, taken_back__isnull=True).order_by("number")
    return dict(locks.values_list("read", "content"))


def readers_shown(seat: Arbitration) -> list[tuple[str, dict[str, Any]]]:
    """List the readers' contents under their letters, in the order drawn for this seat."""
    reads = {
        str(read.pk): read
        for read in Read.objects.filter(
            round_case=seat.round_case, kind=Read.Kind.ANNOTATOR, state=Read.State.FINAL
        )
    }
    contents = locked_contents(list(reads.values()))
    return [
        (letter, contents[reads[read_id].pk])
        for letter, read_id in zip(LETTERS, seat.order, strict=False)
        if read_id in reads
    ]


def conflicts_of(seat: Arbitration) -> list[dict[str, Any]]:
    """List what the arbitrator must decide, each with its reasons.

    Where the readers differ on whether the case can be read at all, every finding is open. A round
    that asks for every positive case opens what was found, though the readers agree on it.
    """
    compared = seat.round_case.comparison.detail
    rules = rules_of(seat)
    is_split = bool(compared["reasons"])
    conflicts = []
    if is_split:
        conflicts.append({"finding": WHOLE_CASE, "reasons": ["unreadable"], "worst_iou": None})
    for finding in compared["findings"]:
        reasons = ["value" if each == "unanswered" else each for each in finding["reasons"]]
        if is_split and not reasons:
            reasons = ["unreadable"]
        if reasons:
            conflicts.append(
                {
                    "finding": finding["code"],
                    "reasons": sorted(set(reasons)),
                    "worst_iou": finding["worst_iou"],
                }
            )
    if not conflicts:
        found = _present_codes([content for _, content in readers_shown(seat)])
        conflicts = [
            {"finding": rule.code, "reasons": ["positive"], "worst_iou": None}
            for rule in rules.findings
            if rule.code in found
        ]
    return conflicts


def agreed_of(seat: Arbitration, conflicts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List what is not in conflict: as the readers said."""
    open_codes = {conflict["finding"] for conflict in conflicts}
    readable = [
        content for _, content in readers_shown(seat) if not content.get("unreadable", False)
    ]
    agreed = []
    for rule in rules_of(seat).findings:
        if rule.code in open_codes or not readable:
            continue
        answer = answer_in(readable[0], rule.code)
        agreed.append({"finding": rule.code, "value": answer["value"], "grade": answer["grade"]})
    return agreed


def answer_in(content: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Give one read's answer to a finding; of one that it left open, "not_assessable"."""
    for answer in content.get("answers", ()):
        if answer["finding"] == code:
            return {"value": answer["value"], "grade": answer.get("grade") or ""}
    value = "absent" if content.get("nothing_found") else "not_assessable"
    return {"value": value, "grade": ""}


def arbitration_payload(seat: Arbitration) -> dict[str, Any]:
    """Describe a revealed seat as its screen needs it."""
    read = blind_read(seat)
    conflicts = conflicts_of(seat)
    is_decided = seat.state == Arbitration.State.DECIDED
    return {
        **images_payload(read),
        "arbitration_id": seat.pk,
        "round_id": seat.round_case.round_id,
        "pseudonym": read.pseudonym,
        "state": seat.state,
        "seat": seat.seat,
        "seats": rules_of(seat).seats,
        "revision": seat.revision,
        "draft": {"decisions": _shown_decisions(seat, read, is_decided=is_decided)},
        "saved_at": seat.saved_at,
        "lease_until": seat.lease_until,
        "decided_at": seat.decided_at,
        "findings": findings_asked(seat.round_case.round, rules_of(seat)),
        "readers": [
            {"letter": letter.upper(), "content": content_shown(read, {**content, **_WITHHELD})}
            for letter, content in readers_shown(seat)
        ],
        "own": {"content": content_shown(read, read.content)},
        "conflicts": conflicts,
        "agreed": agreed_of(seat, conflicts),
    }


def finding_rows(seat: Arbitration) -> dict[str, Finding]:
    """Map the codes of the round's project to its findings."""
    project = seat.round_case.round.project_id
    return {finding.code: finding for finding in Finding.objects.filter(project=project)}


def _shown_decisions(seat: Arbitration, read: Read, *, is_decided: bool) -> list[dict[str, Any]]:
    if is_decided:
        decided = seat.decisions.exclude(choice=ArbitrationDecision.Choice.AGREED)
        stored = [
            {
                "finding": decision.finding.code if decision.finding else WHOLE_CASE,
                "choice": decision.choice,
                "rois": decision.rois if decision.choice == "merged" else [],
                "reason": decision.reason,
                "comment": decision.comment,
            }
            for decision in decided.select_related("finding")
        ]
    else:
        stored = seat.draft.get("decisions", [])
    return [
        {**decision, "rois": content_shown(read, {"rois": decision["rois"]})["rois"]}
        for decision in stored
    ]


def _present_codes(contents: Sequence[Mapping[str, Any]]) -> set[str]:
    return {
        answer["finding"]
        for content in contents
        for answer in content.get("answers", ())
        if answer["value"] == "present"
    }
