"""Changes to the retraining queue: a signature that contradicts the model leaves a correction."""

from apps.feedback.learning.models import QueueEntry
from apps.feedback.review.models import EXPLICIT_VERDICTS, Review, Verdict


def corrections_record(review: Review) -> list[QueueEntry]:
    """Queue every verdict of a signed review that differs from the model's own call.

    The model calls a finding present when its calibrated probability reaches its threshold. A
    verdict without a prediction of that finding is no correction: there was nothing to correct.
    """
    if review.case_prediction is None:
        return []
    entries = [
        QueueEntry(
            project=review.case.project,
            case=review.case,
            finding=decision.finding,
            decision=decision,
            label=decision.verdict == Verdict.ACCEPTED,
            ai_probability=decision.ai_probability,
            ai_threshold=decision.ai_threshold,
            ai_visible=review.ai_visible,
            model_version=review.case_prediction.model_version,
            reader=review.reader,
        )
        for decision in review.decisions.filter(verdict__in=EXPLICIT_VERDICTS).select_related(
            "finding"
        )
        if decision.ai_probability is not None
        and decision.ai_threshold is not None
        and (decision.verdict == Verdict.ACCEPTED)
        != (decision.ai_probability >= decision.ai_threshold)
    ]
    return QueueEntry.objects.bulk_create(entries)
