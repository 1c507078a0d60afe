"""What every row of Coread has: a random public identifier and the moment it was made."""

import uuid
from typing import Any

from django.db import models


class BaseModel(models.Model):
    """A row with an unguessable id, so that no count or order leaks through identifiers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)

    class Meta:
        abstract = True


class AppendOnlyError(TypeError):
    """Code tried to change or delete a row of evidence; write a new row with a reason instead."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """A queryset that refuses to update or delete evidence in bulk."""

    def update(self, **kwargs: object) -> int:
        """Refuse.

        Raises
        ------
        AppendOnlyError : always
        """
        raise AppendOnlyError(f"{self.model.__name__} rows are append-only: add a new row instead")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refuse.

        Raises
        ------
        AppendOnlyError : always
        """
        raise AppendOnlyError(f"{self.model.__name__} rows are append-only and never deleted")


class AppendOnlyModel(BaseModel):
    """Evidence: a row that is written once and never edited or deleted (DESIGN rule 2)."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: object, **kwargs: object) -> None:
        """Insert the row.

        Raises
        ------
        AppendOnlyError : the row exists already
        """
        if not self._state.adding:
            raise AppendOnlyError(f"{type(self).__name__} rows are append-only: add a new row")
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refuse.

        Raises
        ------
        AppendOnlyError : always
        """
        raise AppendOnlyError(f"{type(self).__name__} rows are append-only and never deleted")
