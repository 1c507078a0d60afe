"""Shapes of a round's results; a report's content is typed in the browser (roundResults.ts)."""

from typing import Any

from rest_framework import serializers


class RoundReportSerializer(serializers.Serializer[Any]):
    """Statistics as they were computed at one time."""

    report_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    cases = serializers.IntegerField()
    content_sha256 = serializers.CharField()
    content = serializers.DictField()


class RoundPersonSerializer(serializers.Serializer[Any]):
    """Who is behind a pseudonym."""

    pseudonym = serializers.CharField()
    user_id = serializers.UUIDField()
    name = serializers.CharField()


class RoundStatisticsSerializer(serializers.Serializer[Any]):
    """The newest report, and whether one is being made."""

    report = RoundReportSerializer(allow_null=True)
    pending = serializers.BooleanField()
    released_cases = serializers.IntegerField()
    people = RoundPersonSerializer(many=True)


class CertificateChainSerializer(serializers.Serializer[Any]):
    """What a walk along the audit chain found."""

    sealed = serializers.IntegerField()
    head_sha256 = serializers.CharField()
    broken_at = serializers.IntegerField(allow_null=True)


class OffendingRowSerializer(serializers.Serializer[Any]):
    """A row that breaks a claim."""

    kind = serializers.CharField()
    id = serializers.CharField()
    why = serializers.CharField()


class CertificateClaimSerializer(serializers.Serializer[Any]):
    """One claim, how much there was to check, and what speaks against it."""

    code = serializers.CharField()
    passed = serializers.BooleanField()
    checked = serializers.IntegerField()
    offending = OffendingRowSerializer(many=True)
    offending_count = serializers.IntegerField()


class RoundCertificateSerializer(serializers.Serializer[Any]):
    """The certificate of blindness."""

    format = serializers.IntegerField()
    round_id = serializers.UUIDField()
    round_name = serializers.CharField()
    issued_at = serializers.CharField()
    passed = serializers.BooleanField()
    cases = serializers.IntegerField()
    released_cases = serializers.IntegerField()
    chain = CertificateChainSerializer()
    claims = CertificateClaimSerializer(many=True)
    certificate_sha256 = serializers.CharField()
