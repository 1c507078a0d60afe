"""A reader's draft: save it whole, open an addendum; a stale revision overwrites nothing.

A save carries the revision it was made on and is one conditional UPDATE; whoever was second,
another tab or a replayed request, gets a conflict that names the present revision.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from apps.cases.access import sees_ai
from apps.cases.models import Case, Finding, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, Invalid
from apps.feedback.review.models import EXPLICIT_VERDICTS, Review, ReviewDecision, Verdict
from apps.feedback.review.selectors.versions import (
    newest_signed,
    withdrawable,
    withdrawable_s,
)
from apps.feedback.review.services.rois import Roi, Seen, rois_copy, rois_write
from apps.inference.models import CasePrediction
from apps.inference.selectors import champion_prediction


@dataclass(frozen=True)
class Decision:
    """A verdict on one finding, as a reader sends it."""

    finding: str
    verdict: Verdict
    grade: str = ""


@dataclass(frozen=True)
class Reading:
    """What a reader sends: made on draft `revision`, with this answer of the model on screen."""

    revision: int
    decisions: Sequence[Decision]
    findings_text: str
    impression_text: str = ""
    is_critical: bool = False
    critical_note: str = ""
    rois: Sequence[Roi] = ()
    case_prediction_id: UUID | None = None
    client: Mapping[str, Any] = field(default_factory=dict)


def review_save(case: Case, *, reader: User, reading: Reading) -> Review:
    """Save the reader's draft if it still stands at the reading's revision.

    Raises
    ------
    Conflict : `already_signed`, or `stale_revision` with the current one in `params`
    Invalid : a finding that the project's schema does not have, or one named twice; a grade the
        finding does not have; a prediction or an image that is not this case's; a bad region
    """
    findings = findings_named(case, reading.decisions)
    with transaction.atomic():
        draft = _draft(case, reader)
        _refuse_if_overtaken(draft)
        review = _advance(draft, reading)
        _replace_decisions(review, decisions=reading.decisions, findings=findings)
        seen = Seen(
            ai_visible=review.ai_visible,
            case_prediction_id=review.case_prediction_id if review.ai_visible else None,
            client=reading.client,
        )
        rois_write(review, rois=reading.rois, findings=findings, seen=seen)
    return review


def addendum_open(case: Case, *, reader: User, reason: str) -> Review:
    """Begin a new version on top of the newest signed one: its content is where the draft starts.

    A draft that the reader had when a colleague signed keeps its own content; it now stands on the
    colleague's version and can be signed as an addendum to it.

    Raises
    ------
    Conflict : `nothing_signed`; `may_be_withdrawn`, the signature is not a minute old: nothing may
        stand on a version that can still be taken away
    """
    with transaction.atomic():
        signed = newest_signed(case)
        if signed is None:
            raise Conflict("Nothing has been signed for this case yet.", code="nothing_signed")
        if withdrawable().filter(pk=signed.pk).exists():
            raise Conflict(
                "This signature can still be withdrawn: wait until its minute is over.",
                code="may_be_withdrawn",
                params={"seconds": math.ceil(withdrawable_s(signed, now=timezone.now()))},
            )
        draft, is_new = Review.objects.get_or_create(
            case=case, reader=reader, state=Review.State.DRAFT
        )
        if draft.addendum_to_id == signed.pk:
            return draft
        Review.objects.filter(pk=draft.pk, state=Review.State.DRAFT).update(
            addendum_to=signed, addendum_reason=reason
        )
        if is_new:
            draft_fill(draft, source=signed)
        audit_record(
            actor=reader,
            action="review.addendum_opened",
            target=draft,
            project=case.project,
            detail={"case_id": str(case.pk), "to_version": signed.version},
        )
        draft.refresh_from_db()
    return draft


def draft_fill(draft: Review, *, source: Review) -> None:
    """Give a new draft what the reader of an earlier version said, not what was implied.

    The answer of the model that was on the screen stays the same one.
    """
    # Asked first, so that the number of queries does not tell what the colleague had seen.
    saw = sees_ai(draft.reader, draft.case) and source.ai_visible
    Review.objects.filter(pk=draft.pk).update(
        findings_text=source.findings_text,
        impression_text=source.impression_text,
        is_critical=source.is_critical,
        critical_note=source.critical_note,
        ai_visible=saw,
        case_prediction=source.case_prediction if saw else None,
        saved_at=timezone.now(),
    )
    explicit = source.decisions.filter(verdict__in=EXPLICIT_VERDICTS)
    ReviewDecision.objects.bulk_create(
        ReviewDecision(
            review=draft,
            finding_id=decision.finding_id,
            verdict=decision.verdict,
            grade=decision.grade,
            ai_probability=decision.ai_probability,
            ai_threshold=decision.ai_threshold,
        )
        for decision in explicit
    )
    rois_copy(source, target=draft)


def _refuse_if_overtaken(draft: Review) -> None:
    """A draft stands on the newest signed version, or on none if none is signed."""
    signed = newest_signed(draft.case)
    if (signed.pk if signed else None) == draft.addendum_to_id:
        return
    if signed is not None:
        raise already_signed(signed)
    # What it stood on was withdrawn in the moment in which it was opened: it stands on its own now.
    Review.objects.filter(pk=draft.pk, state=Review.State.DRAFT).update(
        addendum_to=None, addendum_reason=""
    )
    draft.addendum_to, draft.addendum_reason = None, ""


def already_signed(signed: Review) -> Conflict:
    """Say that a colleague, or this reader elsewhere, was faster."""
    return Conflict(
        "This case has been signed already. Open an addendum to change what it says.",
        code="already_signed",
        params={
            "reader": signed.reader.display_name or signed.reader.username,
            "version": signed.version,
        },
    )


def findings_named(case: Case, decisions: Sequence[Decision]) -> dict[str, Finding]:
    """Map the project's finding codes to findings, if the decisions name them rightly.

    Raises
    ------
    Invalid : `unknown_finding`, `unknown_grade`; see `review_save`
    """
    findings = {finding.code: finding for finding in case.project.findings.all()}
    named = [decision.finding for decision in decisions]
    unknown = sorted(set(named) - set(findings))
    if unknown or len(set(named)) < len(named):
        raise Invalid(
            "Each decision must name one finding of the project, once.",
            code="unknown_finding",
            fields={"decisions": unknown or sorted({c for c in named if named.count(c) > 1})},
        )
    for decision in decisions:
        if decision.grade and decision.grade not in findings[decision.finding].grades:
            raise Invalid(
                f"{decision.finding} has no grade {decision.grade}.",
                code="unknown_grade",
                fields={"decisions": [decision.finding]},
            )
    return findings


def _draft(case: Case, reader: User) -> Review:
    draft, _ = Review.objects.get_or_create(case=case, reader=reader, state=Review.State.DRAFT)
    draft.case, draft.reader = case, reader  # known already: autosave asks for neither again
    return draft


def _advance(draft: Review, reading: Reading) -> Review:
    """Move the draft one revision on, if nobody (another tab) has moved it since."""
    changes: dict[str, Any] = {
        "findings_text": reading.findings_text,
        "impression_text": reading.impression_text,
        "is_critical": reading.is_critical,
        "critical_note": reading.critical_note,
        "saved_at": timezone.now(),
        "case_prediction": _prediction(draft.case, reading.case_prediction_id),
        "ai_visible": reading.case_prediction_id is not None and sees_ai(draft.reader, draft.case),
    }
    standing = Review.objects.filter(pk=draft.pk, state=Review.State.DRAFT)
    moved = standing.filter(revision=reading.revision).update(revision=F("revision") + 1, **changes)
    if not moved:
        draft.refresh_from_db()
        raise Conflict(
            "This review was changed in another window.",
            code="stale_revision",
            params={"current": draft.revision},
        )
    draft.revision = reading.revision + 1
    for name, value in changes.items():
        setattr(draft, name, value)
    return draft


def _prediction(case: Case, shown_id: UUID | None) -> CasePrediction | None:
    """Give the answer that was on the screen; without one, the champion's, which was not shown."""
    if shown_id is None:
        champion = champion_prediction(case)
        return champion if champion and champion.state == CasePrediction.State.DONE else None
    shown = CasePrediction.objects.filter(pk=shown_id, case=case).first()
    if shown is None:
        raise Invalid(
            "The prediction is not one of this case.",
            code="unknown_prediction",
            fields={"case_prediction_id": [str(shown_id)]},
        )
    return shown


def _replace_decisions(
    review: Review, *, decisions: Sequence[Decision], findings: dict[str, Finding]
) -> None:
    """Write the draft's verdicts, each beside what the model had said.

    In as many queries whether or not the model says something else by now: their number would tell.
    """
    rows = [
        decision_row(review, findings[decision.finding], decision.verdict, grade=decision.grade)
        for decision in decisions
    ]
    review.decisions.exclude(finding__in=[row.finding_id for row in rows]).delete()
    ReviewDecision.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["review", "finding"],
        update_fields=["verdict", "grade", "ai_probability", "ai_threshold"],
    )


def decision_row(
    review: Review, finding: Finding, verdict: Verdict, *, grade: str = ""
) -> ReviewDecision:
    """Make the row of a verdict, not stored yet, with what the model had said of the finding."""
    prediction = review.case_prediction
    return ReviewDecision(
        review=review,
        finding=finding,
        verdict=verdict,
        grade=grade,
        ai_probability=prediction.probabilities.get(finding.code) if prediction else None,
        ai_threshold=prediction.thresholds.get(finding.code) if prediction else None,
    )


def draft_create_from(source: Review) -> Review:
    """Make a new draft of the same reader with the content of a withdrawn review.

    Raises
    ------
    Conflict : the reader has another draft of the case already
    """
    try:
        with transaction.atomic():
            draft = Review.objects.create(
                case=source.case,
                reader=source.reader,
                addendum_to=source.addendum_to,
                addendum_reason=source.addendum_reason,
            )
            draft_fill(draft, source=source)
    except IntegrityError as error:
        raise Conflict(
            "There is another draft of this case already.", code="stale_revision"
        ) from error
    draft.refresh_from_db()
    return draft
