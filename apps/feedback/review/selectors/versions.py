"""Which versions of a case's review are there, what do they say, and what may become of each?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Now
from django.utils import timezone

from apps.cases.models import Case, User
from apps.feedback.review.models import (
    EXPLICIT_VERDICTS,
    Review,
    ReviewDecision,
    SecondSignature,
)
from apps.feedback.review.selectors.facts import name_of
from apps.feedback.review.selectors.rois import rois_of


def newest_signed(case: Case) -> Review | None:
    """Give the version that stands: the newest that was signed and not withdrawn."""
    signed = Review.objects.filter(case=case, state=Review.State.SIGNED)
    return signed.select_related("reader").order_by("-version").first()


def withdrawable() -> QuerySet[Review]:
    """Select the signatures that are young enough to be taken back, by the database's clock."""
    return Review.objects.filter(
        state=Review.State.SIGNED, released_at__isnull=True, signed_at__gt=_window_start()
    )


def due_for_release() -> QuerySet[Review]:
    """Select the signed reviews that count from now on, oldest first.

    Their minute is over; where the policy asks for a second signature, it is there.
    """
    seconds = SecondSignature.objects.filter(review=OuterRef("pk"))
    return (
        Review.objects.filter(
            state=Review.State.SIGNED, released_at__isnull=True, signed_at__lte=_window_start()
        )
        .filter(Q(policy__second_signature=False) | Q(policy__isnull=True) | Q(Exists(seconds)))
        .order_by("signed_at", "pk")
    )


def _window_start() -> object:
    return Now() - Value(timedelta(seconds=settings.WITHDRAWAL_WINDOW_S))


def withdrawable_s(review: Review, *, now: datetime) -> float:
    """Give the seconds for which a signature may still be taken back; 0 where it may not."""
    if review.state != Review.State.SIGNED or review.released_at or review.signed_at is None:
        return 0.0
    elapsed_s = (now - review.signed_at).total_seconds()
    return max(0.0, float(settings.WITHDRAWAL_WINDOW_S) - elapsed_s)


def needs_second_signature(review: Review) -> bool:
    """Tell whether a signed review waits for another radiologist before it counts."""
    is_asked = review.policy is not None and review.policy.second_signature
    return is_asked and not hasattr(review, "second_signature")


def versions_of(case: Case) -> list[Review]:
    """List drafts first, then signed and withdrawn versions by number, with all they say."""
    decisions = ReviewDecision.objects.select_related("finding").order_by(
        "finding__position", "finding__code"
    )
    return list(
        Review.objects.filter(case=case)
        .select_related(
            *("reader", "policy", "second_signature__signer", "withdrawal", "case_prediction"),
            *("acknowledgement__acknowledged_by", "addendum_to"),
        )
        .prefetch_related(Prefetch("decisions", decisions))
        .order_by("version", "created_at")
    )


def draft_facts(draft: Review, versions: Sequence[Review]) -> dict[str, Any]:
    """Describe the reader's own draft."""
    rois = rois_of(versions)
    return {"revision": draft.revision, **_content(draft, rois, with_unsaid=True)}


def signed_facts(
    signed: Sequence[Review], versions: Sequence[Review], *, user: User, shows_ai: bool
) -> list[dict[str, Any]]:
    """Describe signed and withdrawn versions, oldest first.

    What a signature made of silence, and the hash over it, depend on AI output: where that is
    hidden of this person they are left out.
    """
    rois = rois_of(versions)
    now = timezone.now()
    facts = []
    for review in signed:
        described = {
            "review_id": review.pk,
            "version": review.version,
            "state": review.state,
            "reader": name_of(review.reader),
            "is_own": review.reader_id == user.pk,
            "signed_at": review.signed_at,
            "is_released": review.released_at is not None,
            "withdrawable_s": withdrawable_s(review, now=now) if review.reader == user else 0.0,
            "needs_second_signature": needs_second_signature(review),
            "second_signature": _second(review),
            "acknowledgement": _acknowledgement(review),
            "withdrawal_reason": review.withdrawal.reason if hasattr(review, "withdrawal") else "",
            **_content(review, rois, with_unsaid=shows_ai),
        }
        if shows_ai:
            described["content_sha256"] = review.content_sha256
        facts.append(described)
    return facts


def _content(
    review: Review, rois: dict[UUID, list[dict[str, Any]]], *, with_unsaid: bool
) -> dict[str, Any]:
    return {
        "findings_text": review.findings_text,
        "impression_text": review.impression_text,
        "is_critical": review.is_critical,
        "critical_note": review.critical_note,
        "addendum_to_version": review.addendum_to.version if review.addendum_to else None,
        "addendum_reason": review.addendum_reason,
        "saved_at": review.saved_at,
        "decisions": decisions_of(review, with_unsaid=with_unsaid),
        "rois": rois.get(review.pk, []),
    }


def decisions_of(review: Review, *, with_unsaid: bool) -> list[dict[str, str]]:
    """List the verdicts of a review in the schema's order."""
    return [
        {"finding": each.finding.code, "verdict": each.verdict, "grade": each.grade}
        for each in review.decisions.all()
        if with_unsaid or each.verdict in EXPLICIT_VERDICTS
    ]


def _second(review: Review) -> dict[str, Any] | None:
    if not hasattr(review, "second_signature"):
        return None
    second = review.second_signature
    return {"signer": name_of(second.signer), "signed_at": second.created_at}


def _acknowledgement(review: Review) -> dict[str, Any] | None:
    if not hasattr(review, "acknowledgement"):
        return None
    made = review.acknowledgement
    return {
        "acknowledged_by": name_of(made.acknowledged_by),
        "acknowledged_at": made.created_at,
        "informed": made.informed,
        "note": made.note,
    }
