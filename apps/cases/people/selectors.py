"""Who is in a project, and whom its admins have invited, in a fixed number of queries."""

from collections import defaultdict
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet

from apps.cases.access import accounts_managed_by
from apps.cases.models import Membership, Project, Role, User
from apps.cases.people.models import Invitation
from apps.cases.selectors import name_of

INVITATION_STATES: Final = ("open", "used", "expired", "revoked")


def members_of(project: Project, *, admin: User) -> list[dict[str, Any]]:
    """Describe the members of a project, by name, and what this admin may do with each account."""
    roles: dict[Any, list[str]] = defaultdict(list)
    held = Membership.objects.filter(project=project).order_by("created_at").select_related("user")
    people: dict[Any, User] = {}
    since: dict[Any, datetime] = {}
    for membership in held:
        people[membership.user_id] = membership.user
        since.setdefault(membership.user_id, membership.created_at)
        roles[membership.user_id].append(membership.role)
    managed = set(accounts_managed_by(admin).filter(pk__in=people).values_list("pk", flat=True))
    admins = {key for key, user in people.items() if user.is_active and Role.ADMIN in roles[key]}
    rows = [
        {
            "id": key,
            "username": user.username,
            "display_name": user.display_name,
            "roles": sorted(roles[key], key=Role.values.index),
            "is_active": user.is_active,
            "last_login": user.last_login,
            "member_since": since[key],
            "is_self": key == admin.pk,
            "may_manage": key in managed,
            "is_last_admin": admins == {key},
        }
        for key, user in people.items()
    ]
    return sorted(rows, key=lambda row: (row["display_name"] or row["username"]).casefold())


def invitations_usable(*, now: datetime) -> QuerySet[Invitation]:
    """Select the invitations that still open their project.

    One whose admin has lost the role or the account opens nothing any more: nobody leaves a door
    open behind them.
    """
    return Invitation.objects.filter(
        _inviter_is_admin(),
        used_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=now,
        project__is_active=True,
    )


def invitations_page(
    project: Project, *, now: datetime, offset: int, limit: int
) -> tuple[int, list[dict[str, Any]]]:
    """Count a project's invitations and describe a page of them, newest first; never a token."""
    invitations = Invitation.objects.filter(project=project).annotate(is_backed=_inviter_is_admin())
    page = invitations.select_related("created_by", "used_by").order_by("-created_at", "pk")
    rows = [
        {
            "id": row.pk,
            "state": _state(row, is_backed=row.is_backed, now=now),
            "roles": row.roles,
            "display_name": row.display_name,
            "note": row.note,
            "created_by": name_of(row.created_by),
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "used_at": row.used_at,
            "used_by": name_of(row.used_by),
        }
        for row in page[offset : offset + limit]
    ]
    return invitations.count(), rows


def _state(invitation: Invitation, *, is_backed: bool, now: datetime) -> str:
    """Say what became of an invitation; `invitations_usable` selects what is "open" here."""
    if invitation.used_at is not None:
        return "used"
    if invitation.revoked_at is not None or not is_backed:
        return "revoked"
    return "expired" if invitation.expires_at <= now else "open"


def _inviter_is_admin() -> Exists:
    return Exists(
        Membership.objects.filter(
            user=OuterRef("created_by"),
            project=OuterRef("project"),
            role=Role.ADMIN,
            user__is_active=True,
        )
    )
