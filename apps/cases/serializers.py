"""The shapes that cases sends and takes over HTTP."""

from typing import Any

from rest_framework import serializers

from apps.cases.models import Finding, ReadingPolicy, Role, User


class FindingSerializer(serializers.Serializer[Any]):
    """One label of a project's schema."""

    code = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    kind = serializers.ChoiceField(choices=Finding.Kind.choices)
    grades = serializers.ListField(child=serializers.CharField())
    needs_roi = serializers.BooleanField()
    minimum_size_mm = serializers.FloatField(allow_null=True)
    is_urgent = serializers.BooleanField()
    position = serializers.IntegerField()


class PolicySerializer(serializers.Serializer[Any]):
    """The reading policy in force."""

    version = serializers.IntegerField()
    ai_display = serializers.ChoiceField(choices=ReadingPolicy.AiDisplay.choices)


class ProjectSerializer(serializers.Serializer[Any]):
    """A project as its members see it."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    name_en = serializers.CharField()
    name_zh = serializers.CharField()
    auto_classify = serializers.BooleanField()
    policy = PolicySerializer()
    findings = FindingSerializer(many=True)


class MembershipSerializer(serializers.Serializer[Any]):
    """A project and what this person may do in it."""

    project = ProjectSerializer()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))


class UserSerializer(serializers.Serializer[Any]):
    """The person who is logged in."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    language = serializers.ChoiceField(choices=User.Language.choices)


class LimitsSerializer(serializers.Serializer[Any]):
    """What the server takes."""

    upload_bytes = serializers.IntegerField()


class SessionSerializer(serializers.Serializer[Any]):
    """Who is logged in, where they may go, and what this installation is."""

    user = UserSerializer(allow_null=True)
    memberships = MembershipSerializer(many=True)
    research_use = serializers.BooleanField()
    version = serializers.CharField()
    limits = LimitsSerializer()


class LanguageSerializer(serializers.Serializer[Any]):
    """The one thing of a session that its person changes."""

    language = serializers.ChoiceField(choices=User.Language.choices)


class DraftKeySerializer(serializers.Serializer[Any]):
    """The key with which a person's browsers encrypt unsaved drafts."""

    key = serializers.CharField()


class UploadSerializer(serializers.Serializer[Any]):
    """One file."""

    file = serializers.FileField(allow_empty_file=True)


class VerdictSerializer(serializers.Serializer[Any]):
    """What became of an uploaded file; `code` and `params` say why it was not stored."""

    result = serializers.ChoiceField(choices=["stored", "duplicate", "refused", "conflict"])
    code = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    params = serializers.DictField()
    case_id = serializers.UUIDField(allow_null=True)


class IngestFailureQuerySerializer(serializers.Serializer[Any]):
    """Which part of the inbox."""

    state = serializers.ChoiceField(choices=["open", "resolved", "all"], default="open")
    offset = serializers.IntegerField(default=0, min_value=0, max_value=10_000_000)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)


class IngestFailureSerializer(serializers.Serializer[Any]):
    """A file that was not taken in, and why."""

    id = serializers.UUIDField()
    file_name = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    params = serializers.DictField()
    size_bytes = serializers.IntegerField()
    seen_count = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    uploaded_by = serializers.CharField(allow_blank=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    resolution = serializers.CharField(allow_blank=True)


class IngestFailurePageSerializer(serializers.Serializer[Any]):
    """One page of the inbox."""

    count = serializers.IntegerField()
    rows = IngestFailureSerializer(many=True)


class ResolutionSerializer(serializers.Serializer[Any]):
    """How a file in the inbox was dealt with."""

    resolution = serializers.CharField(max_length=500, allow_blank=True, default="")
