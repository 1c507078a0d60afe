"""Relations of feedback's own objects to people; its routes so far hang on projects and cases."""

from typing import Final

from apps.cases.access import RelationCheck

RELATIONS: Final[dict[str, RelationCheck]] = {}
