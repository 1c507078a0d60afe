"""How is the installation doing: does work move, is there room, is the trail being sealed?

Nothing of a patient or of an answer is in here; sizes of the database are rounded up to whole
megabytes, so that what one reader or one model wrote does not show.
"""

import platform
import shutil
import sqlite3
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import django
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import Min

from apps import blobs
from apps.cases.models import AuditSeal
from apps.cases.services.audit import unsealed_events
from apps.inference.queue_selectors import last_completed_at, queue_states
from apps.queue import broker_answers

MEGABYTE: Final = 1_000_000
# Counting the files of a large store takes a while, and nobody needs it to the second.
SPACE_REMEMBERED_S: Final = 60


def system_state(*, now: datetime) -> dict[str, Any]:
    """Describe queues, broker, disk, seal and versions, in a fixed number of queries."""
    return {
        "queues": [asdict(queue) for queue in queue_states(now=now)],
        "broker_answers": broker_answers(),
        "last_prediction_at": last_completed_at(),
        "files": _files(),
        "database": _database(),
        "audit": _audit(),
        "versions": {
            "coread": settings.VERSION,
            "python": platform.python_version(),
            "django": django.get_version(),
            "database": _database_version(),
        },
    }


def _files() -> dict[str, Any] | None:
    key = f"space:{settings.MEDIA_ROOT}"
    remembered: dict[str, Any] | None = cache.get(key)
    if remembered is not None:
        return remembered
    space = blobs.space()
    if space is None:
        return None
    facts = asdict(space)
    cache.set(key, facts, SPACE_REMEMBERED_S)
    return facts


def _database() -> dict[str, Any]:
    """Measure the database; how much room PostgreSQL has is known to its own machine only."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            (size,) = cursor.fetchone()
        return {"bytes": _whole_megabytes(size), "free": None}
    file = Path(connection.settings_dict["NAME"])
    parts = [file, file.with_name(f"{file.name}-wal")]
    size = sum(part.stat().st_size for part in parts if part.exists())
    return {"bytes": _whole_megabytes(size), "free": shutil.disk_usage(file.parent).free}


def _whole_megabytes(size: int) -> int:
    return -(-size // MEGABYTE) * MEGABYTE


def _audit() -> dict[str, Any]:
    last = AuditSeal.objects.order_by("-sequence").first()
    return {
        "sealed": last.sequence if last else 0,
        "last_seal_at": last.created_at if last else None,
        "unsealed_since": unsealed_events().aggregate(since=Min("created_at"))["since"],
    }


def _database_version() -> str:
    if connection.vendor == "postgresql":
        number = connection.pg_version  # type: ignore[attr-defined]  # of the PostgreSQL wrapper
        return f"PostgreSQL {number // 10000}.{number % 10000}"
    return f"SQLite {sqlite3.sqlite_version}"
