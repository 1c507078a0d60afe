"""Ready sentences for reports: a person's own, and the project's, which its admins keep."""

from django.db import transaction
from django.db.models import Q

from apps.cases.access import roles_in
from apps.cases.models import Project, Role, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, Forbidden
from apps.feedback.review.models import Phrase

MAXIMUM_PHRASES = 500


def phrase_add(
    project: Project,
    *,
    author: User,
    is_shared: bool,
    section: Phrase.Section,
    title: str,
    text: str,
) -> Phrase:
    """Keep a sentence, for oneself or (an admin) for everybody in the project.

    Raises
    ------
    Forbidden : only an admin keeps the project's sentences
    Conflict : `too_many_phrases`
    """
    if is_shared:
        _refuse_unless_admin(project, author)
    own = Phrase.objects.filter(project=project).filter(Q(owner=author) | Q(owner__isnull=True))
    if own.count() >= MAXIMUM_PHRASES:
        raise Conflict("There are too many sentences: delete some.", code="too_many_phrases")
    with transaction.atomic():
        phrase = Phrase.objects.create(
            project=project,
            owner=None if is_shared else author,
            section=section,
            title=title,
            text=text,
        )
        _record(phrase, author, action="phrase.added")
    return phrase


def phrase_delete(phrase: Phrase, *, actor: User) -> None:
    """Delete a sentence; the relation "phrase" of the permission table says whose."""
    with transaction.atomic():
        _record(phrase, actor, action="phrase.deleted")
        phrase.delete()


def _refuse_unless_admin(project: Project, user: User) -> None:
    if Role.ADMIN not in roles_in(user, project):
        raise Forbidden("Only an administrator keeps the project's sentences.")


def _record(phrase: Phrase, actor: User, *, action: str) -> None:
    audit_record(
        actor=actor,
        action=action,
        target=phrase,
        project=phrase.project,
        detail={"is_shared": phrase.owner_id is None},
    )
