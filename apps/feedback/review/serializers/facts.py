"""What the worklist and the review screen both say of a case: patient, study, AI in short."""

from typing import Any

from rest_framework import serializers


class PatientSerializer(serializers.Serializer[Any]):
    """The identity of a patient, as the headers say it."""

    name = serializers.CharField()
    name_flag = serializers.CharField()
    patient_id = serializers.CharField()
    sex = serializers.CharField()
    birth_date = serializers.DateField(allow_null=True)
    age = serializers.CharField()


class StudySerializer(serializers.Serializer[Any]):
    """What order and modality say of a study."""

    study_date = serializers.DateField(allow_null=True)
    study_time = serializers.TimeField(allow_null=True)
    description = serializers.CharField()
    accession_number = serializers.CharField()
    modalities = serializers.ListField(child=serializers.CharField())
    body_part = serializers.CharField()
    image_count = serializers.IntegerField()


class AiFindingSerializer(serializers.Serializer[Any]):
    """The model's calibrated word on one finding of a case."""

    code = serializers.CharField()
    probability = serializers.FloatField()
    threshold = serializers.FloatField()
    above = serializers.BooleanField()


class AiModelSerializer(serializers.Serializer[Any]):
    """Which model speaks."""

    name = serializers.CharField()
    version = serializers.CharField()
    hash = serializers.CharField()


class AiSerializer(serializers.Serializer[Any]):
    """What the AI says of a case, or why it does not."""

    state = serializers.ChoiceField(choices=["none", "waiting", "done", "abstained", "failed"])
    case_prediction_id = serializers.UUIDField(allow_null=True)
    reason_code = serializers.CharField()
    reason_params = serializers.DictField()
    queue_position = serializers.IntegerField(allow_null=True)
    model = AiModelSerializer(allow_null=True)
    findings = AiFindingSerializer(many=True)
