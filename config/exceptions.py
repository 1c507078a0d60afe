"""The one place where an error becomes an HTTP answer: `{code, message, fields, params}`."""

import errno
import logging
import sys
import traceback
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response

from apps.errors import (
    Conflict,
    CoreadError,
    Forbidden,
    Invalid,
    NotAuthenticated,
    NotFound,
    StorageFull,
    TooLarge,
    Unavailable,
)

STATUS: dict[type[CoreadError], int] = {
    NotFound: status.HTTP_404_NOT_FOUND,
    NotAuthenticated: status.HTTP_401_UNAUTHORIZED,
    Forbidden: status.HTTP_403_FORBIDDEN,
    Invalid: status.HTTP_400_BAD_REQUEST,
    TooLarge: status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    Conflict: status.HTTP_409_CONFLICT,
    StorageFull: status.HTTP_507_INSUFFICIENT_STORAGE,
    Unavailable: status.HTTP_503_SERVICE_UNAVAILABLE,
}


log = logging.getLogger("coread.error")

RETRY: Final = {"Retry-After": "2"}


def error_body(
    code: str,
    message: str,
    *,
    fields: dict[str, list[str]] | None = None,
    params: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Give the one shape of every error answer."""
    return {"code": code, "message": message, "fields": fields or {}, "params": params or {}}


def error_response(error: CoreadError) -> JsonResponse:
    """Answer a domain error outside of DRF (middleware, plain views)."""
    body = error_body(error.code, error.message, fields=error.fields, params=error.params)
    return JsonResponse(body, status=status_of(error))


def status_of(error: CoreadError) -> int:
    """Look up the status of the nearest named ancestor of an error."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn domain and DRF errors into answers; anything else stays an error 500."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        error = StorageFull("The storage is full: uploads are paused.")  # while the body arrived
    if isinstance(error, CoreadError):
        body = error_body(error.code, error.message, fields=error.fields, params=error.params)
        return Response(body, status=status_of(error))
    if isinstance(error, OperationalError | InterfaceError):
        return Response(*_database_away(), headers=RETRY)
    if isinstance(error, Http404 | PermissionDenied):
        missing = NotFound()
        return Response(error_body(missing.code, missing.message), status=404)
    if isinstance(error, exceptions.ValidationError):
        body = error_body(
            "invalid",
            "Some fields are not valid.",
            fields=_flat(error.detail),
            # The screens say it in their own language, by code.
            params={"codes": _flat(error.get_codes())},
        )
        return Response(body, status=error.status_code)
    if isinstance(error, exceptions.PermissionDenied):
        return Response(error_body("csrf_failed", str(error.detail)), status=403)
    if isinstance(error, exceptions.APIException):
        codes = error.get_codes()
        code = codes if isinstance(codes, str) else "invalid"
        return Response(error_body(code, str(error.detail)), status=error.status_code)
    return None


def _flat(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Flatten DRF's nested detail to `{"decisions.0.verdict": ["..."]}`."""
    if isinstance(detail, dict):
        items = detail.items()
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        items = {str(index): item for index, item in enumerate(detail) if item}.items()
    else:
        words = detail if isinstance(detail, list) else [detail]
        return {path or "non_field_errors": [str(word) for word in words]}
    flat: dict[str, list[str]] = {}
    for name, item in items:
        flat.update(_flat(item, f"{path}.{name}" if path else str(name)))
    return flat


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django refuses to read (a foreign host name, too many fields)."""
    return JsonResponse(error_body("bad_request", "The request cannot be read."), status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a path without a route exactly as one that this person may not know of."""
    return error_response(NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an error that nothing foresaw, or a database that is away while a page is looked up.

    The log gets the kind and the place, not the message: it may quote what a patient's header says.
    """
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        body, status = _database_away()
        return JsonResponse(body, status=status, headers=RETRY)
    if error is not None:
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("%s at\n%s", type(error).__name__, place)
    return JsonResponse(error_body("server_error", "Something failed on our side."), status=500)


def _database_away() -> tuple[dict[str, Any], int]:
    message = "The database does not answer now. Nothing was changed; try again in a moment."
    return error_body("database_unavailable", message), 503


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a request whose CSRF token is missing or stale."""
    message = "The page is out of date: reload it and try again."
    return JsonResponse(error_body("csrf_failed", message), status=403)
