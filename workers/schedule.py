"""What happens every few seconds, whatever was lost; what nobody takes for long expires unread."""

from typing import Final

from django.conf import settings

from apps.queue import JOBS, Job, app

# Long enough for a busy worker, short enough that an absent one finds no pile when it is back.
EXPIRES_AFTER_ROUNDS: Final = 10


def _every(seconds: float, job: Job) -> dict[str, object]:
    options = {"queue": job.queue, "expires": seconds * EXPIRES_AFTER_ROUNDS}
    return {"task": job.name, "schedule": seconds, "options": options}


app.conf.beat_schedule = {
    "rescue": _every(settings.RESCUE_EVERY_S, JOBS.RESCUE),
    "release-reviews": _every(settings.RELEASE_EVERY_S, JOBS.RELEASE_REVIEWS),
    "settle-rounds": _every(settings.SETTLE_EVERY_S, JOBS.SETTLE_ROUNDS),
    "round-reports": _every(settings.SETTLE_EVERY_S, JOBS.ROUND_REPORT),
    "seal-audit": _every(settings.SEAL_EVERY_S, JOBS.SEAL_AUDIT),
}
