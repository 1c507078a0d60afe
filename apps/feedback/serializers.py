"""The shapes of reads that span apps: how the installation is doing."""

from typing import Any

from rest_framework import serializers


class QueueStateSerializer(serializers.Serializer[Any]):
    """One queue by its rows; `oldest_s` is the age of what waits longest."""

    name = serializers.CharField()
    waiting = serializers.IntegerField()
    running = serializers.IntegerField()
    failed = serializers.IntegerField()
    oldest_s = serializers.FloatField(allow_null=True)


class SpaceSerializer(serializers.Serializer[Any]):
    """Bytes of the store's volume; `is_counted` false: `stored` is what could be counted."""

    total = serializers.IntegerField()
    free = serializers.IntegerField()
    stored = serializers.IntegerField()
    is_counted = serializers.BooleanField()


class DatabaseSizeSerializer(serializers.Serializer[Any]):
    """The size of the database, rounded up to whole megabytes, and the room on its volume."""

    bytes = serializers.IntegerField()
    free = serializers.IntegerField(
        allow_null=True, help_text="Null where the database is another machine's"
    )


class SealStateSerializer(serializers.Serializer[Any]):
    """How far the audit trail is sealed."""

    sealed = serializers.IntegerField()
    last_seal_at = serializers.DateTimeField(allow_null=True)
    unsealed_since = serializers.DateTimeField(allow_null=True)


class VersionsSerializer(serializers.Serializer[Any]):
    """What runs here."""

    coread = serializers.CharField()
    python = serializers.CharField()
    django = serializers.CharField()
    database = serializers.CharField()


class SystemSerializer(serializers.Serializer[Any]):
    """How the installation is doing; `files` is null where they are in S3."""

    queues = QueueStateSerializer(many=True)
    broker_answers = serializers.BooleanField()
    last_prediction_at = serializers.DateTimeField(allow_null=True)
    files = SpaceSerializer(allow_null=True)
    database = DatabaseSizeSerializer()
    audit = SealStateSerializer()
    versions = VersionsSerializer()
