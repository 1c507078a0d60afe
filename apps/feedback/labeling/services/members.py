"""Who reads in a round, who arbitrates, and what an admin may change of either."""

from typing import Any

from django.db import IntegrityError, transaction

from apps.cases.models import Membership, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, Invalid
from apps.feedback.labeling.models.rounds import ReadingRound, RoundMember
from apps.feedback.labeling.services.offers import member_reads_end

State = RoundMember.State


def member_add(reading_round: ReadingRound, *, user: User, role: str, actor: User) -> RoundMember:
    """Give a person one place in a round: the role that they hold in the project.

    Raises
    ------
    Invalid : the person does not hold the role in the project
    Conflict : they have a place in the round already, or the round has ended
    """
    if reading_round.state in {ReadingRound.State.CLOSED, ReadingRound.State.CANCELLED}:
        raise Conflict("The round has ended.", code="round_closed")
    held = Membership.objects.filter(user=user, project=reading_round.project_id, role=role)
    if not user.is_active or not held.exists():
        raise Invalid(
            "This person does not hold that role in the project.",
            code="role_missing",
            fields={"user_id": ["Give them the role under Users first."]},
        )
    try:
        with transaction.atomic():
            member = RoundMember.objects.create(round=reading_round, user=user, role=role)
            _record(member, actor, action="round.member_added", role=role)
    except IntegrityError as error:
        raise Conflict(
            "This person has a place in the round already.", code="member_exists"
        ) from error
    return member


def member_change(
    member: RoundMember,
    *,
    state: str | None,
    caps: dict[str, int | None],
    reason: str,
    actor: User,
) -> None:
    """Pause, resume or withdraw a member, or change what they may take.

    Who is withdrawn sees nothing of the round any more and never comes back (I14): what they hold
    goes to others, what they have locked stays and counts.

    Raises
    ------
    Invalid : no reason for a withdrawal
    Conflict : the member is withdrawn
    """
    if member.state == State.WITHDRAWN:
        raise Conflict("A withdrawn member never comes back.", code="member_withdrawn")
    if state == State.WITHDRAWN and not reason.strip():
        raise Invalid("Say why.", code="reason_missing", fields={"reason": ["Say why."]})
    changes: dict[str, Any] = {**caps, **({"state": state} if state else {})}
    with transaction.atomic():
        changed = RoundMember.objects.filter(pk=member.pk).exclude(state=State.WITHDRAWN)
        if changes and not changed.update(**changes):
            raise Conflict("A withdrawn member never comes back.", code="member_withdrawn")
        if state == State.WITHDRAWN:
            member_reads_end(member, reason=reason, actor=actor)
        _record(member, actor, action="round.member_changed", reason=reason, **changes)
    member.refresh_from_db()


def _record(member: RoundMember, actor: User, *, action: str, **detail: Any) -> None:
    audit_record(
        actor=actor,
        action=action,
        target=member,
        project=member.round.project,
        detail={"user_id": str(member.user_id), **detail},
    )
