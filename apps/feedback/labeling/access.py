"""Who may come near a round, a read, an arbitration; and who can never be asked to read a case.

Readers reach only what is their own. Eligibility is asked of a ledger, not of a flag: whoever was
ever able to see AI output or another's answer of a patient is out for that patient (I3, I8).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.fields import BooleanField

from apps.cases.access import READERS, RelationCheck, projects_visible_to
from apps.cases.models import Case, Exposure, Membership, Role, Study, User
from apps.feedback.labeling.models.rounds import (
    Arbitration,
    Read,
    ReadingRound,
    RoundCase,
    RoundMember,
)

# The roles of a project that read in its rounds.
LABEL_ROLES: Final = (Role.ANNOTATOR, Role.ARBITRATOR)
# A withdrawn read is nobody's any more; the others' states a reader may be told (I14).
_SHOWN_TO_READER: Final = [state for state in Read.State.values if state != Read.State.WITHDRAWN]
_HAS_CASE: Final = ExpressionWrapper(Q(case__isnull=False), output_field=BooleanField())
# Images stay with a read that lives or counts.
WITH_IMAGES: Final = [
    Read.State.OFFERED,
    Read.State.OPENED,
    Read.State.DRAFT,
    Read.State.LOCKED,
    Read.State.FINAL,
]


@dataclass(frozen=True)
class Knowledge:
    """Where a person could learn answers: whole projects, and whether there are single cases."""

    projects: frozenset[UUID]
    has_cases: bool

    def __bool__(self) -> bool:
        return bool(self.projects) or self.has_cases


def knowledge_of(user: User) -> Knowledge:
    """Tell of which projects a person sees, or ever could see, AI output and signed reviews.

    Of the ledger, only what kinds of rows there are is asked: most people who read blinded have
    none, and then no patient needs to be looked for.
    """
    held = Membership.objects.filter(user=user, role__in=READERS)
    ledger = Exposure.objects.filter(user=user).values_list("kind", "project", _HAS_CASE)
    rows = list(ledger.order_by().distinct())
    entitled = {
        project
        for kind, project, _ in rows
        if kind == Exposure.Kind.PROJECT_ROLE and project is not None
    }
    return Knowledge(
        projects=frozenset({*held.values_list("project", flat=True), *entitled}),
        has_cases=any(has_case for _, _, has_case in rows),
    )


def is_exposed(user: User, case_id: UUID) -> bool:
    """Tell whether a person could learn an answer on the patient of a case by another door."""
    knows = knowledge_of(user)
    if not knows:
        return False
    patient = Study.objects.values_list("patient_id", flat=True).get(cases=case_id)
    seen = Exposure.objects.filter(user=user, case__study__patient=patient)
    held = Case.objects.filter(study__patient=patient, project__in=knows.projects)
    return (knows.has_cases and seen.exists()) or (bool(knows.projects) and held.exists())


def offerable_to(user: User, cases: QuerySet[RoundCase]) -> QuerySet[RoundCase]:
    """Leave of a round's cases those that a person has never read and knows nothing of."""
    read_before = Read.objects.filter(
        reader=user, case=OuterRef("case"), is_burned=True, is_reread=False
    )
    return unexposed_for(user, cases.filter(~Exists(read_before)))


def unexposed_for(user: User, cases: QuerySet[RoundCase]) -> QuerySet[RoundCase]:
    """Leave of a round's cases those of whose patients a person knows no answer.

    The patients are listed once, not looked for at every case: before PostgreSQL has counted a new
    round's rows, it took half a minute to look.
    """
    knows = knowledge_of(user)
    if knows.has_cases:
        seen = Exposure.objects.filter(user=user, case__isnull=False)
        cases = cases.exclude(case__study__patient__in=seen.values("case__study__patient"))
    if knows.projects:
        held = Case.objects.filter(project__in=knows.projects)
        cases = cases.exclude(case__study__patient__in=held.values("study__patient"))
    return cases


def rounds_of(user: User) -> QuerySet[RoundMember]:
    """Select a person's places in rounds that they may see: theirs, begun, and not taken away."""
    return RoundMember.objects.filter(
        user=user,
        state__in=[RoundMember.State.ACTIVE, RoundMember.State.PAUSED],
        round__state__in=[ReadingRound.State.OPEN, ReadingRound.State.CLOSED],
        round__project__is_active=True,
        round__project__memberships__user=user,
        round__project__memberships__role=F("role"),
    )


def reads_visible_to(user: User) -> QuerySet[Read]:
    """Select a person's own reads, of rounds in which they still have a place."""
    return Read.objects.filter(
        reader=user,
        state__in=_SHOWN_TO_READER,
        round_case__round__in=rounds_of(user).values("round"),
    )


def place_in(user: User, round_id: UUID) -> RoundMember | None:
    """Find a person's place in a round that they may see, with its round and project."""
    place = rounds_of(user).select_related("round__project").filter(round=round_id).first()
    if place is not None:
        place.user = user
    return place


def read_visible_to(user: User, read_id: UUID) -> Read | None:
    """Find a person's own read, of a round in which they still have a place, with its round.

    In two simple queries: one of both costs more to write than to answer.
    """
    own = Read.objects.filter(reader=user, state__in=_SHOWN_TO_READER)
    read = own.select_related("round_case").filter(pk=read_id).first()
    if read is None:
        return None
    place = place_in(user, read.round_case.round_id)
    if place is None:
        return None
    read.reader = user
    read.round_case.round = place.round
    return read


def _label_round(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    rounds = ReadingRound.objects.filter(pk=kwargs["round_id"])
    return rounds.filter(project__in=projects_visible_to(user, roles)).exists()


def _label_member(
    user: User,
    roles: frozenset[Role],  # noqa: ARG001  the place in the round says it
    kwargs: Mapping[str, Any],
) -> RoundMember | None:
    return place_in(user, kwargs["round_id"])


def _read(
    user: User,
    roles: frozenset[Role],  # noqa: ARG001  a read is its reader's
    kwargs: Mapping[str, Any],
) -> Read | None:
    read = read_visible_to(user, kwargs["read_id"])
    if read is not None and "study" in kwargs and read.state not in WITH_IMAGES:
        return None  # an address of images
    return read


def _arbitration(
    user: User,
    roles: frozenset[Role],  # noqa: ARG001  a seat is its arbitrator's
    kwargs: Mapping[str, Any],
) -> bool:
    """Let in who has the seat, once their own blind read is locked (I6)."""
    return Arbitration.objects.filter(
        pk=kwargs["arbitration_id"],
        arbitrator=user,
        state__in=[Arbitration.State.REVEALED, Arbitration.State.DECIDED],
        round_case__round__in=rounds_of(user).values("round"),
    ).exists()


RELATIONS: Final[dict[str, RelationCheck]] = {
    "label-round": _label_round,
    "label-member": _label_member,
    "read": _read,
    "arbitration": _arbitration,
}
