"""The shape of one case as the review screen gets it."""

from typing import Any

from rest_framework import serializers

from apps.cases.models import ReadingPolicy
from apps.feedback.review.models import FirstImpression, Phrase, Review
from apps.feedback.review.serializers.facts import (
    AiModelSerializer,
    AiSerializer,
    PatientSerializer,
    StudySerializer,
)
from apps.feedback.review.serializers.reading import RoiShapeSerializer, SaidSerializer


class ReviewStudySerializer(StudySerializer):
    """A study with what only the review screen needs."""

    study_instance_uid = serializers.CharField()
    referring_physician_name = serializers.CharField()
    indication = serializers.CharField()


class MapsSerializer(serializers.Serializer[Any]):
    """How to read the class maps of an image: raw signed float16 (K, h, w) behind `url`."""

    shape = serializers.ListField(child=serializers.IntegerField(), min_length=3, max_length=3)
    image_to_grid = serializers.ListField(
        child=serializers.FloatField(), min_length=6, max_length=6
    )
    evidence_scale = serializers.DictField(child=serializers.FloatField())
    url = serializers.CharField()


class AiOutputSerializer(serializers.Serializer[Any]):
    """One output of the network for one image."""

    code = serializers.CharField()
    finding = serializers.CharField(allow_null=True)
    logit = serializers.FloatField()
    bias = serializers.FloatField(allow_null=True)
    probability = serializers.FloatField()


class AiPredictionSerializer(serializers.Serializer[Any]):
    """What the model says of one frame."""

    prediction_id = serializers.UUIDField()
    sop_instance_uid = serializers.CharField()
    frame_number = serializers.IntegerField()
    state = serializers.CharField()
    reason_code = serializers.CharField()
    reason_params = serializers.DictField()
    outputs = AiOutputSerializer(many=True)
    exclusive_groups = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField())
    )
    activation = serializers.ChoiceField(choices=["softmax", "sigmoid"])
    temperature = serializers.FloatField()
    maps = MapsSerializer(allow_null=True)
    no_map_reason = serializers.CharField()
    model_hash = serializers.CharField()
    preprocess_hash = serializers.CharField()
    timings_ms = serializers.DictField()


class ReviewAiSerializer(AiSerializer):
    """The AI's word on a case with its images."""

    predictions = AiPredictionSerializer(many=True)


class InstanceSerializer(serializers.Serializer[Any]):
    """One SOP instance, as the viewer needs it."""

    instance_id = serializers.UUIDField()
    sop_instance_uid = serializers.CharField()
    instance_number = serializers.IntegerField(allow_null=True)
    view_position = serializers.CharField()
    rows = serializers.IntegerField(allow_null=True)
    columns = serializers.IntegerField(allow_null=True)
    number_of_frames = serializers.IntegerField()
    row_spacing_mm = serializers.FloatField(allow_null=True)
    column_spacing_mm = serializers.FloatField(allow_null=True)
    spacing_kind = serializers.ChoiceField(choices=["patient", "projected", "none"])
    has_pixels = serializers.BooleanField()
    thumbnail_url = serializers.CharField()
    acquisition = serializers.DictField()


class SeriesSerializer(serializers.Serializer[Any]):
    """One series with its instances."""

    series_instance_uid = serializers.CharField()
    series_number = serializers.IntegerField(allow_null=True)
    modality = serializers.CharField()
    description = serializers.CharField()
    body_part = serializers.CharField()
    laterality = serializers.CharField()
    instances = InstanceSerializer(many=True)


class SchemaFindingSerializer(serializers.Serializer[Any]):
    """One finding of the project's label schema."""

    code = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    kind = serializers.ChoiceField(choices=["binary", "graded"])
    grades = serializers.ListField()
    needs_roi = serializers.BooleanField()
    minimum_size_mm = serializers.FloatField(allow_null=True)
    is_urgent = serializers.BooleanField()
    position = serializers.IntegerField()


class RoiSerializer(RoiShapeSerializer):
    """A stored region, with what was measured of it."""

    area_mm2 = serializers.FloatField(allow_null=True)
    diameter_mm = serializers.FloatField(allow_null=True)
    spacing_kind = serializers.ChoiceField(choices=["patient", "projected", "none"])


class ContentSerializer(serializers.Serializer[Any]):
    """What a draft or a signed version says."""

    findings_text = serializers.CharField(allow_blank=True)
    impression_text = serializers.CharField(allow_blank=True)
    is_critical = serializers.BooleanField()
    critical_note = serializers.CharField(allow_blank=True)
    addendum_to_version = serializers.IntegerField(allow_null=True)
    addendum_reason = serializers.CharField(allow_blank=True)
    saved_at = serializers.DateTimeField(allow_null=True)
    decisions = SaidSerializer(many=True)
    rois = RoiSerializer(many=True)


class DraftSerializer(ContentSerializer):
    """The reader's own unsigned reading."""

    revision = serializers.IntegerField()


class SecondSignatureSerializer(serializers.Serializer[Any]):
    """Another radiologist's signature under a version."""

    signer = serializers.CharField()
    signed_at = serializers.DateTimeField()


class AcknowledgementSerializer(serializers.Serializer[Any]):
    """Who was told of a critical result, by whom and when."""

    acknowledged_by = serializers.CharField()
    acknowledged_at = serializers.DateTimeField()
    informed = serializers.CharField()
    note = serializers.CharField(allow_blank=True)


class SignedReviewSerializer(ContentSerializer):
    """A signed version; `content_sha256` is absent where AI output is hidden, which it covers."""

    review_id = serializers.UUIDField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Review.State.choices)
    reader = serializers.CharField()
    is_own = serializers.BooleanField()
    signed_at = serializers.DateTimeField()
    is_released = serializers.BooleanField()
    withdrawable_s = serializers.FloatField()
    content_sha256 = serializers.CharField(required=False)
    needs_second_signature = serializers.BooleanField()
    second_signature = SecondSignatureSerializer(allow_null=True)
    acknowledgement = AcknowledgementSerializer(allow_null=True)
    withdrawal_reason = serializers.CharField(allow_blank=True)


class ImpressionSerializer(serializers.Serializer[Any]):
    """What the reader had answered when AI output was revealed."""

    trigger = serializers.ChoiceField(choices=FirstImpression.Trigger.choices)
    locked_at = serializers.DateTimeField()
    decisions = SaidSerializer(many=True)


class CasePolicySerializer(serializers.Serializer[Any]):
    """When AI output is shown to this person in this case, and what they answered before."""

    version = serializers.IntegerField()
    ai_display = serializers.ChoiceField(choices=ReadingPolicy.AiDisplay.choices)
    second_signature = serializers.BooleanField()
    is_ai_visible = serializers.BooleanField()
    can_reveal = serializers.BooleanField()
    first_impression = ImpressionSerializer(allow_null=True)


class ClaimSerializer(serializers.Serializer[Any]):
    """Who has the case open."""

    reader = serializers.CharField()
    is_own = serializers.BooleanField()
    claimed_at = serializers.DateTimeField()


class NewerAiSerializer(serializers.Serializer[Any]):
    """An answer that came after the one on the screen."""

    case_prediction_id = serializers.UUIDField()
    model = AiModelSerializer()


class ReviewPermissionsSerializer(serializers.Serializer[Any]):
    """What this person may do with the case."""

    can_review = serializers.BooleanField()
    can_write_addendum = serializers.BooleanField()
    can_sign_second = serializers.BooleanField()
    can_acknowledge = serializers.BooleanField()


class CaseReviewSerializer(serializers.Serializer[Any]):
    """The whole of one case; `ai` is absent, and `newer_ai` null, where AI may not be seen."""

    case_id = serializers.UUIDField()
    project_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["unread", "draft", "signed"])
    patient = PatientSerializer()
    study = ReviewStudySerializer()
    series = SeriesSerializer(many=True)
    findings = SchemaFindingSerializer(many=True)
    policy = CasePolicySerializer()
    ai = ReviewAiSerializer(required=False)
    newer_ai = NewerAiSerializer(required=False, allow_null=True)
    draft = DraftSerializer(allow_null=True)
    reviews = SignedReviewSerializer(many=True)
    claim = ClaimSerializer(allow_null=True)
    prior_count = serializers.IntegerField()
    next_case_id = serializers.UUIDField(allow_null=True)
    permissions = ReviewPermissionsSerializer()


class PriorReportSerializer(serializers.Serializer[Any]):
    """What was signed of an earlier study."""

    version = serializers.IntegerField()
    reader = serializers.CharField()
    signed_at = serializers.DateTimeField()
    findings_text = serializers.CharField(allow_blank=True)
    impression_text = serializers.CharField(allow_blank=True)
    decisions = SaidSerializer(many=True)
    rois = RoiSerializer(many=True)


class PriorCaseSerializer(serializers.Serializer[Any]):
    """An earlier study of the patient, without AI output."""

    case_id = serializers.UUIDField()
    study = ReviewStudySerializer()
    series = SeriesSerializer(many=True)
    report = PriorReportSerializer(allow_null=True)


class PriorSerializer(serializers.Serializer[Any]):
    """The newest earlier study, where there is one."""

    prior = PriorCaseSerializer(allow_null=True)


class HistoryEventSerializer(serializers.Serializer[Any]):
    """One act on a case."""

    at = serializers.DateTimeField()
    action = serializers.CharField()
    actor = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField(allow_null=True)


class HistoryModelSerializer(serializers.Serializer[Any]):
    """A model that answered for the case, and how long it took."""

    name = serializers.CharField()
    version = serializers.CharField()
    model_hash = serializers.CharField()
    preprocess_hash = serializers.CharField()
    completed_at = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.FloatField()


class HistorySerializer(serializers.Serializer[Any]):
    """What happened to a case; `models` is absent where AI output may not be seen."""

    events = HistoryEventSerializer(many=True)
    models = HistoryModelSerializer(many=True, required=False)


class PhraseSerializer(serializers.Serializer[Any]):
    """A ready sentence."""

    id = serializers.UUIDField()
    is_shared = serializers.BooleanField()
    section = serializers.ChoiceField(choices=Phrase.Section.choices)
    title = serializers.CharField()
    text = serializers.CharField()
