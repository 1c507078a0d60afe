"""The shapes of inference's HTTP: what may be sent, and what comes back."""

from typing import Any, get_args

from rest_framework import serializers

from apps.inference.compute.run_config import Anchor, LossName, Mode
from apps.inference.models import TrainingRun

STATES = ["none", "waiting", "done", "abstained", "failed"]
RUN_STAGES = ["features", "training", "calibrating", "evaluating"]
NOT_EVALUABLE = ["class_missing", "no_labels_before_ai", "model_has_no_output", "too_few_cases"]


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
    training_run_id = serializers.UUIDField(allow_null=True)
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


class RetriedSerializer(serializers.Serializer[Any]):
    """How many images were put back in the queue."""

    retried = serializers.IntegerField()


class AiStatusSerializer(serializers.Serializer[Any]):
    """How the analysis is going."""

    state = serializers.ChoiceField(choices=["ok", "delayed", "down"])
    waiting = serializers.IntegerField()
    oldest_s = serializers.FloatField()


class StatusSerializer(serializers.Serializer[Any]):
    """What the banner says."""

    ai = AiStatusSerializer()


class RunModelSerializer(ModelNameSerializer):
    """A model version that a run starts from, makes, or compares with."""

    id = serializers.UUIDField()


class RunConfigSerializer(serializers.Serializer[Any]):
    """How a run trains, complete; its meaning and bounds are in compute/run_config.py."""

    mode = serializers.ChoiceField(choices=get_args(Mode))
    loss = serializers.ChoiceField(choices=get_args(LossName))
    epochs = serializers.IntegerField()
    batch_size = serializers.IntegerField()
    learning_rate = serializers.FloatField()
    weight_decay = serializers.FloatField()
    ridge = serializers.FloatField()
    anchor = serializers.ChoiceField(choices=get_args(Anchor))
    region_weight = serializers.FloatField()
    frozen = serializers.ListField(child=serializers.CharField())


class RunProgressSerializer(serializers.Serializer[Any]):
    """What a run is doing; `stage` is empty before the first worker has begun."""

    stage = serializers.ChoiceField(choices=RUN_STAGES, allow_blank=True)
    epoch = serializers.IntegerField()
    epochs = serializers.IntegerField()
    images_done = serializers.IntegerField()
    images_total = serializers.IntegerField()


class RunSerializer(serializers.Serializer[Any]):
    """A training run as a row of the list."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=TrainingRun.State.choices)
    is_cancelling = serializers.BooleanField()
    snapshot_id = serializers.UUIDField()
    manifest_sha256 = serializers.CharField()
    parent = RunModelSerializer()
    candidate = RunModelSerializer(allow_null=True)
    config = RunConfigSerializer()
    seed = serializers.IntegerField()
    progress = RunProgressSerializer()
    attempts = serializers.IntegerField()
    reason_code = serializers.CharField()
    reason_params = serializers.DictField()
    message = serializers.CharField()
    requested_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)


class RunPageSerializer(serializers.Serializer[Any]):
    """A page of runs, the latest first."""

    count = serializers.IntegerField()
    rows = RunSerializer(many=True)


class CurvePointSerializer(serializers.Serializer[Any]):
    """An epoch; validation is null where nobody labelled it, an AUC where a class is missing."""

    epoch = serializers.IntegerField()
    train_loss = serializers.FloatField()
    validation_loss = serializers.FloatField(allow_null=True)
    validation_auc = serializers.DictField(child=serializers.FloatField(allow_null=True))


class EvaluatedFindingSerializer(serializers.Serializer[Any]):
    """How well one finding is told; every number is null where it is not evaluable."""

    finding = serializers.CharField()
    state = serializers.ChoiceField(choices=["ok", "not_evaluable"])
    reason = serializers.ChoiceField(choices=NOT_EVALUABLE, allow_blank=True)
    n = serializers.IntegerField()
    positive = serializers.IntegerField()
    negative = serializers.IntegerField()
    threshold = serializers.FloatField(allow_null=True)
    auroc = serializers.FloatField(allow_null=True)
    auroc_low = serializers.FloatField(allow_null=True)
    auroc_high = serializers.FloatField(allow_null=True)
    sensitivity = serializers.FloatField(allow_null=True)
    sensitivity_low = serializers.FloatField(allow_null=True)
    sensitivity_high = serializers.FloatField(allow_null=True)
    specificity = serializers.FloatField(allow_null=True)
    specificity_low = serializers.FloatField(allow_null=True)
    specificity_high = serializers.FloatField(allow_null=True)


class ModelEvaluationSerializer(serializers.Serializer[Any]):
    """One model on the locked test part."""

    temperature = serializers.FloatField()
    findings = EvaluatedFindingSerializer(many=True)
    created_at = serializers.DateTimeField()


class ComparedFindingSerializer(serializers.Serializer[Any]):
    """Candidate minus champion on the same cases, by DeLong's paired test."""

    finding = serializers.CharField()
    state = serializers.ChoiceField(choices=["ok", "not_evaluable"])
    reason = serializers.ChoiceField(choices=NOT_EVALUABLE, allow_blank=True)
    n = serializers.IntegerField()
    positive = serializers.IntegerField()
    negative = serializers.IntegerField()
    delta_auroc = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    p_value = serializers.FloatField(allow_null=True)


class RunEvaluationSerializer(serializers.Serializer[Any]):
    """Candidate and champion side by side; null and empty until the run is evaluated."""

    part = serializers.CharField()
    candidate = ModelEvaluationSerializer(allow_null=True)
    champion = ModelEvaluationSerializer(allow_null=True)
    comparison = ComparedFindingSerializer(many=True)


class RunDetailSerializer(RunSerializer):
    """A training run with its curves and its evaluation."""

    champion = RunModelSerializer(allow_null=True)
    curves = CurvePointSerializer(many=True)
    evaluation = RunEvaluationSerializer()
    thread_count = serializers.IntegerField(allow_null=True)
    hardware = serializers.CharField()
