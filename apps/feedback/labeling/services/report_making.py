"""Computing the reports of rounds: scipy's work, so a worker's."""

import hashlib

import orjson
from django.db import transaction

from apps.feedback.labeling.models.rounds import ReadingRound
from apps.feedback.labeling.models.verdicts import RoundReport
from apps.feedback.labeling.selectors.statistics import round_statistics


def reports_make() -> int:
    """Make every report that is wanted; say how many.

    Two workers at once are safe: the wish is taken back by the one that writes, and a wish that
    was renewed meanwhile stays.

    Raises
    ------
    ExceptionGroup : what went wrong with rounds, once all the others have their report
    """
    made = 0
    failures: list[Exception] = []
    for reading_round in ReadingRound.objects.filter(report_wanted_at__isnull=False):
        try:
            made += _report_make(reading_round)
        except Exception as failure:  # noqa: BLE001  raised again below: others do not wait
            failure.add_note(f"round {reading_round.pk}")
            failures.append(failure)
    if failures:
        raise ExceptionGroup("reports could not be made", failures)
    return made


def _report_make(reading_round: ReadingRound) -> bool:
    content = round_statistics(reading_round)
    with transaction.atomic():
        taken = ReadingRound.objects.filter(
            pk=reading_round.pk, report_wanted_at=reading_round.report_wanted_at
        ).update(report_wanted_at=None)
        if taken:
            RoundReport.objects.create(
                round=reading_round,
                cases=content["cases"],
                content=content,
                content_sha256=hashlib.sha256(
                    orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
                ).hexdigest(),
            )
    return bool(taken)
