"""Deny by default: every request is looked up in the one permission table before any view runs."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.cases import access
from apps.errors import CoreadError, TooLarge
from apps.feedback import access as feedback_access
from apps.inference import access as inference_access
from config.exceptions import error_response

log = logging.getLogger("coread.request")

# The form around a file.
FORM_BYTES = 4096
LOGOUT_ROUTE = "headless:browser:account:current_session"
RELATIONS: dict[str, access.RelationCheck] = {
    **access.RELATIONS,
    **inference_access.RELATIONS,
    **feedback_access.RELATIONS,
}


class RequestLogMiddleware:
    """One line a request: route *name*, never its path or query, which can hold identifiers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Time the request and log its route, status and duration."""
        started = time.monotonic()
        response = self.get_response(request)
        route = request.resolver_match.view_name if request.resolver_match else "unrouted"
        duration_ms = (time.monotonic() - started) * 1000
        log.info("%s %s %d %.0f ms", request.method, route, response.status_code, duration_ms)
        return response


class AccessMiddleware:
    """Asks access.TABLE whether this person may call this route on this object; else 401 or 404."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Decide once the route is known; keep answers out of every cache unless a view says so."""
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer the domain errors of plain views (DICOMweb) as DRF's handler does for its own."""
        return error_response(exception) if isinstance(exception, CoreadError) else None

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        """Answer the refusal, or mark the request as granted and let the view run."""
        match = request.resolver_match
        route = match.view_name if match else ""
        try:
            request.found_by_table = access.require(  # type: ignore[attr-defined]
                request.user,
                route=route,
                method=request.method or "GET",
                kwargs=kwargs,
                relations=RELATIONS,
            )
        except CoreadError as error:
            return error_response(error)
        request.granted_by_table = True  # type: ignore[attr-defined]
        return None


class BodyLimitMiddleware:
    """Refuses a body that says it is too large before anything reads it; stands before CSRF."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; the limit depends on the route."""
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        """Answer 413, or let the request through. A chunked body is never read (no length)."""
        match = request.resolver_match
        usual = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        larger = {
            "upload": settings.MAXIMUM_UPLOAD_BYTES,
            "round-guideline-pictures": settings.MAXIMUM_PICTURE_BYTES + FORM_BYTES,
        }
        limit = larger.get(match.view_name, usual) if match else usual
        if int(request.META.get("CONTENT_LENGTH") or 0) <= limit:
            return None
        return error_response(TooLarge("The file is too large.", params={"limit_bytes": limit}))


class LogoutMiddleware:
    """Empties the browser's cache, which holds images, when a person logs out.

    Storage stays: it holds settings, and unsaved drafts that only their own reader can decrypt,
    which must survive a login that ended in the middle of a case.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Mark the answer to a logout."""
        response = self.get_response(request)
        match = request.resolver_match
        if match and match.view_name == LOGOUT_ROUTE and request.method == "DELETE":
            response["Clear-Site-Data"] = '"cache"'
        return response


class GrantedByTable(BasePermission):
    """DRF's second lock: a view runs only if the middleware granted this very request."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether AccessMiddleware let the request through."""
        return bool(getattr(request._request, "granted_by_table", False))
