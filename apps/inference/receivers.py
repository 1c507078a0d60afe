"""Classifies a study when it arrives: the prediction's rows are committed with the instance."""

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from apps.cases.models import Project
from apps.cases.signals import case_extended
from apps.inference.models import Prediction
from apps.inference.services.predictions import case_predictions_request


@receiver(case_extended, dispatch_uid="inference.classify_on_arrival")
def classify_on_arrival(*, case_id: UUID, **_: Any) -> None:
    """Ask the champion about the new images, where the project says so."""
    if Project.objects.filter(cases=case_id, auto_classify=True).exists():
        case_predictions_request([case_id], lane=Prediction.Lane.BULK)
