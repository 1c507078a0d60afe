"""What an admin sees of a round: how it is set up and how far it is; never what anybody said.

An admin sees every answer of the project elsewhere and so can never be offered a case of it (I8).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import median
from typing import Any, Final
from uuid import UUID

from django.db.models import Avg, Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from apps.cases.models import Case, Membership, Project
from apps.errors import NotFound
from apps.feedback.compute.round_policy import RoundRules, read_rules
from apps.feedback.labeling.access import LABEL_ROLES
from apps.feedback.labeling.models.rounds import (
    Comparison,
    Read,
    ReadingRound,
    ReadQuestion,
    RoundCase,
    RoundMember,
)
from apps.feedback.labeling.selectors.eligibility import readable_counts, starved_cases

# What is assumed where the project has no earlier round to learn from.
ASSUMED_SECONDS_A_READ: Final = 60.0
ASSUMED_ARBITRATION_SHARE: Final = 0.25
Purpose = RoundCase.Purpose
# Both purposes of a case whose answer is known.
KNOWN: Final = "known"
LOCKED: Final = (Read.State.LOCKED, Read.State.FINAL)
LIVE: Final = (Read.State.OFFERED, Read.State.OPENED, Read.State.DRAFT)


def round_by_id(round_id: UUID) -> ReadingRound:
    """Give a round with its project.

    Raises
    ------
    NotFound : there is none
    """
    found = ReadingRound.objects.select_related("project").filter(pk=round_id).first()
    if found is None:
        raise NotFound
    return found


def rules_of(reading_round: ReadingRound) -> RoundRules:
    """Give the rules in force.

    Raises
    ------
    NotFound : the round has none yet
    """
    policy = reading_round.policies.order_by("-version").first()
    if policy is None:
        raise NotFound
    return read_rules(policy.content)


def rounds_page(project: Project) -> list[dict[str, Any]]:
    """List the rounds of a project, newest first, with how many cases are where."""
    primary = Q(cases__purpose=Purpose.PRIMARY)
    ended = Q(cases__state__in=[RoundCase.State.SEALED, RoundCase.State.UNREADABLE])
    rounds = (
        ReadingRound.objects.filter(project=project)
        .annotate(
            case_count=Count("cases", filter=primary),
            sealed_count=Count("cases", filter=primary & ended),
        )
        .order_by("-created_at")
    )
    return [
        {
            "round_id": each.pk,
            "name": each.name,
            "state": each.state,
            "cases": each.case_count,
            "sealed": each.sealed_count,
            "opened_at": each.opened_at,
            "closed_at": each.closed_at,
            "released_at": each.released_at,
            "created_at": each.created_at,
        }
        for each in rounds
    ]


def round_setup(reading_round: ReadingRound) -> dict[str, Any]:
    """Describe how a round is set up, and what its rules would mean in work."""
    policies = list(reading_round.policies.select_related("author").order_by("-version"))
    guideline = reading_round.guidelines.order_by("-version").first()
    rules = read_rules(policies[0].content)
    return {
        "round_id": reading_round.pk,
        "project_id": reading_round.project_id,
        "name": reading_round.name,
        "state": reading_round.state,
        "opened_at": reading_round.opened_at,
        "closed_at": reading_round.closed_at,
        "released_at": reading_round.released_at,
        "policy": {"version": policies[0].version, "content": policies[0].content},
        "policy_versions": [
            {
                "version": each.version,
                "reason": each.reason,
                "author": each.author.display_name or each.author.username,
                "created_at": each.created_at,
            }
            for each in policies
        ],
        "guideline": {
            "version": guideline.version if guideline else 0,
            "text": guideline.text if guideline else "",
            "pictures": guideline.pictures if guideline else [],
        },
        "members": members_of(reading_round),
        "candidates": _candidates(reading_round),
        "case_counts": _case_counts(reading_round),
        "preview": workload(reading_round, rules),
    }


def members_of(reading_round: ReadingRound) -> list[dict[str, Any]]:
    """List the members, each with what they have done and how many cases they may read."""
    readable = readable_counts(reading_round)
    own = Read.objects.filter(round_case__round=reading_round)
    facts: dict[UUID, dict[str, Any]] = {
        row["reader"]: dict(row)
        for row in own.values("reader").annotate(
            offered=Count("pk"),
            locked=Count("pk", filter=Q(state__in=LOCKED)),
            live=Count("pk", filter=Q(state__in=LIVE)),
            last=Max("saved_at"),
            mean_active_s=Avg("active_s", filter=Q(state__in=LOCKED)),
        )
    }
    none = {"offered": 0, "locked": 0, "live": 0, "last": None, "mean_active_s": None}
    return [
        {
            "member_id": member.pk,
            "user_id": member.user_id,
            "name": member.user.display_name or member.user.username,
            "role": member.role,
            "state": member.state,
            "cap": member.cap,
            "daily_cap": member.daily_cap,
            "is_qualified": member.qualified_at is not None,
            "readable_cases": readable[member.pk],
            **{key: facts.get(member.user_id, none)[key] for key in none},
        }
        for member in reading_round.members.select_related("user").order_by("role", "created_at")
    ]


def workload(reading_round: ReadingRound, rules: RoundRules) -> dict[str, Any]:
    """Say how much work a round is, from what earlier rounds of the project took.

    Where there is none, `is_assumed` says that the figures are assumptions.
    """
    primary = reading_round.cases.filter(purpose=Purpose.PRIMARY)
    cases = primary.count()
    if reading_round.state == ReadingRound.State.DRAFT:
        several = round(cases * rules.multiply_read_share)
        reads = several * rules.readers_per_case + (cases - several)
    else:
        reads = primary.aggregate(n=Sum("readers"))["n"] or 0
    annotators = reading_round.members.filter(
        role=RoundMember.Role.ANNOTATOR, state=RoundMember.State.ACTIVE
    ).count()
    seconds = _median_active_s(reading_round)
    share = _arbitration_share(reading_round)
    can_differ = rules.readers_per_case > 1 or rules.trigger != "discordant"
    expected = ASSUMED_ARBITRATION_SHARE if share is None else share
    return {
        "cases": cases,
        "reads": reads,
        "reads_per_annotator": reads / annotators if annotators else None,
        "hours": reads * (seconds or ASSUMED_SECONDS_A_READ) / 3600,
        "expected_arbitrations": round(cases * expected * rules.seats) if can_differ else 0,
        "is_assumed": seconds is None or share is None,
        "starved_cases": len(starved_cases(reading_round, rules)),
    }


def progress_of(reading_round: ReadingRound) -> dict[str, Any]:
    """Say how far a round is, who does what, and what waits for the admin."""
    policy = reading_round.policies.order_by("-version").first()
    rules = read_rules(policy.content) if policy else None
    return {
        "state": reading_round.state,
        "case_counts": _case_counts(reading_round),
        "reads_locked": Read.objects.filter(
            round_case__round=reading_round, state__in=LOCKED, kind=Read.Kind.ANNOTATOR
        ).count(),
        "members": members_of(reading_round),
        "starved_cases": len(starved_cases(reading_round, rules)) if rules else 0,
        "open_questions": questions_of(reading_round).filter(answer__isnull=True).count(),
    }


def cases_page(
    reading_round: ReadingRound, *, state: str, purpose: str, offset: int, limit: int
) -> dict[str, Any]:
    """Give a page of the round's cases: where each stands, not what was said of it.

    What is known of a case is an admin's own word, never a reader's.
    """
    cases = reading_round.cases.select_related("case__study__patient", "gold__author")
    if state:
        cases = cases.filter(state=state)
    if purpose == KNOWN:
        cases = cases.filter(purpose__in=[Purpose.GOLD, Purpose.QUALIFICATION])
    elif purpose:
        cases = cases.filter(purpose=purpose)
    page = cases.order_by("created_at", "pk")[offset : offset + limit]
    return {
        "count": cases.count(),
        "rows": [
            {
                "round_case_id": each.pk,
                "case_id": each.case_id,
                "patient_id": each.case.study.patient.patient_id,
                "study_date": each.case.study.study_date,
                "description": each.case.study.description,
                "purpose": each.purpose,
                "state": each.state,
                "epoch": each.epoch,
                "readers": each.readers,
                "sealed_at": each.sealed_at,
                "released_at": each.released_at,
                "known": _known(each),
            }
            for each in page
        ],
    }


def _known(round_case: RoundCase) -> dict[str, Any] | None:
    gold = getattr(round_case, "gold", None)
    if gold is None:
        return None
    return {
        "answers": gold.content.get("answers", []),
        "unreadable": gold.content.get("unreadable", False),
        "regions": len(gold.content.get("rois", [])),
        "explanation": gold.explanation,
        "author": gold.author.display_name or gold.author.username,
    }


def round_case_by_id(reading_round: ReadingRound, round_case_id: UUID) -> RoundCase:
    """Give a case of this round.

    Raises
    ------
    NotFound : the round has none such
    """
    found = (
        reading_round.cases.select_related("round__project", "case")
        .filter(pk=round_case_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def member_by_id(reading_round: ReadingRound, member_id: UUID) -> RoundMember:
    """Give a member of this round.

    Raises
    ------
    NotFound : the round has none such
    """
    found = reading_round.members.select_related("round__project", "user").filter(pk=member_id)
    member = found.first()
    if member is None:
        raise NotFound
    return member


def questions_of(reading_round: ReadingRound) -> QuerySet[ReadQuestion]:
    """Select the questions that were asked in a round, newest first."""
    return (
        ReadQuestion.objects.filter(read__round_case__round=reading_round)
        .select_related("read__reader", "read__round_case__round__project", "answer__guideline")
        .order_by("-created_at")
    )


def question_by_id(reading_round: ReadingRound, question_id: UUID) -> ReadQuestion:
    """Give a question of this round.

    Raises
    ------
    NotFound : nobody asked it here
    """
    found = questions_of(reading_round).filter(pk=question_id).first()
    if found is None:
        raise NotFound
    return found


def questions_payload(reading_round: ReadingRound) -> list[dict[str, Any]]:
    """List the questions; who asked of which case is for the admin's eyes only."""
    return [
        {
            "question_id": each.pk,
            "text": each.text,
            "asker": each.read.reader.display_name or each.read.reader.username,
            "case_id": each.read.case_id,
            "asked_at": each.created_at,
            "answered_by_version": each.answer.guideline.version if _answer(each) else None,
        }
        for each in questions_of(reading_round)
    ]


def cases_matching(reading_round: ReadingRound, query: Mapping[str, Any]) -> QuerySet[Case]:
    """Select the cases of the project that a filter of the setup names."""
    cases = Case.objects.filter(project=reading_round.project_id)
    if query.get("case_ids"):
        cases = cases.filter(pk__in=query["case_ids"])
    for name, path in (
        ("modality", "study__series__modality"),
        ("body_part_examined", "study__series__body_part_examined"),
    ):
        if query.get(name):
            cases = cases.filter(**{path: query[name]})
    if query.get("arrived_from"):
        cases = cases.filter(created_at__date__gte=query["arrived_from"])
    if query.get("arrived_to"):
        cases = cases.filter(created_at__date__lte=query["arrived_to"])
    return cases.distinct()


def _answer(question: ReadQuestion) -> bool:
    return getattr(question, "answer", None) is not None


def _candidates(reading_round: ReadingRound) -> list[dict[str, Any]]:
    """List who holds a reading role in the project and has no place in the round yet."""
    taken = reading_round.members.values("user")
    held = Membership.objects.filter(
        project=reading_round.project_id, role__in=LABEL_ROLES, user__is_active=True
    ).exclude(user__in=taken)
    return [
        {
            "user_id": each.user_id,
            "name": each.user.display_name or each.user.username,
            "role": each.role,
        }
        for each in held.select_related("user").order_by("user__display_name", "role")
    ]


def _case_counts(reading_round: ReadingRound) -> dict[str, int]:
    counted = reading_round.cases.values("purpose", "state").annotate(n=Count("pk"))
    states: dict[str, int] = dict.fromkeys(RoundCase.State.values, 0)
    purposes: dict[str, int] = {"gold": 0, "qualification": 0}
    for row in counted:
        if row["purpose"] == Purpose.PRIMARY:
            states[row["state"]] += row["n"]
        elif row["purpose"] in purposes and row["state"] != RoundCase.State.CANCELLED:
            purposes[row["purpose"]] += row["n"]
    return {**states, **purposes}


def _median_active_s(reading_round: ReadingRound) -> float | None:
    since = timezone.now() - timedelta(days=365)
    earlier = Read.objects.filter(
        round_case__round__project=reading_round.project_id,
        kind=Read.Kind.ANNOTATOR,
        state__in=LOCKED,
        locked_at__gt=since,
    ).order_by("-locked_at")
    times: Sequence[float] = list(earlier.values_list("active_s", flat=True)[:1000])
    return median(times) if times else None


def _arbitration_share(reading_round: ReadingRound) -> float | None:
    compared = Comparison.objects.filter(
        round_case__round__project=reading_round.project_id
    ).aggregate(of=Count("pk"), called=Count("pk", filter=Q(needs_arbitration=True)))
    return compared["called"] / compared["of"] if compared["of"] else None
