"""What happens every few seconds, whatever was lost; a message that nobody took in time expires."""

from django.conf import settings

from apps.queue import JOBS, Job, app


def _every(seconds: float, job: Job) -> dict[str, object]:
    options = {"queue": job.queue, "expires": seconds}
    return {"task": job.name, "schedule": seconds, "options": options}


app.conf.beat_schedule = {
    "rescue": _every(settings.RESCUE_EVERY_S, JOBS.RESCUE),
    "seal-audit": _every(settings.SEAL_EVERY_S, JOBS.SEAL_AUDIT),
}
