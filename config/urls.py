"""Mounts each app's routes; every route's name has a row in apps.cases.access.TABLE."""

from django.urls import include, path, re_path

from config import views

urlpatterns = [
    path("api/health", views.health, name="health"),
    path("csp-report", views.csp_report, name="csp-report"),
    path("_allauth/", include("allauth.headless.urls")),
    path("", include("apps.cases.urls")),
    path("", include("apps.inference.urls")),
    path("", include("apps.feedback.urls")),
    re_path(r"^(?!api/|dicomweb/|_allauth/|static/|csp-report).*$", views.app, name="app"),
]
