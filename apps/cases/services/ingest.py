"""How does a file come in? Through the gate, then bytes, then rows; or into the inbox.

The one path for browser uploads, `import_dicom` and `import_images`. The same file twice is stored
once; what contradicts a stored file never replaces it.
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from apps import blobs
from apps.cases.compute.accepted import Accepted
from apps.cases.compute.gate_process import run_gate
from apps.cases.compute.refusals import Refused
from apps.cases.models import Case, Project, User
from apps.cases.services.audit import audit_record
from apps.cases.services.failures import ArrivedFile, ingest_failure_record
from apps.cases.services.studies import (
    Disagreement,
    case_store,
    instance_store,
    known_instance,
    series_store,
    study_store,
)
from apps.cases.signals import case_extended


@dataclass(frozen=True)
class IngestResult:
    """The verdict on one file; `code` and `params` say why it was refused or in conflict."""

    result: Literal["stored", "duplicate", "refused", "conflict"]
    code: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    case_id: UUID | None = None


def ingest_file(
    path: Path, *, project: Project, uploaded_by: User | None, file_name: str
) -> IngestResult:
    """Judge a file and store it for a project, or record why not.

    Raises
    ------
    StorageFull : no room; nothing was stored and nothing recorded
    """
    blobs.require_room()
    file = ArrivedFile(path=path, file_name=file_name, uploaded_by=uploaded_by)
    with tempfile.TemporaryDirectory(prefix="gate-", dir=settings.FILE_UPLOAD_TEMP_DIR) as work:
        try:
            accepted = run_gate(path, Path(work))
        except Refused as refusal:
            ingest_failure_record(file, project=project, code=refusal.code, params=refusal.params)
            return IngestResult("refused", code=refusal.code, params=dict(refusal.params))
        try:
            return _store(accepted, project=project, uploaded_by=uploaded_by)
        except Disagreement as conflict:
            uid = accepted.facts.sop_instance_uid
            ingest_failure_record(file, project=project, code=conflict.code, sop_instance_uid=uid)
            return IngestResult("conflict", code=conflict.code)


def _store(accepted: Accepted, *, project: Project, uploaded_by: User | None) -> IngestResult:
    """Write the bytes, then the rows in one transaction: no row names bytes that are not there.

    Raises
    ------
    Disagreement : the file contradicts a stored one
    """
    known = known_instance(accepted)
    thumbnail_sha256 = known.thumbnail_sha256 if known else _put_bytes(accepted)
    try:
        return _store_rows(accepted, thumbnail_sha256, project=project, uploaded_by=uploaded_by)
    except IntegrityError:
        # A twin of this upload committed between our look and our write; its rows are visible now.
        return _store_rows(accepted, thumbnail_sha256, project=project, uploaded_by=uploaded_by)


def _put_bytes(accepted: Accepted) -> str:
    blobs.put_file(accepted.stored_path, sha256=accepted.stored_sha256)
    blobs.put_file(accepted.rendition_path, sha256=accepted.rendition_sha256)
    return blobs.put_file(accepted.thumbnail_path) if accepted.thumbnail_path else ""


def _store_rows(
    accepted: Accepted, thumbnail_sha256: str, *, project: Project, uploaded_by: User | None
) -> IngestResult:
    with transaction.atomic():
        study = study_store(accepted.facts)
        series = series_store(accepted.facts, study)
        instance = instance_store(accepted, series=series, thumbnail_sha256=thumbnail_sha256)
        case_id, is_news = case_store(project, study=study, instance=instance)
        if is_news:
            audit_record(
                actor=uploaded_by,
                action="instance.stored",
                target=instance,
                project=project,
                detail={"case_id": str(case_id), "source_sha256": accepted.source_sha256},
            )
            case_extended.send(sender=Case, case_id=case_id)
    return IngestResult("stored" if is_news else "duplicate", case_id=case_id)
