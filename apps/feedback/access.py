"""Relations of feedback's own objects to people; most of its routes hang on projects and cases."""

from collections.abc import Mapping
from typing import Any, Final

from apps.cases.access import ADMINS, RelationCheck, projects_visible_to
from apps.cases.models import Role, User
from apps.feedback.labeling.access import RELATIONS as LABELING
from apps.feedback.learning.access import RELATIONS as LEARNING
from apps.feedback.review.models import Phrase


def _phrase_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    """A person keeps their own sentences, an admin those of the project."""
    phrase = Phrase.objects.filter(pk=kwargs["phrase_id"], project=kwargs["project_id"]).first()
    if phrase is None or phrase.owner_id not in (None, user.pk):
        return False
    needed = roles if phrase.owner_id else roles & ADMINS
    return projects_visible_to(user, needed).filter(pk=phrase.project_id).exists()


RELATIONS: Final[dict[str, RelationCheck]] = {
    **LABELING,
    **LEARNING,
    "phrase": _phrase_relation,
}
