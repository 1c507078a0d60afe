"""HTTP of reading: the worklist, one case with its prior and history, and the reader's draft."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import known
from apps.cases.models import Case, Project
from apps.feedback.review.models import RoiRevision, Verdict
from apps.feedback.review.selectors.payload import case_review, worklist_rows
from apps.feedback.review.selectors.priors import case_history, newest_prior
from apps.feedback.review.selectors.worklist import worklist_page
from apps.feedback.review.serializers.payload import (
    CaseReviewSerializer,
    HistorySerializer,
    PriorSerializer,
)
from apps.feedback.review.serializers.reading import DraftSavedSerializer, ReadingSerializer
from apps.feedback.review.serializers.worklist import WorklistQuerySerializer, WorklistSerializer
from apps.feedback.review.services.drafts import Decision, Reading, review_save
from apps.feedback.review.services.rois import Roi


class WorklistView(APIView):
    """A page of a project's cases."""

    @extend_schema(
        operation_id="worklist", request=WorklistQuerySerializer, responses=WorklistSerializer
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Answer a query that may hold a name, which is why it is a body and not an address."""
        sent = WorklistQuerySerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        project = Project.objects.get(pk=project_id)
        page = worklist_page(project, user=known(request.user), query=sent.to_query())
        body = {**page.counts, "shows_ai": page.shows_ai, "rows": worklist_rows(page)}
        return Response(WorklistSerializer(body).data)


class CaseReviewView(APIView):
    """One case, whole."""

    @extend_schema(operation_id="case_review", responses=CaseReviewSerializer)
    def get(self, request: Request, case_id: UUID) -> Response:
        """Give all that the review screen needs; it changes nothing, so it can be prefetched."""
        body = case_review(case_of(case_id), user=known(request.user))
        return Response(CaseReviewSerializer(body).data)


class CasePriorView(APIView):
    """The newest earlier study of the patient."""

    @extend_schema(operation_id="case_prior", responses=PriorSerializer)
    def get(self, request: Request, case_id: UUID) -> Response:
        """Give the study and what was signed of it."""
        prior = newest_prior(case_of(case_id), user=known(request.user))
        return Response(PriorSerializer({"prior": prior}).data)


class CaseHistoryView(APIView):
    """What happened to a case."""

    @extend_schema(operation_id="case_history", responses=HistorySerializer)
    def get(self, request: Request, case_id: UUID) -> Response:
        """Tell who opened, revealed, signed, withdrew and took over, oldest first."""
        body = case_history(case_of(case_id), user=known(request.user))
        return Response(HistorySerializer(body).data)


class ReviewDraftView(APIView):
    """The reader's own draft."""

    @extend_schema(
        operation_id="review_draft_save", request=ReadingSerializer, responses=DraftSavedSerializer
    )
    def put(self, request: Request, case_id: UUID) -> Response:
        """Save the draft, or refuse a stale one."""
        sent = ReadingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        review = review_save(
            case_of(case_id), reader=known(request.user), reading=reading_of(sent.validated_data)
        )
        return Response(DraftSavedSerializer(review).data)


def case_of(case_id: UUID) -> Case:
    """Fetch a case that the permission table has let through."""
    return Case.objects.select_related("project", "study__patient").get(pk=case_id)


def reading_of(sent: dict[str, Any]) -> Reading:
    """Make a reading of what ReadingSerializer has validated."""
    return Reading(
        revision=sent["revision"],
        findings_text=sent["findings_text"],
        impression_text=sent["impression_text"],
        is_critical=sent["is_critical"],
        critical_note=sent["critical_note"],
        case_prediction_id=sent["case_prediction_id"],
        client=sent["client"],
        decisions=[
            Decision(each["finding"], Verdict(each["verdict"]), grade=each["grade"])
            for each in sent["decisions"]
        ],
        rois=[
            Roi(
                roi_id=each["roi_id"],
                finding=each["finding"],
                sop_instance_uid=each["sop_instance_uid"],
                frame_number=each["frame_number"],
                kind=RoiRevision.Kind(each["kind"]),
                vertices=[(column, row) for column, row in each["vertices"]],
                laterality=each["laterality"],
            )
            for each in sent["rois"]
        ],
    )
