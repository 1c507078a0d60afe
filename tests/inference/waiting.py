"""Arrangements for tests of the queue: a project whose champion has images to read."""

from uuid import UUID

from apps.cases.models import Case, Project
from apps.inference.models import Prediction
from apps.inference.services.claims import ClaimedBatch, FrameResult
from apps.inference.services.predictions import case_predictions_request
from tests.factories import (
    CaseFactory,
    CaseInstanceFactory,
    DeploymentFactory,
    FindingFactory,
    InstanceFactory,
    ProjectFactory,
)

INTERACTIVE, BULK = Prediction.Lane.INTERACTIVE, Prediction.Lane.BULK


def served_project(**version: object) -> Project:
    """A project with the finding `pneumonia` (urgent) and a champion that speaks of it."""
    project = ProjectFactory()
    FindingFactory(project=project, code="pneumonia", is_urgent=True)
    FindingFactory(project=project, code="nodule")
    DeploymentFactory(project=project, **{f"model_version__{key}": v for key, v in version.items()})
    return project


def waiting_case(project: Project, *, images: int = 1, lane: int = BULK) -> Case:
    """A case whose images wait for the champion."""
    case = CaseFactory(project=project)
    series = case.instances.get().series
    for number in range(2, images + 1):
        instance = InstanceFactory(series=series, instance_number=number)
        CaseInstanceFactory(case=case, instance=instance)
    case_predictions_request([case.pk], lane=Prediction.Lane(lane))
    return case


def result_of(prediction_id: UUID, *, probability: float = 0.8) -> FrameResult:
    """A result with this probability of pneumonia and a 2 x 1 x 1 class map."""
    return FrameResult(
        prediction_id=prediction_id,
        logits=[-1.0, 1.0],
        probabilities=[1.0 - probability, probability],
        biases=[0.0, 0.0],
        maps=b"\x00\xbc\x00\x3c",
        map_shape=[2, 1, 1],
        image_to_grid=[0.5, 0.0, 0.0, 0.0, 0.5, 0.0],
        timings_ms={"decode": 1.0},
    )


def results_of(batch: ClaimedBatch, *, probability: float = 0.8) -> list[FrameResult]:
    """A result for every image of a batch."""
    return [result_of(frame.prediction_id, probability=probability) for frame in batch.frames]


def ids_of(batch: ClaimedBatch | None) -> list[UUID]:
    """The images of a batch."""
    assert batch is not None
    return [frame.prediction_id for frame in batch.frames]
