"""Who looked at which study? Recorded once a login, before the first byte leaves."""

import hashlib

from django.db import transaction

from apps.cases.models import ImageAccess, Study, User
from apps.cases.services.audit import audit_record


def image_access_record(
    user: User, *, study: Study, kind: ImageAccess.Kind, session_key: str
) -> None:
    """Record that this person sees the study in this login; a later frame costs one look-up."""
    login_sha256 = hashlib.sha256(session_key.encode()).hexdigest()
    seen = ImageAccess.objects.filter(user=user, study=study, kind=kind, login_sha256=login_sha256)
    if seen.exists():
        return
    with transaction.atomic():
        _, is_new = ImageAccess.objects.get_or_create(
            user=user, study=study, kind=kind, login_sha256=login_sha256
        )
        if is_new:
            audit_record(
                actor=user,
                action="study.seen",
                target=study,
                project=None,
                detail={"kind": str(kind)},
            )
