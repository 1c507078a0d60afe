"""How does a person who forgot the password get in again? With a link from their administrator.

No mail leaves a machine that has no mail server: the admin hands the link over. Until it is used
the old password works, so that making a link shuts nobody out.
"""

from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from apps.cases.access import accounts_managed_by
from apps.cases.models import User
from apps.cases.people.models import PasswordReset
from apps.cases.services.accounts import account_manage_check, password_check
from apps.cases.services.audit import audit_record
from apps.cases.services.one_time_links import LinkUnusable, token_new, token_sha256
from apps.errors import Conflict

RESET_LIFE: Final = timedelta(hours=24)


def password_reset_create(user: User, *, actor: User | None) -> tuple[PasswordReset, str]:
    """Make a link; links made before stop working. `actor` None: the server's command line.

    Raises
    ------
    Forbidden : not this admin's account to reset
    Conflict : the account is switched off, or another admin makes a link at this very moment
    """
    if actor is not None:
        account_manage_check(user, actor=actor)
    if not user.is_active:
        raise Conflict("The account is switched off. Switch it on first.", code="account_off")
    token = token_new()
    try:
        with transaction.atomic():
            _open_resets(user).update(revoked_at=timezone.now())
            reset = PasswordReset.objects.create(
                user=user,
                token_sha256=token_sha256(token),
                created_by=actor,
                expires_at=timezone.now() + RESET_LIFE,
            )
            audit_record(actor=actor, action="password.reset_offered", target=user, project=None)
    except IntegrityError as error:
        raise Conflict("Somebody else makes a link at this moment. Look again.") from error
    return reset, token


def password_reset_open(token: str) -> PasswordReset:
    """Find the reset that a token opens now, without using it.

    Whoever made it must still be allowed to: an admin who has lost that right, or a person who has
    joined another project since, makes the link worthless.

    Raises
    ------
    LinkUnusable : used, expired, replaced, not allowed any more, or never made
    """
    reset = (
        PasswordReset.objects.filter(
            token_sha256=token_sha256(token),
            used_at__isnull=True,
            revoked_at__isnull=True,
            expires_at__gt=timezone.now(),
            user__is_active=True,
        )
        .select_related("user", "created_by")
        .first()
    )
    if reset is None or not _is_still_allowed(reset):
        raise LinkUnusable
    return reset


def password_reset_use(token: str, *, password: str) -> User:
    """Set the new password and end every session of the person, once.

    Raises
    ------
    LinkUnusable : see `password_reset_open`
    Invalid : the password is weak; the link still works
    """
    with transaction.atomic():
        reset = password_reset_open(token)
        claimed = PasswordReset.objects.filter(
            pk=reset.pk, used_at__isnull=True, revoked_at__isnull=True
        ).update(used_at=timezone.now())
        if not claimed:
            raise LinkUnusable
        user = reset.user
        password_check(password, user)
        user.set_password(password)
        User.objects.filter(pk=user.pk).update(
            password=user.password, login_epoch=F("login_epoch") + 1
        )
        # Nobody is logged in: who made the link is on record, and whom it was handed to is theirs.
        audit_record(
            actor=None,
            action="password.reset",
            target=user,
            project=None,
            detail={"offered_by": str(reset.created_by_id or "")},
        )
    return user


def _open_resets(user: User) -> QuerySet[PasswordReset]:
    return PasswordReset.objects.filter(user=user, used_at__isnull=True, revoked_at__isnull=True)


def _is_still_allowed(reset: PasswordReset) -> bool:
    maker = reset.created_by
    if maker is None:
        return True
    return maker.is_active and accounts_managed_by(maker).filter(pk=reset.user_id).exists()
