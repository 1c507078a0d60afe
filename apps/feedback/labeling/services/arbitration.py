"""A seat from the reveal to the decision; the readers' own reads stay as they are.

The reveal is the moment in which the arbitrator's own blind read is locked (I6). A person who has
read the case cannot hold a seat: the read of its own that the seat needs would be the person's
second one of the case (I3).
"""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.cases.models import Exposure
from apps.cases.services.audit import audit_record
from apps.cases.services.exposure import exposure_record
from apps.errors import Conflict, Invalid
from apps.feedback.labeling.models.rounds import Arbitration, Read
from apps.feedback.labeling.models.verdicts import ArbitrationDecision, Value
from apps.feedback.labeling.selectors.arbitrations import (
    LETTERS,
    WHOLE_CASE,
    agreed_of,
    answer_in,
    blind_read,
    conflicts_of,
    finding_rows,
    readers_shown,
    rules_of,
)
from apps.feedback.labeling.services.contents import rois_stored
from apps.feedback.labeling.services.offers import refuse_if_stopped, seat_queue_again
from apps.feedback.states import ARBITRATION, sources

State = Arbitration.State
Choice = ArbitrationDecision.Choice
Reason = ArbitrationDecision.Reason
Decision = Mapping[str, Any]

# What was revealed cannot be un-seen: a seat is given to another only after a whole day.
DECISION_TIME: Final = timedelta(hours=24)


def seat_reveal(read: Read) -> None:
    """Show the reads to who has just locked their own; note the exposure and the order drawn.

    Call it inside the transaction of the lock.
    """
    seat = Arbitration.objects.get(read=read)
    shown = Read.objects.filter(
        round_case=read.round_case, kind=Read.Kind.ANNOTATOR, state=Read.State.FINAL
    )
    order = [str(pk) for pk in shown.order_by("pk").values_list("pk", flat=True)]
    random.SystemRandom().shuffle(order)
    now = timezone.now()
    Arbitration.objects.filter(pk=seat.pk, state__in=sources(ARBITRATION, "revealed")).update(
        state=State.REVEALED, revealed_at=now, order=order, lease_until=now + DECISION_TIME
    )
    exposure_record(read.reader, kind=Exposure.Kind.READS_REVEALED, case=read.round_case.case)
    audit_record(
        actor=read.reader,
        action="arbitration.revealed",
        target=seat,
        project=read.round_case.round.project,
        detail={"case_id": str(read.case_id), "order": order},
    )


def seats_expire() -> int:
    """Give seats back whose arbitrator has not decided in time; say how many."""
    late = Arbitration.objects.filter(state=State.REVEALED, lease_until__lt=timezone.now())
    return sum(seat_queue_again(pk) for pk in list(late.values_list("pk", flat=True)[:200]))


def seat_save(seat: Arbitration, *, revision: int, decisions: Sequence[Decision]) -> Arbitration:
    """Save the draft if it still stands at the revision that was sent.

    Raises
    ------
    Invalid : a decision on what is not in conflict, or a region outside its image
    Conflict : `stale_revision`, `arbitration_decided`, `arbitration_expired`, `read_paused`
    """
    refuse_if_stopped(seat.round_case.round, blind_read(seat).reader)
    stored = _stored(seat, decisions)
    now = timezone.now()
    saved = Arbitration.objects.filter(
        pk=seat.pk, arbitrator=seat.arbitrator, state=State.REVEALED, revision=revision
    ).update(
        draft={"decisions": stored},
        revision=F("revision") + 1,
        saved_at=now,
        lease_until=now + DECISION_TIME,
    )
    if not saved:
        raise _overtaken(seat)
    seat.refresh_from_db()
    return seat


def seat_decide(seat: Arbitration, *, revision: int, decisions: Sequence[Decision]) -> Arbitration:
    """Decide everything that is in conflict, each for a reason; what is not is as the readers said.

    Raises
    ------
    Invalid : as for `seat_save`; `decision_incomplete` with the open findings in `params`
    Conflict : as for `seat_save`
    """
    refuse_if_stopped(seat.round_case.round, blind_read(seat).reader)
    stored = _stored(seat, decisions)
    conflicts = conflicts_of(seat)
    _refuse_if_incomplete(seat, conflicts, stored)
    rows = _rows(seat, conflicts, stored)
    with transaction.atomic():
        decided = Arbitration.objects.filter(
            pk=seat.pk,
            arbitrator=seat.arbitrator,
            state__in=sources(ARBITRATION, "decided"),
            revision=revision,
        ).update(
            state=State.DECIDED,
            decided_at=timezone.now(),
            revision=F("revision") + 1,
            draft={"decisions": stored},
        )
        if not decided:
            raise _overtaken(seat)
        ArbitrationDecision.objects.bulk_create(rows)
        audit_record(
            actor=seat.arbitrator,
            action="arbitration.decided",
            target=seat,
            project=seat.round_case.round.project,
            detail={"choices": {_code(row): row.choice for row in rows}},
        )
    seat.refresh_from_db()
    return seat


def _stored(seat: Arbitration, decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """Check decisions and give them with regions on DICOM's own images."""
    rules, read = rules_of(seat), blind_read(seat)
    known = {conflict["finding"] for conflict in conflicts_of(seat)}
    codes = [decision["finding"] for decision in decisions]
    letters = {letter for letter, _ in readers_shown(seat)}
    stored = []
    for decision in decisions:
        code, choice = decision["finding"], decision["choice"]
        if code not in known or codes.count(code) > 1:
            raise _invalid("not_in_conflict", f"{code or 'The case'} is not open, or is twice.")
        if choice in LETTERS and choice not in letters:
            raise _invalid("unknown_reader", f"There is no reader {choice.upper()}.")
        if code == WHOLE_CASE and choice in {Choice.MERGED, Choice.INDETERMINATE}:
            raise _invalid("choice_not_allowed", "Whether a case can be read is one or the other.")
        rois = [roi for roi in decision["rois"] if choice == Choice.MERGED]
        if any(roi["finding"] != code for roi in rois):
            raise _invalid("unknown_finding", "A merged region is of another finding.")
        stored.append({**decision, "rois": rois_stored(read, rois, rules=rules) if rois else []})
    return stored


def _refuse_if_incomplete(
    seat: Arbitration, conflicts: Sequence[Decision], stored: Sequence[Decision]
) -> None:
    decided = {
        decision["finding"]
        for decision in stored
        if decision["reason"] != Reason.NONE
        and (decision["choice"] != Choice.MERGED or decision["rois"])
    }
    needed = {conflict["finding"] for conflict in conflicts}
    if _is_unreadable(seat, stored):
        needed = {WHOLE_CASE}
    if needed - decided:
        raise Invalid(
            "Decide everything that is in conflict, each for a reason.",
            code="decision_incomplete",
            params={"findings": sorted(needed - decided)},
        )


def _is_unreadable(seat: Arbitration, stored: Sequence[Decision]) -> bool:
    whole = next((each for each in stored if each["finding"] == WHOLE_CASE), None)
    return whole is not None and bool(_content(seat, whole["choice"]).get("unreadable"))


def _content(seat: Arbitration, choice: str) -> Mapping[str, Any]:
    if choice == Choice.OWN:
        own: dict[str, Any] = blind_read(seat).content
        return own
    return dict(readers_shown(seat))[choice]


def _rows(
    seat: Arbitration, conflicts: Sequence[Decision], stored: Sequence[Decision]
) -> list[ArbitrationDecision]:
    findings = finding_rows(seat)
    blind = blind_read(seat).content
    by_code = {decision["finding"]: decision for decision in stored}
    whole = by_code.get(WHOLE_CASE)
    is_unreadable = _is_unreadable(seat, stored)
    rows = []
    if whole is not None:
        rows.append(
            ArbitrationDecision(
                arbitration=seat,
                finding=None,
                choice=whole["choice"],
                value=Value.NOT_ASSESSABLE if is_unreadable else Value.PRESENT,
                reason=whole["reason"],
                comment=whole["comment"],
                blind_value=Value.NOT_ASSESSABLE if blind.get("unreadable") else Value.PRESENT,
            )
        )
    for conflict in conflicts:
        code = conflict["finding"]
        if code == WHOLE_CASE:
            continue
        decision = by_code.get(code)
        if is_unreadable and whole is not None:
            decision = {**whole, "choice": Choice.INDETERMINATE, "rois": [], "comment": ""}
        if decision is not None:
            rows.append(
                ArbitrationDecision(
                    arbitration=seat,
                    finding=findings[code],
                    choice=decision["choice"],
                    reason=decision["reason"],
                    comment=decision["comment"],
                    blind_value=answer_in(blind, code)["value"],
                    **_decided(seat, code, decision),
                )
            )
    rows += [
        ArbitrationDecision(
            arbitration=seat,
            finding=findings[agreed["finding"]],
            choice=Choice.AGREED,
            reason=Reason.NONE,
            value=agreed["value"],
            grade=agreed["grade"],
            rois=_agreed_rois(seat, agreed["finding"]),
            blind_value=answer_in(blind, agreed["finding"])["value"],
        )
        for agreed in agreed_of(seat, conflicts)
    ]
    return rows


def _decided(seat: Arbitration, code: str, decision: Decision) -> dict[str, Any]:
    """Give what a choice says: value, grade, longest line and regions."""
    choice = decision["choice"]
    if choice == Choice.INDETERMINATE:
        return {"value": Value.INDETERMINATE}
    if choice == Choice.MERGED:
        contents = [content for _, content in readers_shown(seat)]
        said = [answer_in(content, code) for content in contents]
        grades = [each["grade"] for each in said if each["value"] == "present"]
        lengths = [_longest_mm(content, code) for content in contents]
        return {
            "value": Value.PRESENT,
            "grade": grades[0] if grades else "",
            "length_mm": max((mm for mm in lengths if mm is not None), default=None),
            "rois": decision["rois"],
        }
    content = _content(seat, choice)
    answer = answer_in(content, code)
    is_present = answer["value"] == "present"
    return {
        **answer,
        "length_mm": _longest_mm(content, code) if is_present else None,
        "rois": _rois(content, code) if is_present else [],
    }


def _agreed_rois(seat: Arbitration, code: str) -> list[dict[str, Any]]:
    """Give the first reader's regions: by the policy they are the same as the others'."""
    for _, content in readers_shown(seat):
        if not content.get("unreadable") and answer_in(content, code)["value"] == "present":
            return _rois(content, code)
    return []


def _rois(content: Decision, code: str) -> list[dict[str, Any]]:
    return [roi for roi in content.get("rois", ()) if roi["finding"] == code]


def _longest_mm(content: Decision, code: str) -> float | None:
    lengths = [
        line["length_mm"]
        for line in content.get("measurements", ())
        if line["finding"] == code and line["length_mm"] is not None
    ]
    return max(lengths, default=None)


def _code(row: ArbitrationDecision) -> str:
    return row.finding.code if row.finding else WHOLE_CASE


def _overtaken(seat: Arbitration) -> Conflict:
    now = Arbitration.objects.get(pk=seat.pk)
    if now.state == State.DECIDED:
        return Conflict("This case is decided.", code="arbitration_decided")
    if now.state == State.REVEALED and now.arbitrator_id == seat.arbitrator_id:
        return Conflict(
            "This draft was saved elsewhere meanwhile.",
            code="stale_revision",
            params={"revision": now.revision},
        )
    return Conflict(
        "This case was given to another arbitrator.", code="arbitration_expired", params={}
    )


def _invalid(code: str, message: str) -> Invalid:
    return Invalid(message, code=code, fields={"decisions": [message]})
