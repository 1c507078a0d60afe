"""Ties a prediction to the people who may see it: those who may see its case, with AI shown."""

from collections.abc import Mapping
from typing import Any, Final

from apps.cases.access import RelationCheck, cases_visible_to, sees_ai
from apps.cases.models import Role, User
from apps.inference.models import Prediction


def _prediction_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    prediction = (
        Prediction.objects.filter(pk=kwargs["prediction_id"])
        .select_related("case_prediction__case__project")
        .only("case_prediction__case__project")
        .first()
    )
    if prediction is None:
        return False
    case = prediction.case_prediction.case
    return cases_visible_to(user, roles).filter(pk=case.pk).exists() and sees_ai(user, case)


RELATIONS: Final[dict[str, RelationCheck]] = {"prediction": _prediction_relation}
