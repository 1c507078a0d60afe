"""Who works on which training run, and whose word about it counts (DESIGN rule 1).

As in services/claims.py: a claim is one conditional UPDATE with a token and a lease by the
database's clock, and whatever a worker writes shows its token. A worker whose claim is gone learns
it from the first thing it tries to write, and stops. Nothing here touches what serves a project.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest, Now

from apps.cases.services.audit import audit_record
from apps.errors import Conflict
from apps.inference.compute.folder import ModelFolder
from apps.inference.compute.run_config import RunConfig
from apps.inference.models import Evaluation, ModelVersion, TrainingRun
from apps.inference.selectors import calibration_in_force, champion_of
from apps.inference.services.claims import ServedModel, served_model
from apps.inference.services.models import HeadProbe, model_import
from apps.inference.states import WORKED_ON, states_before
from apps.queue import JOBS, enqueue

State = TrainingRun.State
Facts = dict[str, Any]


class ClaimLost(Conflict):
    """Another worker has this run, or nobody: what this one computes is not wanted."""

    default_code = "claim_lost"


class RunCancelled(Conflict):
    """The admin has cancelled this run."""

    default_code = "run_cancelled"


@dataclass(frozen=True)
class RunFailure:
    """Why a run cannot go on: a stable code that the screens turn into a sentence.

    `is_final` where another attempt would end the same way.
    """

    code: str
    params: Facts
    is_final: bool = False


@dataclass(frozen=True)
class RunningModel:
    """A version of which a run says something, as it serves now."""

    version_id: UUID
    label: str
    served: ServedModel


@dataclass(frozen=True)
class ClaimedRun:
    """What a worker needs to go on with a run.

    Attributes
    ----------
    checkpoint_sha256 : "" at the beginning
    curves : points of the epochs that the checkpoint holds, or more
    candidate : made by an earlier attempt; None before
    """

    token: UUID
    run_id: UUID
    number: int
    snapshot_id: UUID
    manifest_sha256: str
    config: RunConfig
    seed: int
    parent: RunningModel
    checkpoint_sha256: str
    curves: list[Facts]
    candidate: RunningModel | None
    thread_count: int


@dataclass(frozen=True)
class EvaluatedModel:
    """How good one version is on a part (compute/evaluation.py)."""

    model: RunningModel
    metrics: dict[str, Facts]


def run_claim(
    *, thread_count: int, hardware: str, lease_s: float | None = None
) -> ClaimedRun | None:
    """Claim the run that waits longest; None if none waits.

    Parameters
    ----------
    thread_count : of this worker; a run keeps that of its first attempt
    hardware : what this worker computes on, in words
    """
    return _claim(thread_count, hardware, lease_s) or (
        _claim(thread_count, hardware, lease_s) if runs_expire() else None
    )


def run_beat(claim: ClaimedRun, *, progress: Facts, curves: Sequence[Facts] | None = None) -> None:
    """Say how far the run is, and keep it for another lease.

    Raises
    ------
    ClaimLost, RunCancelled : the worker must stop
    """
    more = {} if curves is None else {"curves": list(curves)}
    kept = _claimed(claim).update(progress=progress, lease_until=_lease_end(None), **more)
    if not kept:
        raise ClaimLost("Another worker has this run.")
    if _claimed(claim).filter(cancel_requested_at__isnull=False).exists():
        raise RunCancelled("The run is cancelled.")


def run_checkpoint(
    claim: ClaimedRun, *, sha256: str, progress: Facts, curves: Sequence[Facts]
) -> None:
    """Remember where the next attempt goes on; a run that gets further has all its attempts again.

    Raises
    ------
    ClaimLost : nothing was changed
    """
    kept = _claimed(claim).update(
        checkpoint_sha256=sha256,
        progress=progress,
        curves=list(curves),
        attempts=0,
        lease_until=_lease_end(None),
    )
    if not kept:
        raise ClaimLost("Another worker has this run.")


def run_candidate(claim: ClaimedRun, *, folder: ModelFolder, probe: HeadProbe) -> RunningModel:
    """Register the candidate and say so, both or neither.

    Raises
    ------
    ClaimLost : nothing was changed
    Conflict : name and version are taken by another model
    StorageFull : no room for the weights
    """
    with transaction.atomic():
        _become(claim, State.TRAINED)
        run = TrainingRun.objects.select_related("requested_by").get(pk=claim.run_id)
        imported = model_import(folder, probe=probe, actor=run.requested_by, training_run=run)
        TrainingRun.objects.filter(pk=run.pk).update(candidate=imported.version)
    return _running(imported.version)


def run_trained(claim: ClaimedRun) -> None:
    """Say that the candidate of an earlier attempt stands.

    Raises
    ------
    ClaimLost : nothing was changed
    """
    _become(claim, State.TRAINED)


def run_champion(claim: ClaimedRun) -> RunningModel:
    """Give what the candidate is compared with: what serves the project now, else the parent."""
    run = TrainingRun.objects.select_related("project", "parent").get(pk=claim.run_id)
    return _running(champion_of(run.project) or run.parent)


def run_evaluated(
    claim: ClaimedRun,
    *,
    part: str,
    candidate: EvaluatedModel,
    champion: EvaluatedModel,
    comparison: Mapping[str, Facts],
) -> None:
    """Store both evaluations and the comparison, and end the run, all or nothing.

    Raises
    ------
    ClaimLost : nothing was changed
    """
    with transaction.atomic():
        _become(
            claim,
            State.EVALUATED,
            champion_id=champion.model.version_id,
            comparison=dict(comparison),
            progress={},
            checkpoint_sha256="",
            **_released(),
        )
        run = TrainingRun.objects.select_related("project").get(pk=claim.run_id)
        Evaluation.objects.bulk_create(
            Evaluation(
                run=run,
                model_version_id=each.model.version_id,
                project=run.project,
                manifest_sha256=run.manifest_sha256,
                part=part,
                temperature=each.model.served.temperature,
                metrics=each.metrics,
            )
            for each in (candidate, champion)
        )
        audit_record(
            actor=None,
            action="run.evaluated",
            target=run,
            project=run.project,
            detail={
                "candidate": str(candidate.model.version_id),
                "champion": str(champion.model.version_id),
                "part": part,
            },
        )


def run_fail(claim: ClaimedRun, failure: RunFailure) -> None:
    """Queue the run again, or after the last attempt end it with a reason that can be read.

    A claim that is gone changes nothing.
    """
    with transaction.atomic():
        claimed = _claimed(claim)
        spent = claimed if failure.is_final else claimed.filter(_attempts_spent())
        if spent.update(**_failed(failure.code, failure.params)):
            _audit_failure(claim.run_id, failure.code)
            return
        claimed.update(reason_code=failure.code, reason_params=failure.params, **_waiting())


def run_cancelled(claim: ClaimedRun) -> None:
    """End a run that was cancelled while this worker had it; a claim that is gone changes nothing.

    The checkpoint stays, so that it may be resumed.
    """
    _claimed(claim).update(state=State.CANCELLED, **_released())


def run_release(claim: ClaimedRun) -> None:
    """Give a run back, because this worker ends: another goes on, and no attempt is spent."""
    # a checkpoint of this attempt may have given all attempts back already
    spent = Greatest(F("attempts") - 1, Value(0))
    _claimed(claim).update(attempts=spent, **_waiting())


def runs_expire() -> int:
    """Take back the runs whose lease ran out; say how many wait again.

    Those that were cancelled end as cancelled, those whose attempts are spent as failed.
    """
    with transaction.atomic():
        expired = TrainingRun.objects.filter(state__in=WORKED_ON, lease_until__lt=Now())
        expired.filter(cancel_requested_at__isnull=False).update(
            state=State.CANCELLED, **_released()
        )
        params = {"attempts": settings.MAXIMUM_ATTEMPTS}
        spent = expired.filter(_attempts_spent())
        for key in list(spent.order_by("pk").values_list("pk", flat=True)):
            if spent.filter(pk=key).update(**_failed("run_worker_lost", params)):
                _audit_failure(key, "run_worker_lost")
        return expired.update(**_waiting())


def runs_wake() -> None:
    """Take back expired leases, and call a worker for runs that wait and called none lately.

    A long training keeps its worker busy: without the pause the calls would pile up meanwhile.
    """
    runs_expire()
    called = Now() - Value(timedelta(seconds=settings.TRAINING_WAKE_S))
    waiting = TrainingRun.objects.filter(state=State.QUEUED)
    quiet = waiting.filter(Q(woken_at__isnull=True) | Q(woken_at__lt=called))
    with transaction.atomic():
        if quiet.update(woken_at=Now()):
            enqueue(JOBS.TRAIN)


def _claim(thread_count: int, hardware: str, lease_s: float | None) -> ClaimedRun | None:
    token = uuid4()
    with transaction.atomic():
        waiting = TrainingRun.objects.filter(state__in=states_before(State.RUNNING))
        first = waiting.order_by("created_at", "pk").select_for_update(skip_locked=True)
        key = first.values_list("pk", flat=True).first()
        if key is None:
            return None
        claimed = waiting.filter(pk=key).update(
            state=State.RUNNING,
            claim_token=token,
            lease_until=_lease_end(lease_s),
            attempts=F("attempts") + 1,
            started_at=Coalesce("started_at", Now()),
            thread_count=Coalesce("thread_count", Value(thread_count)),
            hardware=hardware,
            reason_code="",  # of an earlier attempt
            reason_params={},
        )
        if not claimed:
            return None
        run = TrainingRun.objects.select_related("parent", "candidate").get(pk=key)
    return ClaimedRun(
        token=token,
        run_id=run.pk,
        number=run.number,
        snapshot_id=run.snapshot_id,
        manifest_sha256=run.manifest_sha256,
        config=RunConfig.from_json(run.config),
        seed=run.seed,
        parent=_running(run.parent),
        checkpoint_sha256=run.checkpoint_sha256,
        curves=run.curves,
        candidate=_running(run.candidate) if run.candidate else None,
        thread_count=run.thread_count or thread_count,
    )


def _running(version: ModelVersion) -> RunningModel:
    served = served_model(version, calibration_in_force(version))
    return RunningModel(version_id=version.pk, label=str(version), served=served)


def _claimed(claim: ClaimedRun) -> QuerySet[TrainingRun]:
    """Select the run while this claim on it stands: every write goes through this."""
    return TrainingRun.objects.filter(pk=claim.run_id, claim_token=claim.token, state__in=WORKED_ON)


def _become(claim: ClaimedRun, state: State, **more: Any) -> None:
    """Move a run on to its next state.

    Raises
    ------
    ClaimLost : the claim is gone, or the run is in no state that this one may follow
    """
    if not _claimed(claim).filter(state__in=states_before(state)).update(state=state, **more):
        raise ClaimLost("Another worker has this run.")


def _lease_end(lease_s: float | None) -> Any:
    seconds = settings.TRAINING_LEASE_S if lease_s is None else lease_s
    return Now() + Value(timedelta(seconds=seconds))


def _attempts_spent() -> Q:
    return Q(attempts__gte=settings.MAXIMUM_ATTEMPTS)


def _released() -> Facts:
    return {"claim_token": None, "lease_until": None, "completed_at": Now()}


def _waiting() -> Facts:
    return {"state": State.QUEUED, "claim_token": None, "lease_until": None, "woken_at": None}


def _failed(code: str, params: Facts) -> Facts:
    return {"state": State.FAILED, "reason_code": code, "reason_params": params, **_released()}


def _audit_failure(run_id: UUID, code: str) -> None:
    run = TrainingRun.objects.select_related("project").get(pk=run_id)
    audit_record(
        actor=None, action="run.failed", target=run, project=run.project, detail={"reason": code}
    )
