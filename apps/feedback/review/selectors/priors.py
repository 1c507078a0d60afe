"""What was there before? Earlier studies of the patient, and the history of a case."""

from typing import Any

from django.db.models import F, Q, QuerySet

from apps.cases.access import READERS, cases_visible_to, reads_blinded, sees_ai
from apps.cases.models import AuditEvent, Case, User
from apps.feedback.review.models import Review
from apps.feedback.review.selectors.facts import name_of, review_study_facts, series_of
from apps.feedback.review.selectors.rois import rois_of
from apps.feedback.review.selectors.versions import decisions_of, newest_signed
from apps.inference.models import CasePrediction


def priors_of(case: Case, *, user: User) -> QuerySet[Case]:
    """Select the patient's earlier cases of this project, newest first.

    None for a person who reads the patient blinded: an earlier report would tell.
    """
    if reads_blinded(user, case.study.patient) or case.study.study_date is None:
        return Case.objects.none()
    study = case.study
    is_earlier = Q(study__study_date__lt=study.study_date)
    if study.study_time is not None:
        is_earlier |= Q(study__study_date=study.study_date, study__study_time__lt=study.study_time)
    return (
        cases_visible_to(user, READERS)
        .filter(is_earlier, project=case.project, study__patient=study.patient)
        .exclude(pk=case.pk)
        .select_related("project", "study__patient")
        .order_by(F("study__study_date").desc(), F("study__study_time").desc(nulls_last=True), "pk")
    )


def newest_prior(case: Case, *, user: User) -> dict[str, Any] | None:
    """Describe the newest earlier study with its report, without AI output; None without one."""
    prior = priors_of(case, user=user).first()
    if prior is None:
        return None
    signed = newest_signed(prior)
    return {
        "case_id": prior.pk,
        "study": review_study_facts(prior),
        "series": series_of(prior),
        "report": _report(signed) if signed else None,
    }


def _report(signed: Review) -> dict[str, Any]:
    return {
        "version": signed.version,
        "reader": name_of(signed.reader),
        "signed_at": signed.signed_at,
        "findings_text": signed.findings_text,
        "impression_text": signed.impression_text,
        "decisions": decisions_of(signed, with_unsaid=False),
        "rois": rois_of([signed]).get(signed.pk, []),
    }


def case_history(case: Case, *, user: User) -> dict[str, Any]:
    """Tell who did what to a case and when; which models answered, only where AI may be seen."""
    versions = dict(Review.objects.filter(case=case).values_list("pk", "version"))
    about = Q(target_type="case", target_id=str(case.pk)) | Q(
        target_type="review", target_id__in=[str(pk) for pk in versions]
    )
    events = AuditEvent.objects.filter(about, project=case.project).select_related("actor")
    by_text = {str(pk): version for pk, version in versions.items()}
    history: dict[str, Any] = {
        "events": [
            {
                "at": event.created_at,
                "action": event.action,
                "actor": name_of(event.actor),
                "version": by_text.get(event.target_id),
            }
            for event in events.order_by("created_at", "pk")
        ]
    }
    if sees_ai(user, case):
        history["models"] = _models(case)
    return history


def _models(case: Case) -> list[dict[str, Any]]:
    answers = CasePrediction.objects.filter(case=case).select_related("model_version")
    return [
        {
            "name": answer.model_version.name,
            "version": answer.model_version.version,
            "model_hash": answer.model_version.model_sha256,
            "preprocess_hash": answer.model_version.preprocess_sha256,
            "completed_at": answer.completed_at,
            "duration_ms": (answer.completed_at - answer.created_at).total_seconds() * 1e3
            if answer.completed_at
            else 0.0,
        }
        for answer in answers.order_by("created_at")
    ]
