"""HTTP of learning: the retraining queue."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.models import Project
from apps.feedback.learning import serializers
from apps.feedback.learning.selectors import QueueQuery, queue_page


class QueueEntriesView(APIView):
    """Corrections waiting for training."""

    @extend_schema(
        operation_id="queue_entries",
        parameters=[serializers.QueueQuerySerializer],
        responses=serializers.QueueSerializer,
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        """Give a page of the queue."""
        sent = serializers.QueueQuerySerializer(data=request.query_params)
        sent.is_valid(raise_exception=True)
        project = Project.objects.get(pk=project_id)
        body = queue_page(project, query=QueueQuery(**sent.validated_data))
        return Response(serializers.QueueSerializer(body).data)
