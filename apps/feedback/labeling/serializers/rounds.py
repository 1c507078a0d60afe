"""The shapes of a round as its admin sends and sees it."""

from typing import Any

from rest_framework import serializers

from apps.feedback.fields import LARGEST_INTEGER
from apps.feedback.labeling.models.rounds import ReadingRound, RoundCase, RoundMember
from apps.feedback.labeling.serializers.reads import AnswerSerializer, ReadContentSerializer

MAXIMUM_TEXT = 20_000
MAXIMUM_REASON = 500


class RoundNameSerializer(serializers.Serializer[Any]):
    """A new round."""

    name = serializers.CharField(max_length=128)


class RoundRowSerializer(serializers.Serializer[Any]):
    """One round in the list."""

    round_id = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=ReadingRound.State.choices)
    cases = serializers.IntegerField()
    sealed = serializers.IntegerField()
    opened_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    released_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class RoundsSerializer(serializers.Serializer[Any]):
    """The rounds of a project."""

    rows = RoundRowSerializer(many=True)


class RoundPolicySerializer(serializers.Serializer[Any]):
    """The rules in force (apps.feedback.compute.round_policy)."""

    version = serializers.IntegerField()
    content = serializers.DictField()


class RoundPolicyVersionSerializer(serializers.Serializer[Any]):
    """Who wrote a version of the rules, when and why."""

    version = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True)
    author = serializers.CharField()
    created_at = serializers.DateTimeField()


class SentPictureSerializer(serializers.Serializer[Any]):
    """A picture of the guideline: of an earlier version, or with the token of its upload."""

    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$")
    caption = serializers.CharField(max_length=300, allow_blank=True, default="")
    token = serializers.CharField(max_length=1000, allow_blank=True, default="")


class AdminGuidelineSerializer(serializers.Serializer[Any]):
    """The guideline in force."""

    version = serializers.IntegerField()
    text = serializers.CharField(allow_blank=True)
    pictures = SentPictureSerializer(many=True)


class RoundMemberSerializer(serializers.Serializer[Any]):
    """A person in the round, and how far they are."""

    member_id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=RoundMember.Role.choices)
    state = serializers.ChoiceField(choices=RoundMember.State.choices)
    cap = serializers.IntegerField(allow_null=True)
    daily_cap = serializers.IntegerField(allow_null=True)
    is_qualified = serializers.BooleanField()
    readable_cases = serializers.IntegerField()
    offered = serializers.IntegerField()
    locked = serializers.IntegerField()
    live = serializers.IntegerField()
    last = serializers.DateTimeField(allow_null=True)
    mean_active_s = serializers.FloatField(allow_null=True)


class RoundCandidateSerializer(serializers.Serializer[Any]):
    """Somebody who could be given a place."""

    user_id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=RoundMember.Role.choices)


class RoundPreviewSerializer(serializers.Serializer[Any]):
    """What the rules mean in work."""

    cases = serializers.IntegerField()
    reads = serializers.IntegerField()
    reads_per_annotator = serializers.FloatField(allow_null=True)
    hours = serializers.FloatField()
    expected_arbitrations = serializers.IntegerField()
    is_assumed = serializers.BooleanField()
    starved_cases = serializers.IntegerField()


class RoundSetupSerializer(serializers.Serializer[Any]):
    """A round, whole."""

    round_id = serializers.UUIDField()
    project_id = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=ReadingRound.State.choices)
    opened_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    released_at = serializers.DateTimeField(allow_null=True)
    policy = RoundPolicySerializer()
    policy_versions = RoundPolicyVersionSerializer(many=True)
    guideline = AdminGuidelineSerializer()
    members = RoundMemberSerializer(many=True)
    candidates = RoundCandidateSerializer(many=True)
    case_counts = serializers.DictField(child=serializers.IntegerField())
    preview = RoundPreviewSerializer()


class RoundProgressSerializer(serializers.Serializer[Any]):
    """How far a round is."""

    state = serializers.ChoiceField(choices=ReadingRound.State.choices)
    case_counts = serializers.DictField(child=serializers.IntegerField())
    reads_locked = serializers.IntegerField()
    members = RoundMemberSerializer(many=True)
    starved_cases = serializers.IntegerField()
    open_questions = serializers.IntegerField()


class SentPolicySerializer(serializers.Serializer[Any]):
    """New rules."""

    content = serializers.DictField()
    reason = serializers.CharField(max_length=MAXIMUM_REASON, allow_blank=True, default="")


class SentGuidelineSerializer(serializers.Serializer[Any]):
    """A new version of the guideline."""

    text = serializers.CharField(max_length=MAXIMUM_TEXT, allow_blank=True, trim_whitespace=False)
    pictures = SentPictureSerializer(many=True, default=list)
    change = serializers.CharField(max_length=MAXIMUM_REASON, allow_blank=True, default="")


class PictureFileSerializer(serializers.Serializer[Any]):
    """A picture for the guideline."""

    file = serializers.FileField()


class StoredPictureSerializer(serializers.Serializer[Any]):
    """A picture that was stored; the token lets it into the guideline of its round."""

    sha256 = serializers.CharField()
    content_type = serializers.CharField()
    token = serializers.CharField()


class SentMemberSerializer(serializers.Serializer[Any]):
    """A place for a person."""

    user_id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=RoundMember.Role.choices)


class MemberChangeSerializer(serializers.Serializer[Any]):
    """What changes of a member; what is not sent stays."""

    state = serializers.ChoiceField(choices=RoundMember.State.choices, required=False)
    cap = serializers.IntegerField(
        min_value=1, max_value=1_000_000, allow_null=True, required=False
    )
    daily_cap = serializers.IntegerField(
        min_value=1, max_value=1_000_000, allow_null=True, required=False
    )
    reason = serializers.CharField(max_length=MAXIMUM_REASON, allow_blank=True, default="")


class CaseFilterSerializer(serializers.Serializer[Any]):
    """Which cases of the project; without anything, all."""

    case_ids = serializers.ListField(child=serializers.UUIDField(), max_length=5000, default=list)
    modality = serializers.CharField(max_length=16, allow_blank=True, default="")
    body_part_examined = serializers.CharField(max_length=16, allow_blank=True, default="")
    arrived_from = serializers.DateField(allow_null=True, default=None)
    arrived_to = serializers.DateField(allow_null=True, default=None)
    sample_size = serializers.IntegerField(
        min_value=1, max_value=LARGEST_INTEGER, allow_null=True, default=None
    )


class CasesChangedSerializer(serializers.Serializer[Any]):
    """How many cases were added or taken out."""

    count = serializers.IntegerField()


class CaseIdsSerializer(serializers.Serializer[Any]):
    """Cases of the round."""

    round_case_ids = serializers.ListField(child=serializers.UUIDField(), max_length=5000)


class RoundCasesQuerySerializer(serializers.Serializer[Any]):
    """A page of the round's cases."""

    state = serializers.ChoiceField(choices=RoundCase.State.choices, allow_blank=True, default="")
    purpose = serializers.ChoiceField(
        choices=["primary", "gold", "qualification", "known"],
        allow_blank=True,
        default="",
        help_text="`known`: gold and qualification",
    )
    offset = serializers.IntegerField(min_value=0, max_value=LARGEST_INTEGER, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class KnownAnswerSerializer(serializers.Serializer[Any]):
    """What an admin has written to be true of a case."""

    answers = AnswerSerializer(many=True)
    unreadable = serializers.BooleanField()
    regions = serializers.IntegerField()
    explanation = serializers.CharField(allow_blank=True)
    author = serializers.CharField()


class RoundCaseSerializer(serializers.Serializer[Any]):
    """A case of the round."""

    round_case_id = serializers.UUIDField()
    case_id = serializers.UUIDField()
    patient_id = serializers.CharField()
    study_date = serializers.DateField(allow_null=True)
    description = serializers.CharField()
    purpose = serializers.ChoiceField(choices=RoundCase.Purpose.choices)
    state = serializers.ChoiceField(choices=RoundCase.State.choices)
    epoch = serializers.IntegerField()
    readers = serializers.IntegerField()
    sealed_at = serializers.DateTimeField(allow_null=True)
    released_at = serializers.DateTimeField(allow_null=True)
    known = KnownAnswerSerializer(allow_null=True)


class RoundCasesSerializer(serializers.Serializer[Any]):
    """A page and how many there are."""

    count = serializers.IntegerField()
    rows = RoundCaseSerializer(many=True)


class ReadersSerializer(serializers.Serializer[Any]):
    """How many shall read a case."""

    readers = serializers.IntegerField(min_value=1, max_value=LARGEST_INTEGER)


class WhySerializer(serializers.Serializer[Any]):
    """Why an admin does what cannot be undone."""

    reason = serializers.CharField(max_length=MAXIMUM_REASON, allow_blank=True, default="")


class KnownCaseSerializer(serializers.Serializer[Any]):
    """A case whose answer is known."""

    case_id = serializers.UUIDField()
    purpose = serializers.ChoiceField(choices=["gold", "qualification"])
    content = ReadContentSerializer()
    explanation = serializers.CharField(max_length=1000, allow_blank=True, default="")


class RoundQuestionSerializer(serializers.Serializer[Any]):
    """A reader's question."""

    question_id = serializers.UUIDField()
    text = serializers.CharField()
    asker = serializers.CharField()
    case_id = serializers.UUIDField()
    asked_at = serializers.DateTimeField()
    answered_by_version = serializers.IntegerField(allow_null=True)


class RoundQuestionsSerializer(serializers.Serializer[Any]):
    """The questions of a round."""

    rows = RoundQuestionSerializer(many=True)


class SentAnswerSerializer(serializers.Serializer[Any]):
    """The guideline that answers a question."""

    guideline_text = serializers.CharField(max_length=MAXIMUM_TEXT, trim_whitespace=False)
    change = serializers.CharField(max_length=MAXIMUM_REASON)
