"""When the last image of a case is answered, what does the model say of the case?

`pending` decides which worker gathers: the one whose UPDATE takes it to 0, never a count of rows.
Every function here runs inside the transaction that settled the images.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import F
from django.db.models.functions import Now

from apps.cases.models import Finding
from apps.inference.compute.priority import reading_priority
from apps.inference.compute.probabilities import aggregate_case
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import CasePrediction, Prediction

FrameRow = dict[str, Any]
State = CasePrediction.State


def frames_settled(counts: Mapping[UUID, int]) -> None:
    """Take settled images off their cases' `pending`, and gather every case that reaches 0.

    `counts` maps a case prediction to the number of its images settled just now. The rows are
    locked in the order of their keys, so that two workers that share cases never deadlock.
    """
    waiting = CasePrediction.objects.filter(pk__in=counts)
    locked = waiting.select_for_update().order_by("pk").values_list("pk", flat=True)
    by_count: dict[int, list[UUID]] = defaultdict(list)
    for pk in locked:
        by_count[counts[pk]].append(pk)
    for count, keys in by_count.items():
        CasePrediction.objects.filter(pk__in=keys).update(pending=F("pending") - count)
    cases_gather(list(waiting.filter(pending=0).values_list("pk", flat=True)))


def cases_gather(case_prediction_ids: Sequence[UUID]) -> None:
    """Write what the images of each case add up to; for cases of which no image is pending."""
    if not case_prediction_ids:
        return
    gathered = CasePrediction.objects.filter(pk__in=case_prediction_ids)
    cases = list(gathered.select_related("model_version", "case"))
    frames: dict[UUID, list[FrameRow]] = defaultdict(list)
    for row in Prediction.objects.filter(case_prediction__in=case_prediction_ids).values(
        "case_prediction_id", "state", "probabilities", "reason_code", "reason_params"
    ):
        frames[row["case_prediction_id"]].append({**row})
    urgent = _urgent_findings({case.case.project_id for case in cases})
    specs = {
        version.pk: ModelSpec.from_json(version.spec)
        for version in {case.model_version for case in cases}
    }
    for case in cases:
        answer = _case_answer(
            specs[case.model_version_id],
            frames=frames[case.pk],
            urgent=urgent[case.case.project_id],
        )
        CasePrediction.objects.filter(pk=case.pk).update(completed_at=Now(), **answer)


def _urgent_findings(project_ids: set[UUID]) -> dict[UUID, set[str]]:
    urgent: dict[UUID, set[str]] = defaultdict(set)
    rows = Finding.objects.filter(project__in=project_ids, is_urgent=True)
    for project_id, code in rows.values_list("project_id", "code"):
        urgent[project_id].add(code)
    return urgent


def _case_answer(spec: ModelSpec, *, frames: list[FrameRow], urgent: set[str]) -> dict[str, Any]:
    """Give the fields of a case from its images.

    One image without an answer fails the case: the finding may be on just that image, so the others
    must not pass for an answer of the whole.
    """
    failed = [row for row in frames if row["state"] == Prediction.State.QUARANTINED]
    done = [row for row in frames if row["state"] == Prediction.State.DONE]
    if failed:
        params = {"failed": len(failed), "images": len(frames), "cause": failed[0]["reason_code"]}
        return _no_answer(State.FAILED, code="images_failed", params=params)
    if not done:
        code, params = _abstention(frames)
        return _no_answer(State.ABSTAINED, code=code, params=params)
    probabilities = aggregate_case(
        spec, np.asarray([row["probabilities"] for row in done], np.float32)
    )
    thresholds = dict(spec.thresholds)
    priority = reading_priority(probabilities, thresholds=thresholds, urgent=urgent)
    return {
        "state": State.DONE,
        "probabilities": probabilities,
        "thresholds": thresholds,
        "urgency": priority.urgency,
        "uncertainty": priority.uncertainty,
        "top_finding": priority.top_finding,
        "top_probability": priority.top_probability,
        "reason_code": "",
        "reason_params": {},
    }


def _abstention(frames: list[FrameRow]) -> tuple[str, dict[str, Any]]:
    """Say why nothing was classified; an image outside the scope says more than a non-image."""
    if not frames:
        return "no_images", {}
    frames = sorted(frames, key=lambda row: row["reason_code"] == "not_classifiable")
    return frames[0]["reason_code"], frames[0]["reason_params"]


def _no_answer(state: State, *, code: str, params: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": state,
        "probabilities": {},
        "thresholds": {},
        "urgency": 0.0,
        "uncertainty": 0.0,
        "top_finding": "",
        "top_probability": 0.0,
        "reason_code": code,
        "reason_params": params,
    }
