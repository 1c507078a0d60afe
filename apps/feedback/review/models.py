"""The facts of reviewing: a radiologist's reading of a case with AI, from draft to last version."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.base import AppendOnlyModel, BaseModel


class Verdict(models.TextChoices):
    """What a review says of a finding; a signature leaves none of them unsaid."""

    ACCEPTED = "accepted", _("Accepted: present")
    REJECTED = "rejected", _("Rejected: absent")
    IMPLIED = "implied", _("Implied: the model's shown 'absent' was left standing")
    NOT_ASSESSED = "not_assessed", _("Not assessed")


# What a reader says; the other two are what a signature makes of silence.
EXPLICIT_VERDICTS = (Verdict.ACCEPTED, Verdict.REJECTED)

# Of one review, and of one region.
MAXIMUM_ROIS = 200
MAXIMUM_VERTICES = 400


class Review(BaseModel):
    """A radiologist's reading of one case: an autosaved draft, then signed and never changed.

    `revision` rises with every save; a save or a signature must name the revision it was made on.
    A signed review may be withdrawn until it is released; after that only an addendum follows it.
    """

    class State(models.TextChoices):
        """Life of a review; `apps.feedback.states` says which way leads where."""

        DRAFT = "draft", _("Draft")
        SIGNED = "signed", _("Signed")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    reader = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    revision = models.PositiveIntegerField(default=0)
    findings_text = models.TextField(blank=True, help_text="影像所见")
    impression_text = models.TextField(blank=True, help_text="影像诊断")
    is_critical = models.BooleanField(default=False)
    critical_note = models.CharField(max_length=500, blank=True)
    version = models.PositiveIntegerField(null=True, help_text="Set by the signature: 1, 2, ...")
    addendum_to = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="addenda"
    )
    addendum_reason = models.CharField(max_length=500, blank=True)
    ai_visible = models.BooleanField(default=False, help_text="AI output was shown before signing")
    read_before_ai = models.BooleanField(
        default=False, help_text="When it was signed, no AI output could reach this reader"
    )
    case_prediction = models.ForeignKey(
        "inference.CasePrediction",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The answer that was on the screen",
    )
    policy = models.ForeignKey(
        "cases.ReadingPolicy",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="In force when it was signed",
    )
    saved_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(
        null=True, help_text="From then on it counts and can no longer be withdrawn"
    )
    content_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "reader"], condition=Q(state="draft"), name="review_draft_once"
            ),
            models.UniqueConstraint(fields=["case", "version"], name="review_version_once"),
            models.CheckConstraint(
                condition=Q(state="draft", version__isnull=True, signed_at__isnull=True)
                | Q(
                    state__in=["signed", "withdrawn"],
                    version__isnull=False,
                    signed_at__isnull=False,
                ),
                name="review_signed_has_version_and_time",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | Q(state="signed"),
                name="review_released_is_signed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["signed_at"],
                condition=Q(state="signed", released_at__isnull=True),
                name="review_unreleased",
            )
        ]


class ReviewDecision(BaseModel):
    """The verdict on one finding in one review, with what the model had said."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="decisions")
    finding = models.ForeignKey("cases.Finding", on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    grade = models.CharField(max_length=64, blank=True, help_text="One of the finding's grades")
    ai_probability = models.FloatField(null=True)
    ai_threshold = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "finding"], name="decision_once_a_finding")
        ]


class RoiRevision(AppendOnlyModel):
    """One state of a region in one review: drawn, moved or removed; the newest number holds.

    `vertices` are DICOM image points (column, row), 0,0 at the outer corner of the first pixel: a
    closed polygon without its first point repeated.
    """

    class Kind(models.TextChoices):
        """How the region was drawn; it is stored as a polygon whatever the tool."""

        RECTANGLE = "rectangle", _("Rectangle")
        ELLIPSE = "ellipse", _("Ellipse")
        FREEHAND = "freehand", _("Freehand")

    class Laterality(models.TextChoices):
        """The side of the patient (DICOM Image Laterality, PS3.3 C.7.6.1.1.1)."""

        LEFT = "L", _("Left")
        RIGHT = "R", _("Right")
        BOTH = "B", _("Both")

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="roi_revisions")
    roi_id = models.UUIDField(help_text="The region through all its revisions and versions")
    number = models.PositiveIntegerField()
    finding = models.ForeignKey("cases.Finding", on_delete=models.PROTECT, related_name="+")
    instance = models.ForeignKey("cases.Instance", on_delete=models.PROTECT, related_name="+")
    frame_number = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    vertices = models.JSONField()
    laterality = models.CharField(max_length=1, choices=Laterality.choices, blank=True)
    is_removed = models.BooleanField(default=False)
    author = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    ai_visible = models.BooleanField(help_text="AI output was visible when it was drawn")
    case_prediction = models.ForeignKey(
        "inference.CasePrediction", null=True, on_delete=models.PROTECT, related_name="+"
    )
    area_mm2 = models.FloatField(null=True, help_text="Null where the image has no spacing")
    diameter_mm = models.FloatField(null=True, help_text="Longest, between two vertices")
    spacing_kind = models.CharField(max_length=12, help_text="patient, projected or none")
    client = models.JSONField(default=dict, help_text="Renderer, pixel ratio and program version")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["review", "roi_id", "number"], name="roi_revision_number_once"
            )
        ]


class FirstImpression(AppendOnlyModel):
    """What a reader had answered at the moment when AI output was revealed; kept for ever."""

    class Trigger(models.TextChoices):
        """Which act ended the blind part."""

        LOCKED = "locked", _("The first impression was locked")
        REQUESTED = "requested", _("AI output was asked for")

    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    reader = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    policy = models.ForeignKey("cases.ReadingPolicy", on_delete=models.PROTECT, related_name="+")
    trigger = models.CharField(max_length=10, choices=Trigger.choices)
    decisions = models.JSONField(help_text="[{finding, verdict, grade}]")
    rois = models.JSONField(help_text="[{roi_id, finding, sop_instance_uid, vertices, ...}]")
    findings_text = models.TextField(blank=True)
    impression_text = models.TextField(blank=True)
    saw_signed_review = models.BooleanField(
        help_text="Another reader's signed review, which AI may have shaped, was readable already"
    )
    content_sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "reader"], name="first_impression_once")
        ]


class Withdrawal(AppendOnlyModel):
    """A signature taken back within the minute in which that is possible."""

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="withdrawal")
    reader = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True)


class SecondSignature(AppendOnlyModel):
    """Another radiologist's signature under a signed review (审核 after 报告)."""

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="second_signature")
    signer = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    content_sha256 = models.CharField(max_length=64, help_text="Of what was signed")


class CriticalAcknowledgement(AppendOnlyModel):
    """Who was told of a critical result, and by whom."""

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="acknowledgement")
    acknowledged_by = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    informed = models.CharField(max_length=200, help_text="Whom: the role or name of a colleague")
    note = models.CharField(max_length=500, blank=True)


class CaseClaim(BaseModel):
    """Who has a case open; it lapses by itself, so it tells others and locks nothing for good."""

    case = models.OneToOneField("cases.Case", on_delete=models.PROTECT, related_name="+")
    reader = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField()
    lease_until = models.DateTimeField()


class Phrase(BaseModel):
    """A ready sentence for reports: of the project, or of one person."""

    class Section(models.TextChoices):
        """The part of the report it belongs into."""

        FINDINGS = "findings", _("Findings")
        IMPRESSION = "impression", _("Impression")

    project = models.ForeignKey("cases.Project", on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey("cases.User", null=True, on_delete=models.PROTECT, related_name="+")
    section = models.CharField(max_length=10, choices=Section.choices)
    title = models.CharField(max_length=64)
    text = models.CharField(max_length=2000)
