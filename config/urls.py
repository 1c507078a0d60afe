"""Mounts each app's routes; every route's name has a row in apps.cases.access.TABLE."""

from allauth.headless.account.views import LoginView, SessionView
from allauth.headless.base.views import ConfigView
from allauth.headless.constants import Client
from django.urls import include, path, re_path

from config import views

# Of allauth's routes only those in use: what is not mounted cannot be attacked.
accounts = [
    path("login", LoginView.as_api_view(client=Client.BROWSER), name="login"),
    path("session", SessionView.as_api_view(client=Client.BROWSER), name="current_session"),
]
browser = [
    path("config", ConfigView.as_api_view(client=Client.BROWSER), name="config"),
    path("auth/", include((accounts, "headless"), namespace="account")),
]
headless = [path("browser/v1/", include((browser, "headless"), namespace="browser"))]

urlpatterns = [
    path("api/health", views.health, name="health"),
    path("csp-report", views.csp_report, name="csp-report"),
    path("_allauth/", include((headless, "headless"), namespace="headless")),
    path("", include("apps.cases.urls")),
    path("", include("apps.inference.urls")),
    path("", include("apps.feedback.urls")),
    re_path(r"^(?!api/|dicomweb/|_allauth/|static/|csp-report).*$", views.app, name="app"),
]
handler400 = "config.exceptions.bad_request"
handler404 = "config.exceptions.not_found"
handler500 = "config.exceptions.server_error"
