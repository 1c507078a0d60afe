"""HTTP of learning: the retraining queue, its samples and the snapshots."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import person
from apps.cases.models import Project
from apps.errors import NotFound
from apps.feedback.learning import serializers, services
from apps.feedback.learning.models import QueueSample, Snapshot
from apps.feedback.learning.selectors.queue import (
    QueueFilter,
    entry_by_id,
    queue_page,
    sample_facts,
)
from apps.feedback.learning.selectors.snapshots import (
    snapshot_by_id,
    snapshot_preview,
    snapshots_page,
)
from apps.feedback.learning.snapshots import run_request, snapshot_make
from apps.inference.api import RunsView
from apps.inference.run_selectors import run_facts
from apps.inference.serializers import RunSerializer


class QueueEntriesView(APIView):
    """Labels waiting for training."""

    @extend_schema(
        operation_id="queue_entries",
        parameters=[serializers.QueueQuerySerializer],
        responses=serializers.QueueSerializer,
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        """Give a page of the queue."""
        sent = serializers.QueueQuerySerializer(data=request.query_params)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        offset, limit = given.pop("offset"), given.pop("limit")
        body = queue_page(
            Project.objects.get(pk=project_id),
            user=person(request),
            query=QueueFilter(**given),
            offset=offset,
            limit=limit,
        )
        return Response(serializers.QueueSerializer(body).data)


class QueueEntryApproveView(APIView):
    """The approval of one entry."""

    @extend_schema(
        operation_id="queue_entry_approve",
        request=None,
        responses=serializers.QueueEntrySerializer,
    )
    def post(self, request: Request, entry_id: UUID) -> Response:
        """Let it into the next snapshot, or refuse and change nothing."""
        services.entry_approve(entry_id, actor=person(request))
        return _entry_answer(entry_id)


class QueueEntryExcludeView(APIView):
    """The exclusion of one entry."""

    @extend_schema(
        operation_id="queue_entry_exclude",
        request=serializers.QueueReasonSerializer,
        responses=serializers.QueueEntrySerializer,
    )
    def post(self, request: Request, entry_id: UUID) -> Response:
        """Keep it out with a reason, or refuse and change nothing."""
        sent = serializers.QueueReasonSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        services.entry_exclude(
            entry_id, actor=person(request), reason=sent.validated_data["reason"]
        )
        return _entry_answer(entry_id)


class QueueEntryTakeBackView(APIView):
    """A decision on one entry, taken back."""

    @extend_schema(
        operation_id="queue_entry_take_back",
        request=None,
        responses=serializers.QueueEntrySerializer,
    )
    def post(self, request: Request, entry_id: UUID) -> Response:
        """Let it wait again, or refuse and change nothing."""
        services.entry_take_back(entry_id, actor=person(request))
        return _entry_answer(entry_id)


class QueueExcludeView(APIView):
    """The exclusion of all that a filter matches."""

    @extend_schema(
        operation_id="queue_exclude",
        request=serializers.BulkExclusionSerializer,
        responses=serializers.ExcludedSerializer,
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Exclude as many as the admin was shown, or refuse and change nothing."""
        sent = serializers.BulkExclusionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        expected, reason = given.pop("expected"), given.pop("reason")
        excluded = services.entries_exclude(
            Project.objects.get(pk=project_id),
            query=QueueFilter(**given),
            expected=expected,
            actor=person(request),
            reason=reason,
        )
        return Response(serializers.ExcludedSerializer({"excluded": excluded}).data)


class QueueSamplesView(APIView):
    """Draws from the queue."""

    @extend_schema(
        operation_id="queue_sample_draw",
        request=serializers.SampleQuerySerializer,
        responses=serializers.QueueSampleSerializer,
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Freeze what a filter matches and draw what is looked at."""
        sent = serializers.SampleQuerySerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        sample = services.sample_draw(
            Project.objects.get(pk=project_id),
            query=QueueFilter(**sent.validated_data),
            actor=person(request),
        )
        return _sample_answer(sample.pk)


class QueueSampleView(APIView):
    """One draw."""

    @extend_schema(operation_id="queue_sample", responses=serializers.QueueSampleSerializer)
    def get(self, request: Request, sample_id: UUID) -> Response:
        """Give what is to be looked at, and whether the rest may be approved."""
        return _sample_answer(sample_id)


class QueueSampleApproveView(APIView):
    """The approval of the rest of a draw."""

    @extend_schema(
        operation_id="queue_sample_approve",
        request=serializers.SampleApprovalSerializer,
        responses=serializers.QueueSampleSerializer,
    )
    def post(self, request: Request, sample_id: UUID) -> Response:
        """Approve what was frozen and not drawn, or refuse and change nothing."""
        sent = serializers.SampleApprovalSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        sample = _sample(sample_id)
        services.sample_approve_rest(
            sample, actor=person(request), reason=sent.validated_data["reason"]
        )
        return _sample_answer(sample_id)


class SnapshotsView(APIView):
    """The training sets of a project."""

    @extend_schema(
        operation_id="snapshots",
        parameters=[serializers.LearningPageSerializer],
        responses=serializers.SnapshotsSerializer,
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        """Give a page of them, the latest first."""
        sent = serializers.LearningPageSerializer(data=request.query_params)
        sent.is_valid(raise_exception=True)
        body = snapshots_page(Project.objects.get(pk=project_id), **sent.validated_data)
        return Response(serializers.SnapshotsSerializer(body).data)

    @extend_schema(
        operation_id="snapshot_make", request=None, responses=serializers.MadeSnapshotSerializer
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Make one of what is approved; the same content gives the one that exists."""
        made = snapshot_make(Project.objects.get(pk=project_id), actor=person(request))
        body = {"is_new": made.is_new, "snapshot": snapshot_by_id(made.snapshot.pk)}
        return Response(serializers.MadeSnapshotSerializer(body).data)


class SnapshotPreviewView(APIView):
    """The next training set."""

    @extend_schema(operation_id="snapshot_preview", responses=serializers.SnapshotPreviewSerializer)
    def get(self, request: Request, project_id: UUID) -> Response:
        """Give what a snapshot would hold now; it changes nothing."""
        body = snapshot_preview(Project.objects.get(pk=project_id))
        return Response(serializers.SnapshotPreviewSerializer(body).data)


class SnapshotView(APIView):
    """One training set."""

    @extend_schema(operation_id="snapshot", responses=serializers.SnapshotSerializer)
    def get(self, request: Request, snapshot_id: UUID) -> Response:
        """Give what it holds and whether the champion can learn from it."""
        return Response(serializers.SnapshotSerializer(snapshot_by_id(snapshot_id)).data)


class ProjectRunsView(RunsView):
    """The training runs of a project; they begin here, because they begin with a snapshot."""

    @extend_schema(
        operation_id="run_request",
        request=serializers.RunAskedSerializer,
        responses=RunSerializer,
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Ask for a run of the champion on a snapshot, or refuse and change nothing."""
        sent = serializers.RunAskedSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = sent.validated_data
        snapshots = Snapshot.objects.select_related("project").filter(project=project_id)
        snapshot = snapshots.filter(pk=asked["snapshot_id"]).first()
        if snapshot is None:
            raise NotFound
        run = run_request(
            snapshot, config=asked.get("config", {}), seed=asked["seed"], actor=person(request)
        )
        return Response(RunSerializer(run_facts(run)).data)


def _entry_answer(entry_id: UUID) -> Response:
    return Response(serializers.QueueEntrySerializer(entry_by_id(entry_id)).data)


def _sample(sample_id: UUID) -> QueueSample:
    samples: Any = QueueSample.objects.select_related("project", "drawn_by", "approval")
    sample: QueueSample = samples.get(pk=sample_id)
    return sample


def _sample_answer(sample_id: UUID) -> Response:
    body = sample_facts(_sample(sample_id))
    return Response(serializers.QueueSampleSerializer(body).data)
