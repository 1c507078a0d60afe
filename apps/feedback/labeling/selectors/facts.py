"""What was finally said in a round, in a few queries: the one source of statistics and exports."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from apps.feedback.compute.reads import CaseRead, case_read
from apps.feedback.labeling.models.rounds import Read, ReadLock, RoundCase

AT_ONCE = 500


@dataclass(frozen=True)
class SaidRead:
    """A final read with the lock that counts."""

    read: Read
    lock: ReadLock
    content: CaseRead


def final_reads(round_cases: Iterable[RoundCase]) -> dict[UUID, list[SaidRead]]:
    """Map cases to their readers' final reads, by slot; an arbitrator's own read is none."""
    by_case: dict[UUID, list[SaidRead]] = defaultdict(list)
    wanted = [each.pk for each in round_cases]
    for start in range(0, len(wanted), AT_ONCE):
        locks = ReadLock.objects.filter(
            read__round_case__in=wanted[start : start + AT_ONCE],
            read__kind=Read.Kind.ANNOTATOR,
            read__state=Read.State.FINAL,
            taken_back__isnull=True,
        )
        latest: dict[UUID, ReadLock] = {}
        related = locks.select_related("read", "policy", "guideline")
        for lock in related.order_by("read__slot", "read_id", "number"):
            latest[lock.read_id] = lock
        for lock in latest.values():
            said = SaidRead(lock.read, lock, case_read(lock.content))
            by_case[lock.read.round_case_id].append(said)
    return by_case
