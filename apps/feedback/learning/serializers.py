"""The shapes of learning's HTTP: the queue, samples and snapshots."""

from typing import Any

from rest_framework import serializers

from apps.feedback.learning.models import QueueDecision, QueueEntry
from apps.feedback.learning.selectors.queue import SAMPLE_BLOCKERS, QueueFilter
from apps.feedback.learning.selectors.snapshots import TRAINING_BLOCKERS
from apps.inference.compute.run_config import LARGEST_SEED
from apps.inference.serializers import RunConfigSerializer

EXCLUDABLE = ["waiting", "approved"]


class _LearningFilterSerializer(serializers.Serializer[QueueFilter]):
    kind = serializers.ChoiceField(choices=QueueEntry.Kind.choices, default="", allow_blank=True)
    finding = serializers.SlugField(default="", allow_blank=True, max_length=64)
    reader = serializers.UUIDField(default=None, allow_null=True)
    ai_visible = serializers.BooleanField(default=None, allow_null=True)
    is_new = serializers.BooleanField(default=False, help_text="Since the last snapshot")
    created_from = serializers.DateTimeField(default=None, allow_null=True)
    created_before = serializers.DateTimeField(default=None, allow_null=True)


class QueueQuerySerializer(_LearningFilterSerializer):
    """Filters and page of the queue."""

    state = serializers.ChoiceField(choices=QueueEntry.State.choices, default="", allow_blank=True)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=10_000_000)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=1000)


class SampleQuerySerializer(_LearningFilterSerializer):
    """Which of the waiting entries to draw from."""


class QueueReasonSerializer(serializers.Serializer[Any]):
    """Why labels are kept out of training."""

    reason = serializers.CharField(max_length=500)


class BulkExclusionSerializer(_LearningFilterSerializer):
    """Which entries to exclude, how many the admin was shown, and why."""

    state = serializers.ChoiceField(choices=EXCLUDABLE, default="", allow_blank=True)
    expected = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=500)


class SampleApprovalSerializer(serializers.Serializer[Any]):
    """Why the rest may be approved; needed where a drawn entry was excluded."""

    reason = serializers.CharField(max_length=500, default="", allow_blank=True)


class LearningPageSerializer(serializers.Serializer[Any]):
    """A page of a list."""

    offset = serializers.IntegerField(default=0, min_value=0, max_value=10_000_000)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=100)


class QueueDecisionSerializer(serializers.Serializer[Any]):
    """One decision on an entry."""

    to_state = serializers.ChoiceField(choices=QueueEntry.State.choices)
    way = serializers.ChoiceField(choices=QueueDecision.Way.choices)
    actor = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()


class QueueEntrySerializer(serializers.Serializer[Any]):
    """A label that waits for training; AI facts are null where the model said nothing of it."""

    id = serializers.UUIDField()
    case_id = serializers.UUIDField()
    finding = serializers.CharField()
    kind = serializers.ChoiceField(choices=QueueEntry.Kind.choices)
    label = serializers.BooleanField()  # type: ignore[assignment]  # a field, not its caption
    grade = serializers.CharField()
    label_before_ai = serializers.BooleanField(allow_null=True)
    ai_probability = serializers.FloatField(allow_null=True)
    ai_threshold = serializers.FloatField(allow_null=True)
    ai_above_threshold = serializers.BooleanField(allow_null=True)
    ai_visible = serializers.BooleanField()
    model = serializers.CharField()
    reader = serializers.CharField()
    state = serializers.ChoiceField(choices=QueueEntry.State.choices)
    holds = serializers.BooleanField(help_text="No later version of the review overrules it")
    first_snapshot = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    decisions = QueueDecisionSerializer(many=True)


class QueueCountSerializer(serializers.Serializer[Any]):
    """How many entries of one finding, kind and state there are, and how many of these are new."""

    finding = serializers.CharField()
    kind = serializers.ChoiceField(choices=QueueEntry.Kind.choices)
    state = serializers.ChoiceField(choices=QueueEntry.State.choices)
    count = serializers.IntegerField()
    new = serializers.IntegerField()


class QueueReaderSerializer(serializers.Serializer[Any]):
    """A person with entries in the queue."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class QueueSerializer(serializers.Serializer[Any]):
    """A page of the queue; `waiting` and `excludable` count all that the filter matches."""

    count = serializers.IntegerField()
    waiting = serializers.IntegerField()
    excludable = serializers.IntegerField()
    counts = QueueCountSerializer(many=True)
    readers = QueueReaderSerializer(many=True)
    last_snapshot = serializers.IntegerField(allow_null=True)
    rows = QueueEntrySerializer(many=True)


class ExcludedSerializer(serializers.Serializer[Any]):
    """How many entries were excluded."""

    excluded = serializers.IntegerField()


class QueueSampleSerializer(serializers.Serializer[Any]):
    """A frozen set of waiting entries with those that are looked at before the rest is approved."""

    id = serializers.UUIDField()
    query = serializers.DictField()
    drawn_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    frozen = serializers.IntegerField()
    drawn = serializers.IntegerField()
    looked_at = serializers.IntegerField()
    excluded = serializers.IntegerField(help_text="Of the drawn ones")
    rest_waiting = serializers.IntegerField()
    approved = serializers.IntegerField(allow_null=True, help_text="Once the rest was approved")
    blocker = serializers.ChoiceField(choices=SAMPLE_BLOCKERS, allow_blank=True)
    rows = QueueEntrySerializer(many=True)


class ClassCountSerializer(serializers.Serializer[Any]):
    """Cases with and without a finding."""

    positive = serializers.IntegerField()
    negative = serializers.IntegerField()


class FindingCountSerializer(serializers.Serializer[Any]):
    """Cases of a finding in each part."""

    finding = serializers.CharField()
    train = ClassCountSerializer()
    validation = ClassCountSerializer()
    test = ClassCountSerializer()


class ImageCountSerializer(serializers.Serializer[Any]):
    """Images in each part."""

    train = serializers.IntegerField()
    validation = serializers.IntegerField()
    test = serializers.IntegerField()


class LeftOutSerializer(serializers.Serializer[Any]):
    """Approved labels that could not enter, by reason."""

    no_label_before_ai = serializers.IntegerField(default=0)
    no_image = serializers.IntegerField(default=0)
    positive_without_roi = serializers.IntegerField(default=0)


class SnapshotContentSerializer(serializers.Serializer[Any]):
    """What a training set holds; `added` are entries that the snapshot before had not."""

    counts = FindingCountSerializer(many=True)
    image_counts = ImageCountSerializer()
    left_out = LeftOutSerializer()
    entries = serializers.IntegerField()
    added = serializers.IntegerField()


class SnapshotPreviewSerializer(SnapshotContentSerializer):
    """The snapshot that would be made now."""

    removed = serializers.IntegerField()
    waiting = serializers.IntegerField()
    last_snapshot = serializers.IntegerField(allow_null=True)
    findings_of_model = serializers.ListField(child=serializers.CharField())


class SnapshotSerializer(SnapshotContentSerializer):
    """An immutable training set; `blocker` says why the champion cannot learn from it."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    manifest_sha256 = serializers.CharField()
    made_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    blocker = serializers.ChoiceField(choices=TRAINING_BLOCKERS, allow_blank=True)
    blocker_findings = serializers.ListField(child=serializers.CharField())


class SnapshotsSerializer(serializers.Serializer[Any]):
    """A page of the snapshots, the latest first."""

    count = serializers.IntegerField()
    rows = SnapshotSerializer(many=True)


class MadeSnapshotSerializer(serializers.Serializer[Any]):
    """The snapshot; `is_new` is false where the same content had been made before."""

    is_new = serializers.BooleanField()
    snapshot = SnapshotSerializer()


class RunSettingsSerializer(RunConfigSerializer):
    """How to train; what is left out takes the default of its mode."""

    def get_fields(self) -> dict[str, Any]:
        """Require nothing."""
        fields: dict[str, Any] = super().get_fields()
        for each in fields.values():
            each.required = False
        return fields


class RunAskedSerializer(serializers.Serializer[Any]):
    """What a run is asked for with; the same words give the run that exists."""

    snapshot_id = serializers.UUIDField()
    config = RunSettingsSerializer(required=False)
    seed = serializers.IntegerField(default=1, min_value=0, max_value=LARGEST_SEED)
