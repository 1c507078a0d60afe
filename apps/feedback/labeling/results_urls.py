"""Routes of what a round came to, for those who administer its project."""

from django.urls import path

from apps.feedback.labeling.api import results

ROUND = "api/rounds/<uuid:round_id>"

urlpatterns = [
    path(f"{ROUND}/statistics", results.RoundStatisticsView.as_view(), name="round-statistics"),
    path(f"{ROUND}/export.csv", results.RoundExportCsvView.as_view(), name="round-export-csv"),
    path(f"{ROUND}/export.json", results.RoundExportJsonView.as_view(), name="round-export-json"),
    path(f"{ROUND}/certificate", results.RoundCertificateView.as_view(), name="round-certificate"),
]
