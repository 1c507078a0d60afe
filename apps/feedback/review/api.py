"""HTTP of the review: the worklist, one case, and the reader's draft."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import known
from apps.cases.models import Case, Project
from apps.feedback.review import serializers
from apps.feedback.review.models import Verdict
from apps.feedback.review.selectors.payload import case_review, worklist_rows
from apps.feedback.review.selectors.worklist import worklist_page
from apps.feedback.review.services import Decision, Reading, review_save


class WorklistView(APIView):
    """A page of a project's cases."""

    @extend_schema(
        operation_id="worklist",
        request=serializers.WorklistQuerySerializer,
        responses=serializers.WorklistSerializer,
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Answer a query that may hold a name, which is why it is a body and not an address."""
        sent = serializers.WorklistQuerySerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        project = Project.objects.get(pk=project_id)
        page = worklist_page(project, user=known(request.user), query=sent.to_query())
        body = {**page.counts, "shows_ai": page.shows_ai, "rows": worklist_rows(page)}
        return Response(serializers.WorklistSerializer(body).data)


class CaseReviewView(APIView):
    """One case, whole."""

    @extend_schema(operation_id="case_review", responses=serializers.CaseReviewSerializer)
    def get(self, request: Request, case_id: UUID) -> Response:
        """Give all that the review screen needs; it changes nothing, so it can be prefetched."""
        body = case_review(case_of(case_id), user=known(request.user))
        return Response(serializers.CaseReviewSerializer(body).data)


class ReviewDraftView(APIView):
    """The reader's own draft."""

    @extend_schema(
        operation_id="review_draft_save",
        request=serializers.ReadingSerializer,
        responses=serializers.DraftSavedSerializer,
    )
    def put(self, request: Request, case_id: UUID) -> Response:
        """Save the draft, or refuse a stale one."""
        sent = serializers.ReadingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        review = review_save(
            case_of(case_id), reader=known(request.user), reading=reading_of(sent.validated_data)
        )
        return Response(serializers.DraftSavedSerializer(review).data)


def case_of(case_id: UUID) -> Case:
    """Fetch a case that the permission table has let through."""
    return Case.objects.select_related("project", "study__patient").get(pk=case_id)


def reading_of(sent: dict[str, Any]) -> Reading:
    """Make a reading of what ReadingSerializer has validated."""
    return Reading(
        revision=sent["revision"],
        findings_text=sent["findings_text"],
        case_prediction_id=sent["case_prediction_id"],
        decisions=[
            Decision(finding=each["finding"], verdict=Verdict(each["verdict"]))
            for each in sent["decisions"]
        ],
    )
