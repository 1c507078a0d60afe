"""What waits for training, as an admin sees it: entries by filter, their counts, a drawn sample."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet

from apps.cases.models import Project, User
from apps.feedback.learning.access import entries_visible_to
from apps.feedback.learning.models import (
    QueueDecision,
    QueueEntry,
    QueueSample,
    QueueSampleEntry,
    Snapshot,
)
from apps.feedback.states import QUEUE_ENTRY, sources

Facts = dict[str, Any]

State = QueueEntry.State


@dataclass(frozen=True)
class QueueFilter:
    """What narrows the queue; every field does, none is required."""

    state: str = ""
    kind: str = ""
    finding: str = ""
    reader: UUID | None = None
    ai_visible: bool | None = None
    is_new: bool = False
    created_from: datetime | None = None
    created_before: datetime | None = None

    def to_json(self) -> Facts:
        """Give what was asked for, without what was left open."""
        given = {name: value for name, value in asdict(self).items() if value not in ("", None)}
        return {name: v if isinstance(v, bool | str) else str(v) for name, v in given.items()}


def entries_matching(project: Project, *, user: User, query: QueueFilter) -> QuerySet[QueueEntry]:
    """Select the entries that a filter matches, among those that this person may know of."""
    entries = entries_visible_to(user, project)
    wanted = {
        "state": query.state,
        "kind": query.kind,
        "finding__code": query.finding,
        "reader": query.reader,
        "ai_visible": query.ai_visible,
        "created_at__gte": query.created_from,
        "created_at__lt": query.created_before,
    }
    entries = entries.filter(**{k: v for k, v in wanted.items() if v not in ("", None)})
    return entries.filter(_is_newer_than(_last_snapshot(project))) if query.is_new else entries


def queue_page(
    project: Project, *, user: User, query: QueueFilter, offset: int, limit: int
) -> Facts:
    """Select a page of the queue, newest first, with the counts above it.

    The counts are of the whole queue, whatever the filter, and leave out what a later version of a
    review has overruled.
    """
    everything = entries_visible_to(user, project)
    matching = entries_matching(project, user=user, query=query)
    last = _last_snapshot(project)
    counts = (
        everything.filter(holds=True)
        .values("kind", "state", code=F("finding__code"))
        .annotate(count=Count("pk"), new=Count("pk", filter=_is_newer_than(last)))
        .order_by("finding__position", "finding__code", "kind", "state")
    )
    reviewed = everything.filter(reader__isnull=False)
    readers = reviewed.values("reader", "reader__display_name", "reader__username").distinct()
    page = _with_relations(matching).order_by("-created_at", "pk")[offset : offset + limit]
    return {
        **matching.aggregate(
            count=Count("pk"),
            waiting=Count("pk", filter=Q(state=State.WAITING)),
            excludable=Count(
                "pk", filter=Q(holds=True, state__in=sources(QUEUE_ENTRY, "excluded"))
            ),
        ),
        "counts": [{**row, "finding": row["code"]} for row in counts],
        "readers": [
            {"id": row["reader"], "name": row["reader__display_name"] or row["reader__username"]}
            for row in readers.order_by("reader__display_name", "reader__username")
        ],
        "last_snapshot": last.number if last else None,
        "rows": [entry_facts(entry) for entry in page],
    }


def entry_facts(entry: QueueEntry) -> Facts:
    """Describe an entry with who decided what of it, oldest first."""
    probability, threshold = entry.ai_probability, entry.ai_threshold
    is_above = None
    if probability is not None and threshold is not None:
        is_above = probability >= threshold
    return {
        "id": entry.pk,
        "case_id": entry.case_id,
        "finding": entry.finding.code,
        "kind": entry.kind,
        "label": entry.label,
        "grade": entry.grade,
        "label_before_ai": entry.label_before_ai,
        "ai_probability": entry.ai_probability,
        "ai_threshold": entry.ai_threshold,
        "ai_above_threshold": is_above,
        "ai_visible": entry.ai_visible,
        "model": str(entry.model_version or ""),
        "reader": _name(entry.reader) if entry.reader else "",
        "state": entry.state,
        "holds": entry.holds,
        "first_snapshot": entry.first_snapshot.number if entry.first_snapshot else None,
        "created_at": entry.created_at,
        "decisions": [
            {
                "to_state": row.to_state,
                "way": row.way,
                "actor": _name(row.actor),
                "reason": row.reason,
                "created_at": row.created_at,
            }
            for row in entry.decisions.all()
        ],
    }


def entry_by_id(entry_id: UUID) -> Facts:
    """Describe one entry."""
    return entry_facts(_with_relations(QueueEntry.objects.all()).get(pk=entry_id))


# What still stands between a sample and the approval of its rest; "" for nothing.
SAMPLE_BLOCKERS: Final = ("", "sample_used", "sample_superseded", "sample_not_looked_at")


@dataclass(frozen=True)
class SampleProgress:
    """How far the drawn entries of a sample have been looked at."""

    drawn: int
    looked_at: int
    excluded: int
    superseded: int
    is_used: bool

    @property
    def blocker(self) -> str:
        """Say what forbids to approve the rest; "" for nothing."""
        if self.is_used:
            return "sample_used"
        if self.superseded:
            return "sample_superseded"
        return "" if self.looked_at == self.drawn else "sample_not_looked_at"


def sample_progress(sample: QueueSample) -> SampleProgress:
    """Count what was looked at: drawn entries whose last change was one person's, of this entry.

    A drawn entry that a filter has decided since was not looked at, whatever its state.
    """
    drawn = QueueEntry.objects.filter(
        pk__in=QueueSampleEntry.objects.filter(sample=sample, is_drawn=True).values("entry")
    )
    last = QueueDecision.objects.filter(
        entry=OuterRef("pk"),
        change_token=OuterRef("change_token"),
        way=QueueDecision.Way.ONE,
    )
    is_looked_at = Q(is_individual=True, state__in=[State.APPROVED, State.EXCLUDED])
    counted = drawn.annotate(is_individual=Exists(last)).aggregate(
        drawn=Count("pk"),
        looked_at=Count("pk", filter=is_looked_at),
        excluded=Count("pk", filter=is_looked_at & Q(state=State.EXCLUDED)),
        superseded=Count("pk", filter=Q(holds=False)),
    )
    return SampleProgress(**counted, is_used=hasattr(sample, "approval"))


def sample_facts(sample: QueueSample) -> Facts:
    """Describe a sample: what is to be looked at, and whether the rest may be approved."""
    progress = sample_progress(sample)
    items = QueueSampleEntry.objects.filter(sample=sample)
    drawn = QueueEntry.objects.filter(pk__in=items.filter(is_drawn=True).values("entry"))
    rest = QueueEntry.objects.filter(pk__in=items.filter(is_drawn=False).values("entry"))
    approved = QueueDecision.objects.filter(sample=sample).count()
    return {
        "id": sample.pk,
        "query": sample.query,
        "drawn_by": _name(sample.drawn_by),
        "created_at": sample.created_at,
        "frozen": items.count(),
        "drawn": progress.drawn,
        "looked_at": progress.looked_at,
        "excluded": progress.excluded,
        "rest_waiting": rest.filter(state=State.WAITING, holds=True).count(),
        "approved": approved if progress.is_used else None,
        "blocker": progress.blocker,
        "rows": [entry_facts(entry) for entry in _with_relations(drawn).order_by("pk")],
    }


def _with_relations(entries: QuerySet[QueueEntry]) -> QuerySet[QueueEntry]:
    history = QueueDecision.objects.select_related("actor").order_by("created_at", "pk")
    return entries.select_related(
        "finding", "model_version", "reader", "first_snapshot"
    ).prefetch_related(Prefetch("decisions", queryset=history))


def _last_snapshot(project: Project) -> Snapshot | None:
    return Snapshot.objects.filter(project=project).order_by("-number").first()


def _is_newer_than(snapshot: Snapshot | None) -> Q:
    """Tell what arrived after a snapshot was made; without one, everything did."""
    return Q(created_at__gt=snapshot.created_at) if snapshot else Q(pk__isnull=False)


def _name(user: User) -> str:
    return user.display_name or user.username
