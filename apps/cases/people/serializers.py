"""The shapes of members, invitations and password resets over HTTP."""

from typing import Any

from rest_framework import serializers

from apps.cases.models import Role, User
from apps.cases.people.selectors import INVITATION_STATES

TOKEN_LENGTH = 128


class RolesField(serializers.ListField):
    """One or more roles, each once."""

    child = serializers.ChoiceField(choices=Role.choices)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=1, max_length=len(Role), **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        """Drop repetitions."""
        return list(dict.fromkeys(super().to_internal_value(data)))


class MemberSerializer(serializers.Serializer[Any]):
    """A member of a project, and what the admin who asks may do with the account."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField(allow_blank=True)
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))
    is_active = serializers.BooleanField()
    last_login = serializers.DateTimeField(allow_null=True)
    member_since = serializers.DateTimeField()
    is_self = serializers.BooleanField()
    may_manage = serializers.BooleanField(
        help_text="All of the person's projects are administered by who asks"
    )
    is_last_admin = serializers.BooleanField()


class MembersSerializer(serializers.Serializer[Any]):
    """The members of a project."""

    rows = MemberSerializer(many=True)


class InviteSerializer(serializers.Serializer[Any]):
    """Whom to invite, as what."""

    roles = RolesField()
    display_name = serializers.CharField(max_length=128, allow_blank=True, default="")
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class OneTimeLinkSerializer(serializers.Serializer[Any]):
    """The token of a link: told once, never again."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class InvitationQuerySerializer(serializers.Serializer[Any]):
    """A page of the invitations."""

    offset = serializers.IntegerField(default=0, min_value=0, max_value=10_000_000)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)


class InvitationSerializer(serializers.Serializer[Any]):
    """An invitation and what became of it."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=INVITATION_STATES)
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))
    display_name = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    used_at = serializers.DateTimeField(allow_null=True)
    used_by = serializers.CharField(allow_blank=True)


class InvitationPageSerializer(serializers.Serializer[Any]):
    """A page of invitations."""

    count = serializers.IntegerField()
    rows = InvitationSerializer(many=True)


class TokenSerializer(serializers.Serializer[Any]):
    """The token of a one-time link."""

    token = serializers.CharField(max_length=TOKEN_LENGTH)


class JoinSerializer(TokenSerializer):
    """A new account for whom the link was made."""

    username = serializers.CharField(max_length=150)
    display_name = serializers.CharField(max_length=128, allow_blank=True, default="")
    password = serializers.CharField(max_length=256, trim_whitespace=False)
    language = serializers.ChoiceField(choices=User.Language.choices, default=User.Language.ENGLISH)


class JoinLookSerializer(serializers.Serializer[Any]):
    """What an invitation is for, told to who holds its token."""

    project_name_en = serializers.CharField()
    project_name_zh = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))
    display_name = serializers.CharField(allow_blank=True)
    invited_by = serializers.CharField()
    expires_at = serializers.DateTimeField()


class JoinedSerializer(serializers.Serializer[Any]):
    """Who has joined which project."""

    username = serializers.CharField()
    project_id = serializers.UUIDField()


class ResetSerializer(TokenSerializer):
    """A new password for whom the link was made."""

    password = serializers.CharField(max_length=256, trim_whitespace=False)


class ResetLookSerializer(serializers.Serializer[Any]):
    """Whose password a link sets, told to who holds its token."""

    username = serializers.CharField()
    display_name = serializers.CharField(allow_blank=True)
    expires_at = serializers.DateTimeField()


class ResetDoneSerializer(serializers.Serializer[Any]):
    """Whose password was set."""

    username = serializers.CharField()
