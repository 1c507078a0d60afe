"""What a project's admins see of it: its settings, its schema, and the history of its policy."""

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from apps.cases.access import policy_of, projects_administered_by
from apps.cases.models import Case, Finding, Membership, Project, ReadingPolicy, User
from apps.cases.selectors import finding_facts, name_of


def projects_overview(admin: User) -> list[dict[str, Any]]:
    """Describe the projects that a person administers, also those that are switched off."""
    projects = (
        projects_administered_by(admin)
        .prefetch_related("policies")
        .annotate(
            cases_count=_count(Case.objects.filter(project=OuterRef("pk")), "pk"),
            members_count=_count(Membership.objects.filter(project=OuterRef("pk")), "user"),
            findings_count=_count(Finding.objects.filter(project=OuterRef("pk")), "pk"),
        )
        .order_by("code")
    )
    return [
        {
            **_facts(project),
            "policy": policy_facts(policy_of(project)),
            "cases": project.cases_count,
            "members": project.members_count,
            "findings": project.findings_count,
            "created_at": project.created_at,
        }
        for project in projects
    ]


def project_settings(project: Project) -> dict[str, Any]:
    """Describe a project with its schema and every version of its policy, the newest first."""
    policies = project.policies.select_related("author").order_by("-version")
    return {
        **_facts(project),
        "findings": [
            {"id": finding.pk, **finding_facts(finding)} for finding in project.findings.all()
        ],
        "policies": [
            {
                **policy_facts(policy),
                "reason": policy.reason,
                "author": name_of(policy.author),
                "created_at": policy.created_at,
            }
            for policy in policies
        ],
    }


def policy_facts(policy: ReadingPolicy) -> dict[str, Any]:
    """Describe what one version of a policy says."""
    return {
        "version": policy.version,
        "ai_display": policy.ai_display,
        "second_signature": policy.second_signature,
    }


def _facts(project: Project) -> dict[str, Any]:
    return {
        "id": project.pk,
        "code": project.code,
        "name_en": project.name_en,
        "name_zh": project.name_zh,
        "auto_classify": project.auto_classify,
        "is_active": project.is_active,
    }


def _count(rows: QuerySet[Any], field: str) -> Coalesce:
    """Count different values of a field, per project; a join would multiply the counts."""
    counted = rows.order_by().values("project").annotate(n=Count(field, distinct=True)).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))
