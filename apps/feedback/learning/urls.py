"""Routes of learning."""

from django.urls import path

from apps.feedback.learning import api

urlpatterns = [
    path(
        "api/projects/<uuid:project_id>/queue-entries",
        api.QueueEntriesView.as_view(),
        name="queue-entries",
    ),
    path(
        "api/projects/<uuid:project_id>/queue-entries/exclude",
        api.QueueExcludeView.as_view(),
        name="queue-exclude",
    ),
    path(
        "api/queue-entries/<uuid:entry_id>/approve",
        api.QueueEntryApproveView.as_view(),
        name="queue-entry-approve",
    ),
    path(
        "api/queue-entries/<uuid:entry_id>/exclude",
        api.QueueEntryExcludeView.as_view(),
        name="queue-entry-exclude",
    ),
    path(
        "api/queue-entries/<uuid:entry_id>/take-back",
        api.QueueEntryTakeBackView.as_view(),
        name="queue-entry-take-back",
    ),
    path(
        "api/projects/<uuid:project_id>/queue-samples",
        api.QueueSamplesView.as_view(),
        name="queue-samples",
    ),
    path("api/queue-samples/<uuid:sample_id>", api.QueueSampleView.as_view(), name="queue-sample"),
    path(
        "api/queue-samples/<uuid:sample_id>/approve-rest",
        api.QueueSampleApproveView.as_view(),
        name="queue-sample-approve",
    ),
    path("api/projects/<uuid:project_id>/snapshots", api.SnapshotsView.as_view(), name="snapshots"),
    path(
        "api/projects/<uuid:project_id>/snapshots/preview",
        api.SnapshotPreviewView.as_view(),
        name="snapshot-preview",
    ),
    path("api/projects/<uuid:project_id>/runs", api.ProjectRunsView.as_view(), name="runs"),
    path("api/snapshots/<uuid:snapshot_id>", api.SnapshotView.as_view(), name="snapshot"),
]
