"""How does a person whom an admin invited come into a project? With a link that works once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.cases.models import Project, Role, User
from apps.cases.people.models import Invitation
from apps.cases.people.selectors import invitations_usable
from apps.cases.services.accounts import user_create
from apps.cases.services.audit import audit_record
from apps.cases.services.members import member_add
from apps.cases.services.one_time_links import LinkUnusable, token_new, token_sha256
from apps.errors import Conflict, NotFound

INVITATION_LIFE: Final = timedelta(days=7)


def invitation_create(
    project: Project, *, roles: Sequence[Role], display_name: str, note: str, actor: User
) -> tuple[Invitation, str]:
    """Invite a person; the token is in the answer and nowhere else."""
    token = token_new()
    with transaction.atomic():
        invitation = Invitation.objects.create(
            project=project,
            roles=[str(role) for role in roles],
            display_name=display_name,
            note=note,
            token_sha256=token_sha256(token),
            created_by=actor,
            expires_at=timezone.now() + INVITATION_LIFE,
        )
        audit_record(
            actor=actor,
            action="invitation.created",
            target=invitation,
            project=project,
            detail={"roles": invitation.roles},
        )
    return invitation, token


def invitation_revoke(invitation_id: UUID, *, project: Project, actor: User) -> None:
    """Withdraw an invitation; withdrawing it twice changes nothing.

    Raises
    ------
    NotFound : the project has no such invitation
    Conflict : it was used already
    """
    with transaction.atomic():
        mine = Invitation.objects.filter(pk=invitation_id, project=project)
        if mine.filter(used_at__isnull=True, revoked_at__isnull=True).update(
            revoked_at=timezone.now()
        ):
            audit_record(
                actor=actor, action="invitation.revoked", target=mine.get(), project=project
            )
            return
        invitation = mine.first()
        if invitation is None:
            raise NotFound
        if invitation.used_at is not None:
            raise Conflict(
                "The invitation was used already. Take away the person's roles instead.",
                code="invitation_used",
            )


def invitation_open(token: str) -> Invitation:
    """Find the invitation that a token opens now, without using it.

    Raises
    ------
    LinkUnusable : used, expired, withdrawn, its admin is none any more, or never made
    """
    usable = invitations_usable(now=timezone.now()).filter(token_sha256=token_sha256(token))
    invitation = usable.select_related("project", "created_by").first()
    if invitation is None:
        raise LinkUnusable
    return invitation


def invitation_join(
    token: str, *, username: str, password: str, display_name: str, language: User.Language
) -> tuple[Invitation, User]:
    """Make the account and give it the roles: all of it or nothing, and once.

    Raises
    ------
    LinkUnusable : see `invitation_open`
    Invalid : the name or the password cannot be used; the link still can
    """
    with transaction.atomic():
        invitation = _claim(token)
        user = user_create(
            username, password=password, display_name=display_name, language=language
        )
        _accept(invitation, user)
    return invitation, user


def invitation_join_as(token: str, *, user: User) -> Invitation:
    """Give the roles to a person who has an account, once.

    Raises
    ------
    LinkUnusable : see `invitation_open`
    """
    with transaction.atomic():
        invitation = _claim(token)
        _accept(invitation, user)
    return invitation


def _claim(token: str) -> Invitation:
    """Mark the invitation as used; of two requests at once one gets it.

    The conditions stand in the UPDATE itself: PostgreSQL does not look again at a subquery after it
    has waited for the other request's row.
    """
    invitation = invitation_open(token)
    claimed = Invitation.objects.filter(
        pk=invitation.pk, used_at__isnull=True, revoked_at__isnull=True
    ).update(used_at=timezone.now())
    if not claimed:
        raise LinkUnusable
    return invitation


def _accept(invitation: Invitation, user: User) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(used_by=user)
    audit_record(
        actor=user, action="invitation.used", target=invitation, project=invitation.project
    )
    for role in invitation.roles:
        member_add(invitation.project, user=user, role=Role(role), actor=invitation.created_by)
