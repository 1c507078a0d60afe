"""What is read of people, projects, the inbox and instances, in a fixed number of queries."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet

from apps.cases.access import instances_visible_to, policy_of, projects_visible_to
from apps.cases.compute.refusals import REFUSAL_CODES, Refused
from apps.cases.models import (
    Finding,
    IngestFailure,
    Instance,
    Membership,
    Project,
    Role,
    Study,
    User,
)
from apps.errors import NotFound

# Verdicts on a file that the ingest service gives itself; the gate's own are in REFUSAL_CODES.
CONFLICT_MESSAGES = {
    "other_bytes": "Another file with the same SOP Instance UID is stored already.",
    "other_patient": "The study is stored already and belongs to another patient.",
    "other_study": "The series is stored already and belongs to another study.",
    "other_series": "The instance is stored already and belongs to another series.",
}


def name_of(user: User | None) -> str:
    """Give the name by which screens call a person; nothing for nobody."""
    return (user.display_name or user.username) if user else ""


def project_facts(project: Project) -> dict[str, Any]:
    """Describe a project with its label schema and the reading policy in force."""
    policy = policy_of(project)
    return {
        "id": project.pk,
        "code": project.code,
        "name_en": project.name_en,
        "name_zh": project.name_zh,
        "auto_classify": project.auto_classify,
        "policy": {"version": policy.version, "ai_display": policy.ai_display},
        "findings": [finding_facts(finding) for finding in project.findings.all()],
    }


def finding_facts(finding: Finding) -> dict[str, Any]:
    """Describe one label of a project's schema."""
    return {
        "code": finding.code,
        "name_en": finding.name_en,
        "name_zh": finding.name_zh,
        "kind": finding.kind,
        "grades": finding.grades,
        "needs_roi": finding.needs_roi,
        "minimum_size_mm": finding.minimum_size_mm,
        "is_urgent": finding.is_urgent,
        "position": finding.position,
    }


def projects_of(user: User) -> QuerySet[Project]:
    """Select the projects of a person with what `project_facts` needs, ordered by code."""
    return projects_visible_to(user).prefetch_related("findings", "policies").order_by("code")


def memberships_of(user: User) -> list[dict[str, Any]]:
    """List the projects of a person with their roles in each."""
    own = Prefetch(
        "memberships", Membership.objects.filter(user=user).order_by("role"), to_attr="own"
    )
    return [
        {
            "project": project_facts(project),
            "roles": [Role(held.role) for held in project.own],
        }
        for project in projects_of(user).prefetch_related(own)
    ]


def other_admins_of(project: Project, user: User) -> QuerySet[Membership]:
    """Select a project's admins who can act: active, and not this person."""
    admins = Membership.objects.filter(project=project, role=Role.ADMIN, user__is_active=True)
    return admins.exclude(user=user)


@dataclass(frozen=True)
class IngestFailurePage:
    """One page of the inbox and how many rows it has in all."""

    count: int
    rows: list[IngestFailure]


def ingest_failures_page(
    project: Project, *, is_open: bool | None, offset: int, limit: int
) -> IngestFailurePage:
    """Select files that were not taken in, newest first; open ones, resolved ones or (None) all."""
    failures = IngestFailure.objects.filter(project=project)
    if is_open is not None:
        failures = failures.filter(resolved_at__isnull=is_open)
    page = failures.select_related("uploaded_by").order_by("-last_seen_at", "pk")
    return IngestFailurePage(failures.count(), list(page[offset : offset + limit]))


def verdict_message(code: str, params: dict[str, Any]) -> str:
    """Say in English why a file was not taken in."""
    if code in REFUSAL_CODES:
        return Refused(code, params).message
    return CONFLICT_MESSAGES[code]


def instances_of_study(
    user: User, *, study_instance_uid: str, series_instance_uid: str = ""
) -> list[Instance]:
    """List the instances of a study or series that this person may see, in reading order.

    Raises
    ------
    NotFound : none
    """
    instances = instances_visible_to(user).filter(
        series__study__study_instance_uid=study_instance_uid
    )
    if series_instance_uid:
        instances = instances.filter(series__series_instance_uid=series_instance_uid)
    found = list(
        instances.select_related("series__study__patient")
        .defer("frame_ranges")
        .order_by("series__series_number", "series_id", "instance_number", "sop_instance_uid")
    )
    if not found:
        raise NotFound
    return found


def instance_at(
    *, study_instance_uid: str, series_instance_uid: str, sop_instance_uid: str
) -> Instance:
    """Give the instance that lies where a path says.

    Whether the person may see it was decided by access's relation "study" for the very same path;
    asking again would double the cost of every frame.

    Raises
    ------
    NotFound : no such instance there
    """
    instance = (
        Instance.objects.filter(
            series__study__study_instance_uid=study_instance_uid,
            series__series_instance_uid=series_instance_uid,
            sop_instance_uid=sop_instance_uid,
        )
        .select_related("series__study__patient")
        .defer("metadata", "acquisition")  # megabytes in a large stack, and frames need neither
        .first()
    )
    if instance is None:
        raise NotFound
    return instance


def age_at_study(study: Study) -> str:
    """Give the patient's age as DICOM's AS, e.g. 063Y: as sent, else completed years at the study.

    Empty when a date is missing.
    """
    if study.patient_age:
        return study.patient_age
    birth, taken = study.patient.birth_date, study.study_date
    if birth is None or taken is None or taken < birth:
        return ""
    years = taken.year - birth.year - ((taken.month, taken.day) < (birth.month, birth.day))
    return f"{years:03d}Y"
