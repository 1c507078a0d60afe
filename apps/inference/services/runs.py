"""Asking for a training run, stopping it and taking it up again: what the admin does.

Rows are the truth (DESIGN rule 1): the worker's side is services/run_claims.py. Nothing here
touches what serves; a run ends in a candidate and its evaluation, and promotion is another act.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.db.models.functions import Now

from apps.cases.models import Project, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, Invalid
from apps.inference.compute.run_config import LARGEST_SEED, RunConfig
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import ModelVersion, TrainingRun
from apps.inference.states import WORKED_ON, states_before
from apps.queue import JOBS, enqueue

State = TrainingRun.State

# Two requests at once: the constraint lets one pass, and the other then finds it.
TRIES: Final = 3
OVER: Final = Q(state__in=[State.FAILED, State.CANCELLED])


def training_run_request(
    project: Project,
    *,
    snapshot_id: UUID,
    manifest_sha256: str,
    parent: ModelVersion,
    config: Mapping[str, Any],
    seed: int,
    actor: User | None,
) -> TrainingRun:
    """Queue a run, or give the one that was asked for with the same words.

    Parameters
    ----------
    manifest_sha256 : blob of the snapshot (compute/snapshot.py)
    parent : the version that the run starts from
    config : see RunConfig; what it leaves out takes its default
    seed : 0 to 2^31 - 1; decides every random choice

    Returns
    -------
    The run of the same project, manifest, parent, complete configuration and seed, unless that
    failed or was cancelled; else a new one

    Raises
    ------
    Invalid : a setting, or a seed, or a parent that cannot do it; `fields` names each
    """
    if not 0 <= seed <= LARGEST_SEED:
        range_text = f"A whole number in 0 to {LARGEST_SEED}."
        raise Invalid("The seed is out of range.", code="run_seed", fields={"seed": [range_text]})
    settings = RunConfig.from_json(config)
    settings.check_fits(ModelSpec.from_json(parent.spec), has_linear_head=parent.has_class_maps)
    run = TrainingRun(
        project=project,
        model_name=parent.name,
        snapshot_id=snapshot_id,
        manifest_sha256=manifest_sha256,
        parent=parent,
        config=settings.to_json(),
        seed=seed,
        requested_by=actor,
    )
    run.request_sha256 = _request_sha256(run)
    for _ in range(TRIES):
        known = TrainingRun.objects.exclude(OVER).filter(request_sha256=run.request_sha256).first()
        if known is not None:
            return known
        try:
            return _insert(run)
        except IntegrityError:
            continue
    raise Conflict("Other runs are being asked for right now: try again.", code="run_conflict")


def training_run_cancel(run_id: UUID, *, actor: User | None) -> TrainingRun:
    """Cancel a run: at once where no worker has it, else as soon as its worker looks up.

    Raises
    ------
    Conflict : the run is over
    """
    with transaction.atomic():
        run = TrainingRun.objects.select_related("project").get(pk=run_id)
        waiting = TrainingRun.objects.filter(pk=run_id, state=State.QUEUED)
        asked = TrainingRun.objects.filter(pk=run_id, state__in=WORKED_ON)
        changed = waiting.update(
            state=State.CANCELLED, cancel_requested_at=Now(), completed_at=Now()
        ) or asked.update(cancel_requested_at=Now())
        if not changed:
            raise Conflict("The run is over already.", code="run_over")
        audit_record(actor=actor, action="run.cancelled", target=run, project=run.project)
    run.refresh_from_db()
    return run


def training_run_resume(run_id: UUID, *, actor: User | None) -> TrainingRun:
    """Queue a failed or cancelled run again, with new attempts; it goes on from its checkpoint.

    Raises
    ------
    Conflict : the run is neither, or the same run has been asked for anew since
    """
    try:
        with transaction.atomic():
            run = TrainingRun.objects.select_related("project").get(pk=run_id)
            resumed = TrainingRun.objects.filter(
                pk=run_id, state__in=states_before(State.QUEUED) - WORKED_ON
            ).update(
                state=State.QUEUED,
                attempts=0,
                cancel_requested_at=None,
                completed_at=None,
                reason_code="",
                reason_params={},
                woken_at=Now(),
            )
            if not resumed:
                raise Conflict("Only a failed or cancelled run can go on.", code="run_not_over")
            audit_record(actor=actor, action="run.resumed", target=run, project=run.project)
            enqueue(JOBS.TRAIN)
    except IntegrityError as error:
        raise Conflict(
            "The same run has been asked for anew since: follow that one.", code="run_repeated"
        ) from error
    run.refresh_from_db()
    return run


def _insert(run: TrainingRun) -> TrainingRun:
    with transaction.atomic():
        last = TrainingRun.objects.filter(model_name=run.model_name).aggregate(last=Max("number"))
        run.number = (last["last"] or 0) + 1
        run.save(force_insert=True)
        TrainingRun.objects.filter(pk=run.pk).update(woken_at=Now())
        audit_record(
            actor=run.requested_by,
            action="run.requested",
            target=run,
            project=run.project,
            detail={"snapshot": str(run.snapshot_id), "manifest_sha256": run.manifest_sha256},
        )
        enqueue(JOBS.TRAIN)
    return run


def _request_sha256(run: TrainingRun) -> str:
    facts = {
        "project": str(run.project_id),
        "manifest": run.manifest_sha256,
        "parent": str(run.parent_id),
        "config": run.config,
        "seed": run.seed,
    }
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
