"""HTTP of the rounds a person reads in: what comes next, what they have read, the guideline."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import found_by_table, known
from apps.errors import NotFound
from apps.feedback.labeling.models.rounds import RoundMember
from apps.feedback.labeling.selectors.reads import (
    guideline_payload,
    offered_payload,
    own_reads,
    own_rounds,
)
from apps.feedback.labeling.serializers import reads as shapes
from apps.feedback.labeling.services.offers import next_offer
from apps.feedback.labeling.services.reads import read_open


def _place(request: Request, round_id: UUID) -> RoundMember:
    place = found_by_table(request, RoundMember)
    if place.round_id != round_id:
        raise NotFound
    return place


class LabelRoundsView(APIView):
    """The rounds of the person who asks."""

    @extend_schema(operation_id="label_rounds", responses=shapes.LabelRoundSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List them, each with the person's own progress."""
        rounds = own_rounds(known(request.user))
        return Response(shapes.LabelRoundSerializer(rounds, many=True).data)


class LabelRoundNextView(APIView):
    """What comes next in a round."""

    @extend_schema(
        operation_id="label_round_next",
        request=shapes.NextSerializer,
        responses=shapes.NextReadSerializer,
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Give the read in hand, else offer one; or say why there is none."""
        sent = shapes.NextSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        is_ahead = sent.validated_data["ahead"]
        place = _place(request, round_id)
        offer = next_offer(place, ahead=is_ahead)
        read = None
        if offer.read is not None and sent.validated_data["load"]:
            shown = offer.read if is_ahead else read_open(offer.read)
            read = offered_payload(shown, place.round, offer.rules)
        answer = {
            "read_id": offer.read_id,
            "arbitration_id": offer.arbitration_id,
            "reason": offer.reason,
            "read": read,
        }
        return Response(shapes.NextReadSerializer(answer).data)


class LabelRoundReadsView(APIView):
    """A person's own reads of a round."""

    @extend_schema(
        operation_id="label_round_reads",
        parameters=[shapes.OwnReadsQuerySerializer],
        responses=shapes.OwnReadsSerializer,
    )
    def get(self, request: Request, round_id: UUID) -> Response:
        """List them, newest first."""
        query = shapes.OwnReadsQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        page = own_reads(
            known(request.user), _place(request, round_id).round, **query.validated_data
        )
        return Response(shapes.OwnReadsSerializer(page).data)


class LabelRoundGuidelineView(APIView):
    """The guideline of a round."""

    @extend_schema(operation_id="label_round_guideline", responses=shapes.ReaderGuidelineSerializer)
    def get(self, request: Request, round_id: UUID) -> Response:
        """Give the version in force and what each one changed."""
        payload = guideline_payload(_place(request, round_id).round)
        return Response(shapes.ReaderGuidelineSerializer(payload).data)
