"""The facts of inference: model versions, what serves where, what each said, how it was trained."""

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
    training_run = models.ForeignKey(
        "inference.TrainingRun",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The run that made it; null where it came from a folder",
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


class TrainingRun(BaseModel):
    """One training: from a snapshot and a parent to a candidate and its evaluation.

    A row that workers claim, as `Prediction` is: every write of a worker shows its `claim_token`,
    so a late one changes nothing. Which state may follow which: apps/inference/states.py.
    """

    class State(models.TextChoices):
        """How far the run is."""

        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        TRAINED = "trained", _("Trained")
        EVALUATED = "evaluated", _("Evaluated")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    project = models.ForeignKey("cases.Project", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(help_text="Counts the runs of a model name, from 1")
    model_name = models.CharField(max_length=128)
    snapshot_id = models.UUIDField(help_text="The snapshot that the manifest describes")
    manifest_sha256 = models.CharField(max_length=64, help_text="Blob with images and labels")
    parent = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    config = models.JSONField(help_text="compute/run_config.py, complete")
    seed = models.PositiveIntegerField()
    request_sha256 = models.CharField(
        max_length=64, help_text="Of project, manifest, parent, config and seed"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    progress = models.JSONField(default=dict)
    curves = models.JSONField(default=list, help_text="One point an epoch, thinned")
    comparison = models.JSONField(default=dict, help_text="Candidate minus champion, per finding")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Since the last checkpoint")
    claim_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    woken_at = models.DateTimeField(null=True, help_text="When a worker was last called")
    cancel_requested_at = models.DateTimeField(null=True)
    checkpoint_sha256 = models.CharField(max_length=64, blank=True)
    candidate = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="+"
    )
    champion = models.ForeignKey(
        ModelVersion,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="What the candidate was compared with",
    )
    requested_by = models.ForeignKey(
        "cases.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason_code = models.CharField(max_length=64, blank=True)
    reason_params = models.JSONField(default=dict)
    thread_count = models.PositiveSmallIntegerField(
        null=True, help_text="Of the first attempt; later ones keep it, for the same bits"
    )
    hardware = models.CharField(max_length=255, blank=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model_name", "number"], name="training_run_number_once_a_model"
            ),
            models.UniqueConstraint(
                fields=["request_sha256"],
                condition=Q(state__in=["queued", "running", "trained", "evaluated"]),
                name="training_run_request_once",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "created_at"], name="training_run_of_project"),
            models.Index(
                fields=["created_at"], condition=Q(state="queued"), name="training_run_waiting"
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(lease_until__isnull=False),
                name="training_run_leased",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_name} run {self.number}"


class Evaluation(AppendOnlyModel):
    """How good one model version is on one part of a run's snapshot, per finding."""

    run = models.ForeignKey(TrainingRun, on_delete=models.PROTECT, related_name="evaluations")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey("cases.Project", on_delete=models.PROTECT, related_name="+")
    manifest_sha256 = models.CharField(max_length=64)
    part = models.CharField(max_length=12)
    temperature = models.FloatField(help_text="In force when it was evaluated")
    metrics = models.JSONField(help_text="Per finding; compute/evaluation.py")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "model_version", "part"], name="evaluation_once_a_model_and_part"
            )
        ]
