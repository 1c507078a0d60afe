"""Bringing a model in, calibrating it, and deciding what serves a project.

A refusal changes nothing: the champion stays. Whoever builds networks (the commands) hands in what
was measured; no torch here, because the web process promotes and rolls back.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from apps import blobs
from apps.cases.models import Project, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, CoreadError, Invalid
from apps.inference.compute.folder import ModelFolder
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import Calibration, Deployment, ModelVersion, TrainingRun
from apps.inference.selectors import champion_of, rollback_target


@dataclass(frozen=True)
class HeadProbe:
    """What the numeric probe of the loaded network found (compute/head.py)."""

    has_class_maps: bool
    error: float | None


@dataclass(frozen=True)
class FittedCalibration:
    """A temperature fitted on a validation set, and what it was fitted on."""

    temperature: float
    evidence_scale: dict[str, float]
    source_name: str
    source_sha256: str
    sample_count: int
    metrics: dict[str, Any]


@dataclass(frozen=True)
class ImportedModel:
    """The version a folder became; `is_new` is False where the same bytes had been imported."""

    version: ModelVersion
    is_new: bool


def model_import(
    folder: ModelFolder,
    *,
    probe: HeadProbe,
    actor: User | None,
    training_run: TrainingRun | None = None,
) -> ImportedModel:
    """Store a checked model folder as a candidate; the same folder twice is stored once.

    `training_run` is the run that made it.

    Raises
    ------
    Conflict : the name and version are taken by other weights or another spec
    StorageFull : no room for the weights
    """
    spec_sha256 = _spec_sha256(folder.spec)
    model_sha256 = hashlib.sha256(f"{folder.weights_sha256}{spec_sha256}".encode()).hexdigest()
    blobs.put_file(folder.weights_path, sha256=folder.weights_sha256)
    known = ModelVersion.objects.filter(model_sha256=model_sha256).first()
    if known:
        return ImportedModel(known, is_new=False)
    spec = folder.spec
    try:
        with transaction.atomic():
            version = ModelVersion.objects.create(
                name=spec.name,
                version=spec.version,
                spec=spec.to_json(),
                spec_sha256=spec_sha256,
                weights_sha256=folder.weights_sha256,
                model_sha256=model_sha256,
                preprocess_sha256=spec.preprocess_sha256,
                has_class_maps=probe.has_class_maps,
                probe_error=probe.error,
                imported_by=actor,
                training_run=training_run,
            )
            audit_record(
                actor=actor,
                action="model.imported",
                target=version,
                project=None,
                detail={"model_sha256": model_sha256},
            )
    except IntegrityError as error:
        raise Conflict(
            f"{spec.name} {spec.version} exists with other weights or another spec: "
            "give this one another version.",
            code="model_version_exists",
            params={"name": spec.name, "version": spec.version},
        ) from error
    return ImportedModel(version, is_new=True)


def calibration_record(
    version: ModelVersion, *, fitted: FittedCalibration, actor: User | None
) -> Calibration:
    """Add a calibration; predictions asked for from now on use it, earlier ones keep theirs."""
    with transaction.atomic():
        calibration = Calibration.objects.create(
            model_version=version,
            temperature=fitted.temperature,
            evidence_scale=fitted.evidence_scale,
            source_name=fitted.source_name,
            source_sha256=fitted.source_sha256,
            sample_count=fitted.sample_count,
            metrics=fitted.metrics,
        )
        audit_record(
            actor=actor,
            action="model.calibrated",
            target=version,
            project=None,
            detail={"calibration": str(calibration.pk), "temperature": fitted.temperature},
        )
    return calibration


def model_promote(
    version: ModelVersion, *, project: Project, actor: User | None, reason: str = ""
) -> Deployment:
    """Let a version serve a project from now on.

    Raises
    ------
    Conflict : it serves already, or somebody else deployed at the same moment
    Invalid : none of its outputs is a finding of the project
    CoreadError : its weights are missing or have changed
    """
    seen = _last_sequence(project)
    if champion_of(project) == version:
        raise Conflict(f"{version} serves {project.code} already.", code="already_champion")
    _check_serves(version, project)
    row = Deployment(
        project=project,
        model_version=version,
        sequence=seen + 1,
        kind=Deployment.Kind.PROMOTE,
        actor=actor,
        reason=reason,
    )
    return _deploy(row)


def model_rollback(project: Project, *, actor: User | None, reason: str = "") -> Deployment:
    """Let the version that served before serve again.

    Raises
    ------
    Conflict : there is none, or somebody else deployed at the same moment
    CoreadError : its weights are missing or have changed
    """
    seen = _last_sequence(project)
    target = rollback_target(project)
    if target is None:
        raise Conflict(f"No other model served {project.code} before.", code="nothing_to_roll_back")
    _check_serves(target, project)
    row = Deployment(
        project=project,
        model_version=target,
        sequence=seen + 1,
        kind=Deployment.Kind.ROLLBACK,
        actor=actor,
        reason=reason,
    )
    return _deploy(row)


def _check_serves(version: ModelVersion, project: Project) -> None:
    spec = ModelSpec.from_json(version.spec)
    codes = set(project.findings.values_list("code", flat=True))
    if not codes & set(spec.finding_outputs):
        raise Invalid(
            f"No output of {version} is a finding of {project.code}: "
            f"{', '.join(sorted(spec.finding_outputs)) or 'none'} against "
            f"{', '.join(sorted(codes)) or 'none'}.",
            code="no_common_finding",
            params={"outputs": sorted(spec.finding_outputs), "findings": sorted(codes)},
        )
    try:
        blobs.verify(version.weights_sha256)
    except CoreadError as error:
        raise Conflict(
            f"The weights of {version} are missing or have changed: import the model again.",
            code="weights_unusable",
            params={"cause": error.code},
        ) from error


def _last_sequence(project: Project) -> int:
    """Give the end of the log; read *before* judging, so that a decision on a stale log fails."""
    log = Deployment.objects.filter(project=project).order_by("-sequence")
    return log.values_list("sequence", flat=True).first() or 0


def _deploy(row: Deployment) -> Deployment:
    """Append to the deployment log; the unique sequence number closes the race."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            audit_record(
                actor=row.actor,
                action=f"model.{row.kind}",
                target=row.model_version,
                project=row.project,
                detail={"deployment": str(row.pk), "sequence": row.sequence},
            )
    except IntegrityError as error:
        raise Conflict(
            f"Somebody else has just deployed a model in {row.project.code}: look again.",
            code="deployment_conflict",
        ) from error
    return row


def _spec_sha256(spec: ModelSpec) -> str:
    canonical = json.dumps(spec.to_json(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
