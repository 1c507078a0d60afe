"""The shapes of the review's HTTP: what may be sent, and what comes back."""

from typing import Any

from rest_framework import serializers

from apps.feedback.review.models import Review, Verdict
from apps.feedback.review.selectors.worklist import LEVELS, ORDERINGS, PRIORITIES, WorklistQuery

MAXIMUM_TEXT_LENGTH = 20_000
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


class DecisionSerializer(serializers.Serializer[Any]):
    """A verdict on one finding."""

    finding = serializers.SlugField(max_length=64)
    verdict = serializers.ChoiceField(choices=Verdict.choices)


class ReadingSerializer(serializers.Serializer[Any]):
    """A reading: made on a revision of the draft, with this answer of the model on the screen."""

    revision = serializers.IntegerField(min_value=0)
    decisions = DecisionSerializer(many=True)
    findings_text = serializers.CharField(
        allow_blank=True, max_length=MAXIMUM_TEXT_LENGTH, trim_whitespace=False
    )
    case_prediction_id = serializers.UUIDField(allow_null=True, default=None)


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


class ReviewStudySerializer(StudySerializer):
    """A study with what only the review screen needs."""

    study_instance_uid = serializers.CharField()
    referring_physician_name = serializers.CharField()
    indication = serializers.CharField()


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
    maps = MapsSerializer(allow_null=True)
    no_map_reason = serializers.CharField()
    model_hash = serializers.CharField()
    preprocess_hash = serializers.CharField()
    timings_ms = serializers.DictField()


class ReviewAiSerializer(AiSerializer):
    """The AI's word on a case with its images."""

    predictions = AiPredictionSerializer(many=True)


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


class DraftSerializer(serializers.Serializer[Any]):
    """The reader's own unsigned reading."""

    revision = serializers.IntegerField()
    findings_text = serializers.CharField()
    saved_at = serializers.DateTimeField(allow_null=True)
    decisions = DecisionSerializer(many=True)


class SignedReviewSerializer(serializers.Serializer[Any]):
    """A signed reading."""

    review_id = serializers.UUIDField()
    version = serializers.IntegerField()
    reader = serializers.CharField()
    signed_at = serializers.DateTimeField()
    content_sha256 = serializers.CharField()
    findings_text = serializers.CharField()
    saved_at = serializers.DateTimeField(allow_null=True)
    decisions = DecisionSerializer(many=True)


class ReviewPermissionsSerializer(serializers.Serializer[Any]):
    """What this person may do with the case."""

    can_review = serializers.BooleanField()


class CaseReviewSerializer(serializers.Serializer[Any]):
    """The whole of one case; `ai` is absent where it may not be seen."""

    case_id = serializers.UUIDField()
    project_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["unread", "draft", "signed"])
    patient = PatientSerializer()
    study = ReviewStudySerializer()
    series = SeriesSerializer(many=True)
    findings = SchemaFindingSerializer(many=True)
    ai = ReviewAiSerializer(required=False)
    draft = DraftSerializer(allow_null=True)
    reviews = SignedReviewSerializer(many=True)
    next_case_id = serializers.UUIDField(allow_null=True)
    permissions = ReviewPermissionsSerializer()


class DraftSavedSerializer(serializers.Serializer[Review]):
    """The server's word that a draft is stored."""

    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()


class SignedSerializer(serializers.Serializer[Any]):
    """The server's word that a review is signed, and what to read next."""

    review_id = serializers.UUIDField()
    signed_at = serializers.DateTimeField()
    version = serializers.IntegerField()
    next_case_id = serializers.UUIDField(allow_null=True)
