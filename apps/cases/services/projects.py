"""How do projects, their label schema, policy, members and accounts come to be?"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from apps.cases.models import Finding, Membership, Project, ReadingPolicy, Role, User
from apps.cases.services.audit import audit_record
from apps.errors import Invalid

DRAFT_KEY_BYTES: Final = 32  # AES-256


@dataclass(frozen=True, kw_only=True)
class FindingDraft:
    """One label of a new schema."""

    code: str
    name_en: str
    name_zh: str
    kind: Finding.Kind = Finding.Kind.BINARY
    grades: Sequence[str] = field(default_factory=list)
    needs_roi: bool = False
    minimum_size_mm: float | None = None
    is_urgent: bool = False


def project_create(
    code: str,
    *,
    name_en: str,
    name_zh: str,
    findings: Sequence[FindingDraft],
    auto_classify: bool = True,
    ai_display: ReadingPolicy.AiDisplay = ReadingPolicy.AiDisplay.FROM_START,
    actor: User | None = None,
) -> Project:
    """Make a project with its label schema and the first version of its reading policy."""
    with transaction.atomic():
        project = Project.objects.create(
            code=code, name_en=name_en, name_zh=name_zh, auto_classify=auto_classify
        )
        Finding.objects.bulk_create(
            Finding(
                project=project,
                code=draft.code,
                name_en=draft.name_en,
                name_zh=draft.name_zh,
                kind=draft.kind,
                grades=list(draft.grades),
                needs_roi=draft.needs_roi,
                minimum_size_mm=draft.minimum_size_mm,
                is_urgent=draft.is_urgent,
                position=position,
            )
            for position, draft in enumerate(findings)
        )
        ReadingPolicy.objects.create(
            project=project, version=1, ai_display=ai_display, author=actor
        )
        audit_record(actor=actor, action="project.created", target=project, project=project)
    return project


def user_create(
    username: str,
    *,
    password: str,
    display_name: str = "",
    language: User.Language = User.Language.ENGLISH,
    actor: User | None = None,
) -> User:
    """Make an account; what it may do comes with `member_add`.

    Raises
    ------
    Invalid : the password is weak
    """
    user = User(username=username, display_name=display_name, language=language)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(
            "The password is weak.", code="weak_password", fields={"password": error.messages}
        ) from error
    user.set_password(password)
    with transaction.atomic():
        user.save(force_insert=True)
        audit_record(actor=actor, action="user.created", target=user, project=None)
    return user


def member_add(
    project: Project, *, user: User, role: Role, actor: User | None = None
) -> Membership:
    """Give a person a role in a project; giving it twice changes nothing."""
    with transaction.atomic():
        membership, is_new = Membership.objects.get_or_create(project=project, user=user, role=role)
        if is_new:
            audit_record(
                actor=actor,
                action="member.added",
                target=user,
                project=project,
                detail={"role": str(role)},
            )
    return membership


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
