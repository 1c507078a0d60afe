"""The shapes of projects, their schema and their policy as admins send and see them."""

from typing import Any

from rest_framework import serializers

from apps.cases.models import Finding, ReadingPolicy
from apps.cases.serializers import FindingSerializer

MAXIMUM_FINDINGS = 200
MAXIMUM_GRADES = 20


class PolicyInForceSerializer(serializers.Serializer[Any]):
    """What a reading policy says."""

    version = serializers.IntegerField()
    ai_display = serializers.ChoiceField(choices=ReadingPolicy.AiDisplay.choices)
    second_signature = serializers.BooleanField()


class AdministeredProjectSerializer(serializers.Serializer[Any]):
    """A project in the list of those that a person administers."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    auto_classify = serializers.BooleanField()
    is_active = serializers.BooleanField()
    policy = PolicyInForceSerializer()
    cases = serializers.IntegerField()
    members = serializers.IntegerField()
    findings = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class AdministeredProjectsSerializer(serializers.Serializer[Any]):
    """The projects that a person administers."""

    rows = AdministeredProjectSerializer(many=True)


class EditableFindingSerializer(FindingSerializer):
    """A finding that an admin may edit."""

    id = serializers.UUIDField()


class PolicyVersionSerializer(PolicyInForceSerializer):
    """One version in the history of a policy."""

    reason = serializers.CharField(allow_blank=True)
    author = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class ProjectSettingsSerializer(serializers.Serializer[Any]):
    """A project with its schema and the history of its policy, the newest version first."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    auto_classify = serializers.BooleanField()
    is_active = serializers.BooleanField()
    findings = EditableFindingSerializer(many=True)
    policies = PolicyVersionSerializer(many=True)


class NewFindingSerializer(serializers.Serializer[Any]):
    """A label to add; its code is never changed afterwards."""

    code = serializers.SlugField(max_length=64)
    name_en = serializers.CharField(max_length=128)
    name_zh = serializers.CharField(max_length=128)
    kind = serializers.ChoiceField(choices=Finding.Kind.choices, default=Finding.Kind.BINARY)
    grades = serializers.ListField(
        child=serializers.CharField(max_length=32), max_length=MAXIMUM_GRADES, default=list
    )
    needs_roi = serializers.BooleanField(default=False)
    minimum_size_mm = serializers.FloatField(
        min_value=0.01, max_value=1000, allow_null=True, default=None
    )
    is_urgent = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse grades that cannot be answered."""
        grades = attrs["grades"]
        if attrs["kind"] == Finding.Kind.GRADED and len(set(grades)) < 2:
            raise serializers.ValidationError(
                {"grades": ["A graded finding needs two or more grades."]}, code="too_few_grades"
            )
        if len(set(grades)) != len(grades):
            raise serializers.ValidationError(
                {"grades": ["Each grade may be there once."]}, code="repeated"
            )
        if attrs["kind"] == Finding.Kind.BINARY and grades:
            raise serializers.ValidationError(
                {"grades": ["Only a graded finding has grades."]}, code="not_graded"
            )
        return attrs


class NewProjectSerializer(serializers.Serializer[Any]):
    """A project to make, with its schema and the first version of its policy."""

    code = serializers.SlugField(max_length=64)
    name_en = serializers.CharField(max_length=128)
    name_zh = serializers.CharField(max_length=128)
    auto_classify = serializers.BooleanField(default=True)
    ai_display = serializers.ChoiceField(choices=ReadingPolicy.AiDisplay.choices)
    second_signature = serializers.BooleanField(default=False)
    findings = NewFindingSerializer(many=True, allow_empty=False)

    def validate_findings(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse too many, and a code that is there twice, at its second place."""
        if len(value) > MAXIMUM_FINDINGS:
            raise serializers.ValidationError(
                f"At most {MAXIMUM_FINDINGS} findings.", code="max_length"
            )
        seen: set[str] = set()
        errors: list[dict[str, Any]] = []
        for finding in value:
            is_repeated = finding["code"] in seen
            errors.append({"code": ["Another finding has this code."]} if is_repeated else {})
            seen.add(finding["code"])
        if any(errors):
            raise serializers.ValidationError(errors, code="repeated")
        return value


class ProjectEditSerializer(serializers.Serializer[Any]):
    """What may change of a project; left out is left as it is."""

    name_en = serializers.CharField(max_length=128, required=False)
    name_zh = serializers.CharField(max_length=128, required=False)
    auto_classify = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)


class PolicyAddSerializer(serializers.Serializer[Any]):
    """A new version of the policy, and the version that it replaces."""

    after_version = serializers.IntegerField(min_value=1)
    ai_display = serializers.ChoiceField(choices=ReadingPolicy.AiDisplay.choices)
    second_signature = serializers.BooleanField()
    reason = serializers.CharField(max_length=500)


class FindingEditSerializer(serializers.Serializer[Any]):
    """What may change of a finding; left out is left as it is."""

    name_en = serializers.CharField(max_length=128, required=False)
    name_zh = serializers.CharField(max_length=128, required=False)
    is_urgent = serializers.BooleanField(required=False)
    minimum_size_mm = serializers.FloatField(
        min_value=0.01, max_value=1000, allow_null=True, required=False
    )
