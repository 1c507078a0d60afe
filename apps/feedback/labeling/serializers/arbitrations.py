"""The shapes of an arbitration after the reveal."""

from typing import Any

from rest_framework import serializers

from apps.feedback.fields import LARGEST_INTEGER
from apps.feedback.labeling.models.rounds import Arbitration
from apps.feedback.labeling.models.verdicts import ArbitrationDecision
from apps.feedback.labeling.serializers.reads import (
    ANSWERS,
    LabelFindingSerializer,
    MarkedRoiSerializer,
    ReadContentSerializer,
    ReadFactsSerializer,
    ReadImagesSerializer,
)

CHOICES = [choice for choice in ArbitrationDecision.Choice.values if choice != "agreed"]


class SeatDecisionSerializer(serializers.Serializer[Any]):
    """What is decided of one finding, or ("") of the case as a whole."""

    finding = serializers.CharField(max_length=64, allow_blank=True)
    choice = serializers.ChoiceField(choices=CHOICES)
    rois = MarkedRoiSerializer(many=True)
    reason = serializers.ChoiceField(choices=ArbitrationDecision.Reason.choices)
    comment = serializers.CharField(max_length=500, allow_blank=True, default="")


class DecisionsSerializer(serializers.Serializer[Any]):
    """A draft of decisions."""

    decisions = SeatDecisionSerializer(many=True)


class SentDraftSerializer(serializers.Serializer[Any]):
    """The draft as the browser has it."""

    revision = serializers.IntegerField(min_value=0, max_value=LARGEST_INTEGER)
    draft = DecisionsSerializer()


class SentDecisionsSerializer(DecisionsSerializer):
    """The decision, made on a revision of the draft."""

    revision = serializers.IntegerField(min_value=0, max_value=LARGEST_INTEGER)


class SavedDraftSerializer(serializers.Serializer[Any]):
    """The draft as the server has it."""

    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    lease_until = serializers.DateTimeField()


class DecidedSerializer(serializers.Serializer[Any]):
    """What a decision did."""

    state = serializers.ChoiceField(choices=["decided"])
    next = serializers.UUIDField(allow_null=True)


class ShownReaderSerializer(serializers.Serializer[Any]):
    """A reader under a letter."""

    letter = serializers.CharField()
    content = ReadContentSerializer()


class OwnContentSerializer(serializers.Serializer[Any]):
    """The arbitrator's own blind read."""

    content = ReadContentSerializer()


class ConflictSerializer(serializers.Serializer[Any]):
    """Where the readers differ."""

    finding = serializers.CharField(allow_blank=True)
    reasons = serializers.ListField(child=serializers.CharField())
    worst_iou = serializers.FloatField(allow_null=True)


class AgreedSerializer(serializers.Serializer[Any]):
    """Where they do not."""

    finding = serializers.CharField()
    value = serializers.ChoiceField(choices=ANSWERS)
    grade = serializers.CharField(allow_blank=True)


class ArbitrationSerializer(ReadImagesSerializer):
    """A revealed seat."""

    facts = ReadFactsSerializer()
    arbitration_id = serializers.UUIDField()
    round_id = serializers.UUIDField()
    pseudonym = serializers.CharField()
    state = serializers.ChoiceField(
        choices=[Arbitration.State.REVEALED.value, Arbitration.State.DECIDED.value]
    )
    seat = serializers.IntegerField()
    seats = serializers.IntegerField()
    revision = serializers.IntegerField()
    draft = DecisionsSerializer()
    saved_at = serializers.DateTimeField(allow_null=True)
    lease_until = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    findings = LabelFindingSerializer(many=True)
    readers = ShownReaderSerializer(many=True)
    own = OwnContentSerializer()
    conflicts = ConflictSerializer(many=True)
    agreed = AgreedSerializer(many=True)
