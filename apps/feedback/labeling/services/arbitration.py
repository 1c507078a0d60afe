"""The reveal: an arbitrator sees the reads in the moment in which the own blind one is locked (I6).

A person who has read the case cannot hold a seat: the read of its own that the seat needs would be
the person's second one of the case (I3).
"""

import random

from django.utils import timezone

from apps.cases.models import Exposure
from apps.cases.services.audit import audit_record
from apps.cases.services.exposure import exposure_record
from apps.feedback.labeling.models.rounds import Arbitration, Read
from apps.feedback.states import ARBITRATION, sources


def seat_reveal(read: Read) -> None:
    """Show the reads to who has just locked their own; note the exposure and the order drawn.

    Call it inside the transaction of the lock.
    """
    seat = Arbitration.objects.get(read=read)
    shown = Read.objects.filter(
        round_case=read.round_case, kind=Read.Kind.ANNOTATOR, state=Read.State.FINAL
    )
    order = [str(pk) for pk in shown.values_list("pk", flat=True)]
    random.SystemRandom().shuffle(order)
    Arbitration.objects.filter(pk=seat.pk, state__in=sources(ARBITRATION, "revealed")).update(
        state=Arbitration.State.REVEALED, revealed_at=timezone.now(), order=order
    )
    exposure_record(read.reader, kind=Exposure.Kind.READS_REVEALED, case=read.round_case.case)
    audit_record(
        actor=read.reader,
        action="arbitration.revealed",
        target=seat,
        project=read.round_case.round.project,
        detail={"case_id": str(read.case_id), "order": order},
    )
