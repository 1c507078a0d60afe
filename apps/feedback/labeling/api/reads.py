"""HTTP of a reader's own reads: open, save, lock, take back, leave, ask."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import found_by_table, known
from apps.cases.services.idempotency import answer_once
from apps.errors import Conflict, NotFound
from apps.feedback.labeling.models.rounds import Read
from apps.feedback.labeling.selectors.images import content_shown
from apps.feedback.labeling.selectors.reads import (
    feedback_of,
    read_payload,
    result_of,
    take_back_until,
)
from apps.feedback.labeling.serializers import reads as shapes
from apps.feedback.labeling.services.qualification import qualification_judge
from apps.feedback.labeling.services.reads import (
    Sent,
    content_sha256,
    draft_save,
    lease_renew,
    lock_take_back,
    question_ask,
    read_leave,
    read_lock,
    read_open,
    read_withdraw_exposed,
    result_show,
)

KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="Chosen by the client for this one act",
)


def _own(request: Request, read_id: UUID) -> Read:
    read = found_by_table(request, Read)
    if read.pk != read_id:
        raise NotFound
    return read


def _saved(read: Read) -> dict[str, Any]:
    saved = {
        "revision": read.revision,
        "saved_at": read.saved_at,
        "lease_until": read.lease_until,
        "content": content_shown(read, read.content),
    }
    return dict(shapes.SavedReadSerializer(saved).data)


def _sent(data: dict[str, Any]) -> Sent:
    return Sent(revision=data["revision"], content=data["content"], active_s=data["active_s"])


class ReadView(APIView):
    """One read."""

    @extend_schema(operation_id="read", responses=shapes.LabelReadSerializer)
    def get(self, request: Request, read_id: UUID) -> Response:
        """Give what the screen of the read needs, without opening it: to load its images ahead."""
        read = _own(request, read_id)
        return Response(shapes.LabelReadSerializer(read_payload(read)).data)


class ReadOpenView(APIView):
    """A read that comes on the screen."""

    @extend_schema(operation_id="read_open", request=None, responses=shapes.LabelReadSerializer)
    def post(self, request: Request, read_id: UUID) -> Response:
        """Open the read if it was offered, and give what its screen needs."""
        read = read_open(_own(request, read_id))
        return Response(shapes.LabelReadSerializer(read_payload(read)).data)


class ReadDraftView(APIView):
    """The draft of a read."""

    @extend_schema(
        operation_id="read_draft",
        request=shapes.SentReadSerializer,
        responses=shapes.SavedReadSerializer,
    )
    def put(self, request: Request, read_id: UUID) -> Response:
        """Save the draft on top of the revision it was made on."""
        sent = shapes.SentReadSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return Response(_saved(draft_save(_own(request, read_id), sent=_sent(sent.validated_data))))


class ReadLockView(APIView):
    """The lock of a read."""

    @extend_schema(
        operation_id="read_lock",
        request=shapes.LockSerializer,
        responses=shapes.LockedReadSerializer,
        parameters=[KEY],
    )
    def post(self, request: Request, read_id: UUID) -> Response:
        """Lock once, however often the request arrives."""
        sent = shapes.LockSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        data = sent.validated_data
        read = _own(request, read_id)

        def act() -> dict[str, Any]:
            locked = read_lock(read, sent=_sent(data), is_confirmed=data["confirmed"])
            qualification_judge(locked)
            answer = {
                "state": locked.state,
                "take_back_until": take_back_until(locked),
                "content_sha256": content_sha256(locked.content),
                "feedback": feedback_of(locked),
            }
            return dict(shapes.LockedReadSerializer(answer).data)

        try:
            answer = answer_once(
                act,
                user=known(request.user),
                key=request.headers.get("Idempotency-Key", ""),
                route="read-lock",
                body={"read_id": read_id, "sent": data},
            )
        except Conflict as refused:
            if refused.code == "no_longer_blinded":
                read_withdraw_exposed(read)
            raise
        return Response(answer)


class ReadTakeBackView(APIView):
    """A lock taken back."""

    @extend_schema(
        operation_id="read_take_back", request=None, responses=shapes.SavedReadSerializer
    )
    def post(self, request: Request, read_id: UUID) -> Response:
        """Make the lock a draft again, within its time."""
        return Response(_saved(lock_take_back(_own(request, read_id))))


class ReadSkipView(APIView):
    """A case that a reader passes on."""

    @extend_schema(
        operation_id="read_skip",
        request=shapes.LeaveReasonSerializer,
        responses=shapes.ReadStateSerializer,
    )
    def post(self, request: Request, read_id: UUID) -> Response:
        """Skip the case; others may read it."""
        return _left(request, _own(request, read_id), to=Read.State.SKIPPED)


class ReadRecuseView(APIView):
    """A case that a reader may not read."""

    @extend_schema(
        operation_id="read_recuse",
        request=shapes.LeaveReasonSerializer,
        responses=shapes.ReadStateSerializer,
    )
    def post(self, request: Request, read_id: UUID) -> Response:
        """Recuse oneself: the reader knows the patient, or the case."""
        return _left(request, _own(request, read_id), to=Read.State.RECUSED)


def _left(request: Request, read: Read, *, to: Read.State) -> Response:
    sent = shapes.LeaveReasonSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    left = read_leave(read, to=to, reason=sent.validated_data["reason"])
    return Response(shapes.ReadStateSerializer({"state": left.state}).data)


class ReadQuestionView(APIView):
    """A question to the admin."""

    @extend_schema(
        operation_id="read_question", request=shapes.QuestionSerializer, responses={204: None}
    )
    def post(self, request: Request, read_id: UUID) -> Response:
        """Ask; the answer reaches every reader as a version of the guideline."""
        sent = shapes.QuestionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        question_ask(_own(request, read_id), text=sent.validated_data["text"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReadHeartbeatView(APIView):
    """The reader is at it."""

    @extend_schema(
        operation_id="read_heartbeat",
        request=shapes.HeartbeatSerializer,
        responses=shapes.LeaseSerializer,
    )
    def post(self, request: Request, read_id: UUID) -> Response:
        """Keep the case for the reader."""
        sent = shapes.HeartbeatSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        read = lease_renew(_own(request, read_id), active_s=sent.validated_data["active_s"])
        return Response(shapes.LeaseSerializer({"lease_until": read.lease_until}).data)


class ReadResultView(APIView):
    """What became of the case."""

    @extend_schema(operation_id="read_result", responses=shapes.ReadResultSerializer)
    def get(self, request: Request, read_id: UUID) -> Response:
        """Give the own read beside the released consensus, where the policy shows it."""
        read = _own(request, read_id)
        result = result_of(read)
        result_show(read)
        return Response(shapes.ReadResultSerializer(result).data)
