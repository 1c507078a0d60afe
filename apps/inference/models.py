"""The facts of inference: model versions, which one serves where, what each said of an image."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.base import AppendOnlyModel, BaseModel


class ModelVersion(BaseModel):
    """An imported model: immutable weights and spec, and where it stands."""

    class State(models.TextChoices):
        """Where a version stands (DESIGN section 6); serving is said by Deployment."""

        CANDIDATE = "candidate", _("Candidate")
        RETIRED = "retired", _("Retired")

    name = models.CharField(max_length=128)
    version = models.CharField(max_length=32)
    state = models.CharField(max_length=16, choices=State.choices, default=State.CANDIDATE)
    spec = models.JSONField()
    spec_sha256 = models.CharField(max_length=64)
    weights_sha256 = models.CharField(max_length=64)
    model_sha256 = models.CharField(max_length=64, unique=True, help_text="Of weights and spec")
    preprocess_sha256 = models.CharField(max_length=64)
    has_class_maps = models.BooleanField(help_text="The numeric probe found a linear head")
    probe_error = models.FloatField(null=True, help_text="Largest |mean(CAM)+b - logit| seen")
    imported_by = models.ForeignKey(
        "cases.User", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="model_name_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Calibration(AppendOnlyModel):
    """A temperature fitted on a named validation set; the newest row of a version is in force."""

    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="calibrations"
    )
    temperature = models.FloatField()
    evidence_scale = models.JSONField(default=dict, help_text="Per output, absolute, logit units")
    source_name = models.CharField(max_length=255)
    source_sha256 = models.CharField(max_length=64)
    sample_count = models.PositiveIntegerField()
    metrics = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(temperature__gt=0), name="calibration_temperature_positive"
            )
        ]


class Deployment(AppendOnlyModel):
    """The log of what serves a project; its last row names the champion."""

    class Kind(models.TextChoices):
        """Why the row was written."""

        PROMOTE = "promote", _("Promotion")
        ROLLBACK = "rollback", _("Rollback")

    project = models.ForeignKey("cases.Project", on_delete=models.PROTECT, related_name="+")
    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="deployments"
    )
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    actor = models.ForeignKey("cases.User", null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "sequence"], name="deployment_sequence_once_a_project"
            )
        ]


class CasePrediction(BaseModel):
    """What one model version says of one case, gathered from its images.

    `pending` counts the images still to be answered; the worker whose UPDATE takes it to 0 gathers
    (never by counting rows: two workers would both, or neither, see the last one).
    """

    class State(models.TextChoices):
        """How far the answer is."""

        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        ABSTAINED = "abstained", _("Abstained")
        FAILED = "failed", _("Failed")

    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    calibration = models.ForeignKey(
        Calibration, null=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    pending = models.IntegerField(default=0)
    probabilities = models.JSONField(default=dict, help_text="Calibrated, per finding code")
    thresholds = models.JSONField(default=dict, help_text="In force when it was gathered")
    urgency = models.FloatField(default=0.0, help_text="Highest margin of an urgent finding, 0..1")
    uncertainty = models.FloatField(default=0.0, help_text="1 at the threshold, 0 far from it")
    top_probability = models.FloatField(default=0.0, help_text="Highest of all findings")
    top_finding = models.CharField(max_length=64, blank=True)
    reason_code = models.CharField(max_length=64, blank=True)
    reason_params = models.JSONField(default=dict)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "model_version"], name="case_prediction_once_a_model"
            ),
            models.CheckConstraint(
                condition=Q(pending__gte=0), name="case_prediction_pending_not_negative"
            ),
        ]


class Prediction(BaseModel):
    """What one model version says of one frame: a row that workers claim (DESIGN rule 1).

    Claimed by one conditional UPDATE that sets `claim_token` and `lease_until` (by the database's
    clock); a result is written only while the token stands, so a late worker changes nothing.
    """

    class State(models.TextChoices):
        """Life of the row."""

        QUEUED = "queued", _("Queued")
        CLAIMED = "claimed", _("Claimed")
        DONE = "done", _("Done")
        ABSTAINED = "abstained", _("Abstained")
        QUARANTINED = "quarantined", _("Quarantined")

    class Lane(models.IntegerChoices):
        """Interactive rows are claimed before bulk rows."""

        INTERACTIVE = 0, _("Interactive")
        BULK = 1, _("Bulk")

    case_prediction = models.ForeignKey(
        CasePrediction, on_delete=models.PROTECT, related_name="predictions"
    )
    instance = models.ForeignKey("cases.Instance", on_delete=models.PROTECT, related_name="+")
    frame_number = models.PositiveIntegerField(default=1)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    lane = models.PositiveSmallIntegerField(choices=Lane.choices, default=Lane.BULK)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    alone = models.BooleanField(default=False, help_text="A batch failed: try it one by one")
    reason_code = models.CharField(max_length=64, blank=True)
    reason_params = models.JSONField(default=dict)
    logits = models.JSONField(default=list, help_text="float32, one per output of the spec")
    biases = models.JSONField(default=list, help_text="b_k, so that mean(CAM_k) + b_k is the logit")
    probabilities = models.JSONField(default=list, help_text="Calibrated, one per output")
    maps = models.BinaryField(null=True, help_text="float16 little-endian (K, h, w), signed, raw")
    map_shape = models.JSONField(default=list)
    image_to_grid = models.JSONField(default=list, help_text="2x3 row-major, image points to cells")
    model_sha256 = models.CharField(max_length=64, blank=True)
    preprocess_sha256 = models.CharField(max_length=64, blank=True)
    timings_ms = models.JSONField(default=dict)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case_prediction", "instance", "frame_number"],
                name="prediction_once_a_frame",
            )
        ]
        indexes = [
            models.Index(
                fields=["lane", "created_at"],
                condition=Q(state="queued"),
                name="prediction_waiting",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state="claimed"), name="prediction_leased"
            ),
            models.Index(
                fields=["completed_at"],
                condition=Q(completed_at__isnull=False),
                name="prediction_completed",
            ),
        ]
