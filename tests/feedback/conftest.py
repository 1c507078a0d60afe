"""A reading room: two cases of one project with the champion's answers, two radiologists."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client

from apps.cases.models import Case, Finding, Project, User
from apps.feedback.services import reviews_release
from apps.inference.models import CasePrediction
from tests.factories import (
    CaseFactory,
    CasePredictionFactory,
    DeploymentFactory,
    FindingFactory,
    MembershipFactory,
    PredictionFactory,
    ProjectFactory,
    UserFactory,
)


@dataclass
class Room:
    """What the tests read and change."""

    project: Project
    pneumonia: Finding
    nodule: Finding
    first: Case
    second: Case
    answer: CasePrediction
    other_answer: CasePrediction
    lin: User
    smith: User
    lin_client: Client
    smith_client: Client
    admin_client: Client

    def reading(self, *, revision: int = 0, **changes: object) -> dict[str, object]:
        """What a browser sends for the first case."""
        body: dict[str, object] = {
            "revision": revision,
            "decisions": [{"finding": "pneumonia", "verdict": "rejected"}],
            "findings_text": "clear 清晰",
            "case_prediction_id": str(self.answer.pk),
        }
        return body | changes


@pytest.fixture
def room(db, log_in) -> Room:
    project = ProjectFactory()
    pneumonia = FindingFactory(project=project, code="pneumonia")
    nodule = FindingFactory(project=project, code="nodule")
    first, second = CaseFactory(project=project), CaseFactory(project=project)
    champion = DeploymentFactory(project=project).model_version
    answer = CasePredictionFactory(case=first, model_version=champion)
    other_answer = CasePredictionFactory(
        case=second,
        model_version=champion,
        probabilities={"pneumonia": 0.1},
        urgency=0.0,
        uncertainty=0.2,
        top_finding="",
        top_probability=0.1,
    )
    for each in (answer, other_answer):
        PredictionFactory(case_prediction=each)
    lin, smith, admin = UserFactory(display_name="林"), UserFactory(), UserFactory()
    for user, role in ((lin, "radiologist"), (smith, "radiologist"), (admin, "admin")):
        MembershipFactory(user=user, project=project, role=role)
    return Room(
        project=project,
        pneumonia=pneumonia,
        nodule=nodule,
        first=first,
        second=second,
        answer=answer,
        other_answer=other_answer,
        lin=lin,
        smith=smith,
        lin_client=log_in(lin),
        smith_client=log_in(smith),
        admin_client=log_in(admin),
    )


@pytest.fixture
def release(settings) -> Callable[[], int]:
    """Let every signature count as if its minute were over; give how many did."""

    def now() -> int:
        settings.WITHDRAWAL_WINDOW_S = 0
        return reviews_release()

    return now
