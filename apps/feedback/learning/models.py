"""The facts of learning: labels that wait, who let them in, and the immutable sets made of them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.base import AppendOnlyModel, BaseModel


class Part(models.TextChoices):
    """What a patient's labels serve for, for ever."""

    TRAIN = "train", _("Training")
    VALIDATION = "validation", _("Validation")
    TEST = "test", _("Test")


class QueueEntry(BaseModel):
    """An explicit verdict of a released review, or the label of a consensus, waiting for training.

    `holds` until a later version of the review, or a consensus, speaks of the finding: then the
    newer entry is what counts, also where this one has entered a snapshot and stays `approved` as
    evidence of that. No review outranks a consensus.
    """

    class Kind(models.TextChoices):
        """What the label is to the model that served when the case was read."""

        CORRECTION = "correction", _("Correction: the model's own call was the opposite")
        CONFIRMATION = "confirmation", _("Confirmation: the model's own call was the same")
        NEW_LABEL = "new_label", _("New label: the model said nothing of this finding")
        CONSENSUS = "consensus", _("Consensus: read double-blind")

    class State(models.TextChoices):
        """Where an entry stands; `apps.feedback.states` says which way leads where."""

        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        EXCLUDED = "excluded", _("Excluded")
        SUPERSEDED = "superseded", _("Superseded")

    project = models.ForeignKey("cases.Project", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    finding = models.ForeignKey("cases.Finding", on_delete=models.PROTECT, related_name="+")
    decision = models.OneToOneField(
        "feedback.ReviewDecision", null=True, on_delete=models.PROTECT, related_name="+"
    )
    consensus_label = models.OneToOneField(
        "feedback.ConsensusLabel", null=True, on_delete=models.PROTECT, related_name="+"
    )
    reader = models.ForeignKey(
        "cases.User", null=True, on_delete=models.PROTECT, related_name="+", help_text="Of a review"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    label = models.BooleanField(help_text="What the radiologist says: present or absent")
    soft_label = models.FloatField(
        null=True, help_text="Probability of presence by a consensus's readers; null: of one reader"
    )
    grade = models.CharField(max_length=64, blank=True)
    label_before_ai = models.BooleanField(
        null=True, help_text="What the same reader said before any AI output; null: unknown"
    )
    ai_visible = models.BooleanField(help_text="The reader had seen the AI output")
    ai_probability = models.FloatField(null=True)
    ai_threshold = models.FloatField(null=True)
    model_version = models.ForeignKey(
        "inference.ModelVersion", null=True, on_delete=models.PROTECT, related_name="+"
    )
    case_prediction = models.ForeignKey(
        "inference.CasePrediction", null=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    holds = models.BooleanField(default=True)
    first_snapshot = models.ForeignKey(
        "feedback.Snapshot", null=True, on_delete=models.PROTECT, related_name="+"
    )
    change_token = models.UUIDField(
        null=True, db_index=True, help_text="Of the last change: names the rows one UPDATE took"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "finding"], condition=Q(holds=True), name="queue_newest_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    decision__isnull=False, reader__isnull=False, consensus_label__isnull=True
                )
                | Q(decision__isnull=True, reader__isnull=True, consensus_label__isnull=False),
                name="queue_entry_of_review_or_consensus",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "state", "created_at"], name="queue_project_state"),
            models.Index(fields=["project", "created_at"], name="queue_project_arrival"),
        ]


class QueueSample(AppendOnlyModel):
    """A draw: the waiting entries that a filter matched, frozen, some of them to be looked at."""

    project = models.ForeignKey("cases.Project", on_delete=models.PROTECT, related_name="+")
    query = models.JSONField(help_text="The filter, as it was asked for")
    drawn_by = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")


class QueueSampleEntry(AppendOnlyModel):
    """One frozen entry of a sample."""

    sample = models.ForeignKey(QueueSample, on_delete=models.PROTECT, related_name="items")
    entry = models.ForeignKey(QueueEntry, on_delete=models.PROTECT, related_name="+")
    is_drawn = models.BooleanField(help_text="To be looked at before the rest is approved")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sample", "entry"], name="queue_sample_entry_once")
        ]


class QueueSampleApproval(AppendOnlyModel):
    """The approval of the rest of a sample; there is one at most."""

    sample = models.OneToOneField(QueueSample, on_delete=models.PROTECT, related_name="approval")
    actor = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True)


class QueueDecision(AppendOnlyModel):
    """One change of one entry: from where to where, by whom, in which way and why."""

    class Way(models.TextChoices):
        """How the entry came to be decided."""

        ONE = "one", _("One by one")
        FILTER = "filter", _("By filter")
        SAMPLE = "sample", _("The rest of a sample")
        RELEASE = "release", _("A later version of the review")
        CONSENSUS = "sealed", _("A consensus of blinded readers")

    entry = models.ForeignKey(QueueEntry, on_delete=models.PROTECT, related_name="decisions")
    from_state = models.CharField(max_length=10, choices=QueueEntry.State.choices)
    to_state = models.CharField(max_length=10, choices=QueueEntry.State.choices)
    way = models.CharField(max_length=8, choices=Way.choices)
    actor = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    sample = models.ForeignKey(
        QueueSample, null=True, on_delete=models.PROTECT, related_name="decisions"
    )
    change_token = models.UUIDField(help_text="The entry's, after this change")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(to_state="excluded", reason=""), name="queue_exclusion_has_reason"
            )
        ]


class SplitAssignment(AppendOnlyModel):
    """The part of a person's images in one project: drawn once, never edited."""

    project = models.ForeignKey("cases.Project", on_delete=models.PROTECT, related_name="+")
    patient_sha256 = models.CharField(
        max_length=64, help_text="Of Patient ID and issuer, else the identity hash"
    )
    part = models.CharField(max_length=12, choices=Part.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "patient_sha256"], name="split_once_a_patient"
            )
        ]


class Snapshot(AppendOnlyModel):
    """An immutable training set: what has the same content is the same snapshot."""

    project = models.ForeignKey("cases.Project", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(help_text="1, 2, ... in the project")
    manifest_sha256 = models.CharField(max_length=64, help_text="Blob, compute/training_manifest")
    counts = models.JSONField(help_text="Per finding and part, cases with and without it")
    image_counts = models.JSONField(help_text="Per part")
    left_out = models.JSONField(help_text="Per reason, approved labels that did not enter")
    made_by = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="snapshot_number_once"),
            models.UniqueConstraint(
                fields=["project", "manifest_sha256"], name="snapshot_content_once"
            ),
        ]


class SnapshotEntry(AppendOnlyModel):
    """A queue entry that entered a snapshot, and as what."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="entries")
    entry = models.ForeignKey(QueueEntry, on_delete=models.PROTECT, related_name="snapshots")
    part = models.CharField(max_length=12, choices=Part.choices)
    label = models.BooleanField(help_text="In the test part, the label before AI was seen")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "entry"], name="snapshot_entry_once")
        ]
