"""The shapes of inference's HTTP: what may be sent, and what comes back."""

from typing import Any

from rest_framework import serializers

STATES = ["none", "waiting", "done", "abstained", "failed"]


class ReasonSerializer(serializers.Serializer[Any]):
    """Why a deployment is changed; kept in the log."""

    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class PageSerializer(serializers.Serializer[Any]):
    """A page of a list."""

    offset = serializers.IntegerField(default=0, min_value=0, max_value=10_000_000)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=100)


class CasePredictSerializer(serializers.Serializer[Any]):
    """Where a case's answer stands; `requested` for a person who may not see AI output now."""

    state = serializers.ChoiceField(choices=[*STATES, "requested"])


class ProjectPredictSerializer(serializers.Serializer[Any]):
    """How many cases were asked about."""

    requested = serializers.IntegerField()


class ModelNameSerializer(serializers.Serializer[Any]):
    """A model version by name and content."""

    name = serializers.CharField()
    version = serializers.CharField()
    hash = serializers.CharField()


class ApplicabilitySerializer(serializers.Serializer[Any]):
    """The images a model was made for; an empty list or null accepts any."""

    modality = serializers.ListField(child=serializers.CharField())
    body_part = serializers.ListField(child=serializers.CharField())
    view = serializers.ListField(child=serializers.CharField())
    pixel_spacing_mm = serializers.ListField(child=serializers.FloatField(), allow_null=True)


class ModelVersionSerializer(ModelNameSerializer):
    """A model version as the admin sees it; `findings` are those of the project it speaks of."""

    id = serializers.UUIDField()
    architecture = serializers.CharField()
    findings = serializers.ListField(child=serializers.CharField())
    has_class_maps = serializers.BooleanField()
    applicability = ApplicabilitySerializer()
    temperature = serializers.FloatField()
    calibrated_on = serializers.CharField()
    licence = serializers.CharField()
    intended_use = serializers.CharField()
    training_data = serializers.CharField()
    created_at = serializers.DateTimeField()


class DeploymentSerializer(serializers.Serializer[Any]):
    """A row of the log of what served a project."""

    sequence = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["promote", "rollback"])
    model = ModelNameSerializer()
    actor = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()


class ModelsSerializer(serializers.Serializer[Any]):
    """Every model version, and what served the project; `champion` is the id of what does."""

    champion = serializers.UUIDField(allow_null=True)
    versions = ModelVersionSerializer(many=True)
    deployments = DeploymentSerializer(many=True)


class StuckPredictionSerializer(serializers.Serializer[Any]):
    """An image that could not be analysed, with its reason."""

    prediction_id = serializers.UUIDField()
    case_id = serializers.UUIDField()
    sop_instance_uid = serializers.CharField()
    frame_number = serializers.IntegerField()
    attempts = serializers.IntegerField()
    reason_code = serializers.CharField()
    reason_params = serializers.DictField()
    message = serializers.CharField()
    model = ModelNameSerializer()
    failed_at = serializers.DateTimeField()


class StuckPageSerializer(serializers.Serializer[Any]):
    """A page of images that could not be analysed."""

    count = serializers.IntegerField()
    rows = StuckPredictionSerializer(many=True)


class AiStatusSerializer(serializers.Serializer[Any]):
    """How the analysis is going."""

    state = serializers.ChoiceField(choices=["ok", "delayed", "down"])
    waiting = serializers.IntegerField()
    oldest_s = serializers.FloatField()


class StatusSerializer(serializers.Serializer[Any]):
    """What the banner says."""

    ai = AiStatusSerializer()
