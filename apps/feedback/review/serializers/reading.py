"""The shapes of what a reader sends: a reading, and the acts that follow a signature."""

from typing import Any

from rest_framework import serializers

from apps.feedback.fields import LARGEST_INTEGER, FiniteField
from apps.feedback.review.models import (
    EXPLICIT_VERDICTS,
    MAXIMUM_ROIS,
    MAXIMUM_VERTICES,
    Phrase,
    Review,
    RoiRevision,
    Verdict,
)

MAXIMUM_TEXT_LENGTH = 20_000


class DecisionSerializer(serializers.Serializer[Any]):
    """A verdict on one finding, as a reader gives it."""

    finding = serializers.SlugField(max_length=64)
    verdict = serializers.ChoiceField(
        choices=[(verdict.value, verdict.label) for verdict in EXPLICIT_VERDICTS]
    )
    grade = serializers.CharField(max_length=64, allow_blank=True, default="")


class SaidSerializer(serializers.Serializer[Any]):
    """A verdict on one finding, as a signature or a draft holds it."""

    finding = serializers.CharField()
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    grade = serializers.CharField(allow_blank=True)


class RoiShapeSerializer(serializers.Serializer[Any]):
    """A region: a closed polygon of DICOM image points (column, row)."""

    roi_id = serializers.UUIDField()
    finding = serializers.CharField(max_length=64)
    sop_instance_uid = serializers.CharField(max_length=64)
    frame_number = serializers.IntegerField(min_value=1, max_value=LARGEST_INTEGER)
    kind = serializers.ChoiceField(choices=RoiRevision.Kind.choices)
    vertices = serializers.ListField(
        child=serializers.ListField(child=FiniteField(), min_length=2, max_length=2),
        min_length=3,
        max_length=MAXIMUM_VERTICES,
    )
    laterality = serializers.ChoiceField(
        choices=RoiRevision.Laterality.choices, allow_blank=True, default=""
    )


class ClientSerializer(serializers.Serializer[Any]):
    """In what the reading was made: kept beside every region."""

    renderer = serializers.CharField(max_length=64, allow_blank=True, default="")
    pixel_ratio = FiniteField(min_value=0.1, max_value=16, default=1.0)
    version = serializers.CharField(max_length=32, allow_blank=True, default="")


class ReadingSerializer(serializers.Serializer[Any]):
    """A reading: made on a revision of the draft, with this answer of the model on the screen."""

    revision = serializers.IntegerField(min_value=0, max_value=LARGEST_INTEGER)
    decisions = DecisionSerializer(many=True)
    findings_text = serializers.CharField(
        allow_blank=True, max_length=MAXIMUM_TEXT_LENGTH, trim_whitespace=False
    )
    impression_text = serializers.CharField(
        allow_blank=True, max_length=MAXIMUM_TEXT_LENGTH, trim_whitespace=False, default=""
    )
    is_critical = serializers.BooleanField(default=False)
    critical_note = serializers.CharField(
        allow_blank=True, max_length=500, trim_whitespace=False, default=""
    )
    rois = serializers.ListField(child=RoiShapeSerializer(), max_length=MAXIMUM_ROIS, default=list)
    case_prediction_id = serializers.UUIDField(allow_null=True, default=None)
    client = ClientSerializer(default=dict)


class DraftSavedSerializer(serializers.Serializer[Review]):
    """The server's word that a draft is stored."""

    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()


class SignedSerializer(serializers.Serializer[Any]):
    """The server's word that a review is signed, until when it may be withdrawn, what is next."""

    review_id = serializers.UUIDField()
    signed_at = serializers.DateTimeField()
    version = serializers.IntegerField()
    withdrawable_s = serializers.FloatField()
    next_case_id = serializers.UUIDField(allow_null=True)


class WithdrawalSerializer(serializers.Serializer[Any]):
    """Why a signature is taken back; it may be empty."""

    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class AddendumSerializer(serializers.Serializer[Any]):
    """Why a signed review needs a new version."""

    reason = serializers.CharField(max_length=500)


class SecondSignatureRequestSerializer(serializers.Serializer[Any]):
    """Which content is signed a second time."""

    content_sha256 = serializers.RegexField("^[0-9a-f]{64}$")


class AcknowledgeSerializer(serializers.Serializer[Any]):
    """Who was told of a critical result."""

    informed = serializers.CharField(max_length=200)
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class TakeOverSerializer(serializers.Serializer[Any]):
    """A claim that may take another reader's over."""

    take_over = serializers.BooleanField(default=False)


class PhraseDraftSerializer(serializers.Serializer[Any]):
    """A new ready sentence."""

    is_shared = serializers.BooleanField(default=False)
    section = serializers.ChoiceField(choices=Phrase.Section.choices)
    title = serializers.CharField(max_length=64)
    text = serializers.CharField(max_length=2000)
