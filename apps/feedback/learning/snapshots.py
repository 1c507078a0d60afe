"""Making snapshots, and asking for the runs that learn from them."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from apps import blobs
from apps.cases.models import Patient, Project, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict
from apps.feedback.compute.training_manifest import TrainingManifest
from apps.feedback.learning.models import QueueEntry, Snapshot, SnapshotEntry, SplitAssignment
from apps.feedback.learning.selectors.snapshots import (
    Blocker,
    approved_entries,
    manifest_draft,
    parts_of,
    patient_key,
    snapshots_of,
    training_blocker,
)
from apps.inference.models import TrainingRun
from apps.inference.selectors import champion_of
from apps.inference.services.runs import training_run_request

ROWS_A_STATEMENT: Final = 500


@dataclass(frozen=True)
class MadeSnapshot:
    """A snapshot; `is_new` is False where the same content had been made before."""

    snapshot: Snapshot
    is_new: bool


def splits_store(project: Project) -> None:
    """Fix the part of every person with an approved label; what is stored stays as it is."""
    people = Patient.objects.filter(studies__cases__in=approved_entries(project).values("case"))
    parts = parts_of(project, [patient_key(patient) for patient in people.distinct()])
    SplitAssignment.objects.bulk_create(
        [
            SplitAssignment(project=project, patient_sha256=key, part=part)
            for key, part in sorted(parts.items())
        ],
        ignore_conflicts=True,
        batch_size=ROWS_A_STATEMENT,
    )


def snapshot_make(project: Project, *, actor: User) -> MadeSnapshot:
    """Make a snapshot of the approved entries; the same content gives the one that exists.

    Raises
    ------
    Conflict : no approved entry can be trained on; or the queue, or the list of snapshots, was
        changed at the same moment
    StorageFull : no room for the manifest
    """
    splits_store(project)
    manifest = manifest_draft(project)
    if not manifest.used:
        raise Conflict(
            "No approved label can be used: approve some first.",
            code="snapshot_empty",
            params={"left_out": manifest.left_out},
        )
    sha256 = _put(manifest)
    known = Snapshot.objects.filter(project=project, manifest_sha256=sha256).first()
    if known is not None:
        return MadeSnapshot(known, is_new=False)
    try:
        return MadeSnapshot(_store(project, manifest, sha256=sha256, actor=actor), is_new=True)
    except IntegrityError as error:
        known = Snapshot.objects.filter(project=project, manifest_sha256=sha256).first()
        if known is None:
            raise Conflict(
                "Somebody else has just made a snapshot: look again.", code="snapshot_conflict"
            ) from error
        return MadeSnapshot(known, is_new=False)


def run_request(
    snapshot: Snapshot, *, config: Mapping[str, Any], seed: int, actor: User
) -> TrainingRun:
    """Ask for a run that continues the champion on a snapshot; the same words give the same run.

    Raises
    ------
    Conflict : no champion, no label it could learn from, or a finding with one class only
    Invalid : see `training_run_request`
    """
    champion = champion_of(snapshot.project)
    blocker = training_blocker(snapshot.counts, champion=champion)
    if champion is None or blocker.code:
        raise _blocked(blocker)
    return training_run_request(
        snapshot.project,
        snapshot_id=snapshot.pk,
        manifest_sha256=snapshot.manifest_sha256,
        parent=champion,
        config=config,
        seed=seed,
        actor=actor,
    )


def _blocked(blocker: Blocker) -> Conflict:
    findings = ", ".join(blocker.findings)
    sentences = {
        "no_champion": "No model serves this project yet: promote one first.",
        "no_training_labels": "The training part has no label of a finding that the model knows.",
        "one_class_only": f"The training part has only one class of: {findings}.",
    }
    return Conflict(
        sentences[blocker.code], code=blocker.code, params={"findings": list(blocker.findings)}
    )


def _put(manifest: TrainingManifest) -> str:
    """Store the manifest's bytes before the row that names them."""
    with tempfile.TemporaryDirectory(
        prefix="manifest-", dir=settings.FILE_UPLOAD_TEMP_DIR
    ) as folder:
        path = Path(folder) / "manifest.json"
        path.write_bytes(manifest.to_bytes())
        return blobs.put_file(path)


@transaction.atomic
def _store(project: Project, manifest: TrainingManifest, *, sha256: str, actor: User) -> Snapshot:
    last = snapshots_of(project).values_list("number", flat=True).first()
    snapshot = Snapshot.objects.create(
        project=project,
        number=(last or 0) + 1,
        manifest_sha256=sha256,
        counts=manifest.counts,
        image_counts=manifest.image_counts,
        left_out=manifest.left_out,
        made_by=actor,
    )
    rows = [
        SnapshotEntry(snapshot=snapshot, entry_id=entry, part=part, label=label)
        for entry, (part, label) in manifest.used.items()
    ]
    SnapshotEntry.objects.bulk_create(rows, batch_size=ROWS_A_STATEMENT)
    # What was approved a moment ago must still be: an exclusion or a release that came between
    # would otherwise not keep its label out.
    taken = QueueEntry.objects.filter(
        pk__in=snapshot.entries.values("entry"), state=QueueEntry.State.APPROVED, holds=True
    ).update(first_snapshot=Coalesce("first_snapshot", Value(snapshot.pk)))
    if taken != len(rows):
        raise Conflict("The queue has just changed: try again.", code="queue_changed_meanwhile")
    audit_record(
        actor=actor,
        action="snapshot.made",
        target=snapshot,
        project=project,
        detail={"number": snapshot.number, "manifest_sha256": sha256, "entries": len(rows)},
    )
    return snapshot
