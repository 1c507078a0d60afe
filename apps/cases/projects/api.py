"""HTTP of projects as their admins see them: settings, label schema, reading policy."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import person
from apps.cases.models import Finding, Project, ReadingPolicy
from apps.cases.projects import serializers
from apps.cases.projects.selectors import project_settings, projects_overview
from apps.cases.services.projects import (
    FindingDraft,
    finding_add,
    finding_edit,
    policy_add,
    project_edit,
)


class AdministeredProjectsView(APIView):
    """The projects that a person administers."""

    @extend_schema(
        operation_id="projects_administered", responses=serializers.AdministeredProjectsSerializer
    )
    def get(self, request: Request) -> Response:
        """List them, also those that are switched off."""
        body = {"rows": projects_overview(person(request))}
        return Response(serializers.AdministeredProjectsSerializer(body).data)


class ProjectSettingsView(APIView):
    """The settings of one project."""

    @extend_schema(operation_id="project_settings", responses=serializers.ProjectSettingsSerializer)
    def get(self, request: Request, project_id: UUID) -> Response:
        """Give the project with its schema and the history of its policy."""
        return Response(_settings(project_id))

    @extend_schema(
        operation_id="project_edit",
        request=serializers.ProjectEditSerializer,
        responses=serializers.ProjectSettingsSerializer,
    )
    def patch(self, request: Request, project_id: UUID) -> Response:
        """Change names, whether studies are classified on arrival, or whether it is in use."""
        sent = serializers.ProjectEditSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        project = Project.objects.get(pk=project_id)
        project_edit(project, changes=sent.validated_data, actor=person(request))
        return Response(_settings(project_id))


class PoliciesView(APIView):
    """The versions of a project's reading policy."""

    @extend_schema(
        operation_id="policy_add",
        request=serializers.PolicyAddSerializer,
        responses={201: serializers.ProjectSettingsSerializer},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Put a new version in force."""
        sent = serializers.PolicyAddSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        facts = sent.validated_data
        policy_add(
            Project.objects.get(pk=project_id),
            after_version=facts["after_version"],
            ai_display=ReadingPolicy.AiDisplay(facts["ai_display"]),
            second_signature=facts["second_signature"],
            reason=facts["reason"],
            actor=person(request),
        )
        return Response(_settings(project_id), status.HTTP_201_CREATED)


class FindingsView(APIView):
    """The label schema of a project."""

    @extend_schema(
        operation_id="finding_add",
        request=serializers.NewFindingSerializer,
        responses={201: serializers.ProjectSettingsSerializer},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Add a finding at the end."""
        sent = serializers.NewFindingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        project = Project.objects.get(pk=project_id)
        finding_add(project, draft=finding_draft(sent.validated_data), actor=person(request))
        return Response(_settings(project_id), status.HTTP_201_CREATED)


class FindingView(APIView):
    """One finding of a project's schema."""

    @extend_schema(
        operation_id="finding_edit",
        request=serializers.FindingEditSerializer,
        responses=serializers.ProjectSettingsSerializer,
    )
    def patch(self, request: Request, project_id: UUID, finding_id: UUID) -> Response:
        """Change its names, urgency or minimum size."""
        sent = serializers.FindingEditSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        finding_edit(
            finding_id,
            project=Project.objects.get(pk=project_id),
            changes=sent.validated_data,
            actor=person(request),
        )
        return Response(_settings(project_id))


def finding_draft(facts: dict[str, Any]) -> FindingDraft:
    """Turn what was sent into a draft."""
    return FindingDraft(**{**facts, "kind": Finding.Kind(facts["kind"])})


def _settings(project_id: UUID) -> dict[str, Any]:
    body = project_settings(Project.objects.get(pk=project_id))
    return dict(serializers.ProjectSettingsSerializer(body).data)
