"""Who is a member of a project, in which roles? Cases already assigned stay assigned: taking a role
away and giving it back restores what the person had, and never unblinds them.
"""

from django.db import transaction

from apps.cases.access import READERS
from apps.cases.models import Exposure, Membership, Project, Role, User
from apps.cases.selectors import other_admins_of
from apps.cases.services.accounts import last_admin
from apps.cases.services.audit import audit_record
from apps.cases.services.exposure import exposure_record


def member_add(
    project: Project, *, user: User, role: Role, actor: User | None = None
) -> Membership:
    """Give a person a role in a project; giving it twice changes nothing."""
    with transaction.atomic():
        membership, is_new = Membership.objects.get_or_create(project=project, user=user, role=role)
        if is_new:
            audit_record(
                actor=actor,
                action="member.added",
                target=user,
                project=project,
                detail={"role": str(role)},
            )
        if role in READERS:
            # For ever, also when the role is taken away: what was seen cannot be unseen.
            exposure_record(user, kind=Exposure.Kind.PROJECT_ROLE, project=project)
    return membership


def member_role_remove(project: Project, *, user: User, role: Role, actor: User) -> None:
    """Take a role from a person; taking it twice changes nothing.

    Raises
    ------
    Conflict : the project would be left without an active admin
    """
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)  # see administrators_lock
        if role == Role.ADMIN and not other_admins_of(project, user).exists():
            raise last_admin()
        removed, _ = Membership.objects.filter(project=project, user=user, role=role).delete()
        if removed:
            audit_record(
                actor=actor,
                action="member.removed",
                target=user,
                project=project,
                detail={"role": str(role)},
            )
