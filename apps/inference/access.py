"""Ties predictions, their jobs and training runs to the people who may see or change them."""

from collections.abc import Mapping
from typing import Any, Final

from apps.cases.access import (
    ROLES_BY_ASSIGNMENT,
    RelationCheck,
    cases_visible_to,
    projects_visible_to,
    sees_ai,
)
from apps.cases.models import Case, Role, User
from apps.inference.models import Prediction, TrainingRun


def _visible_case(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> Case | None:
    case_id = Prediction.objects.filter(pk=kwargs["prediction_id"]).values("case_prediction__case")
    return cases_visible_to(user, roles).select_related("project").filter(pk__in=case_id).first()


def _prediction_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    """Allow what the model says only to those who may see AI output now."""
    case = _visible_case(user, roles, kwargs)
    return case is not None and sees_ai(user, case)


def _prediction_job_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    """Allow the technical side, which says nothing of the image, where AI output is not shown yet.

    Not to a person who reads the case blinded, as in `selectors.stuck_predictions`.
    """
    case = _visible_case(user, roles, kwargs)
    if case is None:
        return False
    return not case.assignments.filter(user=user, role__in=ROLES_BY_ASSIGNMENT).exists()


def _run_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    """Tie a run to the project whose snapshot it trains on."""
    runs = TrainingRun.objects.filter(pk=kwargs["run_id"])
    return runs.filter(project__in=projects_visible_to(user, roles)).exists()


RELATIONS: Final[dict[str, RelationCheck]] = {
    "prediction": _prediction_relation,
    "prediction-job": _prediction_job_relation,
    "run": _run_relation,
}
