"""Deny by default: every request is looked up in the one permission table before any view runs."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.cases import access
from apps.errors import CoreadError
from apps.feedback import access as feedback_access
from apps.inference import access as inference_access
from config.exceptions import error_response

log = logging.getLogger("coread.request")

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
        """Pass on; the decision is made once the route is known."""
        return self.get_response(request)

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
            access.require(
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


class GrantedByTable(BasePermission):
    """DRF's second lock: a view runs only if the middleware granted this very request."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether AccessMiddleware let the request through."""
        return bool(getattr(request._request, "granted_by_table", False))
