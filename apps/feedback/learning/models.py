"""The facts of learning: corrections that wait for the next training."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.base import BaseModel


class QueueEntry(BaseModel):
    """A correction of the model by a signed review, waiting for training."""

    class State(models.TextChoices):
        """Where an entry stands."""

        WAITING = "waiting", _("Waiting")
        EXCLUDED = "excluded", _("Excluded")

    project = models.ForeignKey("cases.Project", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    finding = models.ForeignKey("cases.Finding", on_delete=models.PROTECT, related_name="+")
    decision = models.OneToOneField(
        "feedback.ReviewDecision", on_delete=models.PROTECT, related_name="+"
    )
    label = models.BooleanField(help_text="What the radiologist says: present or absent")
    ai_probability = models.FloatField()
    ai_threshold = models.FloatField()
    ai_visible = models.BooleanField(help_text="The reader had seen the AI output")
    model_version = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.PROTECT, related_name="+"
    )
    reader = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)

    class Meta:
        indexes = [
            models.Index(fields=["project", "state", "created_at"], name="queue_project_state")
        ]
