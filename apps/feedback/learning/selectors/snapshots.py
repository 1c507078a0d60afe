"""What would a training set hold, what do those made hold, and can a model learn from it?"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.cases.models import CaseInstance, Instance, Patient, Project
from apps.feedback.compute.split import PartName, part_of, patient_sha256
from apps.feedback.compute.training_manifest import (
    CaseLabel,
    Frame,
    Region,
    TrainingManifest,
    manifest_of,
)
from apps.feedback.learning.models import QueueEntry, Snapshot, SplitAssignment
from apps.feedback.review.models import RoiRevision
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import ModelVersion
from apps.inference.selectors import champion_of

Facts = dict[str, Any]
Counts = Mapping[str, Mapping[str, Mapping[str, int]]]

# What stands between a snapshot and a run; "" for nothing.
TRAINING_BLOCKERS: Final = ("", "no_champion", "no_training_labels", "one_class_only")


@dataclass(frozen=True)
class Blocker:
    """Why nothing can be trained from a snapshot, and the findings it is about."""

    code: str = ""
    findings: tuple[str, ...] = ()


def approved_entries(project: Project) -> QuerySet[QueueEntry]:
    """Select the entries that the next snapshot considers: approved, and overruled by nobody."""
    return QueueEntry.objects.filter(project=project, state=QueueEntry.State.APPROVED, holds=True)


def patient_key(patient: Patient) -> str:
    """Name a person for the split."""
    return patient_sha256(
        patient_id=patient.patient_id,
        issuer=patient.issuer_of_patient_id,
        identity_sha256=patient.identity_sha256,
    )


def parts_of(project: Project, patients: Iterable[str]) -> dict[str, PartName]:
    """Map each person to their part: the stored one, else the one that will be stored."""
    stored = SplitAssignment.objects.filter(project=project)
    known: dict[str, PartName] = dict(stored.values_list("patient_sha256", "part"))
    return {key: known.get(key) or part_of(key, project=project.pk) for key in set(patients)}


def manifest_draft(project: Project) -> TrainingManifest:
    """Build the training set that the approved entries make now; it changes nothing."""
    entries = list(
        approved_entries(project)
        .select_related("finding", "decision", "case__study__patient")
        .order_by("pk")
    )
    people = {entry.pk: patient_key(entry.case.study.patient) for entry in entries}
    parts = parts_of(project, people.values())
    labels = [
        CaseLabel(
            entry=str(entry.pk),
            case=str(entry.case_id),
            finding=entry.finding.code,
            part=parts[people[entry.pk]],
            is_present=entry.label,
            before_ai=entry.label_before_ai,
        )
        for entry in entries
    ]
    return manifest_of(labels, frames=_frames(project), regions=_regions(project, entries))


def snapshot_preview(project: Project) -> Facts:
    """Describe the snapshot that would be made now, beside the last one."""
    manifest = manifest_draft(project)
    last = snapshots_of(project).first()
    before = set(last.entries.values_list("entry", flat=True)) if last else set()
    now = {UUID(entry) for entry in manifest.used}
    waiting = QueueEntry.objects.filter(project=project, state=QueueEntry.State.WAITING)
    return {
        "counts": _count_rows(manifest.counts),
        "image_counts": manifest.image_counts,
        "left_out": manifest.left_out,
        "entries": len(now),
        "added": len(now - before),
        "removed": len(before - now),
        "waiting": waiting.count(),
        "last_snapshot": last.number if last else None,
        "findings_of_model": sorted(_model_findings(champion_of(project))),
    }


def snapshots_of(project: Project) -> QuerySet[Snapshot]:
    """Select the snapshots of a project, the latest first."""
    return Snapshot.objects.filter(project=project).order_by("-number")


def snapshots_page(project: Project, *, offset: int, limit: int) -> Facts:
    """Describe a page of the snapshots, the latest first."""
    snapshots = snapshots_of(project)
    champion = champion_of(project)
    page = _with_counts(snapshots)[offset : offset + limit]
    return {
        "count": snapshots.count(),
        "rows": [snapshot_facts(snapshot, champion=champion) for snapshot in page],
    }


def snapshot_by_id(snapshot_id: UUID) -> Facts:
    """Describe one snapshot."""
    snapshot = _with_counts(Snapshot.objects.select_related("project")).get(pk=snapshot_id)
    return snapshot_facts(snapshot, champion=champion_of(snapshot.project))


def snapshot_facts(snapshot: Any, *, champion: ModelVersion | None) -> Facts:
    """Describe a snapshot, and whether the model that serves now can learn from it."""
    blocker = training_blocker(snapshot.counts, champion=champion)
    return {
        "id": snapshot.pk,
        "number": snapshot.number,
        "manifest_sha256": snapshot.manifest_sha256,
        "counts": _count_rows(snapshot.counts),
        "image_counts": snapshot.image_counts,
        "left_out": snapshot.left_out,
        "entries": snapshot.entry_count,
        "added": snapshot.first_count,
        "made_by": snapshot.made_by.display_name or snapshot.made_by.username,
        "created_at": snapshot.created_at,
        "blocker": blocker.code,
        "blocker_findings": list(blocker.findings),
    }


def training_blocker(counts: Counts, *, champion: ModelVersion | None) -> Blocker:
    """Say why the champion cannot learn from these labels, if it cannot.

    Findings that the champion has no output for do not matter; one without any training label stays
    as it is; one with a single class would only teach the model to always say that.
    """
    if champion is None:
        return Blocker("no_champion")
    of_model = _model_findings(champion)
    train = {code: parts["train"] for code, parts in counts.items() if code in of_model}
    labelled = {code: n for code, n in train.items() if n["positive"] or n["negative"]}
    if not labelled:
        return Blocker("no_training_labels")
    one_class = [code for code, n in labelled.items() if not (n["positive"] and n["negative"])]
    return Blocker("one_class_only", tuple(sorted(one_class))) if one_class else Blocker()


def _model_findings(model: ModelVersion | None) -> frozenset[str]:
    return frozenset(ModelSpec.from_json(model.spec).finding_outputs) if model else frozenset()


def _count_rows(counts: Counts) -> list[Facts]:
    return [{"finding": code, **parts} for code, parts in counts.items()]


def _with_counts(snapshots: QuerySet[Snapshot]) -> QuerySet[Any]:
    first = QueueEntry.objects.filter(first_snapshot=OuterRef("pk")).order_by()
    firsts = first.values("first_snapshot").annotate(n=Count("pk")).values("n")
    return snapshots.select_related("made_by").annotate(
        entry_count=Count("entries"), first_count=Coalesce(Subquery(firsts), 0)
    )


def _frames(project: Project) -> dict[str, list[Frame]]:
    """Map each approved case to its classifiable frames."""
    frames: dict[str, list[Frame]] = defaultdict(list)
    links = CaseInstance.objects.filter(
        case__in=approved_entries(project).values("case"), instance__is_classifiable=True
    )
    for case, sha256, count in links.values_list(
        "case", "instance__rendition_sha256", "instance__number_of_frames"
    ):
        frames[str(case)] += [Frame(sha256, number) for number in range(1, count + 1)]
    return frames


def _regions(project: Project, entries: Iterable[QueueEntry]) -> dict[str, list[Region]]:
    """Map each approved entry to the regions that its review or consensus holds for its finding."""
    entry_of = {
        (entry.decision.review_id, entry.finding_id): str(entry.pk)
        for entry in entries
        if entry.decision is not None
    }
    revisions = RoiRevision.objects.filter(
        review__in=approved_entries(project).values("decision__review")
    )
    newest: dict[tuple[UUID, UUID], RoiRevision] = {}
    for revision in (
        revisions.select_related("instance")
        .only(
            *("review", "roi_id", "number", "finding", "frame_number", "vertices"),
            *("is_removed", "ai_visible", "instance__rendition_sha256"),
        )
        .order_by("number")
    ):
        newest[revision.review_id, revision.roi_id] = revision
    regions = _consensus_regions(project)
    for revision in newest.values():
        entry = entry_of.get((revision.review_id, revision.finding_id))
        if entry is not None and not revision.is_removed:
            frame = Frame(revision.instance.rendition_sha256, revision.frame_number)
            regions[entry].append(Region(frame, revision.vertices, revision.ai_visible))
    return regions


def _consensus_regions(project: Project) -> defaultdict[str, list[Region]]:
    """Map each approved entry of a consensus to its regions: none of them was drawn with AI."""
    labels = approved_entries(project).filter(consensus_label__isnull=False)
    rois_of = {
        str(pk): rois
        for pk, rois in labels.values_list("pk", "consensus_label__rois").iterator()
        if rois
    }
    uids = {roi["sop_instance_uid"] for rois in rois_of.values() for roi in rois}
    sha256_of = dict(
        Instance.objects.filter(sop_instance_uid__in=uids).values_list(
            "sop_instance_uid", "rendition_sha256"
        )
    )
    regions: defaultdict[str, list[Region]] = defaultdict(list)
    for entry, rois in rois_of.items():
        for roi in rois:
            frame = Frame(sha256_of[roi["sop_instance_uid"]], roi["frame_number"])
            regions[entry].append(Region(frame, roi["vertices"], ai_visible=False))
    return regions
