"""What may be told of a round's results, and under which names its people stand in them."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from apps.feedback.labeling.models.rounds import ReadingRound, RoundCase, RoundMember
from apps.feedback.labeling.models.verdicts import RoundReport

_CALLED = {RoundMember.Role.ANNOTATOR: "Reader", RoundMember.Role.ARBITRATOR: "Arbitrator"}


def released_cases(reading_round: ReadingRound) -> QuerySet[RoundCase]:
    """Select the cases whose result counts; nothing is told of the others."""
    return RoundCase.objects.filter(
        round=reading_round, released_at__isnull=False, purpose=RoundCase.Purpose.PRIMARY
    )


def pseudonyms(reading_round: ReadingRound) -> dict[UUID, str]:
    """Name the people of a round, as "Reader 3".

    Numbered as they joined: who joins later must not rename the others in an older export.
    """
    names: dict[UUID, str] = {}
    counted = dict.fromkeys(_CALLED.values(), 0)
    members = reading_round.members.order_by("created_at", "pk").values_list("user", "role")
    for user, role in members:
        called = _CALLED[RoundMember.Role(role)]
        counted[called] += 1
        names[user] = f"{called} {counted[called]}"
    return names


def statistics_answer(reading_round: ReadingRound) -> dict[str, Any]:
    """Give the newest report, and whether one is being made."""
    report = RoundReport.objects.filter(round=reading_round).order_by("-created_at", "-pk").first()
    names = pseudonyms(reading_round)
    members = reading_round.members.select_related("user").order_by("created_at", "pk")
    return {
        "report": None
        if report is None
        else {
            "report_id": report.pk,
            "created_at": report.created_at,
            "cases": report.cases,
            "content_sha256": report.content_sha256,
            "content": report.content,
        },
        "pending": reading_round.report_wanted_at is not None,
        "released_cases": released_cases(reading_round).count(),
        "people": [
            {
                "pseudonym": names[member.user_id],
                "user_id": member.user_id,
                "name": member.user.display_name or member.user.username,
            }
            for member in members
        ],
    }
