"""The facts of one-time links: who may join with one, whose password one sets, who gave it."""

from django.db import models
from django.db.models import Q

from apps.base import BaseModel


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
