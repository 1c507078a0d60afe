"""A reader's acts on their own read: open, save, lock, take back, skip, ask.

Each is one conditional UPDATE of the read's own row: nothing on this path waits for, or depends on,
what another reader does (DESIGN rule 3). What a lock leads to happens later, in `settling`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Greatest
from django.utils import timezone

from apps.cases.models import Exposure, Finding
from apps.cases.services.audit import audit_record
from apps.cases.services.exposure import exposure_record
from apps.errors import Conflict, Invalid
from apps.feedback.compute.round_policy import RoundRules, read_rules
from apps.feedback.labeling.access import is_exposed
from apps.feedback.labeling.models.rounds import (
    Guideline,
    LockTakenBack,
    Read,
    ReadingRound,
    ReadLock,
    ReadQuestion,
    RoundCase,
    RoundPolicy,
)
from apps.feedback.labeling.services.arbitration import seat_reveal
from apps.feedback.labeling.services.contents import Content, content_stored, oddities
from apps.feedback.labeling.services.offers import (
    LIVE,
    policy_in_force,
    read_end,
    refuse_if_stopped,
)
from apps.feedback.states import READ, sources

State = Read.State
# What an act changes: what describes the case and its round is not fetched again.
_CHANGING: Final = (
    *("state", "slot", "is_burned", "revision", "content", "active_s", "end_reason"),
    *("lease_until", "opened_at", "saved_at", "locked_at", "final_at"),
)
# What a browser may claim of active time beyond what has passed: clocks differ a little.
ACTIVE_SLACK_S: Final = 30.0


@dataclass(frozen=True)
class Sent:
    """What a reader sends: made on draft `revision`."""

    revision: int
    content: Mapping[str, Any]
    active_s: float = 0.0


@dataclass(frozen=True)
class Asked:
    """What a read is asked by: the policy in force, its rules, the findings' grades."""

    policy: RoundPolicy
    rules: RoundRules
    grades: Mapping[str, list[str]]


def asked_of(read: Read) -> Asked:
    """Give what the read's round asks now."""
    return asked_in(read.round_case.round)


def asked_in(reading_round: ReadingRound) -> Asked:
    """Give what a round asks now."""
    policy = policy_in_force(reading_round)
    rules = read_rules(policy.content)
    findings = Finding.objects.filter(project=reading_round.project_id)
    grades = {code: list(grades) for code, grades in findings.values_list("code", "grades")}
    return Asked(policy, rules, grades)


def read_open(read: Read) -> Read:
    """Note that the case is on the reader's screen: from now on it is theirs or nobody's."""
    now = timezone.now()
    opened = Read.objects.filter(pk=read.pk, state__in=sources(READ, "opened"))
    if opened.update(state=State.OPENED, opened_at=now):
        read.state, read.opened_at = State.OPENED, now
    return read


def draft_save(read: Read, *, sent: Sent) -> Read:
    """Save the draft if it still stands at the revision that was sent; renew the lease.

    Raises
    ------
    Conflict : `read_expired`, `read_locked`, `read_paused`, or `stale_revision` with the present
        one in `params`
    Invalid : see `content_stored`
    """
    asked = asked_of(read)
    refuse_if_stopped(read.round_case.round, read.reader)
    content = content_stored(read, sent.content, rules=asked.rules, grades=asked.grades)
    now = timezone.now()
    saved = Read.objects.filter(
        pk=read.pk, state__in=[State.OPENED, State.DRAFT], revision=sent.revision
    ).update(
        state=State.DRAFT,
        revision=F("revision") + 1,
        content=content,
        saved_at=now,
        lease_until=now + timedelta(seconds=asked.rules.lease_s),
        active_s=_active(read, sent.active_s),
    )
    _reload(read)
    if not saved:
        raise _overtaken(read)
    return read


def read_lock(read: Read, *, sent: Sent, is_confirmed: bool) -> Read:
    """Lock the read as it was sent; an arbitrator's reveals the others' reads in the same moment.

    Raises
    ------
    Invalid : `lock_odd` with what is odd in `params`, unless it is confirmed and none of it blocks
    Conflict : as for `draft_save`; `no_longer_blinded`, the reader has come to know an answer by
        another door meanwhile: the read is taken from them
    """
    asked = asked_of(read)
    refuse_if_stopped(read.round_case.round, read.reader)
    _refuse_if_exposed(read)
    content = content_stored(read, sent.content, rules=asked.rules, grades=asked.grades)
    _refuse_if_odd(content, asked, is_confirmed=is_confirmed)
    now = timezone.now()
    is_final = not may_be_taken_back(read)
    with transaction.atomic():
        changed = {
            "state": State.LOCKED,
            "revision": sent.revision + 1,
            "content": content,
            "saved_at": now,
            "locked_at": now,
            "active_s": max(read.active_s, _claimed_s(read, sent.active_s)),
        }
        locked = Read.objects.filter(
            pk=read.pk,
            state__in=[State.OPENED, State.DRAFT],
            revision=sent.revision,
        ).update(**changed)
        if not locked:
            _reload(read)
            raise _overtaken(read)
        for name, value in changed.items():
            setattr(read, name, value)
        lock = _write_lock(read, asked.policy)
        if is_final:
            Read.objects.filter(pk=read.pk).update(state=State.FINAL, final_at=now)
            read.state, read.final_at = State.FINAL, now
        if read.kind == Read.Kind.ARBITRATOR:
            seat_reveal(read)
        audit_record(
            actor=read.reader,
            action="read.locked",
            target=read,
            project=read.round_case.round.project,
            detail={"content_sha256": lock.content_sha256, "number": lock.number},
        )
    return read


def read_withdraw_exposed(read: Read) -> None:
    """Take a read from a person who has come to know an answer by another door."""
    if is_exposed(read.reader, read.case_id):
        read_end(read, to=State.WITHDRAWN, reason="no longer blinded", actor=None)


def result_show(read: Read) -> None:
    """Note that the reader sees what others said: they can read nothing of the patient again."""
    exposure_record(read.reader, kind=Exposure.Kind.RESULT_SEEN, case=read.round_case.case)


def may_be_taken_back(read: Read) -> bool:
    """Tell whether five minutes follow the lock: not where the lock shows something."""
    is_qualification = read.round_case.purpose == RoundCase.Purpose.QUALIFICATION
    return read.kind == Read.Kind.ANNOTATOR and not is_qualification


def lock_take_back(read: Read) -> Read:
    """Make a lock a draft again; the lock stays on record.

    Raises
    ------
    Conflict : `take_back_over`, or nothing is locked
    """
    asked = asked_of(read)
    refuse_if_stopped(read.round_case.round, read.reader)
    now = timezone.now()
    with transaction.atomic():
        taken = Read.objects.filter(
            pk=read.pk,
            state=State.LOCKED,
            locked_at__gt=now - timedelta(seconds=settings.TAKE_BACK_WINDOW_S),
        ).update(
            state=State.DRAFT,
            locked_at=None,
            lease_until=now + timedelta(seconds=asked.rules.lease_s),
        )
        _reload(read)
        if not taken:
            raise Conflict(
                "The time in which this lock could be taken back is over.", code="take_back_over"
            )
        LockTakenBack.objects.create(lock=read.locks.latest("number"))
        audit_record(
            actor=read.reader,
            action="read.taken_back",
            target=read,
            project=read.round_case.round.project,
        )
    return read


def read_leave(read: Read, *, to: Read.State, reason: str) -> Read:
    """Skip the case or recuse oneself: others may read it, this reader never.

    Raises
    ------
    Invalid : no reason
    Conflict : the read is not live
    """
    if not reason.strip():
        raise Invalid("Say why.", code="reason_missing", fields={"reason": ["Say why."]})
    if not read_end(read, to=to, reason=reason, actor=read.reader):
        _reload(read)
        raise _overtaken(read)
    _reload(read)
    return read


def lease_renew(read: Read, *, active_s: float) -> Read:
    """Keep the read, and the one that is loaded ahead, while their reader is at it.

    Raises
    ------
    Conflict : it is not live any more
    """
    lease_s = read_rules(policy_in_force(read.round_case.round).content).lease_s
    until = timezone.now() + timedelta(seconds=lease_s)
    renewed = Read.objects.filter(pk=read.pk, state__in=LIVE).update(
        lease_until=until, active_s=_active(read, active_s)
    )
    Read.objects.filter(
        reader=read.reader, round_case__round=read.round_case.round_id, state__in=LIVE
    ).update(lease_until=until)
    _reload(read)
    if not renewed:
        raise _overtaken(read)
    return read


def question_ask(read: Read, *, text: str) -> None:
    """Ask the admin; the answer will reach every reader as a version of the guideline."""
    with transaction.atomic():
        question = ReadQuestion.objects.create(read=read, text=text)
        audit_record(
            actor=read.reader,
            action="read.question_asked",
            target=question,
            project=read.round_case.round.project,
            detail={"case_id": str(read.case_id)},
        )


def content_sha256(content: Content) -> str:
    """Hash what is locked; the same content has the same hash whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _reload(read: Read) -> None:
    read.refresh_from_db(fields=_CHANGING)


def _write_lock(read: Read, policy: RoundPolicy) -> ReadLock:
    versions = Guideline.objects.filter(round=read.round_case.round_id).order_by("-version")
    guideline_id = versions.values_list("pk", flat=True).first()
    if guideline_id is None:
        raise Conflict("The round has no guideline yet.", code="no_guideline")
    number = read.locks.aggregate(last=Max("number"))["last"] or 0
    return ReadLock.objects.create(
        read=read,
        number=number + 1,
        content=read.content,
        content_sha256=content_sha256(read.content),
        policy=policy,
        guideline_id=guideline_id,
        active_s=read.active_s,
    )


def _refuse_if_odd(content: Content, asked: Asked, *, is_confirmed: bool) -> None:
    graded = {code for code, grades in asked.grades.items() if grades}
    odd = oddities(content, rules=asked.rules, graded=graded)
    if odd and not (is_confirmed and not any(one.blocks for one in odd)):
        raise Invalid(
            "Something about this read is odd: look at it again.",
            code="lock_odd",
            params={
                "odd": [
                    {"code": one.code, "finding": one.finding, "blocks": one.blocks} for one in odd
                ]
            },
        )


def _refuse_if_exposed(read: Read) -> None:
    if is_exposed(read.reader, read.case_id):
        raise Conflict(
            "You have come to see answers on this case elsewhere: it cannot be read blinded now.",
            code="no_longer_blinded",
        )


def _active(read: Read, sent_s: float) -> Greatest:
    """Never set the reader's clock back, whatever else is saved at the same moment."""
    return Greatest(F("active_s"), _claimed_s(read, sent_s))


def _claimed_s(read: Read, sent_s: float) -> float:
    """Take the reader's own clock, but no more than has passed."""
    begun = read.opened_at or read.created_at
    passed_s = (timezone.now() - begun).total_seconds() + ACTIVE_SLACK_S
    return float(min(max(sent_s, 0.0), passed_s))


def _overtaken(read: Read) -> Conflict:
    if read.state in {State.LOCKED, State.FINAL}:
        return Conflict("This read is locked.", code="read_locked")
    if read.state in {State.OPENED, State.DRAFT}:
        return Conflict(
            "This draft was saved elsewhere meanwhile.",
            code="stale_revision",
            params={"revision": read.revision},
        )
    return Conflict(
        "This read has ended: its case is no longer yours. What you had saved is kept.",
        code="read_expired",
        params={"state": read.state},
    )
