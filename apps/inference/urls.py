"""Routes of inference."""

from django.urls import path

from apps.inference import api

urlpatterns = [
    path("api/status", api.StatusView.as_view(), name="status"),
    path("api/cases/<uuid:case_id>/predict", api.CasePredictView.as_view(), name="case-predict"),
    path(
        "api/projects/<uuid:project_id>/predict",
        api.ProjectPredictView.as_view(),
        name="project-predict",
    ),
    path(
        "api/predictions/<uuid:prediction_id>/maps",
        api.PredictionMapsView.as_view(),
        name="prediction-maps",
    ),
    path(
        "api/predictions/<uuid:prediction_id>/retry",
        api.PredictionRetryView.as_view(),
        name="prediction-retry",
    ),
    path(
        "api/projects/<uuid:project_id>/stuck-predictions",
        api.StuckPredictionsView.as_view(),
        name="stuck-predictions",
    ),
    path(
        "api/projects/<uuid:project_id>/stuck-predictions/retry",
        api.StuckPredictionsRetryView.as_view(),
        name="stuck-predictions-retry",
    ),
    path("api/projects/<uuid:project_id>/models", api.ModelsView.as_view(), name="models"),
    path(
        "api/projects/<uuid:project_id>/models/rollback",
        api.ModelRollbackView.as_view(),
        name="model-rollback",
    ),
    path(
        "api/projects/<uuid:project_id>/models/<uuid:model_id>/promote",
        api.ModelPromoteView.as_view(),
        name="model-promote",
    ),
    path("api/runs/<uuid:run_id>", api.RunView.as_view(), name="run"),
    path("api/runs/<uuid:run_id>/cancel", api.RunCancelView.as_view(), name="run-cancel"),
    path("api/runs/<uuid:run_id>/resume", api.RunResumeView.as_view(), name="run-resume"),
]
