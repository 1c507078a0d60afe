"""The shapes of blinded reading: what a read says, what its reader is told, and nothing else."""

from typing import Any

from rest_framework import serializers

from apps.cases.models import Finding
from apps.feedback.compute.reads import MAXIMUM_VERTICES
from apps.feedback.fields import LARGEST_INTEGER, FiniteField, PointField
from apps.feedback.labeling.models.rounds import Read, ReadingRound, RoundMember

ANSWERS = ["present", "absent", "not_assessable"]
ROI_KINDS = ["rectangle", "ellipse", "freehand"]
LATERALITIES = ["L", "R", "B"]
MAXIMUM_COMMENT = 2000
MAXIMUM_REASON = 500


class AnswerSerializer(serializers.Serializer[Any]):
    """The answer to one finding."""

    finding = serializers.CharField(max_length=64)
    value = serializers.ChoiceField(choices=ANSWERS)
    grade = serializers.CharField(max_length=64, allow_blank=True, default="")
    confidence = serializers.IntegerField(min_value=1, max_value=5, allow_null=True, default=None)


class MarkedRoiSerializer(serializers.Serializer[Any]):
    """A region: a closed polygon of DICOM image points (column, row)."""

    roi_id = serializers.UUIDField()
    finding = serializers.CharField(max_length=64)
    sop_instance_uid = serializers.CharField(max_length=64)
    frame_number = serializers.IntegerField(min_value=1, max_value=LARGEST_INTEGER)
    kind = serializers.ChoiceField(choices=ROI_KINDS)
    vertices = serializers.ListField(child=PointField(), max_length=MAXIMUM_VERTICES)
    laterality = serializers.ChoiceField(choices=LATERALITIES, allow_blank=True, default="")


class MeasurementSerializer(serializers.Serializer[Any]):
    """A line on an image; its length is reckoned here, never taken from the browser."""

    measurement_id = serializers.UUIDField()
    finding = serializers.CharField(max_length=64)
    sop_instance_uid = serializers.CharField(max_length=64)
    frame_number = serializers.IntegerField(min_value=1, max_value=LARGEST_INTEGER)
    start = PointField()
    end = PointField()
    length_mm = FiniteField(allow_null=True, read_only=True)


class ReadContentSerializer(serializers.Serializer[Any]):
    """All that one read says."""

    answers = AnswerSerializer(many=True)
    rois = MarkedRoiSerializer(many=True)
    measurements = MeasurementSerializer(many=True)
    nothing_found = serializers.BooleanField()
    quality = serializers.ListField(child=serializers.CharField(max_length=32), max_length=32)
    unreadable = serializers.BooleanField()
    unreadable_reason = serializers.CharField(
        max_length=MAXIMUM_REASON, allow_blank=True, default=""
    )
    comment = serializers.CharField(
        max_length=MAXIMUM_COMMENT, allow_blank=True, default="", trim_whitespace=False
    )


class SentReadSerializer(serializers.Serializer[Any]):
    """A read as the browser has it, made on a revision of the draft."""

    revision = serializers.IntegerField(min_value=0, max_value=LARGEST_INTEGER)
    content = ReadContentSerializer()
    active_s = FiniteField(min_value=0, default=0.0)


class LockSerializer(SentReadSerializer):
    """A read to be locked; `confirmed`: what is odd about it was looked at."""

    confirmed = serializers.BooleanField(default=False)


class SavedReadSerializer(serializers.Serializer[Any]):
    """The draft as the server has it."""

    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    lease_until = serializers.DateTimeField()
    content = ReadContentSerializer()


class FeedbackFindingSerializer(serializers.Serializer[Any]):
    """One finding of a qualification case."""

    code = serializers.CharField()
    value = serializers.ChoiceField(choices=ANSWERS, allow_blank=True)
    expected = serializers.ChoiceField(choices=ANSWERS)
    is_correct = serializers.BooleanField()


class FeedbackSerializer(serializers.Serializer[Any]):
    """What is known of a qualification case, after its lock."""

    is_correct = serializers.BooleanField()
    findings = FeedbackFindingSerializer(many=True)
    explanation = serializers.CharField(allow_blank=True)
    expected_content = ReadContentSerializer()


class LockedReadSerializer(serializers.Serializer[Any]):
    """What a lock did."""

    state = serializers.ChoiceField(choices=["locked", "final"])
    take_back_until = serializers.DateTimeField(allow_null=True)
    content_sha256 = serializers.CharField()
    feedback = FeedbackSerializer(allow_null=True)


class LeaveReasonSerializer(serializers.Serializer[Any]):
    """Why a reader leaves a case."""

    reason = serializers.CharField(max_length=MAXIMUM_REASON, allow_blank=True)


class ReadStateSerializer(serializers.Serializer[Any]):
    """Where a read stands."""

    state = serializers.ChoiceField(choices=Read.State.choices)


class QuestionSerializer(serializers.Serializer[Any]):
    """A question to the admin."""

    text = serializers.CharField(max_length=1000)


class HeartbeatSerializer(serializers.Serializer[Any]):
    """The reader is still at it."""

    active_s = FiniteField(min_value=0)


class LeaseSerializer(serializers.Serializer[Any]):
    """Until when the case is held for the reader."""

    lease_until = serializers.DateTimeField()


class LabelFindingSerializer(serializers.Serializer[Any]):
    """One finding that the round asks about."""

    code = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    kind = serializers.ChoiceField(choices=Finding.Kind.choices)
    grades = serializers.ListField(child=serializers.CharField())
    needs_roi = serializers.BooleanField()
    needs_measurement = serializers.BooleanField()
    minimum_size_mm = serializers.FloatField(allow_null=True)


class ReadInstanceSerializer(serializers.Serializer[Any]):
    """One image under the read's own names."""

    instance_id = serializers.CharField()
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


class ReadSeriesSerializer(serializers.Serializer[Any]):
    """One series under the read's own name; it has no description, which may tell an answer."""

    series_instance_uid = serializers.CharField()
    series_number = serializers.IntegerField(allow_null=True)
    modality = serializers.CharField()
    description = serializers.CharField()
    body_part = serializers.CharField()
    laterality = serializers.CharField()
    instances = ReadInstanceSerializer(many=True)


class ReadImagesSerializer(serializers.Serializer[Any]):
    """What the viewer needs to show the images of a read."""

    read_id = serializers.UUIDField()
    study_instance_uid = serializers.CharField()
    dicomweb_root = serializers.CharField()
    series = ReadSeriesSerializer(many=True)


class ReadFactsSerializer(serializers.Serializer[Any]):
    """The allow-list of facts of the header: of nobody in particular."""

    modality = serializers.CharField()
    body_part_examined = serializers.CharField()
    view_position = serializers.CharField()
    patient_sex = serializers.CharField()
    patient_age = serializers.CharField()


class GuidelineVersionSerializer(serializers.Serializer[Any]):
    """Which version readers go by."""

    version = serializers.IntegerField()


class LabelReadSerializer(ReadImagesSerializer):
    """One read as the label screen gets it."""

    round_id = serializers.UUIDField()
    pseudonym = serializers.CharField()
    kind = serializers.ChoiceField(choices=Read.Kind.choices)
    state = serializers.ChoiceField(choices=Read.State.choices)
    revision = serializers.IntegerField()
    content = ReadContentSerializer()
    saved_at = serializers.DateTimeField(allow_null=True)
    lease_until = serializers.DateTimeField()
    locked_at = serializers.DateTimeField(allow_null=True)
    take_back_until = serializers.DateTimeField(allow_null=True)
    is_qualification = serializers.BooleanField()
    findings = LabelFindingSerializer(many=True)
    guideline = GuidelineVersionSerializer()
    facts = ReadFactsSerializer()
    active_s = serializers.FloatField()


class ConsensusFindingSerializer(serializers.Serializer[Any]):
    """One finding of a released consensus."""

    finding = serializers.CharField()
    value = serializers.ChoiceField(choices=[*ANSWERS, "indeterminate"])
    grade = serializers.CharField(allow_blank=True)
    rois = serializers.ListField(child=serializers.DictField())


class ReadResultSerializer(serializers.Serializer[Any]):
    """The own read beside the consensus."""

    mine = ReadContentSerializer()
    consensus = ConsensusFindingSerializer(many=True)


class RoundProjectSerializer(serializers.Serializer[Any]):
    """The project of a round."""

    id = serializers.UUIDField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()


class QualificationSerializer(serializers.Serializer[Any]):
    """How far the reader is with the qualification."""

    done = serializers.IntegerField()
    of = serializers.IntegerField()
    passed = serializers.BooleanField()


class LabelRoundSerializer(serializers.Serializer[Any]):
    """A round as one of its readers sees it: own progress and nothing else."""

    round_id = serializers.UUIDField()
    name = serializers.CharField()
    project = RoundProjectSerializer()
    role = serializers.ChoiceField(choices=RoundMember.Role.choices)
    state = serializers.ChoiceField(
        choices=[ReadingRound.State.OPEN.value, ReadingRound.State.CLOSED.value]
    )
    is_paused = serializers.BooleanField()
    locked = serializers.IntegerField()
    locked_today = serializers.IntegerField()
    cap = serializers.IntegerField(allow_null=True)
    daily_cap = serializers.IntegerField(allow_null=True)
    qualification = QualificationSerializer(allow_null=True)
    guideline_version = serializers.IntegerField()
    waiting_read_id = serializers.UUIDField(allow_null=True)


class NextSerializer(serializers.Serializer[Any]):
    """What is asked for: the read in hand or, ahead, the one after it.

    With `load` the answer holds the read too, and the one in hand is opened.
    """

    ahead = serializers.BooleanField(default=False)
    load = serializers.BooleanField(default=False)


class NextReadSerializer(serializers.Serializer[Any]):
    """What comes next, or why nothing does; `read` where it was asked for and can be read on."""

    read_id = serializers.UUIDField(allow_null=True)
    arbitration_id = serializers.UUIDField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    read = LabelReadSerializer(allow_null=True)


class OwnReadsQuerySerializer(serializers.Serializer[Any]):
    """A page of the own reads."""

    offset = serializers.IntegerField(min_value=0, max_value=LARGEST_INTEGER, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class OwnReadSerializer(serializers.Serializer[Any]):
    """One own read in the list."""

    read_id = serializers.UUIDField()
    pseudonym = serializers.CharField()
    state = serializers.ChoiceField(choices=Read.State.choices)
    locked_at = serializers.DateTimeField(allow_null=True)
    take_back_until = serializers.DateTimeField(allow_null=True)
    active_s = serializers.FloatField()
    has_result = serializers.BooleanField()


class OwnReadsSerializer(serializers.Serializer[Any]):
    """One page of the own reads and how many there are."""

    count = serializers.IntegerField()
    rows = OwnReadSerializer(many=True)


class GuidelinePictureSerializer(serializers.Serializer[Any]):
    """A picture beside the guideline's text."""

    sha256 = serializers.CharField()
    caption = serializers.CharField(allow_blank=True)
    url = serializers.CharField()


class GuidelineChangeSerializer(serializers.Serializer[Any]):
    """What was new in a version."""

    version = serializers.IntegerField()
    change = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class ReaderGuidelineSerializer(serializers.Serializer[Any]):
    """What readers go by."""

    version = serializers.IntegerField()
    text = serializers.CharField(allow_blank=True)
    pictures = GuidelinePictureSerializer(many=True)
    changes = GuidelineChangeSerializer(many=True)
