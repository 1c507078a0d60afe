"""When does a reader see AI output? After an act that keeps what the reader had answered before it.

On request the act is a wish; after the first impression it is the lock of a complete answer. Either
way the answers before the AI are stored once and for ever, so that its influence can be measured.
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
from apps.feedback.review.models import FirstImpression, Review
from apps.feedback.review.selectors.rois import rois_of
from apps.feedback.review.selectors.versions import newest_signed
from apps.feedback.review.services.drafts import Reading, review_save

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
    Invalid : `impression_incomplete`, a finding is undecided where the impression must be locked
    """
    if reads_blinded(reader, case.study.patient):
        raise NotFound
    impressions = FirstImpression.objects.filter(case=case, reader=reader)
    kept: FirstImpression
    for kept in impressions:
        return kept
    policy = policy_of(case.project)
    trigger = TRIGGERS.get(ReadingPolicy.AiDisplay(policy.ai_display))
    if trigger is None:
        raise Conflict("AI output is shown from the start here.", code="ai_shown_already")
    if trigger == FirstImpression.Trigger.LOCKED:
        _refuse_if_incomplete(case, reading)
    try:
        with transaction.atomic():
            return _reveal(case, reader=reader, reading=reading, policy=policy, trigger=trigger)
    except IntegrityError:
        # The same reader's other tab was faster by a moment: its answer is the one that is kept.
        kept = impressions.get()
        return kept


def _reveal(
    case: Case,
    *,
    reader: User,
    reading: Reading,
    policy: ReadingPolicy,
    trigger: FirstImpression.Trigger,
) -> FirstImpression:
    draft = review_save(case, reader=reader, reading=reading)
    content = _content(draft)
    signed = newest_signed(case)
    impression = FirstImpression.objects.create(
        case=case,
        reader=reader,
        policy=policy,
        trigger=trigger,
        saw_signed_review=signed is not None,
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


def _content(draft: Review) -> dict[str, Any]:
    decisions = draft.decisions.order_by("finding__position", "finding__code")
    rois = rois_of([draft]).get(draft.pk, [])
    return {
        "decisions": [
            {"finding": finding, "verdict": verdict, "grade": grade}
            for finding, verdict, grade in decisions.values_list(
                "finding__code", "verdict", "grade"
            )
        ],
        "rois": [{**roi, "roi_id": str(roi["roi_id"])} for roi in rois],
        "findings_text": draft.findings_text,
        "impression_text": draft.impression_text,
    }


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
