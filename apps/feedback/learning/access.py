"""Who may see which entry of the queue *now*, and ties entries, samples and snapshots to admins.

An entry says what a reader answered and what the model said. An admin of the project may know both,
except of a case that this very person still reads blinded or without AI: there the entry does not
exist for them, so that neither a row nor a count tells (DESIGN rule 3).
"""

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet

from apps.cases.access import (
    ROLES_BY_ASSIGNMENT,
    RelationCheck,
    policy_of,
    projects_visible_to,
    roles_in,
)
from apps.cases.models import Assignment, Project, ReadingPolicy, Role, User
from apps.feedback.learning.models import QueueEntry, QueueSample, Snapshot


def entries_visible_to(user: User, project: Project) -> QuerySet[QueueEntry]:
    """Select the entries of a project that this person, an admin of it, may know of now."""
    blinded = Assignment.objects.filter(
        user=user,
        role__in=ROLES_BY_ASSIGNMENT,
        case__study__patient=OuterRef("case__study__patient"),
    )
    entries = QueueEntry.objects.filter(~Exists(blinded), project=project)
    shows_ai = policy_of(project).ai_display == ReadingPolicy.AiDisplay.FROM_START
    if shows_ai or Role.RADIOLOGIST not in roles_in(user, project):
        return entries
    revealed = Assignment.objects.filter(
        user=user, case=OuterRef("case"), ai_revealed_at__isnull=False
    )
    return entries.filter(Exists(revealed))


def _entry_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    entry = QueueEntry.objects.filter(
        pk=kwargs["entry_id"], project__in=projects_visible_to(user, roles)
    )
    row = entry.select_related("project").first()
    return row is not None and entries_visible_to(user, row.project).filter(pk=row.pk).exists()


def _sample_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    """Allow a sample to those who may know of each of its entries."""
    samples = QueueSample.objects.filter(
        pk=kwargs["sample_id"], project__in=projects_visible_to(user, roles)
    )
    sample = samples.select_related("project").first()
    if sample is None:
        return False
    known = entries_visible_to(user, sample.project)
    return not sample.items.exclude(entry__in=known).exists()


def _snapshot_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    snapshots = Snapshot.objects.filter(pk=kwargs["snapshot_id"])
    return snapshots.filter(project__in=projects_visible_to(user, roles)).exists()


RELATIONS: Final[dict[str, RelationCheck]] = {
    "queue-entry": _entry_relation,
    "queue-sample": _sample_relation,
    "snapshot": _snapshot_relation,
}
