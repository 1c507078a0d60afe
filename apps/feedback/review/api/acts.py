"""HTTP of the acts around a review: claim, reveal, withdraw, addendum, second signature."""

from uuid import UUID

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import known
from apps.cases.models import Project
from apps.feedback.review.api.reading import case_of, reading_of
from apps.feedback.review.models import Phrase
from apps.feedback.review.selectors.payload import claim_facts
from apps.feedback.review.serializers import reading as sending
from apps.feedback.review.serializers.payload import (
    ClaimSerializer,
    ImpressionSerializer,
    PhraseSerializer,
)
from apps.feedback.review.services.case_claims import case_claim, claim_end
from apps.feedback.review.services.drafts import addendum_open
from apps.feedback.review.services.phrases import phrase_add, phrase_delete
from apps.feedback.review.services.reveal import ai_reveal
from apps.feedback.review.services.signing import (
    critical_acknowledge,
    review_withdraw,
    second_signature_add,
)


class CaseClaimView(APIView):
    """Who has a case open."""

    @extend_schema(
        operation_id="case_claim",
        request=sending.TakeOverSerializer,
        responses=ClaimSerializer,
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Claim or renew; the answer names who holds the case, which may be somebody else."""
        sent = sending.TakeOverSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        reader = known(request.user)
        claim = case_claim(
            case_of(case_id), reader=reader, take_over=sent.validated_data["take_over"]
        )
        return Response(ClaimSerializer(claim_facts(claim, reader)).data)

    @extend_schema(operation_id="case_claim_end", responses={204: None})
    def delete(self, request: Request, case_id: UUID) -> Response:
        """Let the case go."""
        claim_end(case_of(case_id), reader=known(request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AiRevealView(APIView):
    """The moment when a reader begins to see AI output."""

    @extend_schema(
        operation_id="ai_reveal",
        request=sending.ReadingSerializer,
        responses=ImpressionSerializer,
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Keep the reading as it stands, then show AI output; a repeat gives what was kept."""
        sent = sending.ReadingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        kept = ai_reveal(
            case_of(case_id), reader=known(request.user), reading=reading_of(sent.validated_data)
        )
        body = {
            "trigger": kept.trigger,
            "locked_at": kept.created_at,
            "decisions": kept.decisions,
        }
        return Response(ImpressionSerializer(body).data)


class ReviewWithdrawView(APIView):
    """A signature taken back."""

    @extend_schema(
        operation_id="review_withdraw",
        request=sending.WithdrawalSerializer,
        responses=sending.DraftSavedSerializer,
    )
    def post(self, request: Request, case_id: UUID, review_id: UUID) -> Response:
        """Withdraw within the minute; the content is the reader's draft again."""
        sent = sending.WithdrawalSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        draft = review_withdraw(
            review_id,
            case=case_of(case_id),
            reader=known(request.user),
            reason=sent.validated_data["reason"],
        )
        return Response(sending.DraftSavedSerializer(draft).data)


class ReviewAddendumView(APIView):
    """A new version on top of a signed one."""

    @extend_schema(
        operation_id="review_addendum",
        request=sending.AddendumSerializer,
        responses=sending.DraftSavedSerializer,
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Begin the draft of an addendum; a repeat gives the draft that stands."""
        sent = sending.AddendumSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        draft = addendum_open(
            case_of(case_id), reader=known(request.user), reason=sent.validated_data["reason"]
        )
        return Response(sending.DraftSavedSerializer(draft).data)


class SecondSignatureView(APIView):
    """Another radiologist's signature under a version."""

    @extend_schema(
        operation_id="second_signature",
        request=sending.SecondSignatureRequestSerializer,
        responses={204: None},
    )
    def post(self, request: Request, case_id: UUID, review_id: UUID) -> Response:
        """Sign below what a colleague has signed."""
        sent = sending.SecondSignatureRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        second_signature_add(
            review_id,
            case=case_of(case_id),
            signer=known(request.user),
            content_sha256=sent.validated_data["content_sha256"],
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class CriticalAcknowledgeView(APIView):
    """The word that somebody was told of a critical result."""

    @extend_schema(
        operation_id="critical_acknowledge",
        request=sending.AcknowledgeSerializer,
        responses={204: None},
    )
    def post(self, request: Request, case_id: UUID, review_id: UUID) -> Response:
        """Note who was told."""
        sent = sending.AcknowledgeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        critical_acknowledge(
            review_id, case=case_of(case_id), actor=known(request.user), **sent.validated_data
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class PhrasesView(APIView):
    """Ready sentences for reports."""

    @extend_schema(operation_id="phrases", responses=PhraseSerializer(many=True))
    def get(self, request: Request, project_id: UUID) -> Response:
        """List the project's sentences and this person's own."""
        mine = Q(owner=known(request.user)) | Q(owner__isnull=True)
        phrases = Phrase.objects.filter(mine, project=project_id).order_by("section", "title", "pk")
        return Response(PhraseSerializer([_phrase(each) for each in phrases], many=True).data)

    @extend_schema(
        operation_id="phrase_add",
        request=sending.PhraseDraftSerializer,
        responses={201: PhraseSerializer},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Keep a sentence."""
        sent = sending.PhraseDraftSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        phrase = phrase_add(
            Project.objects.get(pk=project_id), author=known(request.user), **sent.validated_data
        )
        return Response(PhraseSerializer(_phrase(phrase)).data, status.HTTP_201_CREATED)


class PhraseView(APIView):
    """One ready sentence."""

    @extend_schema(operation_id="phrase_delete", responses={204: None})
    def delete(self, request: Request, project_id: UUID, phrase_id: UUID) -> Response:
        """Delete it."""
        phrase = Phrase.objects.select_related("project").get(pk=phrase_id)
        phrase_delete(phrase, actor=known(request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _phrase(phrase: Phrase) -> dict[str, object]:
    return {
        "id": phrase.pk,
        "is_shared": phrase.owner_id is None,
        "section": phrase.section,
        "title": phrase.title,
        "text": phrase.text,
    }
