"""The shapes of the audit browser over HTTP."""

from typing import Any

from rest_framework import serializers

from apps.cases.audit.selectors import AuditQuery

SHA256 = r"^[0-9a-f]{64}$"


class AuditQuerySerializer(serializers.Serializer[AuditQuery]):
    """Filters and page of the audit trail; times are inclusive from, exclusive to."""

    actor = serializers.UUIDField(required=False)
    action = serializers.CharField(max_length=64, allow_blank=True, default="")
    target_type = serializers.CharField(max_length=32, allow_blank=True, default="")
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=10_000_000)
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500)
    choices = serializers.BooleanField(default=False, help_text="Also list what one may filter by")


class AuditRowSerializer(serializers.Serializer[Any]):
    """One act; `sequence` and `link_sha256` say where it is sealed in the chain."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    actor = serializers.CharField(allow_blank=True)
    action = serializers.CharField()
    target_type = serializers.CharField(allow_blank=True)
    target_id = serializers.CharField(allow_blank=True)
    target_name = serializers.CharField(allow_blank=True)
    detail = serializers.DictField()
    sequence = serializers.IntegerField(allow_null=True)
    link_sha256 = serializers.CharField(allow_blank=True)


class AuditActorSerializer(serializers.Serializer[Any]):
    """A person who has acted."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class AuditChoicesSerializer(serializers.Serializer[Any]):
    """What one may filter by."""

    actors = AuditActorSerializer(many=True)
    actions = serializers.ListField(child=serializers.CharField())
    target_types = serializers.ListField(child=serializers.CharField())


class AuditPageSerializer(serializers.Serializer[Any]):
    """A page of the audit trail."""

    count = serializers.IntegerField()
    rows = AuditRowSerializer(many=True)
    is_partial = serializers.BooleanField(
        help_text="Events on cases that the person reads blinded are left out"
    )
    choices = AuditChoicesSerializer(allow_null=True)


class VerifySerializer(serializers.Serializer[Any]):
    """From where to walk along the chain; an anchor is a link noted earlier."""

    after_sequence = serializers.IntegerField(default=0, min_value=0)
    after_sha256 = serializers.RegexField(SHA256, default="0" * 64)
    anchor_sha256 = serializers.RegexField(SHA256, allow_blank=True, default="")


class VerifiedSerializer(serializers.Serializer[Any]):
    """What a walk along a piece of the chain found; the next piece starts at its head."""

    checked_to = serializers.IntegerField()
    head_sha256 = serializers.CharField()
    broken_at = serializers.IntegerField(allow_null=True)
    has_anchor = serializers.BooleanField()
    is_end = serializers.BooleanField()
    sealed = serializers.IntegerField()
    unsealed = serializers.IntegerField()
