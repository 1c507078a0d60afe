"""Who works on which waiting image, and whose answer counts (DESIGN rule 1).

A claim is one conditional UPDATE that gives a batch a token and a lease by the database's clock,
and counts the attempt before the work begins, so that an image that kills its worker runs out of
attempts too. A result counts only while its token stands: a worker that was frozen past its lease
changes nothing. Nothing here depends on the broker.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Now

from apps.errors import Invalid
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import Calibration, ModelVersion, Prediction
from apps.inference.services.gathering import frames_settled
from apps.inference.services.predictions import JOB_OF_LANE
from apps.queue import enqueue

State = Prediction.State


@dataclass(frozen=True)
class ServedModel:
    """What a worker needs to run a model version; equal for equal weights, spec and calibration."""

    model_sha256: str
    weights_sha256: str
    preprocess_sha256: str
    temperature: float
    spec: ModelSpec


@dataclass(frozen=True)
class ClaimedFrame:
    """One claimed image: which bytes, which frame."""

    prediction_id: UUID
    rendition_sha256: str
    frame_number: int


@dataclass(frozen=True)
class ClaimedBatch:
    """Images of one model, claimed together under one token."""

    token: UUID
    model: ServedModel
    frames: tuple[ClaimedFrame, ...]


@dataclass(frozen=True)
class FrameResult:
    """What the model said of one image, ready to be stored.

    `maps` are little-endian float16 bytes of shape `map_shape` (K, h, w), None without class maps.
    """

    prediction_id: UUID
    logits: list[float]
    probabilities: list[float]
    biases: list[float]
    maps: bytes | None
    map_shape: list[int]
    image_to_grid: list[float]
    timings_ms: dict[str, float]


@dataclass(frozen=True)
class FrameFailure:
    """Why one image has no answer: a stable code that the screens turn into a sentence."""

    code: str
    params: dict[str, Any]
    is_final: bool = False


def claim_batch(limit: int, *, lease_s: float | None = None) -> ClaimedBatch | None:
    """Claim up to `limit` waiting images of one model, interactive ones first; None if none waits.

    An image marked `alone` (its batch failed before) is claimed by itself. Images whose worker
    vanished are taken back when nothing else waits; the schedule does the same every few seconds.
    """
    return _claim(limit, lease_s=lease_s) or (
        _claim(limit, lease_s=lease_s) if leases_expire() else None
    )


def leases_expire() -> int:
    """Take back the images whose lease ran out; say how many wait again.

    They are tried alone next time, because one of them may be what killed the worker; the third
    time it is quarantined.
    """
    with transaction.atomic():
        expired = Prediction.objects.filter(state=State.CLAIMED, lease_until__lt=Now())
        spent = expired.filter(attempts__gte=settings.MAXIMUM_ATTEMPTS)
        settled: Counter[UUID] = Counter()
        for key, case_key in spent.order_by("pk").values_list("pk", "case_prediction_id"):
            settled[case_key] += spent.filter(pk=key).update(
                **_quarantined(FrameFailure("worker_lost", {"attempts": settings.MAXIMUM_ATTEMPTS}))
            )
        frames_settled(+settled)
        return expired.filter(attempts__lt=settings.MAXIMUM_ATTEMPTS).update(**_waiting_alone())


def predictions_store(batch: ClaimedBatch, results: Sequence[FrameResult]) -> set[UUID]:
    """Store results in one transaction; returns the images whose claim still stood.

    The others are left as they are: another worker has them, or has answered already.

    Raises
    ------
    Invalid : a result with a number that is not finite; nothing is stored
    """
    if not all(map(_is_finite, results)):
        raise Invalid("A result holds a number that is not finite.", code="output_not_finite")
    with transaction.atomic():
        cases = _standing(batch, [result.prediction_id for result in results])
        stored = {
            result.prediction_id
            for result in results
            if result.prediction_id in cases and _store(batch, result)
        }
        frames_settled(Counter(cases[key] for key in stored))
    return stored


def predictions_fail(batch: ClaimedBatch, failures: Mapping[UUID, FrameFailure]) -> None:
    """Return failed images to the queue, each to be tried alone; after the third time quarantine.

    Images whose claim no longer stands are left as they are.
    """
    with transaction.atomic():
        cases = _standing(batch, list(failures))
        settled: Counter[UUID] = Counter()
        for key, case_key in cases.items():
            failure = failures[key]
            claimed = _claimed(batch, key)
            spent = claimed.filter(attempts__gte=settings.MAXIMUM_ATTEMPTS)
            quarantined = (claimed if failure.is_final else spent).update(**_quarantined(failure))
            settled[case_key] += quarantined
            if not quarantined:
                claimed.update(
                    **_waiting_alone(), reason_code=failure.code, reason_params=failure.params
                )
        frames_settled(+settled)


def workers_wake() -> None:
    """Take back expired leases and wake the workers of each lane in which an image waits.

    Makes up for every wake-up that the broker lost.
    """
    leases_expire()
    for lane, job in JOB_OF_LANE.items():
        if Prediction.objects.filter(state=State.QUEUED, lane=lane).exists():
            enqueue(job)


def _claim(limit: int, *, lease_s: float | None) -> ClaimedBatch | None:
    lease = timedelta(seconds=settings.LEASE_S if lease_s is None else lease_s)
    token = uuid4()
    with transaction.atomic():
        keys = _candidates(limit)
        claimed = Prediction.objects.filter(pk__in=keys, state=State.QUEUED).update(
            state=State.CLAIMED,
            claim_token=token,
            lease_until=Now() + Value(lease),
            attempts=F("attempts") + 1,
        )
        if not claimed:
            return None
        rows = list(
            Prediction.objects.filter(claim_token=token, pk__in=keys)
            .select_related("model_version", "case_prediction__calibration", "instance")
            .only(
                "frame_number",
                "model_version",
                "case_prediction__calibration__temperature",
                "instance__rendition_sha256",
            )
            .order_by("lane", "created_at")
        )
    return ClaimedBatch(
        token=token,
        model=served_model(rows[0].model_version, rows[0].case_prediction.calibration),
        frames=tuple(
            ClaimedFrame(row.pk, row.instance.rendition_sha256, row.frame_number) for row in rows
        ),
    )


def _candidates(limit: int) -> list[UUID]:
    """Choose what to claim: the first that waits, and those behind it that can share its batch.

    PostgreSQL skips rows that another claim is just taking; SQLite's transaction excludes others.
    """
    waiting = list(
        Prediction.objects.filter(state=State.QUEUED)
        .select_related("case_prediction")
        .only("model_version_id", "alone", "case_prediction__calibration_id")
        .order_by("lane", "created_at")
        .select_for_update(skip_locked=True, of=("self",))[:limit]
    )
    if not waiting:
        return []
    head = waiting[0]
    if head.alone:
        return [head.pk]
    return [
        row.pk
        for row in waiting
        if not row.alone
        and row.model_version_id == head.model_version_id
        and row.case_prediction.calibration_id == head.case_prediction.calibration_id
    ]


def served_model(version: ModelVersion, calibration: Calibration | None) -> ServedModel:
    """Give a version as it serves under a calibration; None is that of its spec."""
    spec = ModelSpec.from_json(version.spec)
    return ServedModel(
        model_sha256=version.model_sha256,
        weights_sha256=version.weights_sha256,
        preprocess_sha256=version.preprocess_sha256,
        temperature=calibration.temperature if calibration else spec.temperature,
        spec=spec,
    )


def _claimed(batch: ClaimedBatch, key: UUID) -> QuerySet[Prediction]:
    """Select an image while the batch's claim on it stands: every write goes through this."""
    return Prediction.objects.filter(pk=key, claim_token=batch.token, state=State.CLAIMED)


def _standing(batch: ClaimedBatch, keys: Sequence[UUID]) -> dict[UUID, UUID]:
    """Map the images whose claim stands to their cases, locked in the order of their keys."""
    rows = Prediction.objects.filter(pk__in=keys, claim_token=batch.token, state=State.CLAIMED)
    locked = rows.select_for_update().order_by("pk")
    return dict(locked.values_list("pk", "case_prediction_id"))


def _store(batch: ClaimedBatch, result: FrameResult) -> int:
    return _claimed(batch, result.prediction_id).update(
        state=State.DONE,
        claim_token=None,
        lease_until=None,
        alone=False,
        reason_code="",
        reason_params={},
        logits=result.logits,
        probabilities=result.probabilities,
        biases=result.biases,
        maps=result.maps,
        map_shape=result.map_shape,
        image_to_grid=result.image_to_grid,
        model_sha256=batch.model.model_sha256,
        preprocess_sha256=batch.model.preprocess_sha256,
        timings_ms=result.timings_ms,
        completed_at=Now(),
    )


def _quarantined(failure: FrameFailure) -> dict[str, Any]:
    return {
        "state": State.QUARANTINED,
        "claim_token": None,
        "lease_until": None,
        "reason_code": failure.code,
        "reason_params": failure.params,
        "completed_at": Now(),
    }


def _waiting_alone() -> dict[str, Any]:
    return {"state": State.QUEUED, "claim_token": None, "lease_until": None, "alone": True}


def _is_finite(result: FrameResult) -> bool:
    numbers = [*result.logits, *result.probabilities, *result.biases, *result.image_to_grid]
    return all(map(math.isfinite, numbers))
