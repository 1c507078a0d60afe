"""Routes of feedback."""

from django.urls import path

from apps.feedback.api import ReviewSignView
from apps.feedback.learning.api import QueueEntriesView
from apps.feedback.review.api import CaseReviewView, ReviewDraftView, WorklistView

urlpatterns = [
    path("api/projects/<uuid:project_id>/worklist", WorklistView.as_view(), name="worklist"),
    path(
        "api/projects/<uuid:project_id>/queue-entries",
        QueueEntriesView.as_view(),
        name="queue-entries",
    ),
    path("api/cases/<uuid:case_id>/review", CaseReviewView.as_view(), name="case-review"),
    path("api/cases/<uuid:case_id>/review/draft", ReviewDraftView.as_view(), name="review-draft"),
    path("api/cases/<uuid:case_id>/review/sign", ReviewSignView.as_view(), name="review-sign"),
]
