"""What an admin may see of the audit trail: acts in the project, and acts on its members' accounts.

Targets are ids, never names of patients. Whoever reads a case blinded is shown nothing of it here.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Final
from uuid import UUID

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, NullIf, Replace

from apps.cases.access import ROLES_BY_ASSIGNMENT, reads_something_blinded
from apps.cases.models import Assignment, AuditEvent, AuditSeal, Case, Membership, Project, User
from apps.cases.selectors import name_of

# Acts that say nothing of what somebody answered or a model said, by the noun before the dot. Of
# every other act an admin who reads cases blinded sees only those whose detail names another case.
ACTS_WITHOUT_ANSWERS: Final = (
    *("user", "password", "member", "invitation", "project", "policy", "finding"),
    *("audit", "file", "model"),
)


@dataclass(frozen=True)
class AuditQuery:
    """Which events: of whom, what, on what, from when (inclusive) to when (exclusive)."""

    actor: UUID | None = None
    action: str = ""
    target_type: str = ""
    since: datetime | None = None
    until: datetime | None = None
    offset: int = 0
    limit: int = 100


def audit_visible_to(admin: User, project: Project) -> QuerySet[AuditEvent]:
    """Select the events of a project, and those without a project that concern its members.

    Without a project are acts on accounts (logins, passwords) and looks at a study; a look counts
    here if a member looked at a study that this project has.
    """
    members = list(
        Membership.objects.filter(project=project).values_list("user_id", flat=True).distinct()
    )
    own_study = Case.objects.filter(project=project, study=OuterRef("study_key"))
    events = AuditEvent.objects.alias(study_key=_key("target_id", only="study")).filter(
        Q(project=project)
        | Q(project__isnull=True, target_type="user", target_id__in=[str(key) for key in members])
        | Q(project__isnull=True, target_type="study", actor__in=members) & Q(Exists(own_study))
    )
    if not reads_something_blinded(admin, project):
        return events
    blinded = Assignment.objects.filter(
        user=admin,
        role__in=ROLES_BY_ASSIGNMENT,
        case__study__patient__studies__cases=OuterRef("case_key"),
    )
    of_another_case = Q(case_key__isnull=False) & ~Q(Exists(blinded))
    harmless = (Q(action__startswith=f"{noun}.") for noun in ACTS_WITHOUT_ANSWERS)
    return events.alias(case_key=_key(KT("detail__case_id"))).filter(
        reduce(or_, harmless, of_another_case)
    )


def audit_page(visible: QuerySet[AuditEvent], query: AuditQuery) -> dict[str, Any]:
    """Count the visible events that match and describe a page of them, the latest first."""
    events = _matching(visible, query)
    latest = events.order_by("-created_at", "pk").values_list("pk", flat=True)
    # Ids first: to sort whole rows with their details costs more than to fetch a page of them.
    page = list(latest[query.offset : query.offset + query.limit])
    rows = (
        AuditEvent.objects.filter(pk__in=page)
        .select_related("actor", "seal")
        .order_by("-created_at", "pk")
    )
    named = [row.target_id for row in rows if row.target_type == "user"]
    names = {str(user.pk): name_of(user) for user in User.objects.filter(pk__in=named)}
    return {"count": events.count(), "rows": [_row(row, names=names) for row in rows]}


def audit_choices(visible: QuerySet[AuditEvent]) -> dict[str, Any]:
    """List what one may filter by: the actors, actions and kinds of target that are visible."""
    events = visible.order_by()
    actors = User.objects.filter(pk__in=events.values("actor"))
    return {
        "actors": sorted(
            ({"id": user.pk, "name": name_of(user)} for user in actors),
            key=lambda actor: actor["name"].casefold(),
        ),
        "actions": sorted(events.values_list("action", flat=True).distinct()),
        "target_types": sorted(
            events.exclude(target_type="").values_list("target_type", flat=True).distinct()
        ),
    }


def chain_length() -> int:
    """Give the number of the last link of the chain."""
    last = AuditSeal.objects.order_by("-sequence").values_list("sequence", flat=True).first()
    return last or 0


def _matching(events: QuerySet[AuditEvent], query: AuditQuery) -> QuerySet[AuditEvent]:
    wanted: dict[str, Any] = {
        "actor": query.actor,
        "action": query.action,
        "target_type": query.target_type,
        "created_at__gte": query.since,
        "created_at__lt": query.until,
    }
    return events.filter(**{name: value for name, value in wanted.items() if value})


def _row(event: AuditEvent, *, names: dict[str, str]) -> dict[str, Any]:
    seal = getattr(event, "seal", None)
    return {
        "id": event.pk,
        "at": event.created_at,
        "actor": name_of(event.actor),
        "action": event.action,
        "target_type": event.target_type,
        "target_id": event.target_id,
        "target_name": names.get(event.target_id, ""),
        "detail": event.detail,
        "sequence": seal.sequence if seal else None,
        "link_sha256": seal.sha256 if seal else "",
    }


def _key(text: str | models.expressions.Combinable, *, only: str = "") -> models.Expression:
    """Read an id written as text as a key, the same on SQLite (no dashes) and PostgreSQL (uuid).

    `only` limits it to one kind of target: another's id may be no UUID at all, and PostgreSQL would
    refuse to read it.
    """
    expression = F(text) if isinstance(text, str) else text
    plain = NullIf(Replace(expression, Value("-"), Value("")), Value(""))
    key = Cast(plain, models.UUIDField())
    if not only:
        return key
    return models.Case(
        models.When(target_type=only, then=key), default=None, output_field=models.UUIDField()
    )
