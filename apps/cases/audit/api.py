"""HTTP of the audit trail: browsing it, and walking along its chain."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import person, reads_something_blinded
from apps.cases.audit import serializers
from apps.cases.audit.selectors import (
    AuditQuery,
    audit_choices,
    audit_page,
    audit_visible_to,
    chain_length,
)
from apps.cases.models import Project
from apps.cases.services.audit import (
    ChainPoint,
    audit_verification_record,
    audit_verify_piece,
    unsealed_events,
)


class AuditView(APIView):
    """The audit trail of a project and its members' accounts."""

    @extend_schema(
        operation_id="audit",
        parameters=[serializers.AuditQuerySerializer],
        responses=serializers.AuditPageSerializer,
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        """Give a page of the events that match, the latest first."""
        sent = serializers.AuditQuerySerializer(data=request.query_params)
        sent.is_valid(raise_exception=True)
        project, admin = Project.objects.get(pk=project_id), person(request)
        query = dict(sent.validated_data)
        wants_choices = query.pop("choices")
        visible = audit_visible_to(admin, project)
        body = {
            **audit_page(visible, AuditQuery(**query)),
            "choices": audit_choices(visible) if wants_choices else None,
            "is_partial": reads_something_blinded(admin, project),
        }
        return Response(serializers.AuditPageSerializer(body).data)


class AuditVerifyView(APIView):
    """The proof that nothing in the chain was changed, removed or moved."""

    @extend_schema(
        operation_id="audit_verify",
        request=serializers.VerifySerializer,
        responses=serializers.VerifiedSerializer,
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Walk along one piece of the chain, so that no request takes long however many links."""
        sent = serializers.VerifySerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = sent.validated_data
        after = ChainPoint(asked["after_sequence"], asked["after_sha256"])
        if after.sequence == 0:
            project = Project.objects.get(pk=project_id)
            audit_verification_record(actor=person(request), project=project)
        piece = audit_verify_piece(after, anchor_sha256=asked["anchor_sha256"])
        body = {
            "checked_to": piece.head.sequence,
            "head_sha256": piece.head.sha256,
            "broken_at": piece.broken_at,
            "has_anchor": piece.has_anchor,
            "is_end": piece.is_end,
            "sealed": chain_length(),
            "unsealed": unsealed_events().count(),
        }
        return Response(serializers.VerifiedSerializer(body).data)
