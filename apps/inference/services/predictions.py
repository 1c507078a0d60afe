"""Asking for predictions: which images of a case wait for a model, and which it leaves out and why.

Rows are the truth (DESIGN rule 1): they are written here, in the transaction of their cause; the
wake-up goes out after the commit. No torch: the web process calls this.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from apps.cases.models import Case, CaseInstance, Project, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict
from apps.inference.compute.applicability import Abstention
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import CasePrediction, ModelVersion, Prediction
from apps.inference.selectors import (
    calibration_in_force,
    cases_without_prediction,
    champions_of,
    image_refusal,
    stuck_predictions,
)
from apps.inference.services.gathering import cases_gather
from apps.queue import JOBS, Job, enqueue

Lane = Prediction.Lane
State = Prediction.State

CASES_A_TRANSACTION = 200
ROWS_A_STATEMENT = 500

JOB_OF_LANE: dict[Lane, Job] = {
    Lane.INTERACTIVE: JOBS.PREDICT_INTERACTIVE,
    Lane.BULK: JOBS.PREDICT_BULK,
}


@dataclass(frozen=True)
class _Image:
    """What the decision about one stored instance needs."""

    instance_id: UUID
    number_of_frames: int
    refusal: Abstention | None


def case_predictions_request(case_ids: Iterable[UUID], *, lane: Lane) -> int:
    """Ask the champion of each case's project for every image it has not been asked about.

    Safe to repeat: a second request adds nothing, one for a study that has grown adds the new
    images, an interactive one moves waiting images to the front. Cases of projects without a
    champion are passed over. Returns the number of images that were queued.
    """
    keys = sorted(set(case_ids))
    queued = 0
    for start in range(0, len(keys), CASES_A_TRANSACTION):
        queued += _request(keys[start : start + CASES_A_TRANSACTION], lane)
    return queued


def project_predictions_request(project: Project, *, actor: User) -> int:
    """Ask for every case of a project without an answer by its champion; returns their number.

    Raises
    ------
    Conflict : the project has no champion
    """
    if not champions_of([project.pk]):
        raise Conflict("No model serves this project yet: promote one first.", code="no_champion")
    case_ids = list(cases_without_prediction(project).values_list("pk", flat=True))
    case_predictions_request(case_ids, lane=Lane.BULK)
    audit_record(
        actor=actor,
        action="predictions.requested",
        target=project,
        project=project,
        detail={"cases": len(case_ids)},
    )
    return len(case_ids)


def prediction_retry(prediction_id: UUID, *, actor: User) -> None:
    """Put a quarantined image back in the queue with fresh attempts.

    Raises
    ------
    Conflict : the image is not quarantined (any more)
    """
    with transaction.atomic():
        prediction = Prediction.objects.select_related("case_prediction__case__project").get(
            pk=prediction_id
        )
        quarantined = Prediction.objects.filter(pk=prediction_id)
        if not _requeue(quarantined, prediction.case_prediction_id, lane=Lane.INTERACTIVE):
            raise Conflict("This image is not quarantined any more.", code="not_quarantined")
        case = prediction.case_prediction.case
        audit_record(
            actor=actor,
            action="prediction.retried",
            target=prediction,
            project=case.project,
            detail={"case_id": str(case.pk)},
        )
        enqueue(JOBS.PREDICT_INTERACTIVE)


def predictions_retry(project: Project, *, actor: User) -> int:
    """Put every quarantined image that the person may see back in the queue; returns their number.

    Behind all interactive work: many of them may fail again, one by one.
    """
    stuck = stuck_predictions(project, user=actor).order_by()
    keys = sorted(set(stuck.values_list("case_prediction", flat=True)))
    retried = 0
    for start in range(0, len(keys), CASES_A_TRANSACTION):
        with transaction.atomic():
            count = sum(
                _requeue(Prediction.objects.filter(case_prediction=key), key, lane=Lane.BULK)
                for key in keys[start : start + CASES_A_TRANSACTION]
            )
            if count:
                audit_record(
                    actor=actor,
                    action="predictions.retried",
                    target=project,
                    project=project,
                    detail={"images": count},
                )
                enqueue(JOBS.PREDICT_BULK)
        retried += count
    return retried


def _requeue(predictions: QuerySet[Prediction], case_prediction_id: UUID, *, lane: Lane) -> int:
    """Give the quarantined ones of a case's images fresh attempts; call it in a transaction."""
    count = predictions.filter(state=State.QUARANTINED).update(
        state=State.QUEUED,
        lane=lane,
        attempts=0,
        alone=True,
        claim_token=None,
        lease_until=None,
        completed_at=None,
    )
    if count:
        CasePrediction.objects.filter(pk=case_prediction_id).update(
            pending=F("pending") + count, state=CasePrediction.State.WAITING, completed_at=None
        )
    return count


@transaction.atomic
def _request(case_ids: Sequence[UUID], lane: Lane) -> int:
    cases = list(Case.objects.filter(pk__in=case_ids))
    champions = champions_of({case.project_id for case in cases})
    by_model: dict[ModelVersion, list[UUID]] = defaultdict(list)
    for case in cases:
        if case.project_id in champions:
            by_model[champions[case.project_id]].append(case.pk)
    queued = 0
    for model_version, keys in by_model.items():
        rows = _case_predictions_locked(keys, model_version)
        queued += _images_add(rows, model_version=model_version, lane=lane)
        if lane == Lane.INTERACTIVE:
            waiting = Prediction.objects.filter(case_prediction__in=rows, state=State.QUEUED)
            waiting.filter(lane=Lane.BULK).update(lane=Lane.INTERACTIVE)
    if by_model:
        enqueue(JOB_OF_LANE[lane])
    return queued


def _case_predictions_locked(
    case_ids: Sequence[UUID], model_version: ModelVersion
) -> list[CasePrediction]:
    """Make the missing rows and lock them all: two requests never count an image twice."""
    calibration = calibration_in_force(model_version)
    CasePrediction.objects.bulk_create(
        [
            CasePrediction(case_id=key, model_version=model_version, calibration=calibration)
            for key in case_ids
        ],
        batch_size=ROWS_A_STATEMENT,
        ignore_conflicts=True,
    )
    rows = CasePrediction.objects.filter(case__in=case_ids, model_version=model_version)
    return list(rows.select_for_update().order_by("pk"))


def _images_add(rows: Sequence[CasePrediction], *, model_version: ModelVersion, lane: Lane) -> int:
    images = _new_images(rows, model_version)
    added: list[Prediction] = []
    settled: list[UUID] = []
    queued = 0
    for row in rows:
        predictions = [
            prediction
            for image in images[row.case_id]
            for prediction in _image_predictions(row, image=image, lane=lane)
        ]
        pending = sum(prediction.state == State.QUEUED for prediction in predictions)
        added += predictions
        queued += pending
        if pending:
            CasePrediction.objects.filter(pk=row.pk).update(
                pending=F("pending") + pending,
                state=CasePrediction.State.WAITING,
                completed_at=None,
            )
        elif row.pending == 0 and (predictions or row.completed_at is None):
            settled.append(row.pk)
    Prediction.objects.bulk_create(added, batch_size=ROWS_A_STATEMENT)
    cases_gather(settled)
    return queued


def _new_images(
    rows: Sequence[CasePrediction], model_version: ModelVersion
) -> dict[UUID, list[_Image]]:
    """Find the images of each case that the model was not asked about: few, while a study arrives.

    The cases' rows are locked, so no other request can be adding the same ones.
    """
    spec = ModelSpec.from_json(model_version.spec)
    images: dict[UUID, list[_Image]] = defaultdict(list)
    asked = Prediction.objects.filter(
        model_version=model_version,
        instance=OuterRef("instance"),
        case_prediction__case=OuterRef("case"),
    )
    links: QuerySet[CaseInstance] = (
        CaseInstance.objects.filter(~Exists(asked), case__in=[row.case_id for row in rows])
        .select_related("instance__series")
        .defer("instance__metadata", "instance__frame_ranges", "instance__acquisition")
        .order_by("case_id", "instance__series__series_number", "instance__instance_number")
    )
    for link in links:
        instance = link.instance
        refusal = image_refusal(spec, instance)
        frames = instance.number_of_frames if refusal is None else 1
        images[link.case_id].append(_Image(instance.pk, frames, refusal))
    return images


def _image_predictions(row: CasePrediction, *, image: _Image, lane: Lane) -> list[Prediction]:
    """Make a row for each frame to classify, or one that says why the image is left out."""
    return [
        Prediction(
            case_prediction=row,
            instance_id=image.instance_id,
            frame_number=frame_number,
            model_version_id=row.model_version_id,
            lane=lane,
            state=State.QUEUED if image.refusal is None else State.ABSTAINED,
            reason_code=image.refusal.code if image.refusal else "",
            reason_params=image.refusal.params if image.refusal else {},
            completed_at=Now() if image.refusal else None,
        )
        for frame_number in range(1, image.number_of_frames + 1)
    ]
