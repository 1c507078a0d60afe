"""HTTP of cases: the session, projects, uploads and the inbox of files that were not taken in."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases import serializers
from apps.cases.access import person
from apps.cases.models import IngestFailure, Project, ReadingPolicy, User
from apps.cases.projects.api import finding_draft
from apps.cases.projects.serializers import NewProjectSerializer
from apps.cases.selectors import (
    ingest_failures_page,
    memberships_of,
    name_of,
    project_facts,
    projects_of,
    verdict_message,
)
from apps.cases.services.accounts import draft_key_of, language_set
from apps.cases.services.failures import ingest_failure_resolve
from apps.cases.services.ingest import IngestResult, ingest_file
from apps.cases.services.projects import project_create_by


class SessionView(APIView):
    """Who is logged in."""

    @extend_schema(operation_id="session", responses=serializers.SessionSerializer)
    def get(self, request: Request) -> Response:
        """Tell who is logged in and where they may go; strangers learn that nobody is."""
        get_token(request._request)  # the page needs the CSRF cookie before it can log in
        return Response(_session(request.user))

    @extend_schema(
        operation_id="session_language",
        request=serializers.LanguageSerializer,
        responses=serializers.SessionSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Choose the language of the interface."""
        sent = serializers.LanguageSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        language = User.Language(sent.validated_data["language"])
        return Response(_session(language_set(person(request), language)))


class DraftKeyView(APIView):
    """The key of a person's unsaved drafts."""

    @extend_schema(operation_id="draft_key", responses=serializers.DraftKeySerializer)
    def get(self, request: Request) -> Response:
        """Give the key, base64url, 32 bytes; it is never stored by the browser."""
        return Response(
            serializers.DraftKeySerializer({"key": draft_key_of(person(request))}).data,
            headers={"Cache-Control": "no-store"},
        )


class ProjectsView(APIView):
    """The projects of a person."""

    @extend_schema(operation_id="projects", responses=serializers.ProjectSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the active projects in which this person has a role."""
        facts = [project_facts(project) for project in projects_of(person(request))]
        return Response(serializers.ProjectSerializer(facts, many=True).data)

    @extend_schema(
        operation_id="project_create",
        request=NewProjectSerializer,
        responses={201: serializers.ProjectSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a project with its schema and policy; who makes it is its first admin."""
        sent = NewProjectSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        facts = sent.validated_data
        project = project_create_by(
            person(request),
            code=facts["code"],
            name_en=facts["name_en"],
            name_zh=facts["name_zh"],
            auto_classify=facts["auto_classify"],
            ai_display=ReadingPolicy.AiDisplay(facts["ai_display"]),
            second_signature=facts["second_signature"],
            findings=[finding_draft(finding) for finding in facts["findings"]],
        )
        body = serializers.ProjectSerializer(project_facts(project)).data
        return Response(body, status.HTTP_201_CREATED)


class UploadView(APIView):
    """One file for a project."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="upload",
        request={"multipart/form-data": serializers.UploadSerializer},
        responses={200: serializers.VerdictSerializer, 201: serializers.VerdictSerializer},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Judge the file and answer what became of it: 201 stored, 200 any other verdict."""
        sent = serializers.UploadSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        file = sent.validated_data["file"]
        verdict = ingest_file(
            Path(file.temporary_file_path()),
            project=Project.objects.get(pk=project_id),
            uploaded_by=person(request),
            file_name=file.name,
        )
        is_stored = verdict.result == "stored"
        return Response(
            _verdict(verdict), status.HTTP_201_CREATED if is_stored else status.HTTP_200_OK
        )


class IngestFailuresView(APIView):
    """The inbox of files that were not taken in."""

    @extend_schema(
        operation_id="ingest_failures",
        parameters=[serializers.IngestFailureQuerySerializer],
        responses=serializers.IngestFailurePageSerializer,
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        """Give a page of the inbox, newest first."""
        sent = serializers.IngestFailureQuerySerializer(data=request.query_params)
        sent.is_valid(raise_exception=True)
        query = sent.validated_data
        page = ingest_failures_page(
            Project.objects.get(pk=project_id),
            is_open={"open": True, "resolved": False, "all": None}[query["state"]],
            offset=query["offset"],
            limit=query["limit"],
        )
        body = {"count": page.count, "rows": [_failure(failure) for failure in page.rows]}
        return Response(serializers.IngestFailurePageSerializer(body).data)


class IngestFailureResolveView(APIView):
    """The end of one row of the inbox."""

    @extend_schema(
        operation_id="ingest_failure_resolve",
        request=serializers.ResolutionSerializer,
        responses=serializers.IngestFailureSerializer,
    )
    def post(self, request: Request, project_id: UUID, failure_id: UUID) -> Response:
        """Close the row, with a note of what was done."""
        sent = serializers.ResolutionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        failure = ingest_failure_resolve(
            failure_id,
            project=Project.objects.get(pk=project_id),
            actor=person(request),
            resolution=sent.validated_data["resolution"],
        )
        return Response(serializers.IngestFailureSerializer(_failure(failure)).data)


def _session(user: Any) -> dict[str, Any]:
    """Describe the session; `user` is a User or nobody (AnonymousUser)."""
    is_known = isinstance(user, User) and user.is_active
    body = {
        "user": user if is_known else None,
        "memberships": memberships_of(user) if is_known else [],
        "research_use": True,
        "version": settings.VERSION,
        "limits": {"upload_bytes": settings.MAXIMUM_UPLOAD_BYTES},
    }
    return dict(serializers.SessionSerializer(body).data)


def _verdict(verdict: IngestResult) -> dict[str, Any]:
    message = verdict_message(verdict.code, verdict.params) if verdict.code else ""
    body = {
        "result": verdict.result,
        "code": verdict.code,
        "message": message,
        "params": verdict.params,
        "case_id": verdict.case_id,
    }
    return dict(serializers.VerdictSerializer(body).data)


def _failure(failure: IngestFailure) -> dict[str, Any]:
    return {
        "id": failure.pk,
        "file_name": failure.file_name,
        "code": failure.code,
        "message": verdict_message(failure.code, failure.params),
        "params": failure.params,
        "size_bytes": failure.size_bytes,
        "seen_count": failure.seen_count,
        "received_at": failure.created_at,
        "uploaded_by": name_of(failure.uploaded_by),
        "resolved_at": failure.resolved_at,
        "resolution": failure.resolution,
    }
