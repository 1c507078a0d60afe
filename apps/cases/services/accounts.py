"""How do accounts come to be, and get switched off and on? What of them is their person's own?"""

import secrets
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from apps.cases.access import accounts_managed_by
from apps.cases.models import Project, Role, User
from apps.cases.selectors import other_admins_of
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, Forbidden, Invalid

DRAFT_KEY_BYTES: Final = 32  # AES-256


def user_create(
    username: str,
    *,
    password: str,
    display_name: str = "",
    language: User.Language = User.Language.ENGLISH,
    actor: User | None = None,
) -> User:
    """Make an account; what it may do comes with `member_add`. Without an actor: their own act.

    Raises
    ------
    Invalid : the name cannot be used or is taken (in any case), or the password is weak
    """
    user = User(
        username=User.normalize_username(username), display_name=display_name, language=language
    )
    _username_check(user)
    password_check(password, user)
    user.set_password(password)
    with transaction.atomic():
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError as error:  # somebody took the name at this very moment
            raise _username_taken() from error
        audit_record(actor=actor, action="user.created", target=user, project=None)
    return user


def password_check(password: str, user: User) -> None:
    """Refuse a weak password.

    Raises
    ------
    Invalid : why, in words and as codes
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        first = error.error_list[0]
        raise Invalid(
            "The password is weak.",
            code="weak_password",
            fields={"password": error.messages},
            params={"codes": {"password": [str(first.code)]}, **(first.params or {})},
        ) from error


def account_manage_check(user: User, *, actor: User) -> None:
    """Refuse an admin who does not administer all of a person's projects (access says why).

    Raises
    ------
    Forbidden : the person is a member of a project that this admin does not administer
    """
    if not accounts_managed_by(actor).filter(pk=user.pk).exists():
        raise Forbidden(
            "This person also belongs to projects that you do not administer. Ask somebody who"
            " administers all of them, or whoever runs the server.",
            code="account_of_other_projects",
        )


def account_deactivate(user: User, *, actor: User) -> None:
    """Switch an account off and end its sessions; doing it twice changes nothing.

    Raises
    ------
    Forbidden : not this admin's to switch off
    Conflict : one's own account, or a project would be left without an active admin
    """
    account_manage_check(user, actor=actor)
    if user.pk == actor.pk:
        raise Conflict("You cannot switch off your own account.", code="own_account")
    with transaction.atomic():
        for project in administrators_lock(user):
            if not other_admins_of(project, user).exists():
                raise last_admin()
        changed = User.objects.filter(pk=user.pk, is_active=True).update(
            is_active=False, login_epoch=F("login_epoch") + 1
        )
        if changed:
            audit_record(actor=actor, action="user.deactivated", target=user, project=None)


def account_activate(user: User, *, actor: User) -> None:
    """Switch an account on again; old sessions stay ended. Doing it twice changes nothing.

    Raises
    ------
    Forbidden : not this admin's to switch on
    """
    account_manage_check(user, actor=actor)
    with transaction.atomic():
        if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
            audit_record(actor=actor, action="user.activated", target=user, project=None)


def language_set(user: User, language: User.Language) -> User:
    """Remember in which language a person wants the interface."""
    User.objects.filter(pk=user.pk).update(language=language)
    user.language = language
    return user


def draft_key_of(user: User) -> str:
    """Give the key with which this person's browsers encrypt unsaved drafts; made at first need.

    It is the person's, not the session's: after the next login the same workstation can read what
    a crash left behind, and nobody else can.
    """
    made = secrets.token_urlsafe(DRAFT_KEY_BYTES)
    User.objects.filter(pk=user.pk, draft_key="").update(draft_key=made)
    key: str = User.objects.values_list("draft_key", flat=True).get(pk=user.pk)
    return key


def administrators_lock(user: User) -> list[Project]:
    """Lock the projects of which a person is admin, so that two admins cannot remove each other.

    Call it inside a transaction, before counting admins. SQLite's transactions exclude each other
    from their start (IMMEDIATE); PostgreSQL locks the rows, in one order, so that none wait in a
    ring.
    """
    projects = Project.objects.filter(memberships__user=user, memberships__role=Role.ADMIN)
    return list(Project.objects.select_for_update().filter(pk__in=projects).order_by("pk"))


def last_admin() -> Conflict:
    """Give the refusal to leave a project without anybody who administers it."""
    return Conflict(
        "This is the project's last active administrator. Make somebody else one first.",
        code="last_admin",
    )


def _username_check(user: User) -> None:
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        codes = {name: [str(one.code) for one in each] for name, each in error.error_dict.items()}
        raise Invalid(
            "The user name cannot be used.", fields=error.message_dict, params={"codes": codes}
        ) from error
    if User.objects.filter(username__iexact=user.username).exists():
        raise _username_taken()


def _username_taken() -> Invalid:
    return Invalid(
        "The user name is taken.",
        code="username_taken",
        fields={"username": ["Somebody has this user name already."]},
        params={"codes": {"username": ["username_taken"]}},
    )
