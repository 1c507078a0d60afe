"""Changes to a review: save its draft, sign it; a stale revision is refused, nothing overwritten.

States: a draft may be saved again or signed; a signed review never changes (DESIGN section 6).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from apps.cases.access import sees_ai
from apps.cases.models import Case, Finding, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, Invalid
from apps.feedback.review.models import Review, ReviewDecision, Verdict
from apps.inference.models import CasePrediction
from apps.inference.selectors import champion_prediction


@dataclass(frozen=True)
class Decision:
    """A verdict on one finding, as a reader sends it."""

    finding: str
    verdict: Verdict


@dataclass(frozen=True)
class Reading:
    """What a reader sends: made on draft `revision`, with this answer of the model on screen."""

    revision: int
    decisions: Sequence[Decision]
    findings_text: str
    case_prediction_id: UUID | None = None


def review_save(case: Case, *, reader: User, reading: Reading) -> Review:
    """Save the reader's draft if it still stands at the reading's revision.

    Raises
    ------
    Conflict : `already_signed`, or `stale_revision` with the current one in `params`
    Invalid : a finding that the project's schema does not have, or one named twice; a prediction
        that is not this case's
    """
    findings = _findings(case, reading.decisions)
    with transaction.atomic():
        _refuse_if_signed(case)
        review = _advance(_draft(case, reader), reading)
        _replace_decisions(review, decisions=reading.decisions, findings=findings)
    return review


def review_sign(case: Case, *, reader: User, reading: Reading) -> Review:
    """Save and sign in one step: version, time and content hash are fixed, the draft is gone.

    Raises
    ------
    Conflict : `already_signed` (also when a colleague is faster by a moment), or `stale_revision`
    Invalid : see `review_save`
    """
    try:
        with transaction.atomic():
            review = review_save(case, reader=reader, reading=reading)
            _seal(review)
            audit_record(
                actor=reader,
                action="review.signed",
                target=review,
                project=case.project,
                detail={
                    "case_id": str(case.pk),
                    "version": review.version,
                    "content_sha256": review.content_sha256,
                    "meaning": "reading with AI" if review.ai_visible else "reading without AI",
                },
            )
    except IntegrityError as error:
        # The unique (case, version) slot was taken by a colleague between our look and our write.
        raise _already_signed() from error
    return review


def _already_signed() -> Conflict:
    return Conflict("This case has been signed already.", code="already_signed")


def _refuse_if_signed(case: Case) -> None:
    if Review.objects.filter(case=case, state=Review.State.SIGNED).exists():
        raise _already_signed()


def _findings(case: Case, decisions: Sequence[Decision]) -> dict[str, Finding]:
    findings = {finding.code: finding for finding in case.project.findings.all()}
    named = [decision.finding for decision in decisions]
    unknown = sorted(set(named) - set(findings))
    if unknown or len(set(named)) < len(named):
        raise Invalid(
            "Each decision must name one finding of the project, once.",
            code="unknown_finding",
            fields={"decisions": unknown or sorted({c for c in named if named.count(c) > 1})},
        )
    return findings


def _draft(case: Case, reader: User) -> Review:
    draft, _ = Review.objects.get_or_create(case=case, reader=reader, state=Review.State.DRAFT)
    return draft


def _advance(draft: Review, reading: Reading) -> Review:
    """Move the draft one revision on, if nobody (another tab) has moved it since."""
    prediction = _prediction(draft.case, reading.case_prediction_id)
    moved = Review.objects.filter(
        pk=draft.pk, state=Review.State.DRAFT, revision=reading.revision
    ).update(
        revision=F("revision") + 1,
        findings_text=reading.findings_text,
        saved_at=timezone.now(),
        case_prediction=prediction,
        ai_visible=reading.case_prediction_id is not None and sees_ai(draft.reader, draft.case),
    )
    draft.refresh_from_db()
    if not moved:
        raise Conflict(
            "This review was changed in another window.",
            code="stale_revision",
            params={"current": draft.revision},
        )
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
    """Write the draft's verdicts, each beside what the model had said."""
    prediction = review.case_prediction
    review.decisions.all().delete()
    ReviewDecision.objects.bulk_create(
        ReviewDecision(
            review=review,
            finding=findings[decision.finding],
            verdict=decision.verdict,
            ai_probability=prediction.probabilities.get(decision.finding) if prediction else None,
            ai_threshold=prediction.thresholds.get(decision.finding) if prediction else None,
        )
        for decision in decisions
    )


def _seal(review: Review) -> None:
    now = timezone.now()
    version = 1 + Review.objects.filter(case=review.case, state=Review.State.SIGNED).count()
    Review.objects.filter(pk=review.pk, state=Review.State.DRAFT).update(
        state=Review.State.SIGNED,
        version=version,
        signed_at=now,
        content_sha256=content_sha256(review, version=version),
    )
    review.refresh_from_db()


def content_sha256(review: Review, *, version: int) -> str:
    """Hash what was signed, so that the signature cannot be moved to another content."""
    content: dict[str, Any] = {
        "case": str(review.case_id),
        "reader": str(review.reader_id),
        "version": version,
        "findings_text": review.findings_text,
        "case_prediction": str(review.case_prediction_id or ""),
        "decisions": sorted(review.decisions.values_list("finding__code", "verdict")),
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
