"""Signing and what follows: withdrawal, second signature, acknowledgement, release.

States: apps.feedback.states.REVIEW. A signed review never changes but for the two facts that a
conditional UPDATE adds once: withdrawn, or released. They exclude each other by the same row.
"""

import hashlib
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from apps.cases.access import policy_of, sees_ai
from apps.cases.models import Case, Finding, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, Invalid, NotFound
from apps.feedback.review.models import (
    CriticalAcknowledgement,
    Review,
    ReviewDecision,
    SecondSignature,
    Verdict,
    Withdrawal,
)
from apps.feedback.review.selectors.rois import newest_revisions
from apps.feedback.review.selectors.versions import (
    due_for_release,
    newest_signed,
    withdrawable,
)
from apps.feedback.review.services.case_claims import claim_end, refuse_if_claimed
from apps.feedback.review.services.drafts import (
    Reading,
    already_signed,
    decision_row,
    draft_create_from,
    review_save,
)
from apps.feedback.states import REVIEW, sources


def review_sign(case: Case, *, reader: User, reading: Reading) -> Review:
    """Save and sign in one step: version, time and content hash are fixed, the draft is gone.

    No finding stays unsaid: one without a verdict is `implied` where the model's shown answer was
    below its threshold, else `not_assessed`.

    Raises
    ------
    Conflict : `already_signed` (also when a colleague is faster by a moment), `stale_revision`, or
        `claimed_by_other` while somebody else has the case open
    Invalid : see `review_save`; `grade_missing`
    """
    try:
        with transaction.atomic():
            refuse_if_claimed(case, reader=reader)
            review = review_save(case, reader=reader, reading=reading)
            _refuse_missing_grades(review)
            _fill_unsaid(review)
            _seal(review)
            claim_end(case, reader=reader)
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
        signed = newest_signed(case)
        if signed is None:
            raise
        raise already_signed(signed) from error
    return review


def review_withdraw(review_id: UUID, *, case: Case, reader: User, reason: str) -> Review:
    """Take a signature back within the minute; its content becomes the reader's draft again.

    Returns
    -------
    Review : the new draft

    Raises
    ------
    NotFound : the case has no such review
    Conflict : `not_own_review`; `not_withdrawable`, the minute is over or it was withdrawn before
    """
    with transaction.atomic():
        review = Review.objects.filter(pk=review_id, case=case).first()
        if review is None:
            raise NotFound
        if review.reader_id != reader.pk:
            raise Conflict("Only its reader withdraws a signature.", code="not_own_review")
        withdrawn = (
            withdrawable()
            .filter(pk=review.pk, state__in=sources(REVIEW, "withdrawn"))
            .update(state=Review.State.WITHDRAWN)
        )
        if not withdrawn:
            raise Conflict(
                "This signature can no longer be withdrawn: write an addendum instead.",
                code="not_withdrawable",
            )
        Withdrawal.objects.create(review=review, reader=reader, reason=reason)
        review.refresh_from_db()
        draft = draft_create_from(review)
        audit_record(
            actor=reader,
            action="review.withdrawn",
            target=review,
            project=case.project,
            detail={"case_id": str(case.pk), "version": review.version},
        )
    return draft


def second_signature_add(
    review_id: UUID, *, case: Case, signer: User, content_sha256: str
) -> SecondSignature:
    """Sign below a colleague's signed review.

    Raises
    ------
    NotFound : the case has no such signed review
    Conflict : `own_review`, `not_newest_version`, `second_signature_exists`, or `content_changed`:
        what was on the screen is not what is stored
    """
    review = Review.objects.filter(pk=review_id, case=case, state=Review.State.SIGNED).first()
    if review is None:
        raise NotFound
    if review.reader_id == signer.pk:
        raise Conflict("The second signature is another radiologist's.", code="own_review")
    newest = newest_signed(case)
    if newest is None or newest.pk != review.pk:
        raise Conflict("A newer version has been signed: look again.", code="not_newest_version")
    if content_sha256 != review.content_sha256:
        raise Conflict(
            "What was on the screen is not what is stored: open the case again.",
            code="content_changed",
        )
    try:
        with transaction.atomic():
            signature = SecondSignature.objects.create(
                review=review, signer=signer, content_sha256=review.content_sha256
            )
            audit_record(
                actor=signer,
                action="review.second_signed",
                target=review,
                project=case.project,
                detail={
                    "case_id": str(case.pk),
                    "version": review.version,
                    "content_sha256": review.content_sha256,
                    "meaning": "reviewed",
                },
            )
    except IntegrityError as error:
        raise Conflict(
            "This review has its second signature already.", code="second_signature_exists"
        ) from error
    return signature


def critical_acknowledge(
    review_id: UUID, *, case: Case, actor: User, informed: str, note: str
) -> CriticalAcknowledgement:
    """Note who was told of a critical result; once a version.

    Raises
    ------
    NotFound : the case has no such signed review
    Conflict : `not_critical`, or `acknowledged_already`
    """
    review = Review.objects.filter(pk=review_id, case=case, state=Review.State.SIGNED).first()
    if review is None:
        raise NotFound
    if not review.is_critical:
        raise Conflict("This review has no critical result.", code="not_critical")
    try:
        with transaction.atomic():
            made = CriticalAcknowledgement.objects.create(
                review=review, acknowledged_by=actor, informed=informed, note=note
            )
            audit_record(
                actor=actor,
                action="review.critical_acknowledged",
                target=review,
                project=case.project,
                detail={"case_id": str(case.pk), "version": review.version},
            )
    except IntegrityError as error:
        raise Conflict(
            "This critical result was acknowledged already.", code="acknowledged_already"
        ) from error
    return made


def review_release(review_id: UUID) -> Review | None:
    """Let one review count from now on; None if it was withdrawn or released meanwhile.

    Call it inside a transaction, with all that follows from the release.
    """
    if not due_for_release().filter(pk=review_id).update(released_at=Now()):
        return None
    review: Review = Review.objects.select_related("case__project", "reader").get(pk=review_id)
    audit_record(
        actor=None,
        action="review.released",
        target=review,
        project=review.case.project,
        detail={"case_id": str(review.case_id), "version": review.version},
    )
    return review


def _refuse_missing_grades(review: Review) -> None:
    missing = review.decisions.filter(
        finding__kind=Finding.Kind.GRADED, verdict=Verdict.ACCEPTED, grade=""
    )
    codes = sorted(missing.values_list("finding__code", flat=True))
    if codes:
        raise Invalid(
            "A graded finding that is present needs its grade.",
            code="grade_missing",
            fields={"decisions": codes},
            params={"findings": codes},
        )


def _fill_unsaid(review: Review) -> None:
    said = set(review.decisions.values_list("finding_id", flat=True))
    rows = []
    for finding in review.case.project.findings.all():
        if finding.pk in said:
            continue
        row = decision_row(review, finding, Verdict.NOT_ASSESSED)
        claim, limit = row.ai_probability, row.ai_threshold
        if review.ai_visible and claim is not None and limit is not None and claim < limit:
            row.verdict = Verdict.IMPLIED
        rows.append(row)
    ReviewDecision.objects.bulk_create(rows)


def _seal(review: Review) -> None:
    version = _next_version(review)
    policy = policy_of(review.case.project)
    review.policy = policy
    Review.objects.filter(pk=review.pk, state__in=sources(REVIEW, "signed")).update(
        state=Review.State.SIGNED,
        version=version,
        signed_at=Now(),
        policy=policy,
        read_before_ai=not sees_ai(review.reader, review.case),
        content_sha256=content_sha256(review, version=version),
    )
    review.refresh_from_db()


def _next_version(review: Review) -> int:
    """Give the number after the last, seen together with what stands, in one query.

    Whoever signs after this query takes the same number, which is unique; whoever signed before it,
    since the draft was checked, is seen by it.
    """
    earlier = list(
        Review.objects.filter(case=review.case, version__isnull=False)
        .select_related("reader")
        .order_by("version")
    )
    standing = [each for each in earlier if each.state == Review.State.SIGNED]
    if standing and standing[-1].pk != review.addendum_to_id:
        raise already_signed(standing[-1])
    return (earlier[-1].version or 0) + 1 if earlier else 1


def content_sha256(review: Review, *, version: int) -> str:
    """Hash what was signed, so that the signature cannot be moved to another content."""
    rois = [
        [
            *(str(roi_id), each.finding.code, each.instance.sop_instance_uid, each.frame_number),
            *(each.kind, each.laterality, each.vertices),
        ]
        for roi_id, each in newest_revisions(review).items()
        if not each.is_removed
    ]
    content: dict[str, Any] = {
        "case": str(review.case_id),
        "reader": str(review.reader_id),
        "version": version,
        "addendum_to": str(review.addendum_to_id or ""),
        "addendum_reason": review.addendum_reason,
        "findings_text": review.findings_text,
        "impression_text": review.impression_text,
        "critical": [review.is_critical, review.critical_note],
        "ai": [str(review.case_prediction_id or ""), review.ai_visible],
        "policy": str(review.policy_id or ""),
        "decisions": sorted(review.decisions.values_list("finding__code", "verdict", "grade")),
        "rois": sorted(rois),
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
