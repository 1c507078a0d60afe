"""How do the queues stand, by their rows: what waits, what is at work, what gave up?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Min, Q, QuerySet

from apps.inference.models import Prediction, TrainingRun

LANES: Final = {
    Prediction.Lane.INTERACTIVE: "predictions_interactive",
    Prediction.Lane.BULK: "predictions_bulk",
}


@dataclass(frozen=True)
class QueueState:
    """One queue; `oldest_s` is the age of what waits longest, None where nothing waits."""

    name: str
    waiting: int
    running: int
    failed: int
    oldest_s: float | None


def queue_states(*, now: datetime) -> list[QueueState]:
    """Describe every queue, those that people wait for first, in one query a table."""
    predictions = _by_state(
        Prediction.objects.values("lane"),
        waiting=[Prediction.State.QUEUED],
        running=[Prediction.State.CLAIMED],
        failed=[Prediction.State.QUARANTINED],
    )
    runs = _by_state(
        TrainingRun.objects.values("project").order_by(),
        waiting=[TrainingRun.State.QUEUED],
        running=[TrainingRun.State.RUNNING, TrainingRun.State.TRAINED],
        failed=[TrainingRun.State.FAILED],
    )
    lanes = [
        _state(name, [row for row in predictions if row["lane"] == lane], now=now)
        for lane, name in LANES.items()
    ]
    return [*lanes, _state("training", runs, now=now)]


def last_completed_at() -> datetime | None:
    """Say when a worker last answered."""
    done = Prediction.objects.filter(completed_at__isnull=False).order_by("-completed_at")
    return done.values_list("completed_at", flat=True).first()


def _by_state(
    rows: QuerySet[Any, Any],
    *,
    waiting: list[str],
    running: list[str],
    failed: list[str],
) -> list[dict[str, Any]]:
    open_rows = rows.filter(state__in=[*waiting, *running, *failed]).annotate(
        waiting=Count("pk", filter=Q(state__in=waiting)),
        running=Count("pk", filter=Q(state__in=running)),
        failed=Count("pk", filter=Q(state__in=failed)),
        since=Min("created_at", filter=Q(state__in=waiting)),
    )
    return list(open_rows)


def _state(name: str, rows: Iterable[dict[str, Any]], *, now: datetime) -> QueueState:
    found = list(rows)
    since = [row["since"] for row in found if row["since"] is not None]
    return QueueState(
        name=name,
        waiting=sum(row["waiting"] for row in found),
        running=sum(row["running"] for row in found),
        failed=sum(row["failed"] for row in found),
        oldest_s=max(0.0, (now - min(since)).total_seconds()) if since else None,
    )
