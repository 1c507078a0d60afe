"""Asking for a round's statistics, its export, its certificate: acts of the admin, on record."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.cases.models import User
from apps.cases.services.audit import audit_record, audit_seal, audit_verify
from apps.errors import Conflict
from apps.feedback.labeling.models.rounds import ReadingRound
from apps.feedback.labeling.selectors.certificate import certificate
from apps.feedback.labeling.selectors.export import export_rows
from apps.feedback.labeling.selectors.results import released_cases
from apps.queue import JOBS, enqueue


def report_want(reading_round: ReadingRound, *, actor: User) -> None:
    """Ask a worker for the statistics of what is released now.

    Raises
    ------
    Conflict : `no_released_cases`
    """
    _refuse_without_released(reading_round)
    with transaction.atomic():
        ReadingRound.objects.filter(pk=reading_round.pk).update(report_wanted_at=timezone.now())
        _record(reading_round, actor, "round.report_wanted")
        enqueue(JOBS.ROUND_REPORT)
    reading_round.refresh_from_db()


def results_export(
    reading_round: ReadingRound, *, form: str, actor: User
) -> Iterator[dict[str, Any]]:
    """Give the rows of an export one by one, once it is on record that somebody took them.

    Raises
    ------
    Conflict : `no_released_cases`
    """
    _refuse_without_released(reading_round)
    with transaction.atomic():
        cases = released_cases(reading_round).count()
        _record(reading_round, actor, "round.exported", form=form, cases=cases)
    return export_rows(reading_round)


def certificate_issue(reading_round: ReadingRound, *, actor: User) -> dict[str, Any]:
    """Seal what is not sealed yet, walk the chain, and check every claim of blindness."""
    audit_seal()
    verdict = audit_verify()
    issued = certificate(
        reading_round,
        sealed=verdict.sealed,
        head_sha256=verdict.head_sha256,
        broken_at=verdict.broken_at,
    )
    with transaction.atomic():
        _record(
            reading_round,
            actor,
            "round.certified",
            passed=issued["passed"],
            certificate_sha256=issued["certificate_sha256"],
        )
    return issued


def _refuse_without_released(reading_round: ReadingRound) -> None:
    if not released_cases(reading_round).exists():
        raise Conflict(
            "No case of this round is released: there is nothing to tell yet.",
            code="no_released_cases",
        )


def _record(reading_round: ReadingRound, actor: User, action: str, **detail: Any) -> None:
    audit_record(
        actor=actor,
        action=action,
        target=reading_round,
        project=reading_round.project,
        detail=detail,
    )
