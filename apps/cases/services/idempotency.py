"""A repeated request has one effect: the same key and body get the first answer back."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from django.db import IntegrityError, transaction

from apps.cases.models import IdempotencyKey, User
from apps.errors import Conflict, Invalid

MAXIMUM_KEY_LENGTH = 64


def answer_once(
    act: Callable[[], dict[str, Any]], *, user: User, key: str, route: str, body: Any
) -> dict[str, Any]:
    """Act and remember the answer under the key, in one transaction; or give the remembered one.

    Parameters
    ----------
    act : the change; its JSON-able answer is stored beside it
    key : chosen by the client for one intended act, 1 to 64 characters
    body : the request's body; the same key with another body is refused

    Raises
    ------
    Invalid : no key, a key too long, or a key that was used for something else
    Conflict : the same request is being carried out at this moment
    """
    if not 0 < len(key) <= MAXIMUM_KEY_LENGTH:
        raise Invalid(
            "Send an Idempotency-Key header of 1 to 64 characters.", code="idempotency_key_missing"
        )
    body_sha256 = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
    remembered = _remembered(user=user, key=key, route=route, body_sha256=body_sha256)
    if remembered is not None:
        return remembered
    try:
        with transaction.atomic():
            answer = act()
            IdempotencyKey.objects.create(
                user=user,
                key=key,
                route=route,
                body_sha256=body_sha256,
                status=200,
                answer=answer,
            )
    except IntegrityError as error:
        remembered = _remembered(user=user, key=key, route=route, body_sha256=body_sha256)
        if remembered is None:
            raise Conflict("Somebody else changed this at the same moment. Try again.") from error
        return remembered
    except Conflict:
        # The twin of this request may have committed between our look-up and our change.
        remembered = _remembered(user=user, key=key, route=route, body_sha256=body_sha256)
        if remembered is None:
            raise
        return remembered
    return answer


def _remembered(*, user: User, key: str, route: str, body_sha256: str) -> dict[str, Any] | None:
    row = IdempotencyKey.objects.filter(user=user, key=key).first()
    if row is None:
        return None
    if row.route != route or row.body_sha256 != body_sha256:
        raise Invalid(
            "This Idempotency-Key was used for another request.", code="idempotency_key_reused"
        )
    answer: dict[str, Any] = row.answer
    return answer
