"""Jobs of cases."""

from apps.cases.services.audit import audit_seal
from apps.queue import JOBS
from workers.celery import implements


@implements(JOBS.SEAL_AUDIT)
def seal_audit() -> None:
    """Chain the audit events that are not sealed yet."""
    audit_seal()
