"""The shapes of the queue's HTTP."""

from typing import Any

from rest_framework import serializers

from apps.feedback.learning.models import QueueEntry
from apps.feedback.learning.selectors import QueueQuery


class QueueQuerySerializer(serializers.Serializer[QueueQuery]):
    """Filters and page of the queue."""

    state = serializers.ChoiceField(choices=QueueEntry.State.choices, default="", allow_blank=True)
    finding = serializers.SlugField(default="", allow_blank=True, max_length=64)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=10_000_000)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=1000)


class QueueEntrySerializer(serializers.Serializer[Any]):
    """A correction that waits for training."""

    id = serializers.UUIDField()
    case_id = serializers.UUIDField()
    finding = serializers.CharField()
    label = serializers.BooleanField()  # type: ignore[assignment]  # a field, not its caption
    ai_probability = serializers.FloatField()
    ai_threshold = serializers.FloatField()
    ai_above_threshold = serializers.BooleanField()
    ai_visible = serializers.BooleanField()
    model = serializers.CharField()
    reader = serializers.CharField()
    state = serializers.ChoiceField(choices=QueueEntry.State.choices)
    created_at = serializers.DateTimeField()


class QueueSerializer(serializers.Serializer[Any]):
    """A page of the queue, with how many entries wait per finding."""

    count = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    rows = QueueEntrySerializer(many=True)
