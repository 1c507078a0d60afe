"""HTTP of what a round came to: statistics, exports, the certificate of blindness."""

from collections.abc import Iterator
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import person
from apps.feedback.labeling.selectors.export import export_csv, export_json
from apps.feedback.labeling.selectors.results import statistics_answer
from apps.feedback.labeling.selectors.rounds import round_by_id
from apps.feedback.labeling.serializers import results as shapes
from apps.feedback.labeling.services import reports


class RoundStatisticsView(APIView):
    """Statistics of the released cases of a round."""

    @extend_schema(operation_id="round_statistics", responses=shapes.RoundStatisticsSerializer)
    def get(self, request: Request, round_id: UUID) -> Response:
        """Give the newest report."""
        body = statistics_answer(round_by_id(round_id))
        return Response(shapes.RoundStatisticsSerializer(body).data)

    @extend_schema(
        operation_id="round_report_want",
        request=None,
        responses={202: shapes.RoundStatisticsSerializer},
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Ask for a new one."""
        reading_round = round_by_id(round_id)
        reports.report_want(reading_round, actor=person(request))
        body = shapes.RoundStatisticsSerializer(statistics_answer(reading_round)).data
        return Response(body, status=status.HTTP_202_ACCEPTED)


class RoundExportCsvView(APIView):
    """The released labels as a table."""

    @extend_schema(
        operation_id="round_export_csv", responses={(200, "text/csv"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, round_id: UUID) -> StreamingHttpResponse:
        """Stream it."""
        reading_round = round_by_id(round_id)
        rows = reports.results_export(reading_round, form="csv", actor=person(request))
        return _file(export_csv(reading_round, rows), round_id, "csv", "text/csv; charset=utf-8")


class RoundExportJsonView(APIView):
    """The released labels with everything they come from."""

    @extend_schema(
        operation_id="round_export_json",
        responses={(200, "application/json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, round_id: UUID) -> StreamingHttpResponse:
        """Stream it."""
        reading_round = round_by_id(round_id)
        rows = reports.results_export(reading_round, form="json", actor=person(request))
        return _file(export_json(reading_round, rows), round_id, "json", "application/json")


class RoundCertificateView(APIView):
    """The certificate of blindness."""

    @extend_schema(operation_id="round_certificate", responses=shapes.RoundCertificateSerializer)
    def get(self, request: Request, round_id: UUID) -> Response:
        """Check every claim now."""
        body = reports.certificate_issue(round_by_id(round_id), actor=person(request))
        return Response(shapes.RoundCertificateSerializer(body).data)


def _file(
    pieces: Iterator[bytes], round_id: UUID, suffix: str, content_type: str
) -> StreamingHttpResponse:
    name = f"round-{round_id}.{suffix}"
    return StreamingHttpResponse(
        pieces,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )
