"""The inbox of files that were not taken in: one row a file, project and reason, until resolved."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps import blobs
from apps.cases.models import IngestFailure, Project, User
from apps.cases.services.audit import audit_record
from apps.errors import NotFound


@dataclass(frozen=True)
class ArrivedFile:
    """A file as it came: where it is now, what it was called, who sent it (None: a command)."""

    path: Path
    file_name: str
    uploaded_by: User | None


def ingest_failure_record(
    file: ArrivedFile,
    *,
    project: Project,
    code: str,
    params: dict[str, Any] | None = None,
    sop_instance_uid: str = "",
) -> IngestFailure:
    """Put a file into the inbox; the same file and reason again counts up and opens it again."""
    with transaction.atomic():
        failure, is_new = IngestFailure.objects.get_or_create(
            project=project,
            source_sha256=blobs.sha256_of(file.path),
            code=code,
            defaults={
                "file_name": file.file_name.replace("\x00", "")[:255],
                "params": params or {},
                "size_bytes": file.path.stat().st_size,
                "sop_instance_uid": sop_instance_uid,
                "uploaded_by": file.uploaded_by,
            },
        )
        if not is_new:
            IngestFailure.objects.filter(pk=failure.pk).update(
                seen_count=F("seen_count") + 1, last_seen_at=timezone.now(), resolved_at=None
            )
        audit_record(
            actor=file.uploaded_by,
            action="file.not_stored",
            target=failure,
            project=project,
            detail={"code": code},
        )
    return failure


def ingest_failure_resolve(
    failure_id: UUID, *, project: Project, actor: User, resolution: str
) -> IngestFailure:
    """Close a row of the inbox; closing it twice changes nothing.

    Raises
    ------
    NotFound : the project has no such row
    """
    with transaction.atomic():
        mine = IngestFailure.objects.filter(pk=failure_id, project=project)
        closed = mine.filter(resolved_at__isnull=True).update(
            resolved_at=timezone.now(), resolved_by=actor, resolution=resolution
        )
        failure = mine.select_related("uploaded_by").first()
        if failure is None:
            raise NotFound
        if closed:
            audit_record(actor=actor, action="file.resolved", target=failure, project=project)
    return failure
