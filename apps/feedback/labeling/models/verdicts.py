"""The facts that end a round's case: decisions, consensus, and what was computed of them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.base import AppendOnlyModel
from apps.feedback.labeling.models.rounds import (
    Arbitration,
    ReadingRound,
    RoundCase,
    RoundPolicy,
)


class Value(models.TextChoices):
    """What is said of a finding; a consensus may leave it open, and training then masks it."""

    PRESENT = "present", _("Present")
    ABSENT = "absent", _("Absent")
    NOT_ASSESSABLE = "not_assessable", _("Cannot be assessed")
    INDETERMINATE = "indeterminate", _("Indeterminate")


class ArbitrationDecision(AppendOnlyModel):
    """What an arbitrator decides on one finding, what they had said blind, and why.

    Without a finding it is about the case as a whole: "not_assessable" is an unreadable case,
    "present" one that can be read.
    """

    class Choice(models.TextChoices):
        """Whose answer is taken."""

        A = "a", _("Reader A")
        B = "b", _("Reader B")
        C = "c", _("Reader C")
        D = "d", _("Reader D")
        E = "e", _("Reader E")
        F = "f", _("Reader F")
        G = "g", _("Reader G")
        H = "h", _("Reader H")
        I = "i", _("Reader I")  # noqa: E741  the ninth letter
        OWN = "own", _("My own")
        MERGED = "merged", _("Merged region")
        INDETERMINATE = "indeterminate", _("Indeterminate")
        AGREED = "agreed", _("As both readers said")

    class Reason(models.TextChoices):
        """Why; a code, so that it can be counted."""

        OVERLOOKED = "overlooked", _("Overlooked")
        OVERCALLED = "overcalled", _("Over-called")
        NORMAL_VARIANT = "normal_variant", _("Normal variant")
        ARTEFACT = "artefact", _("Artefact")
        BELOW_SIZE = "below_size", _("Below the size rule")
        EXTENT = "extent", _("Other extent")
        GRADE = "grade", _("Other grade")
        AMBIGUOUS = "ambiguous", _("The image does not tell")
        GUIDELINE = "guideline", _("The guideline was read differently")
        NONE = "none", _("Not in conflict")

    arbitration = models.ForeignKey(Arbitration, on_delete=models.PROTECT, related_name="decisions")
    finding = models.ForeignKey(
        "cases.Finding", null=True, on_delete=models.PROTECT, related_name="+"
    )
    choice = models.CharField(max_length=13, choices=Choice.choices)
    value = models.CharField(max_length=14, choices=Value.choices)
    grade = models.CharField(max_length=64, blank=True)
    length_mm = models.FloatField(null=True)
    rois = models.JSONField(default=list)
    reason = models.CharField(max_length=14, choices=Reason.choices)
    comment = models.CharField(max_length=500, blank=True)
    blind_value = models.CharField(max_length=14, choices=Value.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["arbitration", "finding"], name="arbitration_decision_once_a_finding"
            ),
            models.UniqueConstraint(
                fields=["arbitration"],
                condition=Q(finding__isnull=True),
                name="arbitration_decision_once_of_the_case",
            ),
            models.CheckConstraint(
                condition=Q(choice="agreed", reason="none")
                | ~Q(choice="agreed") & ~Q(reason="none"),
                name="arbitration_decision_has_reason",
            ),
        ]


class Consensus(AppendOnlyModel):
    """The label a case ends with, sealed under one hash."""

    class Method(models.TextChoices):
        """How it came about."""

        CONCORDANT = "concordant", _("The readers agreed")
        SINGLE = "single", _("Read once")
        ARBITRATED = "arbitrated", _("Decided by an arbitrator")
        PANEL = "panel", _("Decided by a panel")

    round_case = models.OneToOneField(RoundCase, on_delete=models.PROTECT, related_name="consensus")
    policy = models.ForeignKey(RoundPolicy, on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=10, choices=Method.choices)
    is_unreadable = models.BooleanField(default=False)
    content_sha256 = models.CharField(max_length=64, help_text="Of the labels and their inputs")


class ConsensusLabel(AppendOnlyModel):
    """One finding of a consensus: label, soft label and region."""

    consensus = models.ForeignKey(Consensus, on_delete=models.PROTECT, related_name="labels")
    finding = models.ForeignKey("cases.Finding", on_delete=models.PROTECT, related_name="+")
    value = models.CharField(max_length=14, choices=Value.choices)
    grade = models.CharField(max_length=64, blank=True)
    share_present = models.FloatField(null=True, help_text="Of the readers who could assess it")
    length_mm = models.FloatField(null=True)
    rois = models.JSONField(default=list, help_text="[{sop_instance_uid, frame_number, vertices}]")
    roi_method = models.CharField(max_length=12, blank=True, help_text="chosen, majority, staple")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["consensus", "finding"], name="consensus_label_once_a_finding"
            )
        ]


class RoundReport(AppendOnlyModel):
    """Statistics of the released cases of a round, as they were computed at one time."""

    round = models.ForeignKey(ReadingRound, on_delete=models.PROTECT, related_name="reports")
    cases = models.PositiveIntegerField(help_text="Released cases in it")
    content = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
