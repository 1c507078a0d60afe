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
from apps.cases.audit.api import AuditVerifyView, AuditView
from apps.cases.dicomweb import server
from apps.cases.dicomweb.converters import FramesConverter, UidConverter
from apps.cases.people import api as people
from apps.cases.projects import api as projects

register_converter(UidConverter, "uid")
register_converter(FramesConverter, "frames")

STUDY = "dicomweb/studies/<uid:study>/"
SERIES = f"{STUDY}series/<uid:series>/"
INSTANCE = f"{SERIES}instances/<uid:sop>"
PROJECT = "api/projects/<uuid:project_id>"
MEMBER = f"{PROJECT}/members/<uuid:user_id>"

people_patterns = [
    path(f"{PROJECT}/members", people.MembersView.as_view(), name="members"),
    path(f"{MEMBER}/roles/<slug:role>", people.MemberRoleView.as_view(), name="member-role"),
    path(f"{MEMBER}/deactivate", people.MemberDeactivateView.as_view(), name="member-deactivate"),
    path(f"{MEMBER}/activate", people.MemberActivateView.as_view(), name="member-activate"),
    path(f"{MEMBER}/reset-link", people.MemberResetLinkView.as_view(), name="member-reset-link"),
    path(f"{PROJECT}/invitations", people.InvitationsView.as_view(), name="invitations"),
    path(
        f"{PROJECT}/invitations/<uuid:invitation_id>/revoke",
        people.InvitationRevokeView.as_view(),
        name="invitation-revoke",
    ),
    path("api/join/look", people.JoinLookView.as_view(), name="join-look"),
    path("api/join", people.JoinView.as_view(), name="join"),
    path("api/join/as-me", people.JoinAsMeView.as_view(), name="join-as-me"),
    path("api/reset/look", people.ResetLookView.as_view(), name="reset-look"),
    path("api/reset", people.ResetView.as_view(), name="reset"),
]
project_patterns = [
    path(
        "api/projects/administered",
        projects.AdministeredProjectsView.as_view(),
        name="projects-administered",
    ),
    path(f"{PROJECT}/settings", projects.ProjectSettingsView.as_view(), name="project-settings"),
    path(f"{PROJECT}/policies", projects.PoliciesView.as_view(), name="project-policies"),
    path(f"{PROJECT}/findings", projects.FindingsView.as_view(), name="project-findings"),
    path(
        f"{PROJECT}/findings/<uuid:finding_id>",
        projects.FindingView.as_view(),
        name="project-finding",
    ),
    path(f"{PROJECT}/audit", AuditView.as_view(), name="audit"),
    path(f"{PROJECT}/audit/verify", AuditVerifyView.as_view(), name="audit-verify"),
]

urlpatterns = [
    *people_patterns,
    *project_patterns,
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
