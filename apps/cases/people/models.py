"""The facts of people: one-time links, and what each has ever been able to learn of cases."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.base import AppendOnlyModel, BaseModel


class Invitation(BaseModel):
    """A link with which one person joins a project once; its token is kept only as a hash."""

    project = models.ForeignKey("cases.Project", on_delete=models.PROTECT, related_name="+")
    roles = models.JSONField(help_text="Values of Role")
    display_name = models.CharField(max_length=128, blank=True, help_text="Whom it is for")
    note = models.CharField(max_length=500, blank=True, help_text="For the admins' own use")
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey("cases.User", null=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(revoked_at__isnull=True),
                name="invitation_ends_once",
            )
        ]
        indexes = [models.Index(fields=["project", "created_at"], name="invitation_project")]


class PasswordReset(BaseModel):
    """A link with which one person sets a new password once; a newer one replaces it."""

    user = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(
        "cases.User",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="None: made on the server's command line",
    )
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(used_at__isnull=True, revoked_at__isnull=True),
                name="password_reset_open_once",
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(revoked_at__isnull=True),
                name="password_reset_ends_once",
            ),
        ]


class Exposure(AppendOnlyModel):
    """What a person has been able to learn of a case, or of all cases of a project, since when.

    A ledger, not a flag: a role that was taken away again stays in it, and so does everything that
    was shown once. Whoever stands here for a case can never be asked to read it blinded.
    """

    class Kind(models.TextChoices):
        """By which door."""

        PROJECT_ROLE = "project_role", _("A role that sees AI output and signed reviews")
        READS_REVEALED = "reads_revealed", _("Other readers' reads, as arbitrator")
        GOLD_AUTHOR = "gold_author", _("Wrote the known answer")
        RESULT_SEEN = "result_seen", _("The consensus, after its release")

    user = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    project = models.ForeignKey(
        "cases.Project", null=True, on_delete=models.PROTECT, related_name="+"
    )
    case = models.ForeignKey("cases.Case", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "case"],
                condition=Q(case__isnull=False),
                name="exposure_once_a_case",
            ),
            models.UniqueConstraint(
                fields=["user", "kind", "project"],
                condition=Q(case__isnull=True),
                name="exposure_once_a_project",
            ),
            models.CheckConstraint(
                condition=Q(kind="project_role", project__isnull=False, case__isnull=True)
                | ~Q(kind="project_role") & Q(case__isnull=False),
                name="exposure_of_case_or_project",
            ),
        ]
