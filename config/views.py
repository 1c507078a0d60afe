"""The three answers that belong to no app: the page itself, health, and CSP reports."""

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

log = logging.getLogger("coread.csp")


@require_safe
@never_cache
@ensure_csrf_cookie
def app(request: HttpRequest) -> HttpResponse:
    """Serve the single page; the browser's router does the rest."""
    return render(request, "index.html")


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """Say that the web process answers; tells nothing else to strangers."""
    return JsonResponse({"status": "ok"})


@csrf_exempt
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Count a violation of the content security policy; its content may hold identifiers."""
    log.warning("content security policy report of %d bytes", len(request.body))
    return HttpResponse(status=204)
