"""HTTP of what spans rooms or apps: the signature, and how the installation is doing."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import known
from apps.cases.services.idempotency import answer_once
from apps.feedback.review.api.reading import case_of, reading_of
from apps.feedback.review.selectors.versions import withdrawable_s
from apps.feedback.review.selectors.worklist import next_case
from apps.feedback.review.serializers.reading import ReadingSerializer, SignedSerializer
from apps.feedback.review.services.signing import review_sign
from apps.feedback.serializers import SystemSerializer
from apps.feedback.system import system_state


class ReviewSignView(APIView):
    """The signature of a review."""

    @extend_schema(
        operation_id="review_sign",
        request=ReadingSerializer,
        responses=SignedSerializer,
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                required=True,
                description="Chosen by the client for this one signature",
            )
        ],
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Sign once, however often the request arrives, and say what to read next."""
        sent = ReadingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        case = case_of(case_id)

        def act() -> dict[str, Any]:
            review = review_sign(
                case, reader=known(request.user), reading=reading_of(sent.validated_data)
            )
            following = next_case(case.project, user=known(request.user), after=case)
            signed = {
                "review_id": review.pk,
                "signed_at": review.signed_at,
                "version": review.version,
                "withdrawable_s": withdrawable_s(review, now=timezone.now()),
                "next_case_id": following.pk if following else None,
            }
            return dict(SignedSerializer(signed).data)

        return Response(
            answer_once(
                act,
                user=known(request.user),
                key=request.headers.get("Idempotency-Key", ""),
                route="review-sign",
                body={"case_id": case_id, "reading": sent.validated_data},
            )
        )


class SystemView(APIView):
    """The state of the installation."""

    @extend_schema(operation_id="system", responses=SystemSerializer)
    def get(self, request: Request) -> Response:
        """Give queues, disk, seal and versions."""
        return Response(SystemSerializer(system_state(now=timezone.now())).data)
