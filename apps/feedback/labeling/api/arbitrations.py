"""HTTP of an arbitrator's seat after the reveal."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import known
from apps.cases.services.idempotency import answer_once
from apps.feedback.labeling.api.reads import KEY
from apps.feedback.labeling.selectors.arbitrations import arbitration_payload, own_seat
from apps.feedback.labeling.serializers import arbitrations as shapes
from apps.feedback.labeling.services.arbitration import seat_decide, seat_save


class ArbitrationView(APIView):
    """One seat."""

    @extend_schema(operation_id="arbitration", responses=shapes.ArbitrationSerializer)
    def get(self, request: Request, arbitration_id: UUID) -> Response:
        """Give the readers under their letters, what differs, and the draft."""
        seat = own_seat(known(request.user), arbitration_id)
        return Response(shapes.ArbitrationSerializer(arbitration_payload(seat)).data)


class ArbitrationDraftView(APIView):
    """The draft of a decision."""

    @extend_schema(
        operation_id="arbitration_draft",
        request=shapes.SentDraftSerializer,
        responses=shapes.SavedDraftSerializer,
    )
    def put(self, request: Request, arbitration_id: UUID) -> Response:
        """Save the draft on top of the revision it was made on."""
        sent = shapes.SentDraftSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        data = sent.validated_data
        seat = seat_save(
            own_seat(known(request.user), arbitration_id),
            revision=data["revision"],
            decisions=data["draft"]["decisions"],
        )
        return Response(shapes.SavedDraftSerializer(seat).data)


class ArbitrationDecideView(APIView):
    """The decision."""

    @extend_schema(
        operation_id="arbitration_decide",
        request=shapes.SentDecisionsSerializer,
        responses=shapes.DecidedSerializer,
        parameters=[KEY],
    )
    def post(self, request: Request, arbitration_id: UUID) -> Response:
        """Decide once, however often the request arrives."""
        sent = shapes.SentDecisionsSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        data = sent.validated_data
        seat = own_seat(known(request.user), arbitration_id)

        def act() -> dict[str, Any]:
            decided = seat_decide(seat, revision=data["revision"], decisions=data["decisions"])
            return dict(shapes.DecidedSerializer({"state": decided.state, "next": None}).data)

        return Response(
            answer_once(
                act,
                user=known(request.user),
                key=request.headers.get("Idempotency-Key", ""),
                route="arbitration-decide",
                body={"arbitration_id": arbitration_id, "sent": data},
            )
        )
