"""What a reader is told of cases: rows of the worklist, and the whole of one case."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from apps.cases.access import RADIOLOGISTS, policy_of, reads_blinded, roles_in, sees_ai
from apps.cases.models import Case, ReadingPolicy, User
from apps.cases.selectors import project_facts
from apps.feedback.review.models import CaseClaim, FirstImpression, Review
from apps.feedback.review.selectors.facts import (
    images_of,
    name_of,
    patient_facts,
    review_study_facts,
    series_of,
    study_facts,
)
from apps.feedback.review.selectors.priors import priors_of
from apps.feedback.review.selectors.versions import (
    draft_facts,
    needs_second_signature,
    signed_facts,
    versions_of,
)
from apps.feedback.review.selectors.worklist import PRIORITIES, WorklistPage, next_case
from apps.inference.models import CasePrediction
from apps.inference.selectors import case_ai, cases_ai


def worklist_rows(page: WorklistPage) -> list[dict[str, Any]]:
    """Describe each case of a page in a fixed number of queries."""
    images = images_of(page.cases)
    readers = _readers_of(page.cases)
    claims = _claims_of(page.cases)
    open_ends = _open_ends_of(page.cases)
    answers = cases_ai(page.cases) if page.shows_ai else {}
    rows = []
    for case in page.cases:
        row = {
            "case_id": case.pk,
            "patient": patient_facts(case.study),
            "study": {**study_facts(case.study), **images[case.pk]["facts"]},
            "status": case.status,  # type: ignore[attr-defined]
            "reader": readers.get(case.pk, ""),
            "claimed_by": claims.get(case.pk, ""),
            **open_ends.get(case.pk, NO_OPEN_ENDS),
            "received_at": case.created_at,
            "thumbnail_url": images[case.pk]["thumbnail_url"],
        }
        if page.shows_ai:
            row["ai"] = answers[case.pk]
            row["priority"] = _priority(case)
        rows.append(row)
    return rows


NO_OPEN_ENDS = {"is_critical_open": False, "needs_second_signature": False}


def case_review(case: Case, *, user: User) -> dict[str, Any]:
    """Describe one case for the review screen; AI output only where this person may see it now."""
    shows_ai = sees_ai(user, case)
    versions = versions_of(case)
    draft = next(
        (v for v in versions if v.state == Review.State.DRAFT and v.reader_id == user.pk), None
    )
    signed = [version for version in versions if version.state != Review.State.DRAFT]
    standing = [version for version in signed if version.state == Review.State.SIGNED]
    newest = standing[-1] if standing else None
    following = next_case(case.project, user=user, after=case)
    payload = {
        "case_id": case.pk,
        "project_id": case.project_id,
        "status": "signed" if standing else "draft" if draft else "unread",
        "patient": patient_facts(case.study),
        "study": review_study_facts(case),
        "series": series_of(case),
        "findings": project_facts(case.project)["findings"],
        "policy": _policy(case, user=user, shows_ai=shows_ai),
        "draft": draft_facts(draft, versions) if draft else None,
        "reviews": signed_facts(signed, versions, user=user, shows_ai=shows_ai),
        "claim": _claim(case, user),
        "prior_count": priors_of(case, user=user).count(),
        "next_case_id": following.pk if following else None,
        "permissions": _permissions(case, user=user, newest=newest, draft=draft, shows_ai=shows_ai),
    }
    if shows_ai:
        kept = draft or (newest if newest and newest.ai_visible else None)
        payload |= _ai(case, kept)
    return payload


def _ai(case: Case, kept: Review | None) -> dict[str, Any]:
    """Give the answer that the reader works with, and the champion's where that is a newer one."""
    champion = case_ai(case)
    own = kept.case_prediction if kept and kept.ai_visible else None
    if own is None or own.pk == champion["case_prediction_id"]:
        return {"ai": champion, "newer_ai": None}
    is_answered = champion["state"] == CasePrediction.State.DONE
    newer = {key: champion[key] for key in ("case_prediction_id", "model")}
    return {
        "ai": case_ai(case, answer=own),
        "newer_ai": newer if is_answered else None,
    }


def _policy(case: Case, *, user: User, shows_ai: bool) -> dict[str, Any]:
    policy = policy_of(case.project)
    impression = FirstImpression.objects.filter(case=case, reader=user).first()
    is_hidden_first = policy.ai_display != ReadingPolicy.AiDisplay.FROM_START
    may_reveal = bool(roles_in(user, case.project) & RADIOLOGISTS) and not reads_blinded(
        user, case.study.patient
    )
    return {
        "version": policy.version,
        "ai_display": policy.ai_display,
        "second_signature": policy.second_signature,
        "is_ai_visible": shows_ai,
        "can_reveal": is_hidden_first and not shows_ai and may_reveal,
        "first_impression": {
            "trigger": impression.trigger,
            "locked_at": impression.created_at,
            "decisions": impression.decisions,
        }
        if impression
        else None,
    }


def _permissions(
    case: Case, *, user: User, newest: Review | None, draft: Review | None, shows_ai: bool
) -> dict[str, bool]:
    may_review = bool(roles_in(user, case.project) & RADIOLOGISTS)
    stands_on_newest = draft is not None and newest is not None and draft.addendum_to == newest
    is_others = newest is not None and newest.reader_id != user.pk
    return {
        "can_review": may_review and (newest is None or stands_on_newest),
        "can_write_addendum": may_review and newest is not None and not stands_on_newest,
        # What a signature implies of the model's answer is part of it: nobody signs that unseen.
        "can_sign_second": may_review
        and shows_ai
        and is_others
        and newest is not None
        and not hasattr(newest, "second_signature"),
        "can_acknowledge": may_review
        and newest is not None
        and newest.is_critical
        and not hasattr(newest, "acknowledgement"),
    }


def _claim(case: Case, user: User) -> dict[str, Any] | None:
    claim = CaseClaim.objects.filter(case=case, lease_until__gt=Now()).select_related("reader")
    standing = claim.first()
    if standing is None:
        return None
    return claim_facts(standing, user)


def claim_facts(claim: CaseClaim, user: User) -> dict[str, Any]:
    """Describe who has a case open."""
    return {
        "reader": name_of(claim.reader),
        "is_own": claim.reader_id == user.pk,
        "claimed_at": claim.claimed_at,
    }


def _readers_of(cases: Iterable[Case]) -> dict[UUID, str]:
    """Name who has signed, else who has a draft."""
    names: dict[UUID, str] = {}
    reviews = Review.objects.filter(case__in=[case.pk for case in cases]).exclude(
        state=Review.State.WITHDRAWN
    )
    for review in reviews.select_related("reader").order_by("state", "version", "created_at"):
        names[review.case_id] = name_of(review.reader)
    return names


def _claims_of(cases: Iterable[Case]) -> dict[UUID, str]:
    claims = CaseClaim.objects.filter(
        case__in=[case.pk for case in cases], lease_until__gt=Now()
    ).select_related("reader")
    return {claim.case_id: name_of(claim.reader) for claim in claims}


def _open_ends_of(cases: Iterable[Case]) -> dict[UUID, dict[str, bool]]:
    """Say of each case's standing version what somebody still has to do about it."""
    later = Review.objects.filter(
        case=OuterRef("case"), state=Review.State.SIGNED, version__gt=OuterRef("version")
    )
    newest = Review.objects.filter(
        ~Exists(later), case__in=[case.pk for case in cases], state=Review.State.SIGNED
    ).select_related("acknowledgement", "second_signature", "policy")
    return {
        review.case_id: {
            "is_critical_open": review.is_critical and not hasattr(review, "acknowledgement"),
            "needs_second_signature": needs_second_signature(review),
        }
        for review in newest
    }


def _priority(case: Case) -> dict[str, str]:
    reason: str = case.priority_reason  # type: ignore[attr-defined]
    finding = case.top_finding or ""  # type: ignore[attr-defined]
    return {"level": PRIORITIES[reason][1:], "reason": reason, "finding": finding}
