"""Questions about models and predictions: who serves a project, what was said, what still waits."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from apps.cases.access import ROLES_BY_ASSIGNMENT
from apps.cases.models import Assignment, Case, Finding, Instance, Project, User
from apps.inference.compute.applicability import Abstention
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import (
    Calibration,
    CasePrediction,
    Deployment,
    ModelVersion,
    Prediction,
)
from apps.inference.reasons import sentence

Facts = dict[str, Any]

NOT_CLASSIFIABLE: Final = Abstention("not_classifiable", {})
RENDITIONS_A_QUERY: Final = 500

# How long images may wait without any answer before the screens say so.
DELAYED_AFTER: Final = timedelta(seconds=10)
DOWN_AFTER: Final = timedelta(minutes=2)


def champions_of(project_ids: Iterable[UUID]) -> dict[UUID, ModelVersion]:
    """Map each project to the model version that serves it: the last row of its deployment log."""
    last = Deployment.objects.filter(project=OuterRef("project")).order_by("-sequence")
    deployments = Deployment.objects.filter(
        project__in=list(project_ids), pk=Subquery(last.values("pk")[:1])
    )
    return {
        row.project_id: row.model_version for row in deployments.select_related("model_version")
    }


def champion_of(project: Project) -> ModelVersion | None:
    """Give the model version that serves a project."""
    return champions_of([project.pk]).get(project.pk)


def champion_key(project: Project) -> Subquery:
    """Give the key of the version that serves a project, for use inside another query."""
    log = Deployment.objects.filter(project=project).order_by("-sequence")
    return Subquery(log.values("model_version")[:1])


def rollback_target(project: Project) -> ModelVersion | None:
    """Give the version that served before the champion: a rollback undoes the last promotion left.

    Promotions stack up and each rollback takes one off, so that two rollbacks go back two steps.
    """
    stack: list[ModelVersion] = []
    log = Deployment.objects.filter(project=project).order_by("sequence")
    for row in log.select_related("model_version"):
        if row.kind == Deployment.Kind.ROLLBACK:
            stack.pop()
        else:
            stack.append(row.model_version)
    return stack[-2] if len(stack) > 1 else None


def calibration_in_force(model_version: ModelVersion) -> Calibration | None:
    """Give the newest calibration of a version; None where it was never calibrated."""
    return model_version.calibrations.order_by("-created_at", "-pk").first()


def champion_prediction(case: Case) -> CasePrediction | None:
    """Give what the model that serves the case's project says of it, if it was asked."""
    champion = champion_of(case.project)
    return CasePrediction.objects.filter(case=case, model_version=champion).first()


def cases_without_prediction(project: Project) -> QuerySet[Case]:
    """Select the cases that the project's champion was never asked about."""
    asked = CasePrediction.objects.filter(case=OuterRef("pk"), model_version=champion_of(project))
    return Case.objects.filter(~Exists(asked), project=project).order_by("created_at")


def image_refusal(spec: ModelSpec, instance: Instance) -> Abstention | None:
    """Say why a model abstains from an image (its series is read too), or None where it answers."""
    if not instance.is_classifiable:
        return NOT_CLASSIFIABLE
    return spec.applicability.refusal(
        modality=instance.series.modality,
        body_part=instance.series.body_part_examined,
        view=instance.view_position,
        row_spacing_mm=instance.row_spacing_mm,
        column_spacing_mm=instance.column_spacing_mm,
    )


def refused_renditions(spec: ModelSpec, renditions: Sequence[str]) -> set[str]:
    """Select those of the stored images from which a model abstains."""
    refused: set[str] = set()
    for start in range(0, len(renditions), RENDITIONS_A_QUERY):
        asked = renditions[start : start + RENDITIONS_A_QUERY]
        instances = Instance.objects.filter(rendition_sha256__in=asked).select_related("series")
        refused |= {
            instance.rendition_sha256
            for instance in instances.defer("metadata", "frame_ranges", "acquisition")
            if image_refusal(spec, instance) is not None
        }
    return refused


def cases_ai(cases: Sequence[Case]) -> dict[UUID, Facts]:
    """Describe what the champion says of each case, in a fixed number of queries.

    The caller shows it only where `apps.cases.access.sees_ai` allows. `queue_position` is left to
    `case_ai`: it would cost a walk along the queue for each case.
    """
    project_ids = {case.project_id for case in cases}
    champions = champions_of(project_ids)
    answers = {
        (answer.case_id, answer.model_version_id): answer
        for answer in CasePrediction.objects.filter(
            case__in=cases, model_version__in=champions.values()
        )
    }
    findings: dict[UUID, list[str]] = defaultdict(list)
    for project_id, code in Finding.objects.filter(project__in=project_ids).values_list(
        "project_id", "code"
    ):
        findings[project_id].append(code)
    described = {}
    for case in cases:
        champion = champions.get(case.project_id)
        answer = answers.get((case.pk, champion.pk)) if champion else None
        described[case.pk] = _ai(answer, champion=champion, findings=findings[case.project_id])
    return described


def case_ai(case: Case, *, answer: CasePrediction | None = None) -> Facts:
    """Describe what the champion says of one case and of each of its images.

    With an `answer` of the case, what that one says: a reader keeps the answer that was on the
    screen, whatever serves by now.
    """
    if answer is None:
        ai = cases_ai([case])[case.pk]
    else:
        codes = list(case.project.findings.values_list("code", flat=True))
        ai = _ai(answer, champion=answer.model_version, findings=codes)
    predictions = Prediction.objects.filter(case_prediction=ai["case_prediction_id"])
    rows = list(
        predictions.select_related(
            "instance__series", "model_version", "case_prediction__calibration"
        )
        .defer("maps", "instance__metadata", "instance__frame_ranges", "instance__acquisition")
        .order_by(
            "instance__series__series_number",
            "instance__instance_number",
            "instance__sop_instance_uid",
            "frame_number",
        )
    )
    spec = ModelSpec.from_json(rows[0].model_version.spec) if rows else None
    ai["predictions"] = [_frame(row, spec) for row in rows] if spec else []
    if ai["state"] == CasePrediction.State.WAITING:
        ai["queue_position"] = _queue_position(ai["case_prediction_id"])
    return ai


def queue_status(*, now: datetime) -> Facts:
    """Say honestly how the analysis is going: what waits, for how long, and whether it moves.

    Judged by rows alone, so it holds whether the broker, the workers or a device is away: images
    wait, and nothing has been answered for a while.
    """
    waiting = Prediction.objects.filter(
        state__in=[Prediction.State.QUEUED, Prediction.State.CLAIMED]
    ).aggregate(count=Count("pk"), since=Min("created_at"))
    if not waiting["count"]:
        return {"state": "ok", "waiting": 0, "oldest_s": 0.0}
    last = Prediction.objects.filter(completed_at__isnull=False).order_by("-completed_at")
    moved = last.values_list("completed_at", flat=True).first()
    stalled = now - max(waiting["since"], moved or waiting["since"])
    state = "down" if stalled > DOWN_AFTER else "delayed" if stalled > DELAYED_AFTER else "ok"
    return {
        "state": state,
        "waiting": waiting["count"],
        "oldest_s": max(0.0, (now - waiting["since"]).total_seconds()),
    }


def stuck_predictions(project: Project, *, user: User) -> QuerySet[Prediction]:
    """Select a project's quarantined images, without the cases that this person reads blinded."""
    blinded = Assignment.objects.filter(
        user=user, case=OuterRef("case_prediction__case"), role__in=ROLES_BY_ASSIGNMENT
    )
    return (
        Prediction.objects.filter(
            ~Exists(blinded),
            case_prediction__case__project=project,
            state=Prediction.State.QUARANTINED,
        )
        .select_related("model_version", "case_prediction", "instance")
        .defer("maps", "instance__metadata", "instance__frame_ranges", "instance__acquisition")
        .order_by("-completed_at", "pk")
    )


def stuck_facts(prediction: Prediction) -> Facts:
    """Describe a quarantined image with its reason as a sentence."""
    return {
        "prediction_id": prediction.pk,
        "case_id": prediction.case_prediction.case_id,
        "sop_instance_uid": prediction.instance.sop_instance_uid,
        "frame_number": prediction.frame_number,
        "attempts": prediction.attempts,
        "reason_code": prediction.reason_code,
        "reason_params": prediction.reason_params,
        "message": sentence(prediction.reason_code, prediction.reason_params),
        "model": _model(prediction.model_version),
        "failed_at": prediction.completed_at,
    }


def models_overview(project: Project) -> Facts:
    """Describe every model version, which one serves the project, and the log of what served."""
    champion = champion_of(project)
    codes = set(project.findings.values_list("code", flat=True))
    newest = {
        calibration.model_version_id: calibration
        for calibration in Calibration.objects.order_by("created_at", "pk")
    }
    versions = ModelVersion.objects.order_by("name", "-created_at")
    log = Deployment.objects.filter(project=project).order_by("-sequence")
    return {
        "champion": champion.pk if champion else None,
        "versions": [
            _version(version, codes=codes, calibration=newest.get(version.pk))
            for version in versions
        ],
        "deployments": [
            {
                "sequence": row.sequence,
                "kind": row.kind,
                "model": _model(row.model_version),
                "actor": (row.actor.display_name or row.actor.username) if row.actor else "",
                "reason": row.reason,
                "created_at": row.created_at,
            }
            for row in log.select_related("model_version", "actor")
        ],
    }


def _version(version: ModelVersion, *, codes: set[str], calibration: Calibration | None) -> Facts:
    spec = ModelSpec.from_json(version.spec)
    return {
        "id": version.pk,
        **_model(version),
        "architecture": spec.architecture,
        "findings": sorted(codes & set(spec.finding_outputs)),
        "has_class_maps": version.has_class_maps,
        "applicability": spec.applicability.to_json(),
        "temperature": calibration.temperature if calibration else spec.temperature,
        "calibrated_on": calibration.source_name if calibration else "",
        "licence": spec.licence,
        "intended_use": spec.intended_use,
        "training_data": spec.training_data,
        "training_run_id": version.training_run_id,
        "created_at": version.created_at,
    }


def _model(version: ModelVersion) -> Facts:
    return {"name": version.name, "version": version.version, "hash": version.model_sha256}


def _ai(
    answer: CasePrediction | None, *, champion: ModelVersion | None, findings: Sequence[str]
) -> Facts:
    facts: Facts = {
        "state": "none",
        "case_prediction_id": None,
        "reason_code": "not_requested" if champion else "no_champion",
        "reason_params": {},
        "queue_position": None,
        "model": _model(champion) if champion else None,
        "findings": [],
    }
    if answer is None:
        return facts
    facts |= {
        "state": answer.state,
        "case_prediction_id": answer.pk,
        "reason_code": answer.reason_code,
        "reason_params": answer.reason_params,
    }
    if answer.state == CasePrediction.State.DONE:
        facts["findings"] = [
            {
                "code": code,
                "probability": answer.probabilities[code],
                "threshold": answer.thresholds[code],
                "above": answer.probabilities[code] >= answer.thresholds[code],
            }
            for code in findings
            if code in answer.probabilities
        ]
    return facts


def _frame(row: Prediction, spec: ModelSpec) -> Facts:
    calibration = row.case_prediction.calibration
    scale = calibration.evidence_scale if calibration else {}
    maps = None
    if row.map_shape:
        maps = {
            "shape": row.map_shape,
            "image_to_grid": row.image_to_grid,
            "evidence_scale": scale or dict(spec.evidence_scale),
            "url": reverse("prediction-maps", kwargs={"prediction_id": row.pk}),
        }
    is_done = row.state == Prediction.State.DONE
    return {
        "prediction_id": row.pk,
        "sop_instance_uid": row.instance.sop_instance_uid,
        "frame_number": row.frame_number,
        "state": row.state,
        "reason_code": row.reason_code,
        "reason_params": row.reason_params,
        "outputs": [
            {
                "code": output.code,
                "finding": output.finding,
                "logit": row.logits[index],
                "bias": row.biases[index] if row.biases else None,
                "probability": row.probabilities[index],
            }
            for index, output in enumerate(spec.outputs)
        ]
        if is_done
        else [],
        "exclusive_groups": [list(group) for group in spec.exclusive_groups],
        "activation": spec.activation,
        "temperature": calibration.temperature if calibration else spec.temperature,
        "maps": maps,
        "no_map_reason": "head_not_linear" if is_done and maps is None else "",
        "model_hash": row.model_sha256,
        "preprocess_hash": row.preprocess_sha256,
        "timings_ms": row.timings_ms,
    }


def _queue_position(case_prediction_id: UUID) -> int:
    """Give a case's place among those that wait, from 1; 0 while its last images are analysed."""
    waiting = Prediction.objects.filter(state=Prediction.State.QUEUED)
    first = (
        waiting.filter(case_prediction=case_prediction_id)
        .order_by("lane", "created_at")
        .values_list("lane", "created_at")
        .first()
    )
    if first is None:
        return 0
    lane, created_at = first
    ahead = waiting.filter(Q(lane__lt=lane) | Q(lane=lane, created_at__lt=created_at))
    others = ahead.exclude(case_prediction=case_prediction_id)
    return others.values("case_prediction").distinct().count() + 1
