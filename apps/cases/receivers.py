"""What Django tells of logins, written to the audit trail."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from apps.cases.models import User
from apps.cases.services.audit import audit_record


@receiver(user_logged_in, dispatch_uid="cases.audit_login")
def audit_login(*, user: User, **_: Any) -> None:
    """Record a login."""
    audit_record(actor=user, action="user.logged_in", target=user, project=None)


@receiver(user_logged_out, dispatch_uid="cases.audit_logout")
def audit_logout(*, user: User | None, **_: Any) -> None:
    """Record a logout; nothing to record where the session had ended already."""
    if user is not None:
        audit_record(actor=user, action="user.logged_out", target=user, project=None)


@receiver(user_login_failed, dispatch_uid="cases.audit_failed_login")
def audit_failed_login(*, credentials: dict[str, Any], **_: Any) -> None:
    """Record a failed login on the account it was for; never what was typed instead of one."""
    target = User.objects.filter(username=credentials.get("username", "")).first()
    audit_record(actor=None, action="user.login_failed", target=target, project=None)
