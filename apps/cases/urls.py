"""Routes of cases."""

from django.urls import path, register_converter

from apps.cases.api import (
    DraftKeyView,
    IngestFailureResolveView,
    IngestFailuresView,
    ProjectsView,
    SessionView,
    UploadView,
)
from apps.cases.dicomweb import server
from apps.cases.dicomweb.converters import FramesConverter, UidConverter

register_converter(UidConverter, "uid")
register_converter(FramesConverter, "frames")

STUDY = "dicomweb/studies/<uid:study>/"
SERIES = f"{STUDY}series/<uid:series>/"
INSTANCE = f"{SERIES}instances/<uid:sop>"

urlpatterns = [
    path("api/session", SessionView.as_view(), name="session"),
    path("api/session/draft-key", DraftKeyView.as_view(), name="draft-key"),
    path("api/projects", ProjectsView.as_view(), name="projects"),
    path("api/projects/<uuid:project_id>/uploads", UploadView.as_view(), name="upload"),
    path(
        "api/projects/<uuid:project_id>/ingest-failures",
        IngestFailuresView.as_view(),
        name="ingest-failures",
    ),
    path(
        "api/projects/<uuid:project_id>/ingest-failures/<uuid:failure_id>/resolve",
        IngestFailureResolveView.as_view(),
        name="ingest-failure-resolve",
    ),
    path(f"{STUDY}metadata", server.study_metadata, name="wado-study-metadata"),
    path(f"{SERIES}metadata", server.series_metadata, name="wado-series-metadata"),
    path(f"{INSTANCE}/metadata", server.instance_metadata, name="wado-instance-metadata"),
    path(f"{INSTANCE}/frames/<frames:numbers>", server.frames, name="wado-frame"),
    path(f"{INSTANCE}/thumbnail", server.thumbnail, name="wado-thumbnail"),
    path(INSTANCE, server.instance_file, name="wado-instance"),
]
