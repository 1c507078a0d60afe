"""Routes of feedback."""

from django.urls import path

from apps.feedback.api import ReviewSignView, SystemView
from apps.feedback.labeling.read_urls import urlpatterns as reading_rounds
from apps.feedback.labeling.results_urls import urlpatterns as round_results
from apps.feedback.labeling.round_urls import urlpatterns as rounds
from apps.feedback.learning.urls import urlpatterns as learning
from apps.feedback.review.api import acts, reading

PROJECT = "api/projects/<uuid:project_id>"
CASE = "api/cases/<uuid:case_id>"
REVIEW = f"{CASE}/reviews/<uuid:review_id>"

urlpatterns = [
    path("api/system", SystemView.as_view(), name="system"),
    path(f"{PROJECT}/worklist", reading.WorklistView.as_view(), name="worklist"),
    path(f"{PROJECT}/phrases", acts.PhrasesView.as_view(), name="phrases"),
    path(f"{PROJECT}/phrases/<uuid:phrase_id>", acts.PhraseView.as_view(), name="phrase"),
    path(f"{CASE}/claim", acts.CaseClaimView.as_view(), name="case-claim"),
    path(f"{CASE}/prior", reading.CasePriorView.as_view(), name="case-prior"),
    path(f"{CASE}/history", reading.CaseHistoryView.as_view(), name="case-history"),
    path(f"{CASE}/ai/reveal", acts.AiRevealView.as_view(), name="ai-reveal"),
    path(f"{CASE}/review", reading.CaseReviewView.as_view(), name="case-review"),
    path(f"{CASE}/review/draft", reading.ReviewDraftView.as_view(), name="review-draft"),
    path(f"{CASE}/review/sign", ReviewSignView.as_view(), name="review-sign"),
    path(f"{CASE}/review/addendum", acts.ReviewAddendumView.as_view(), name="review-addendum"),
    path(f"{REVIEW}/withdraw", acts.ReviewWithdrawView.as_view(), name="review-withdraw"),
    path(f"{REVIEW}/second-signature", acts.SecondSignatureView.as_view(), name="second-signature"),
    path(
        f"{REVIEW}/acknowledge", acts.CriticalAcknowledgeView.as_view(), name="critical-acknowledge"
    ),
    *reading_rounds,
    *rounds,
    *round_results,
    *learning,
]
