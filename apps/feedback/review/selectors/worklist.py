"""What waits for a radiologist: one page of a project's cases, ordered by priority with its reason.

Where the project's policy hides AI, neither order nor rows nor filters depend on AI output.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any, Final

from django.db.models import Case as Choose
from django.db.models import (
    CharField,
    Count,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.utils import timezone

from apps.cases.access import sees_ai_everywhere
from apps.cases.models import Case, CaseInstance, Project, User
from apps.cases.names import fold
from apps.feedback.review.models import Review
from apps.inference.models import CasePrediction
from apps.inference.selectors import champion_key

UNCERTAIN_FROM: Final = 0.7
MEDIAN_OF_LATEST: Final = 200
PRIORITIES: Final = {
    "urgent_finding": "0stat",
    "ai_positive": "1high",
    "uncertain": "2normal",
    "no_ai": "3normal",
    "ai_negative": "4low",
}
LEVELS: Final = ("stat", "high", "normal", "low")
ORDERINGS: Final[dict[str, tuple[str, ...]]] = {
    "received": ("created_at",),
    "patient": ("study__patient__name_search",),
    "study_date": ("study__study_date", "study__study_time"),
    "status": ("status",),
    "probability": ("top_probability",),
}


# Cases with annotations (status, priority_rank, ...), whose names the type of Case does not know.
Cases = QuerySet[Any, Any]


@dataclass(frozen=True)
class WorklistQuery:
    """What a reader asks for; every field narrows, nothing is required."""

    search: str = ""
    status: Sequence[str] = ()
    modality: Sequence[str] = ()
    finding: Sequence[str] = ()
    priority: Sequence[str] = ()
    date_from: date | None = None
    date_to: date | None = None
    ordering: str = "priority"
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True)
class WorklistPage:
    """The cases of a page and the numbers above it."""

    cases: list[Case]
    shows_ai: bool
    counts: dict[str, Any] = field(default_factory=dict)


def worklist_page(project: Project, *, user: User, query: WorklistQuery) -> WorklistPage:
    """Select one page of the project's cases for a reader."""
    shows_ai = sees_ai_everywhere(user, project)
    everything = _annotated(project, shows_ai=shows_ai)
    narrowed = _narrowed(everything, query, shows_ai=shows_ai)
    ordered = narrowed.order_by(*_order(query.ordering, shows_ai=shows_ai))
    page = ordered.select_related("study__patient")[query.offset : query.offset + query.limit]
    return WorklistPage(
        cases=list(page), shows_ai=shows_ai, counts=_counts(project, narrowed, user=user)
    )


def next_case(project: Project, *, user: User, after: Case) -> Case | None:
    """Give the case that a reader should open next: the unread one that follows in the worklist.

    It is the one after `after`, not the first of all, so that what was prefetched while a case is
    read is still the next one when it is signed. Behind the last, the list begins again.
    """
    shows_ai = sees_ai_everywhere(user, project)
    waiting = _annotated(project, shows_ai=shows_ai).filter(Q(status="unread") | Q(pk=after.pk))
    ordered = waiting.order_by(*_order("priority", shows_ai=shows_ai))
    keys = list(ordered.values_list("pk", flat=True))
    place = keys.index(after.pk)
    following = [*keys[place + 1 :], *keys[:place]]
    return Case.objects.get(pk=following[0]) if following else None


def _annotated(project: Project, *, shows_ai: bool) -> Cases:
    """Annotate `status` and, only where AI may be seen, `priority_reason` and the top finding."""
    reviews = Review.objects.filter(case=OuterRef("pk"))
    cases = Case.objects.filter(project=project).annotate(
        status=Choose(
            When(Exists(reviews.filter(state=Review.State.SIGNED)), then=Value("signed")),
            When(Exists(reviews.filter(state=Review.State.DRAFT)), then=Value("draft")),
            default=Value("unread"),
            output_field=CharField(),
        )
    )
    if not shows_ai:
        return cases
    answer = CasePrediction.objects.filter(
        case=OuterRef("pk"), model_version=champion_key(project), state=CasePrediction.State.DONE
    )
    cases = cases.annotate(
        urgency=Subquery(answer.values("urgency")[:1]),
        uncertainty=Subquery(answer.values("uncertainty")[:1]),
        top_finding=Subquery(answer.values("top_finding")[:1]),
        top_probability=Subquery(answer.values("top_probability")[:1]),
    )
    return cases.annotate(
        priority_reason=Choose(
            When(urgency__gt=0, then=Value("urgent_finding")),
            When(~Q(top_finding="") & Q(top_finding__isnull=False), then=Value("ai_positive")),
            When(uncertainty__gte=UNCERTAIN_FROM, then=Value("uncertain")),
            When(urgency__isnull=True, then=Value("no_ai")),
            default=Value("ai_negative"),
            output_field=CharField(),
        ),
        priority_rank=Choose(
            *(
                When(priority_reason=reason, then=Value(rank))
                for reason, rank in PRIORITIES.items()
            ),
            output_field=CharField(),
        ),
    )


def _narrowed(cases: Cases, query: WorklistQuery, *, shows_ai: bool) -> Cases:
    if query.search.strip():
        cases = cases.filter(_matches(query.search.strip()))
    if query.status:
        cases = cases.filter(status__in=query.status)
    if query.modality:
        images = CaseInstance.objects.filter(
            case=OuterRef("pk"), instance__series__modality__in=query.modality
        )
        cases = cases.filter(Exists(images))
    if query.date_from:
        cases = cases.filter(study__study_date__gte=query.date_from)
    if query.date_to:
        cases = cases.filter(study__study_date__lte=query.date_to)
    if shows_ai and query.finding:
        cases = cases.filter(top_finding__in=query.finding)
    if shows_ai and query.priority:
        ranks = [rank for rank in PRIORITIES.values() if rank[1:] in query.priority]
        cases = cases.filter(priority_rank__in=ranks)
    return cases


def _matches(search: str) -> Q:
    words = Q()
    for word in fold(search).split():
        words &= Q(study__patient__name_search__contains=word)
    return (
        words
        | Q(study__patient__patient_id__istartswith=search)
        | Q(study__accession_number__istartswith=search)
        | Q(study__study_instance_uid=search)
    )


def _order(ordering: str, *, shows_ai: bool) -> list[str]:
    """Give the columns to sort by; the random place of a case decides among equals."""
    name = ordering.removeprefix("-")
    sign = "-" if ordering.startswith("-") else ""
    columns = [f"{sign}{column}" for column in ORDERINGS.get(name, ())]
    if name == "probability" and not shows_ai:
        columns = []
    if name == "priority" and shows_ai:
        columns = [f"{sign}priority_rank", "-urgency", "-uncertainty"]
    return [*columns, "created_at", "random_order", "pk"]


def _counts(project: Project, narrowed: Cases, *, user: User) -> dict[str, Any]:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    signed = Review.objects.filter(case__project=project, state=Review.State.SIGNED, reader=user)
    of_today = Window(Count("pk", filter=Q(signed_at__gte=midnight)))
    latest = signed.annotate(of_today=of_today).order_by("-signed_at")[:MEDIAN_OF_LATEST]
    reads = list(latest.values_list("created_at", "signed_at", "of_today"))
    durations_s = [
        (signed_at - created_at).total_seconds()
        for created_at, signed_at, _ in reads
        if signed_at is not None
    ]
    return {
        **narrowed.aggregate(
            count=Count("pk"), unread_count=Count("pk", filter=Q(status="unread"))
        ),
        "signed_today_count": reads[0][2] if reads else 0,
        "median_read_s": median(durations_s) if durations_s else None,
    }
