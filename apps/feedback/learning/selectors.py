"""What waits for training, as the admin sees it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from apps.cases.models import Project
from apps.feedback.learning.models import QueueEntry


@dataclass(frozen=True)
class QueueQuery:
    """What the admin asks for."""

    state: str = ""
    finding: str = ""
    offset: int = 0
    limit: int = 50


def queue_page(project: Project, *, query: QueueQuery) -> dict[str, Any]:
    """Select a page of the queue, newest first, with how many wait per finding."""
    entries = QueueEntry.objects.filter(project=project)
    waiting = entries.filter(state=QueueEntry.State.WAITING)
    counts = waiting.values_list("finding__code").annotate(n=Count("pk")).order_by("finding__code")
    if query.state:
        entries = entries.filter(state=query.state)
    if query.finding:
        entries = entries.filter(finding__code=query.finding)
    page = entries.select_related("finding", "model_version", "reader").order_by(
        "-created_at", "pk"
    )
    return {
        "count": entries.count(),
        "counts": dict(counts),
        "rows": [_row(entry) for entry in page[query.offset : query.offset + query.limit]],
    }


def _row(entry: QueueEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "case_id": entry.case_id,
        "finding": entry.finding.code,
        "label": entry.label,
        "ai_probability": entry.ai_probability,
        "ai_threshold": entry.ai_threshold,
        "ai_above_threshold": entry.ai_probability >= entry.ai_threshold,
        "ai_visible": entry.ai_visible,
        "model": str(entry.model_version),
        "reader": entry.reader.display_name or entry.reader.username,
        "state": entry.state,
        "created_at": entry.created_at,
    }
