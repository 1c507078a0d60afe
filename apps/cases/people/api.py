"""HTTP of people: members and their accounts, invitations, and the two pages of one-time links."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import person
from apps.cases.accounts import OneTimeLinkThrottle, login_failures_forgive
from apps.cases.models import Project, Role, User
from apps.cases.people import serializers
from apps.cases.people.selectors import invitations_page, members_of
from apps.cases.selectors import name_of
from apps.cases.services.accounts import account_activate, account_deactivate
from apps.cases.services.invitations import (
    invitation_create,
    invitation_join,
    invitation_join_as,
    invitation_open,
    invitation_revoke,
)
from apps.cases.services.members import member_add, member_role_remove
from apps.cases.services.password_resets import (
    password_reset_create,
    password_reset_open,
    password_reset_use,
)
from apps.errors import NotFound


class MembersView(APIView):
    """The people of a project."""

    @extend_schema(operation_id="members", responses=serializers.MembersSerializer)
    def get(self, request: Request, project_id: UUID) -> Response:
        """List the members by name, with their roles and last login."""
        return Response(_members(project_id, person(request)))


class MemberRoleView(APIView):
    """One role of one member."""

    @extend_schema(
        operation_id="member_role_add", request=None, responses=serializers.MembersSerializer
    )
    def put(self, request: Request, project_id: UUID, user_id: UUID, role: str) -> Response:
        """Give the role."""
        project, user = Project.objects.get(pk=project_id), User.objects.get(pk=user_id)
        member_add(project, user=user, role=_role(role), actor=person(request))
        return Response(_members(project_id, person(request)))

    @extend_schema(
        operation_id="member_role_remove", responses={200: serializers.MembersSerializer}
    )
    def delete(self, request: Request, project_id: UUID, user_id: UUID, role: str) -> Response:
        """Take the role away; the last one ends the membership."""
        project, user = Project.objects.get(pk=project_id), User.objects.get(pk=user_id)
        member_role_remove(project, user=user, role=_role(role), actor=person(request))
        return Response(_members(project_id, person(request)))


class MemberDeactivateView(APIView):
    """The end of an account, until it is switched on again."""

    @extend_schema(
        operation_id="member_deactivate", request=None, responses=serializers.MembersSerializer
    )
    def post(self, request: Request, project_id: UUID, user_id: UUID) -> Response:
        """Switch the account off and end its sessions."""
        account_deactivate(User.objects.get(pk=user_id), actor=person(request))
        return Response(_members(project_id, person(request)))


class MemberActivateView(APIView):
    """The return of an account."""

    @extend_schema(
        operation_id="member_activate", request=None, responses=serializers.MembersSerializer
    )
    def post(self, request: Request, project_id: UUID, user_id: UUID) -> Response:
        """Switch the account on again."""
        account_activate(User.objects.get(pk=user_id), actor=person(request))
        return Response(_members(project_id, person(request)))


class MemberResetLinkView(APIView):
    """A link with which a member sets a new password."""

    @extend_schema(
        operation_id="member_reset_link",
        request=None,
        responses={201: serializers.OneTimeLinkSerializer},
    )
    def post(self, request: Request, project_id: UUID, user_id: UUID) -> Response:
        """Make the link, tell its token once, and end the links made before."""
        user = User.objects.get(pk=user_id)
        reset, token = password_reset_create(user, actor=person(request))
        return Response(_link(token, reset.expires_at), status.HTTP_201_CREATED)


class InvitationsView(APIView):
    """The invitations to a project."""

    @extend_schema(
        operation_id="invitations",
        parameters=[serializers.InvitationQuerySerializer],
        responses=serializers.InvitationPageSerializer,
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        """Give a page of them, newest first: open, used, expired and withdrawn."""
        sent = serializers.InvitationQuerySerializer(data=request.query_params)
        sent.is_valid(raise_exception=True)
        count, rows = invitations_page(
            Project.objects.get(pk=project_id), now=timezone.now(), **sent.validated_data
        )
        body = {"count": count, "rows": rows}
        return Response(serializers.InvitationPageSerializer(body).data)

    @extend_schema(
        operation_id="invite",
        request=serializers.InviteSerializer,
        responses={201: serializers.OneTimeLinkSerializer},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Invite a person; the token of the link is told once."""
        sent = serializers.InviteSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        invitation, token = invitation_create(
            Project.objects.get(pk=project_id),
            roles=[Role(role) for role in sent.validated_data["roles"]],
            display_name=sent.validated_data["display_name"],
            note=sent.validated_data["note"],
            actor=person(request),
        )
        return Response(_link(token, invitation.expires_at), status.HTTP_201_CREATED)


class InvitationRevokeView(APIView):
    """The end of an invitation that nobody shall use any more."""

    @extend_schema(operation_id="invitation_revoke", request=None, responses={204: None})
    def post(self, request: Request, project_id: UUID, invitation_id: UUID) -> Response:
        """Withdraw it."""
        project = Project.objects.get(pk=project_id)
        invitation_revoke(invitation_id, project=project, actor=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class JoinLookView(APIView):
    """What an invitation is for."""

    throttle_classes = (OneTimeLinkThrottle,)

    @extend_schema(
        operation_id="join_look",
        request=serializers.TokenSerializer,
        responses=serializers.JoinLookSerializer,
    )
    def post(self, request: Request) -> Response:
        """Tell who holds the token where it leads, without using it."""
        sent = serializers.TokenSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        invitation = invitation_open(sent.validated_data["token"])
        body = {
            "project_name_en": invitation.project.name_en,
            "project_name_zh": invitation.project.name_zh,
            "roles": invitation.roles,
            "display_name": invitation.display_name,
            "invited_by": name_of(invitation.created_by),
            "expires_at": invitation.expires_at,
        }
        return Response(serializers.JoinLookSerializer(body).data)


class JoinView(APIView):
    """A new account out of an invitation."""

    throttle_classes = (OneTimeLinkThrottle,)

    @extend_schema(
        operation_id="join",
        request=serializers.JoinSerializer,
        responses={201: serializers.JoinedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make the account with the invitation's roles; it logs in like every other."""
        sent = serializers.JoinSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        facts = sent.validated_data
        invitation, user = invitation_join(
            facts["token"],
            username=facts["username"],
            password=facts["password"],
            display_name=facts["display_name"],
            language=User.Language(facts["language"]),
        )
        body = {"username": user.username, "project_id": invitation.project_id}
        return Response(serializers.JoinedSerializer(body).data, status.HTTP_201_CREATED)


class JoinAsMeView(APIView):
    """An invitation for a person who has an account."""

    throttle_classes = (OneTimeLinkThrottle,)

    @extend_schema(
        operation_id="join_as_me",
        request=serializers.TokenSerializer,
        responses=serializers.JoinedSerializer,
    )
    def post(self, request: Request) -> Response:
        """Give the invitation's roles to who is logged in."""
        sent = serializers.TokenSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        user = person(request)
        invitation = invitation_join_as(sent.validated_data["token"], user=user)
        body = {"username": user.username, "project_id": invitation.project_id}
        return Response(serializers.JoinedSerializer(body).data)


class ResetLookView(APIView):
    """Whose password a link sets."""

    throttle_classes = (OneTimeLinkThrottle,)

    @extend_schema(
        operation_id="reset_look",
        request=serializers.TokenSerializer,
        responses=serializers.ResetLookSerializer,
    )
    def post(self, request: Request) -> Response:
        """Tell who holds the token whose account it is, without using it."""
        sent = serializers.TokenSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        reset = password_reset_open(sent.validated_data["token"])
        body = {
            "username": reset.user.username,
            "display_name": reset.user.display_name,
            "expires_at": reset.expires_at,
        }
        return Response(serializers.ResetLookSerializer(body).data)


class ResetView(APIView):
    """A new password out of a link."""

    throttle_classes = (OneTimeLinkThrottle,)

    @extend_schema(
        operation_id="reset",
        request=serializers.ResetSerializer,
        responses=serializers.ResetDoneSerializer,
    )
    def post(self, request: Request) -> Response:
        """Set the password and end every session of the person."""
        sent = serializers.ResetSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        user = password_reset_use(
            sent.validated_data["token"], password=sent.validated_data["password"]
        )
        login_failures_forgive(request._request, user.username)
        return Response(serializers.ResetDoneSerializer({"username": user.username}).data)


def _members(project_id: UUID, admin: User) -> dict[str, Any]:
    """Describe the members; an admin who has just given up the role sees them a last time."""
    rows = members_of(Project.objects.get(pk=project_id), admin=admin)
    return dict(serializers.MembersSerializer({"rows": rows}).data)


def _link(token: str, expires_at: datetime) -> dict[str, Any]:
    body = {"token": token, "expires_at": expires_at}
    return dict(serializers.OneTimeLinkSerializer(body).data)


def _role(value: str) -> Role:
    if value not in Role.values:
        raise NotFound
    return Role(value)
