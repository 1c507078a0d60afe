"""A round from its draft to its release: rules, guideline, opening, closing.

Rules and guideline are versions, never edits: a case is judged by the version at its last lock.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from apps.cases.models import Finding, Project, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, Invalid
from apps.feedback.compute.round_policy import RoundRules, read_rules
from apps.feedback.labeling.models.rounds import (
    Guideline,
    ReadingRound,
    RoundCase,
    RoundMember,
    RoundPolicy,
)
from apps.feedback.labeling.selectors.eligibility import starved_cases
from apps.feedback.labeling.services.pictures import pictures_accepted
from apps.feedback.labeling.services.round_cases import readers_set
from apps.feedback.states import ROUND, sources

State = ReadingRound.State


def round_create(project: Project, *, name: str, actor: User) -> ReadingRound:
    """Begin a draft that asks about every finding of the project, with an empty guideline.

    Raises
    ------
    Conflict : the project has a round of this name, or no finding
    """
    findings = Finding.objects.filter(project=project)
    rules = [{"code": each.code, "minimum_size_mm": each.minimum_size_mm} for each in findings]
    if not rules:
        raise Conflict("The project has no finding to ask about.", code="no_findings")
    try:
        with transaction.atomic():
            made = ReadingRound.objects.create(
                project=project, name=name, seed=secrets.token_hex(32), made_by=actor
            )
            content = read_rules({"findings": rules}).to_json()
            RoundPolicy.objects.create(round=made, version=1, content=content, author=actor)
            Guideline.objects.create(round=made, version=1, author=actor)
            audit_record(actor=actor, action="round.created", target=made, project=project)
    except IntegrityError as error:
        raise Conflict("The project has a round of this name.", code="round_name_taken") from error
    return made


def policy_add(
    reading_round: ReadingRound, *, content: Mapping[str, Any], reason: str, actor: User
) -> RoundPolicy:
    """Write the next version of the rules; in an open round it needs a reason.

    What is locked already stays under the version of its lock.

    Raises
    ------
    Invalid : a field out of its range (`invalid_policy`), a finding that the project does not have,
        or no reason
    Conflict : the round has ended, or somebody else has just written a version
    """
    rules = read_rules(content)
    known = set(
        Finding.objects.filter(project=reading_round.project).values_list("code", flat=True)
    )
    unknown = sorted({rule.code for rule in rules.findings} - known)
    if unknown:
        raise _invalid("findings", "unknown_finding", f"The project has no finding {unknown[0]}.")
    _refuse_if_ended(reading_round)
    if reading_round.state == State.OPEN and not reason.strip():
        raise _invalid("reason", "reason_missing", "Say why the rules of an open round change.")
    newest = RoundPolicy.objects.filter(round=reading_round).aggregate(n=Max("version"))["n"] or 0
    try:
        with transaction.atomic():
            policy = RoundPolicy.objects.create(
                round=reading_round,
                version=newest + 1,
                content=rules.to_json(),
                reason=reason,
                author=actor,
            )
            audit_record(
                actor=actor,
                action="round.policy_changed",
                target=reading_round,
                project=reading_round.project,
                detail={"version": policy.version, "reason": reason},
            )
    except IntegrityError as error:
        raise Conflict("Somebody else has just changed this.", code="stale_version") from error
    return policy


def guideline_add(
    reading_round: ReadingRound,
    *,
    text: str,
    pictures: Sequence[Mapping[str, Any]],
    change: str,
    actor: User,
) -> Guideline:
    """Write the next version of the guideline, for all readers alike.

    Raises
    ------
    Conflict : the round has ended, or somebody else has just written a version
    Invalid : see `pictures_accepted`
    """
    _refuse_if_ended(reading_round)
    accepted = pictures_accepted(reading_round, pictures)
    newest = Guideline.objects.filter(round=reading_round).aggregate(n=Max("version"))["n"] or 0
    try:
        with transaction.atomic():
            guideline = Guideline.objects.create(
                round=reading_round,
                version=newest + 1,
                text=text,
                pictures=accepted,
                change=change,
                author=actor,
            )
            audit_record(
                actor=actor,
                action="round.guideline_changed",
                target=reading_round,
                project=reading_round.project,
                detail={"version": guideline.version},
            )
    except IntegrityError as error:
        raise Conflict("Somebody else has just changed this.", code="stale_version") from error
    return guideline


def round_open(reading_round: ReadingRound, *, actor: User) -> None:
    """Let the readers in, once every case can come to its end (I7).

    Raises
    ------
    Conflict : `round_not_ready` with what is missing in `params`, or the round is no draft
    """
    rules = _rules(reading_round)
    missing = _missing(reading_round, rules)
    if missing:
        raise Conflict(
            "The round cannot begin yet.", code="round_not_ready", params={"missing": missing}
        )
    with transaction.atomic():
        _move(reading_round, to=State.OPEN, opened_at=timezone.now())
        readers_set(reading_round, rules)
        audit_record(
            actor=actor,
            action="round.opened",
            target=reading_round,
            project=reading_round.project,
            detail={"cases": reading_round.cases.count()},
        )


def round_close(reading_round: ReadingRound, *, reason: str, actor: User) -> None:
    """End the reading; what is not sealed by then never counts.

    Raises
    ------
    Conflict : the round is not open
    """
    _end(reading_round, to=State.CLOSED, action="round.closed", reason=reason, actor=actor)


def round_cancel(reading_round: ReadingRound, *, reason: str, actor: User) -> None:
    """Give a round up: nothing of it is ever released.

    Raises
    ------
    Invalid : no reason
    Conflict : the round has ended already
    """
    if not reason.strip():
        raise _invalid("reason", "reason_missing", "Say why the round is given up.")
    _end(reading_round, to=State.CANCELLED, action="round.cancelled", reason=reason, actor=actor)


def round_release(reading_round: ReadingRound, *, reason: str, actor: User) -> None:
    """Let every sealed case of the round count from now on.

    Raises
    ------
    Conflict : the round was cancelled, has not begun, or is released
    """
    with transaction.atomic():
        released = ReadingRound.objects.filter(
            pk=reading_round.pk, state__in=[State.OPEN, State.CLOSED], released_at__isnull=True
        ).update(released_at=timezone.now())
        if not released:
            raise Conflict("The round cannot be released (again).", code="round_not_releasable")
        audit_record(
            actor=actor,
            action="round.released",
            target=reading_round,
            project=reading_round.project,
            detail={"reason": reason},
        )


def _rules(reading_round: ReadingRound) -> RoundRules:
    policy = RoundPolicy.objects.filter(round=reading_round).order_by("-version").first()
    if policy is None:
        raise Conflict("The round has no policy yet.", code="no_round_policy")
    return read_rules(policy.content)


def _missing(reading_round: ReadingRound, rules: RoundRules) -> list[str]:
    """Name what keeps a round from beginning; each name is a sentence on the screen."""
    active = reading_round.members.filter(state=RoundMember.State.ACTIVE)
    annotators = active.filter(role=RoundMember.Role.ANNOTATOR).count()
    arbitrators = active.filter(role=RoundMember.Role.ARBITRATOR).count()
    primary = reading_round.cases.filter(purpose=RoundCase.Purpose.PRIMARY)
    can_differ = rules.readers_per_case > 1 or rules.trigger != "discordant"
    missing = {
        "cases": not primary.exists(),
        "annotators": annotators < rules.readers_per_case,
        "arbitrators": can_differ and arbitrators < rules.seats,
        "guideline": not reading_round.guidelines.exclude(text="").exists(),
    }
    found = [name for name, is_missing in missing.items() if is_missing]
    if not found and starved_cases(reading_round, rules):
        found.append("eligible_readers")
    return found


def _end(reading_round: ReadingRound, *, to: State, action: str, reason: str, actor: User) -> None:
    with transaction.atomic():
        facts = {"closed_at": timezone.now()} if to == State.CLOSED else {}
        _move(reading_round, to=to, **facts)
        audit_record(
            actor=actor,
            action=action,
            target=reading_round,
            project=reading_round.project,
            detail={"reason": reason},
        )


def _move(reading_round: ReadingRound, *, to: State, **facts: Any) -> None:
    moved = ReadingRound.objects.filter(pk=reading_round.pk, state__in=sources(ROUND, to)).update(
        state=to, **facts
    )
    if not moved:
        reading_round.refresh_from_db()
        raise Conflict(
            f"The round is {reading_round.state}.",
            code="round_state",
            params={"state": reading_round.state},
        )
    reading_round.refresh_from_db()


def _refuse_if_ended(reading_round: ReadingRound) -> None:
    if reading_round.state in {State.CLOSED, State.CANCELLED}:
        raise Conflict("The round has ended.", code="round_closed")


def _invalid(field: str, code: str, message: str) -> Invalid:
    return Invalid(message, code=code, fields={field: [message]})
