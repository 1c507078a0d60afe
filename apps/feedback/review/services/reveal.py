"""When does a reader see AI output? After an act that keeps what the reader had answered before it.

On request the act is a wish; after the first impression it is the lock of a complete answer. Either
way the answers before the AI are stored once and for ever, so that its influence can be measured.
The answer is the reader's draft; behind a signature, it is what they signed, or what they send.
"""

import hashlib
from typing import Any, Final

import orjson
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from apps.cases.access import policy_of, reads_blinded
from apps.cases.models import Assignment, Case, ReadingPolicy, Role, User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, Invalid, NotFound
from apps.feedback.review.models import EXPLICIT_VERDICTS, FirstImpression, Review
from apps.feedback.review.selectors.rois import roi_facts, rois_of
from apps.feedback.review.selectors.versions import newest_signed
from apps.feedback.review.services.drafts import Reading, findings_named, review_save
from apps.feedback.review.services.rois import rois_unsaved

TRIGGERS: Final = {
    ReadingPolicy.AiDisplay.ON_REQUEST: FirstImpression.Trigger.REQUESTED,
    ReadingPolicy.AiDisplay.AFTER_FIRST_IMPRESSION: FirstImpression.Trigger.LOCKED,
}


def ai_reveal(case: Case, *, reader: User, reading: Reading) -> FirstImpression:
    """Keep what the reader answers now, and show AI output from now on; a repeat changes nothing.

    Raises
    ------
    NotFound : this person reads the patient blinded, so nothing can be revealed
    Conflict : `ai_shown_already`, the policy shows it from the start; or see `review_save`
    Invalid : `impression_incomplete`, a finding is undecided where the impression must be locked;
        or see `review_save`
    """
    if reads_blinded(reader, case.study.patient):
        raise NotFound
    kept = _kept(case, reader)
    if kept is not None:
        return kept
    policy = policy_of(case.project)
    trigger = TRIGGERS.get(ReadingPolicy.AiDisplay(policy.ai_display))
    if trigger is None:
        raise Conflict("AI output is shown from the start here.", code="ai_shown_already")
    try:
        with transaction.atomic():
            return _reveal(case, reader=reader, reading=reading, policy=policy, trigger=trigger)
    except (IntegrityError, Conflict):
        # The same reader's other tab was faster by a moment: its answer is the one that is kept.
        kept = _kept(case, reader)
        if kept is None:
            raise
        return kept


def _kept(case: Case, reader: User) -> FirstImpression | None:
    return FirstImpression.objects.filter(case=case, reader=reader).first()


def _reveal(
    case: Case,
    *,
    reader: User,
    reading: Reading,
    policy: ReadingPolicy,
    trigger: FirstImpression.Trigger,
) -> FirstImpression:
    content = _content(case, reader=reader, reading=reading, trigger=trigger)
    others = Review.objects.filter(case=case, version__isnull=False).exclude(reader=reader)
    impression = FirstImpression.objects.create(
        case=case,
        reader=reader,
        policy=policy,
        trigger=trigger,
        saw_signed_review=others.exists(),
        content_sha256=hashlib.sha256(
            orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        ).hexdigest(),
        **content,
    )
    assignment, _ = Assignment.objects.get_or_create(case=case, user=reader, role=Role.RADIOLOGIST)
    Assignment.objects.filter(pk=assignment.pk, ai_revealed_at__isnull=True).update(
        ai_revealed_at=Now()
    )
    audit_record(
        actor=reader,
        action="ai.revealed",
        target=case,
        project=case.project,
        detail={"trigger": str(trigger), "content_sha256": impression.content_sha256},
    )
    return impression


def _content(
    case: Case, *, reader: User, reading: Reading, trigger: FirstImpression.Trigger
) -> dict[str, Any]:
    signed = newest_signed(case)
    is_own = signed is not None and signed.reader_id == reader.pk
    if trigger == FirstImpression.Trigger.LOCKED and not is_own:  # a signature is a lock
        _refuse_if_incomplete(case, reading)
    drafts = Review.objects.filter(case=case, reader=reader, state=Review.State.DRAFT)
    if signed is None or drafts.filter(addendum_to=signed).exists():
        return _stored(review_save(case, reader=reader, reading=reading))
    return _stored(signed) if is_own else _sent(case, reading)


def _stored(review: Review) -> dict[str, Any]:
    """What a draft or a signature says; what the signature made of silence was not an answer."""
    explicit = review.decisions.filter(verdict__in=EXPLICIT_VERDICTS)
    decisions = explicit.order_by("finding__position", "finding__code")
    return {
        "decisions": [
            {"finding": finding, "verdict": verdict, "grade": grade}
            for finding, verdict, grade in decisions.values_list(
                "finding__code", "verdict", "grade"
            )
        ],
        "rois": _plain(rois_of([review]).get(review.pk, [])),
        "findings_text": review.findings_text,
        "impression_text": review.impression_text,
    }


def _sent(case: Case, reading: Reading) -> dict[str, Any]:
    findings = findings_named(case, reading.decisions)
    said = {decision.finding: decision for decision in reading.decisions}
    drawn = rois_unsaved(case, reading.rois, findings=findings)
    return {
        "decisions": [
            {"finding": code, "verdict": str(said[code].verdict), "grade": said[code].grade}
            for code in findings
            if code in said
        ],
        "rois": _plain([roi_facts(revision) for revision in drawn]),
        "findings_text": reading.findings_text,
        "impression_text": reading.impression_text,
    }


def _plain(rois: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**roi, "roi_id": str(roi["roi_id"])} for roi in rois]


def _refuse_if_incomplete(case: Case, reading: Reading) -> None:
    decided = {decision.finding for decision in reading.decisions}
    missing = [f.code for f in case.project.findings.all() if f.code not in decided]
    if missing:
        raise Invalid(
            "Say present or absent for every finding before the first impression is locked.",
            code="impression_incomplete",
            fields={"decisions": missing},
            params={"findings": missing},
        )
