"""The facts of cases: people, projects with their label schema, DICOM studies, the audit trail."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from apps.base import AppendOnlyModel, BaseModel


class Role(models.TextChoices):
    """What a member may be in a project."""

    RADIOLOGIST = "radiologist", _("Radiologist")
    ANNOTATOR = "annotator", _("Annotator")
    ARBITRATOR = "arbitrator", _("Arbitrator")
    ADMIN = "admin", _("Administrator")


class User(AbstractUser, BaseModel):
    """A person with an account; what they may do is in their memberships, nowhere else."""

    class Language(models.TextChoices):
        """Languages of the interface."""

        ENGLISH = "en", "English"
        CHINESE = "zh-hans", "简体中文"

    display_name = models.CharField(max_length=128, blank=True)
    language = models.CharField(max_length=8, choices=Language.choices, default=Language.ENGLISH)
    draft_key = models.CharField(
        max_length=64, blank=True, help_text="Encrypts this person's drafts in their browser"
    )
    login_epoch = models.PositiveIntegerField(default=0, help_text="Raised to end every session")

    class Meta(AbstractUser.Meta):
        constraints = [
            # The login looks names up in any case: two accounts must not answer to one name.
            models.UniqueConstraint(Lower("username"), name="username_once_in_any_case")
        ]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Tie sessions to the password *and* the epoch: raising it logs a person out everywhere."""
        value = f"{self.password}:{self.login_epoch}"
        return salted_hmac(
            "cases.User.session", value, secret=secret, algorithm="sha256"
        ).hexdigest()


class Project(BaseModel):
    """A label schema, its members and a reading policy."""

    code = models.SlugField(max_length=64, unique=True)
    name_en = models.CharField(max_length=128)
    name_zh = models.CharField(max_length=128)
    auto_classify = models.BooleanField(
        default=True, help_text="Classify studies when they arrive."
    )
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.code


class ReadingPolicy(AppendOnlyModel):
    """One version of how a project reads; the newest version is in force."""

    class AiDisplay(models.TextChoices):
        """When AI output may be seen by a reviewer."""

        FROM_START = "from_start", _("From the start")
        ON_REQUEST = "on_request", _("On request")
        AFTER_FIRST_IMPRESSION = "after_first_impression", _("After the first impression")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="policies")
    version = models.PositiveIntegerField()
    ai_display = models.CharField(
        max_length=32, choices=AiDisplay.choices, default=AiDisplay.FROM_START
    )
    second_signature = models.BooleanField(
        default=False, help_text="A second radiologist must sign before a review counts"
    )
    reason = models.CharField(max_length=500, blank=True)
    author = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "version"], name="policy_version_once")
        ]


class Membership(BaseModel):
    """One role of one person in one project."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "project", "role"], name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]


class Finding(BaseModel):
    """One label of a project's schema."""

    class Kind(models.TextChoices):
        """How a finding is answered."""

        BINARY = "binary", _("Present or absent")
        GRADED = "graded", _("Graded")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="findings")
    code = models.SlugField(max_length=64)
    name_en = models.CharField(max_length=128)
    name_zh = models.CharField(max_length=128)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.BINARY)
    grades = models.JSONField(default=list, blank=True)
    needs_roi = models.BooleanField(default=False)
    minimum_size_mm = models.FloatField(null=True, blank=True)
    is_urgent = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "code"]
        constraints = [
            models.UniqueConstraint(fields=["project", "code"], name="finding_code_once"),
            models.CheckConstraint(
                condition=Q(minimum_size_mm__isnull=True) | Q(minimum_size_mm__gt=0),
                name="finding_minimum_size_positive",
            ),
        ]


class Patient(BaseModel):
    """A patient as the DICOM headers name one (PS3.3 C.7.1.1).

    One row for each set of identifying facts: two people to whom two hospitals gave the same
    Patient ID must never share a name, and a file without a Patient ID names nobody else's patient.
    """

    identity_sha256 = models.CharField(
        max_length=64, unique=True, help_text="Of Patient ID, issuer, folded name, birth date, sex"
    )
    patient_id = models.CharField(max_length=64, db_index=True)
    issuer_of_patient_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=324, blank=True, help_text="PN, component groups kept")
    name_flag = models.CharField(
        max_length=24, blank=True, help_text="Why the name may be wrong, e.g. charset_guessed"
    )
    name_search = models.CharField(
        max_length=1000, blank=True, help_text="Folded name, 汉字 and pinyin, for search"
    )
    sex = models.CharField(max_length=16, blank=True)
    birth_date = models.DateField(null=True)


class Study(BaseModel):
    """A DICOM study (PS3.3 C.7.2.1)."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="studies")
    study_instance_uid = models.CharField(max_length=64, unique=True)
    study_date = models.DateField(null=True, db_index=True)
    study_time = models.TimeField(null=True)
    description = models.CharField(max_length=255, blank=True)
    accession_number = models.CharField(max_length=64, blank=True)
    referring_physician_name = models.CharField(max_length=324, blank=True)
    indication = models.TextField(blank=True)
    patient_age = models.CharField(max_length=8, blank=True)


class Series(BaseModel):
    """A DICOM series (PS3.3 C.7.3.1)."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="series")
    series_instance_uid = models.CharField(max_length=64, unique=True)
    series_number = models.IntegerField(null=True)
    modality = models.CharField(max_length=16, blank=True)
    description = models.CharField(max_length=255, blank=True)
    body_part_examined = models.CharField(max_length=64, blank=True)
    laterality = models.CharField(max_length=16, blank=True)

    class Meta:
        ordering = ["series_number", "series_instance_uid"]


class Instance(BaseModel):
    """A stored SOP instance: where its bytes are and what the viewer and the models need of it."""

    class SpacingKind(models.TextChoices):
        """What a pixel distance in mm means."""

        PATIENT = "patient", _("In the patient")
        PROJECTED = "projected", _("Projected")
        NONE = "none", _("Not evaluable")

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="instances")
    sop_instance_uid = models.CharField(max_length=64, unique=True)
    sop_class_uid = models.CharField(max_length=64)
    instance_number = models.IntegerField(null=True)
    transfer_syntax_uid = models.CharField(max_length=64, help_text="Of the rendition")
    view_position = models.CharField(max_length=16, blank=True)
    rows = models.PositiveIntegerField(null=True)
    columns = models.PositiveIntegerField(null=True)
    number_of_frames = models.PositiveIntegerField(default=1)
    row_spacing_mm = models.FloatField(null=True)
    column_spacing_mm = models.FloatField(null=True)
    spacing_kind = models.CharField(
        max_length=12, choices=SpacingKind.choices, default=SpacingKind.NONE
    )
    has_pixels = models.BooleanField(default=False)
    is_classifiable = models.BooleanField(default=False)
    source_sha256 = models.CharField(max_length=64, help_text="Of the bytes as they arrived")
    stored_sha256 = models.CharField(max_length=64, help_text="As received, preamble zeroed")
    rendition_sha256 = models.CharField(max_length=64, help_text="What viewer and models decode")
    thumbnail_sha256 = models.CharField(max_length=64, blank=True)
    metadata = models.JSONField(help_text="DICOM JSON model (PS3.18 F.2) without bulk data")
    frame_ranges = models.JSONField(help_text="Per frame, [offset, length] pieces of the rendition")
    acquisition = models.JSONField(default=dict, help_text="Acquisition facts shown to a reader")

    class Meta:
        ordering = ["instance_number", "sop_instance_uid"]


class Case(BaseModel):
    """One study to be read in one project.

    `instances` are those that arrived for this project: naming a Study Instance UID in an upload
    must not open the images that another project has of that study.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="cases")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="cases")
    instances = models.ManyToManyField(Instance, through="CaseInstance", related_name="cases")
    random_order = models.FloatField(help_text="Drawn once: the fair place among equals")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "study"], name="case_study_once_a_project")
        ]
        indexes = [models.Index(fields=["project", "created_at"], name="case_project_arrival")]


class CaseInstance(BaseModel):
    """An instance that arrived for a case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="links")
    instance = models.ForeignKey(Instance, on_delete=models.PROTECT, related_name="links")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "instance"], name="case_instance_once")
        ]


class Assignment(BaseModel):
    """Who reads which case in which role, and what has been shown to them and when."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="assignments")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=16, choices=Role.choices)
    opened_at = models.DateTimeField(null=True)
    ai_revealed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(
        null=True, help_text="From then on a blinded reading keeps nothing from this person"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "user", "role"], name="assignment_once")
        ]


class IngestFailure(BaseModel):
    """A file that was not taken in, and why: the inbox that the admin works through."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=255)
    code = models.CharField(max_length=64)
    params = models.JSONField(default=dict)
    source_sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    sop_instance_uid = models.CharField(max_length=64, blank=True)
    uploaded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    last_seen_at = models.DateTimeField(auto_now=True)
    seen_count = models.PositiveIntegerField(default=1)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    resolution = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "source_sha256", "code"], name="ingest_failure_once"
            )
        ]
        indexes = [models.Index(fields=["project", "created_at"], name="ingest_failure_arrival")]


class ImageAccess(AppendOnlyModel):
    """A study was looked at in a login: one row per user, study, kind and login."""

    class Kind(models.TextChoices):
        """A thumbnail in a list says less than an opened study."""

        THUMBNAIL = "thumbnail", _("Thumbnail in a list")
        IMAGES = "images", _("Headers or images")

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.IMAGES)
    login_sha256 = models.CharField(max_length=64, help_text="Hash of the session's key")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "study", "kind", "login_sha256"], name="image_access_once_a_login"
            )
        ]


class AuditEvent(AppendOnlyModel):
    """One act of one actor on one thing, written in the transaction of the act.

    `id` is random; the order of the chain is fixed later by the sealer in AuditSeal, so that the
    act itself never waits for a shared row.
    """

    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=64)
    target_type = models.CharField(max_length=32)
    target_id = models.CharField(max_length=64)
    project = models.ForeignKey(Project, null=True, on_delete=models.PROTECT, related_name="+")
    detail = models.JSONField(default=dict, help_text="Never a name, a number of a patient or text")

    class Meta:
        indexes = [
            models.Index(fields=["target_type", "target_id"], name="audit_target"),
            models.Index(fields=["project", "created_at"], name="audit_project_time"),
            models.Index(fields=["actor", "created_at"], name="audit_actor_time"),
        ]


class AuditSeal(AppendOnlyModel):
    """A link of the audit chain: sha256 over the previous link and the sealed event."""

    sequence = models.PositiveBigIntegerField(unique=True)
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="seal")
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)


class IdempotencyKey(AppendOnlyModel):
    """A repeated request with this key gets the first answer; with another body, an error."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    route = models.CharField(max_length=64)
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]


# The models of the room `people`, gathered where Django looks for them.
from apps.cases.people.models import Exposure, Invitation, PasswordReset  # noqa: E402, F401
