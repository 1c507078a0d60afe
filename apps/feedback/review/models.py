"""The facts of reviewing: a radiologist's reading of a case with AI, a verdict on each finding."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.base import BaseModel


class Verdict(models.TextChoices):
    """What a radiologist says of a finding."""

    ACCEPTED = "accepted", _("Accepted: present")
    REJECTED = "rejected", _("Rejected: absent")


class Review(BaseModel):
    """A radiologist's reading of one case: an autosaved draft, then signed and never changed.

    `revision` rises with every save; a save or a signature must name the revision it was made on.
    """

    class State(models.TextChoices):
        """A review is a draft until it is signed."""

        DRAFT = "draft", _("Draft")
        SIGNED = "signed", _("Signed")

    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    reader = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    revision = models.PositiveIntegerField(default=0)
    comment = models.TextField(blank=True)
    version = models.PositiveIntegerField(null=True, help_text="Set by the signature: 1, 2, ...")
    ai_visible = models.BooleanField(default=False, help_text="AI output was shown before signing")
    case_prediction = models.ForeignKey(
        "inference.CasePrediction",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The answer that was on the screen",
    )
    saved_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    content_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "reader"], condition=Q(state="draft"), name="review_draft_once"
            ),
            models.UniqueConstraint(fields=["case", "version"], name="review_version_once"),
            models.CheckConstraint(
                condition=Q(state="draft", version__isnull=True, signed_at__isnull=True)
                | Q(state="signed", version__isnull=False, signed_at__isnull=False),
                name="review_signed_has_version_and_time",
            ),
        ]


class ReviewDecision(BaseModel):
    """The verdict on one finding in one review, with what the model had said."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="decisions")
    finding = models.ForeignKey("cases.Finding", on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    ai_probability = models.FloatField(null=True)
    ai_threshold = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "finding"], name="decision_once_a_finding")
        ]
