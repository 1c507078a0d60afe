"""The shapes of the worklist's HTTP."""

from typing import Any

from rest_framework import serializers

from apps.feedback.review.selectors.worklist import LEVELS, ORDERINGS, PRIORITIES, WorklistQuery
from apps.feedback.review.serializers.facts import (
    AiSerializer,
    PatientSerializer,
    StudySerializer,
)

MAXIMUM_PAGE = 100


class WorklistQuerySerializer(serializers.Serializer[WorklistQuery]):
    """Filters, search and page of a worklist. Sent as a body: a search can hold a name."""

    search = serializers.CharField(default="", allow_blank=True, max_length=200)
    status = serializers.MultipleChoiceField(choices=["unread", "draft", "signed"], default=set)
    modality = serializers.ListField(
        child=serializers.CharField(max_length=16), default=list, max_length=50
    )
    finding = serializers.ListField(
        child=serializers.SlugField(max_length=64), default=list, max_length=100
    )
    priority = serializers.MultipleChoiceField(choices=LEVELS, default=set)
    date_from = serializers.DateField(default=None, allow_null=True)
    date_to = serializers.DateField(default=None, allow_null=True)
    ordering = serializers.ChoiceField(
        choices=[f"{sign}{name}" for name in ["priority", *ORDERINGS] for sign in ("", "-")],
        default="priority",
    )
    offset = serializers.IntegerField(default=0, min_value=0, max_value=10_000_000)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=MAXIMUM_PAGE)

    def to_query(self) -> WorklistQuery:
        """Give the validated query."""
        return WorklistQuery(**self.validated_data)


class PrioritySerializer(serializers.Serializer[Any]):
    """Why a case stands where it stands."""

    level = serializers.ChoiceField(choices=LEVELS)
    reason = serializers.ChoiceField(choices=list(PRIORITIES))
    finding = serializers.CharField()


class WorklistRowSerializer(serializers.Serializer[Any]):
    """One case in a worklist; `ai` and `priority` are absent where the policy hides AI."""

    case_id = serializers.UUIDField()
    patient = PatientSerializer()
    study = StudySerializer()
    ai = AiSerializer(required=False)
    priority = PrioritySerializer(required=False)
    status = serializers.ChoiceField(choices=["unread", "draft", "signed"])
    reader = serializers.CharField()
    claimed_by = serializers.CharField(allow_blank=True)
    is_critical_open = serializers.BooleanField()
    needs_second_signature = serializers.BooleanField()
    received_at = serializers.DateTimeField()
    thumbnail_url = serializers.CharField()


class WorklistSerializer(serializers.Serializer[Any]):
    """One page of a worklist."""

    count = serializers.IntegerField()
    unread_count = serializers.IntegerField()
    signed_today_count = serializers.IntegerField()
    median_read_s = serializers.FloatField(allow_null=True)
    shows_ai = serializers.BooleanField()
    rows = WorklistRowSerializer(many=True)
