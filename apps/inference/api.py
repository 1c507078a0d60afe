"""HTTP of inference: asking for predictions, class maps, models and what is stuck."""

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import known, sees_ai
from apps.cases.models import Case, Project
from apps.errors import NotFound
from apps.inference import run_selectors, selectors, serializers
from apps.inference.models import ModelVersion, Prediction, TrainingRun
from apps.inference.services.models import model_promote, model_rollback
from apps.inference.services.predictions import (
    case_predictions_request,
    prediction_retry,
    predictions_retry,
    project_predictions_request,
)
from apps.inference.services.runs import training_run_cancel, training_run_resume


class CasePredictView(APIView):
    """The analysis of one case, on demand."""

    @extend_schema(
        operation_id="case_predict", request=None, responses=serializers.CasePredictSerializer
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Ask for the case before all bulk work; asking again changes nothing."""
        case = Case.objects.select_related("project").get(pk=case_id)
        case_predictions_request([case.pk], lane=Prediction.Lane.INTERACTIVE)
        # Whether a model abstained or answered is AI output too.
        shown = sees_ai(known(request.user), case)
        state = selectors.cases_ai([case])[case.pk]["state"] if shown else "requested"
        return Response(serializers.CasePredictSerializer({"state": state}).data)


class ProjectPredictView(APIView):
    """The analysis of a whole project."""

    @extend_schema(
        operation_id="project_predict", request=None, responses=serializers.ProjectPredictSerializer
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Ask, behind all interactive work, for every case the champion was not asked about."""
        project = Project.objects.get(pk=project_id)
        requested = project_predictions_request(project, actor=known(request.user))
        return Response(serializers.ProjectPredictSerializer({"requested": requested}).data)


class PredictionMapsView(APIView):
    """The class maps of one image."""

    @extend_schema(
        operation_id="prediction_maps",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, prediction_id: UUID) -> HttpResponse:
        """Give float16 (K, h, w), little-endian, signed; shape and scale are in the review."""
        prediction = Prediction.objects.only("maps").get(pk=prediction_id)
        if prediction.maps is None:
            raise NotFound
        response = HttpResponse(bytes(prediction.maps), content_type="application/octet-stream")
        response["Cache-Control"] = "private, max-age=31536000, immutable"
        patch_vary_headers(response, ["Cookie"])
        return response


class PredictionRetryView(APIView):
    """Another try for an image that could not be analysed."""

    @extend_schema(operation_id="prediction_retry", request=None, responses={204: None})
    def post(self, request: Request, prediction_id: UUID) -> Response:
        """Put the image back in the queue."""
        prediction_retry(prediction_id, actor=known(request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)


class StuckPredictionsView(APIView):
    """Images that could not be analysed."""

    @extend_schema(
        operation_id="stuck_predictions",
        parameters=[serializers.PageSerializer],
        responses=serializers.StuckPageSerializer,
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        """Give a page of them, the latest first."""
        sent = serializers.PageSerializer(data=request.query_params)
        sent.is_valid(raise_exception=True)
        offset, limit = sent.validated_data["offset"], sent.validated_data["limit"]
        project = Project.objects.get(pk=project_id)
        stuck = selectors.stuck_predictions(project, user=known(request.user))
        body = {
            "count": stuck.count(),
            "rows": [selectors.stuck_facts(row) for row in stuck[offset : offset + limit]],
        }
        return Response(serializers.StuckPageSerializer(body).data)


class StuckPredictionsRetryView(APIView):
    """Another try for every image that could not be analysed."""

    @extend_schema(
        operation_id="stuck_predictions_retry",
        request=None,
        responses=serializers.RetriedSerializer,
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Put all of a project's back in the queue, behind interactive work."""
        project = Project.objects.get(pk=project_id)
        retried = predictions_retry(project, actor=known(request.user))
        return Response(serializers.RetriedSerializer({"retried": retried}).data)


class ModelsView(APIView):
    """The models and what serves the project."""

    @extend_schema(operation_id="models", responses=serializers.ModelsSerializer)
    def get(self, request: Request, project_id: UUID) -> Response:
        """Give every version and the log of deployments."""
        body = selectors.models_overview(Project.objects.get(pk=project_id))
        return Response(serializers.ModelsSerializer(body).data)


class ModelPromoteView(APIView):
    """Promotion of a model version."""

    @extend_schema(
        operation_id="model_promote",
        request=serializers.ReasonSerializer,
        responses=serializers.ModelsSerializer,
    )
    def post(self, request: Request, project_id: UUID, model_id: UUID) -> Response:
        """Let the version serve the project, or refuse and change nothing."""
        sent = serializers.ReasonSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        project = Project.objects.get(pk=project_id)
        version = ModelVersion.objects.filter(pk=model_id).first()
        if version is None:
            raise NotFound
        reason = sent.validated_data["reason"]
        model_promote(version, project=project, actor=known(request.user), reason=reason)
        return Response(serializers.ModelsSerializer(selectors.models_overview(project)).data)


class ModelRollbackView(APIView):
    """Rollback to the version that served before."""

    @extend_schema(
        operation_id="model_rollback",
        request=serializers.ReasonSerializer,
        responses=serializers.ModelsSerializer,
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Undo the last promotion, or refuse and change nothing."""
        sent = serializers.ReasonSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        project = Project.objects.get(pk=project_id)
        model_rollback(project, actor=known(request.user), reason=sent.validated_data["reason"])
        return Response(serializers.ModelsSerializer(selectors.models_overview(project)).data)


class RunsView(APIView):
    """The training runs of a project."""

    @extend_schema(
        operation_id="runs",
        parameters=[serializers.PageSerializer],
        responses=serializers.RunPageSerializer,
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        """Give a page of them, the latest first."""
        sent = serializers.PageSerializer(data=request.query_params)
        sent.is_valid(raise_exception=True)
        offset, limit = sent.validated_data["offset"], sent.validated_data["limit"]
        runs = run_selectors.runs_of(Project.objects.get(pk=project_id))
        rows = runs.defer("curves", "comparison")[offset : offset + limit]
        body = {"count": runs.count(), "rows": [run_selectors.run_facts(row) for row in rows]}
        return Response(serializers.RunPageSerializer(body).data)


class RunView(APIView):
    """One training run."""

    @extend_schema(operation_id="run", responses=serializers.RunDetailSerializer)
    def get(self, request: Request, run_id: UUID) -> Response:
        """Give its progress, its curves, and candidate and champion side by side."""
        return _run_answer(run_id)


class RunCancelView(APIView):
    """The end of a run before its time."""

    @extend_schema(
        operation_id="run_cancel", request=None, responses=serializers.RunDetailSerializer
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        """Cancel it, at once or as soon as its worker looks up."""
        training_run_cancel(run_id, actor=known(request.user))
        return _run_answer(run_id)


class RunResumeView(APIView):
    """Another try for a failed or cancelled run."""

    @extend_schema(
        operation_id="run_resume", request=None, responses=serializers.RunDetailSerializer
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        """Queue it again; it goes on from its checkpoint."""
        training_run_resume(run_id, actor=known(request.user))
        return _run_answer(run_id)


def _run_answer(run_id: UUID) -> Response:
    runs = TrainingRun.objects.select_related("parent", "candidate", "champion", "requested_by")
    body = run_selectors.run_detail(runs.get(pk=run_id))
    return Response(serializers.RunDetailSerializer(body).data)


class StatusView(APIView):
    """How the analysis is going."""

    @extend_schema(operation_id="status", responses=serializers.StatusSerializer)
    def get(self, request: Request) -> Response:
        """Give the facts of the banner."""
        body = {"ai": selectors.queue_status(now=timezone.now())}
        return Response(serializers.StatusSerializer(body).data)
