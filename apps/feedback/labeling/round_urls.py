"""Routes of rounds for those who administer their project."""

from django.urls import path

from apps.feedback.labeling.api import pictures, rounds

ROUND = "api/rounds/<uuid:round_id>"
CASE = f"{ROUND}/cases/<uuid:round_case_id>"

urlpatterns = [
    path("api/projects/<uuid:project_id>/rounds", rounds.RoundsView.as_view(), name="rounds"),
    path(f"{ROUND}/setup", rounds.RoundSetupView.as_view(), name="round-setup"),
    path(f"{ROUND}/policy", rounds.RoundPolicyView.as_view(), name="round-policy"),
    path(f"{ROUND}/guideline", rounds.RoundGuidelineView.as_view(), name="round-guideline"),
    path(
        f"{ROUND}/guideline-pictures",
        pictures.RoundGuidelinePicturesView.as_view(),
        name="round-guideline-pictures",
    ),
    path(
        f"{ROUND}/guideline-pictures/<slug:sha256>",
        pictures.guideline_picture,
        name="round-guideline-picture",
    ),
    path(f"{ROUND}/members", rounds.RoundMembersView.as_view(), name="round-members"),
    path(
        f"{ROUND}/members/<uuid:member_id>", rounds.RoundMemberView.as_view(), name="round-member"
    ),
    path(f"{ROUND}/cases", rounds.RoundCasesView.as_view(), name="round-cases"),
    path(f"{ROUND}/cases/remove", rounds.RoundCasesRemoveView.as_view(), name="round-cases-remove"),
    path(f"{ROUND}/known-cases", rounds.RoundKnownCasesView.as_view(), name="round-known-cases"),
    path(f"{CASE}/readers", rounds.RoundCaseReadersView.as_view(), name="round-case-readers"),
    path(f"{CASE}/cancel", rounds.RoundCaseCancelView.as_view(), name="round-case-cancel"),
    path(f"{CASE}/reopen", rounds.RoundCaseReopenView.as_view(), name="round-case-reopen"),
    path(f"{CASE}/reassign", rounds.RoundCaseReassignView.as_view(), name="round-case-reassign"),
    path(f"{ROUND}/open", rounds.RoundOpenView.as_view(), name="round-open"),
    path(f"{ROUND}/close", rounds.RoundCloseView.as_view(), name="round-close"),
    path(f"{ROUND}/cancel", rounds.RoundCancelView.as_view(), name="round-cancel"),
    path(f"{ROUND}/release", rounds.RoundReleaseView.as_view(), name="round-release"),
    path(f"{ROUND}/progress", rounds.RoundProgressView.as_view(), name="round-progress"),
    path(f"{ROUND}/questions", rounds.RoundQuestionsView.as_view(), name="round-questions"),
    path(
        f"{ROUND}/questions/<uuid:question_id>/answer",
        rounds.RoundQuestionAnswerView.as_view(),
        name="round-question-answer",
    ),
]
