"""How do accounts come to be and log in? An administrator makes them; guessing is slowed down."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.ratelimit import consume
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

LINK_WAIT_S = 60.0


class ClosedAccountAdapter(DefaultAccountAdapter):
    """allauth without public sign-up; wrong passwords are counted per account *and* address."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse every sign-up."""
        return False

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count failures per account and address, so that a stranger cannot lock a clinician out.

        allauth counts per account alone; the cap per address stays (settings.ACCOUNT_RATE_LIMITS).
        """
        key = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{key}:{self.get_client_ip(request)}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Answer 429 from the sixth wrong password on, whether the account exists or not."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            answer = {
                "status": 429,
                "code": "too_many_login_attempts",
                "message": "Too many failed attempts to log in. Wait five minutes.",
                "fields": {},
                "params": {"minutes": 5},
            }
            raise ImmediateHttpResponse(JsonResponse(answer, status=429)) from error

    def login_failures_forgive(self, request: HttpRequest, username: str) -> None:
        """Forget the failures from this address: who has just set a password may use it."""
        self._delete_login_attempts_cached_email(request, username=username)


class OneTimeLinkThrottle(BaseThrottle):
    """Slows down whoever tries tokens (settings.ACCOUNT_RATE_LIMITS), counted like the logins."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request against its address."""
        return consume(request._request, action="one_time_link")

    def wait(self) -> float:
        """Say when to try again."""
        return LINK_WAIT_S


def login_failures_forgive(request: HttpRequest, username: str) -> None:
    """Let a person log in with a new password, however often the old one was wrong."""
    get_adapter(request).login_failures_forgive(request, username)
