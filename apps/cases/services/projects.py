"""How do projects, their label schema and their reading policy come to be, and change?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from apps.cases.access import policy_of, projects_administered_by
from apps.cases.models import Finding, Project, ReadingPolicy, Role, User
from apps.cases.services.audit import audit_record
from apps.cases.services.members import member_add
from apps.errors import Conflict, Invalid, NotFound


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
    second_signature: bool = False,
    actor: User | None = None,
) -> Project:
    """Make a project with its label schema and the first version of its reading policy."""
    with transaction.atomic():
        project = Project.objects.create(
            code=code, name_en=name_en, name_zh=name_zh, auto_classify=auto_classify
        )
        Finding.objects.bulk_create(
            Finding(project=project, position=position, **asdict(draft))
            for position, draft in enumerate(findings)
        )
        ReadingPolicy.objects.create(
            project=project,
            version=1,
            ai_display=ai_display,
            second_signature=second_signature,
            author=actor,
        )
        audit_record(actor=actor, action="project.created", target=project, project=project)
    return project


def project_create_by(admin: User, *, code: str, **facts: Any) -> Project:
    """Make a project of which the person is the first admin; `facts` are those of `project_create`.

    Raises
    ------
    Invalid : the code is taken
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                project = project_create(code, actor=admin, **facts)
        except IntegrityError as error:
            raise _code_taken("A project has this code already.") from error
        member_add(project, user=admin, role=Role.ADMIN, actor=admin)
    return project


def project_edit(project: Project, *, changes: Mapping[str, Any], actor: User) -> Project:
    """Change names, `auto_classify` or `is_active`; what is as it was is not recorded.

    Raises
    ------
    Conflict : the admin would be left without an active project, and so without these screens
    """
    if changes.get("is_active") is False:
        others = projects_administered_by(actor).filter(is_active=True).exclude(pk=project.pk)
        if not others.exists():
            raise Conflict(
                "This is the only active project that you administer. Make another one first.",
                code="only_active_project",
            )
    _edit(project, changes=changes, action="project.changed", project=project, actor=actor)
    return project


def policy_add(
    project: Project,
    *,
    after_version: int,
    ai_display: ReadingPolicy.AiDisplay,
    second_signature: bool,
    reason: str,
    actor: User,
) -> ReadingPolicy:
    """Put a new version of the reading policy in force; the earlier ones stay on record.

    Parameters
    ----------
    after_version : the version that the admin saw and meant to replace

    Raises
    ------
    Conflict : another version is in force by now, or the new one would say the same
    """
    policy = policy_of(project)
    changed = Conflict(
        "Somebody else has changed the reading policy. Look at it again.", code="policy_changed"
    )
    if policy.version != after_version:
        raise changed
    if (policy.ai_display, policy.second_signature) == (ai_display, second_signature):
        raise Conflict("The reading policy says this already.", code="policy_unchanged")
    try:
        with transaction.atomic():
            policy = ReadingPolicy.objects.create(
                project=project,
                version=after_version + 1,
                ai_display=ai_display,
                second_signature=second_signature,
                reason=reason,
                author=actor,
            )
            audit_record(
                actor=actor,
                action="policy.added",
                target=policy,
                project=project,
                detail={
                    "version": policy.version,
                    "ai_display": str(ai_display),
                    "second_signature": second_signature,
                },
            )
    except IntegrityError as error:
        raise changed from error
    return policy


def finding_add(project: Project, *, draft: FindingDraft, actor: User) -> Finding:
    """Add a label at the end of the schema; its code is for ever.

    Raises
    ------
    Invalid : the project has a finding with this code
    """
    last = project.findings.aggregate(last=Max("position"))["last"]
    try:
        with transaction.atomic():
            finding = Finding.objects.create(
                project=project, position=0 if last is None else last + 1, **asdict(draft)
            )
            audit_record(
                actor=actor,
                action="finding.added",
                target=finding,
                project=project,
                detail={"code": finding.code},
            )
    except IntegrityError as error:
        raise _code_taken("The project has a finding with this code already.") from error
    return finding


def finding_edit(
    finding_id: UUID, *, project: Project, changes: Mapping[str, Any], actor: User
) -> Finding:
    """Change names, urgency or minimum size, never the code: old labels stay what they are.

    Raises
    ------
    NotFound : the project has no such finding
    """
    finding = Finding.objects.filter(pk=finding_id, project=project).first()
    if finding is None:
        raise NotFound
    _edit(finding, changes=changes, action="finding.changed", project=project, actor=actor)
    return finding


def _edit(
    row: Project | Finding,
    *,
    changes: Mapping[str, Any],
    action: str,
    project: Project,
    actor: User,
) -> None:
    """Write what differs, with the old and the new values on record."""
    before = {name: getattr(row, name) for name in changes}
    differing = {name: value for name, value in changes.items() if value != before[name]}
    if not differing:
        return
    for name, value in differing.items():
        setattr(row, name, value)
    with transaction.atomic():
        row.save(update_fields=list(differing))
        audit_record(
            actor=actor,
            action=action,
            target=row,
            project=project,
            detail={name: [before[name], value] for name, value in differing.items()},
        )


def _code_taken(words: str) -> Invalid:
    return Invalid(
        words, code="code_taken", fields={"code": [words]}, params={"codes": {"code": ["taken"]}}
    )
