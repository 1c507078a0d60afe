"""Can every case of a round come to its end with the people who are in it? (I7)"""

from collections import Counter
from uuid import UUID

from apps.feedback.compute.round_policy import RoundRules
from apps.feedback.labeling.access import knowledge_of, offerable_to
from apps.feedback.labeling.models.rounds import Read, ReadingRound, RoundCase, RoundMember


def starved_cases(reading_round: ReadingRound, rules: RoundRules) -> list[UUID]:
    """List the cases that still need more readers than the round has who may read them.

    Exposure and earlier reads are asked once a person, not once a case.
    """
    cases = RoundCase.objects.filter(
        round=reading_round,
        purpose=RoundCase.Purpose.PRIMARY,
        state=RoundCase.State.OPEN,
        open_slots__gt=0,
    )
    is_draft = reading_round.state == ReadingRound.State.DRAFT
    needed = {
        pk: rules.readers_per_case if is_draft else open_slots
        for pk, open_slots in cases.values_list("pk", "open_slots")
    }
    annotators = list(
        reading_round.members.filter(
            state=RoundMember.State.ACTIVE, role=RoundMember.Role.ANNOTATOR
        ).select_related("user")
    )
    barred: Counter[UUID] = Counter()
    for member in annotators:
        if _is_fresh(member):
            continue
        free = set(offerable_to(member.user, cases).values_list("pk", flat=True))
        barred.update(pk for pk in needed if pk not in free)
    return [pk for pk, count in needed.items() if len(annotators) - barred[pk] < count]


def readable_counts(reading_round: ReadingRound) -> dict[UUID, int]:
    """Map the members of a round to how many of its cases each of them may still read."""
    cases = RoundCase.objects.filter(round=reading_round, purpose=RoundCase.Purpose.PRIMARY)
    total = cases.count()
    return {
        member.pk: total if _is_fresh(member) else offerable_to(member.user, cases).count()
        for member in reading_round.members.select_related("user")
    }


def _is_fresh(member: RoundMember) -> bool:
    """Tell whether a person knows of nothing and has read nothing, anywhere."""
    has_read = Read.objects.filter(reader=member.user, is_burned=True).exists()
    return not has_read and not knowledge_of(member.user)
