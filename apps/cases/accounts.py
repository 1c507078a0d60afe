"""How do accounts come to be and log in? An administrator makes them; guessing is slowed down."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse


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
