"""Claims of the certificate about who read what, and what they could know by then."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from apps.cases.access import READERS
from apps.cases.models import Case, Exposure, Membership
from apps.feedback.labeling.models.rounds import (
    Arbitration,
    GoldAnswer,
    Read,
    ReadingRound,
    ReadLock,
    RoundCase,
)
from apps.feedback.labeling.selectors.findings_of_claims import Checked

Purpose = RoundCase.Purpose


class _Knowledge:
    """Since when each person of a round could know an answer on each patient."""

    def __init__(self, users: set[UUID]) -> None:
        self._patients: dict[tuple[UUID, UUID], list[tuple[datetime, str]]] = defaultdict(list)
        self._projects: dict[UUID, list[tuple[datetime, UUID, str]]] = defaultdict(list)
        rows = Exposure.objects.filter(user__in=users)
        for user, kind, project, patient, since in rows.values_list(
            "user", "kind", "project", "case__study__patient", "created_at"
        ):
            if patient is not None:
                self._patients[user, patient].append((since, kind))
            elif project is not None:
                self._projects[user].append((since, project, kind))
        # a role that somebody gave past the ledger counts, too
        held = Membership.objects.filter(user__in=users, role__in=READERS)
        for user, project, since in held.values_list("user", "project", "created_at"):
            self._projects[user].append((since, project, "held_role"))
        self._patients_of: dict[UUID, set[UUID]] = defaultdict(set)
        projects = {project for rows in self._projects.values() for _, project, _ in rows}
        of_projects = Case.objects.filter(project__in=projects)
        for case in of_projects.select_related("study"):
            self._patients_of[case.project_id].add(case.study.patient_id)

    def before(
        self, user: UUID, patient: UUID, moment: datetime, *, ignoring: str = ""
    ) -> list[str]:
        """Name the doors by which a person could know of a patient at a moment."""
        doors = [
            kind
            for since, kind in self._patients[user, patient]
            if since <= moment and kind != ignoring
        ]
        doors += [
            kind
            for since, project, kind in self._projects[user]
            if since <= moment and patient in self._patients_of[project]
        ]
        return doors


def readers_unexposed(reading_round: ReadingRound) -> Checked:
    """No reader could know an answer on the patient before their lock became final."""
    reads = list(
        Read.objects.filter(
            round_case__round=reading_round,
            kind=Read.Kind.ANNOTATOR,
            state=Read.State.FINAL,
            round_case__purpose__in=[Purpose.PRIMARY, Purpose.REREAD],
        ).select_related("case__study")
    )
    known = _Knowledge({each.reader_id for each in reads})
    found = Checked(len(reads))
    for each in reads:
        if each.final_at is None:
            found.against("read", each.pk, "no time of becoming final")
            continue
        for door in known.before(each.reader_id, each.case.study.patient_id, each.final_at):
            found.against("read", each.pk, door)
    return found


def distinct_readers(reading_round: ReadingRound) -> Checked:
    """Each sealed case has exactly as many final reads as asked for, each by another person."""
    cases = RoundCase.objects.filter(
        round=reading_round,
        purpose=Purpose.PRIMARY,
        state__in=[RoundCase.State.SEALED, RoundCase.State.UNREADABLE],
    )
    readers: dict[UUID, list[UUID]] = defaultdict(list)
    final = Read.objects.filter(
        round_case__in=cases, kind=Read.Kind.ANNOTATOR, state=Read.State.FINAL, is_reread=False
    )
    for case, reader in final.values_list("round_case", "reader"):
        readers[case].append(reader)
    found = Checked()
    for case, needed in cases.values_list("pk", "readers"):
        found.checked += 1
        if len(readers[case]) != needed:
            found.against("round_case", case, f"{len(readers[case])} final reads of {needed}")
        if len(set(readers[case])) != len(readers[case]):
            found.against("round_case", case, "one person read it twice")
    return found


def arbitrators_apart(reading_round: ReadingRound) -> Checked:
    """Who decides on a case never read it, wrote no known answer of it, and knew nothing of it."""
    seats = list(_seats(reading_round).select_related("round_case__case__study", "read"))
    cases = {each.round_case.case_id for each in seats}
    readers = set(
        Read.objects.filter(case__in=cases, kind=Read.Kind.ANNOTATOR, is_burned=True).values_list(
            "case", "reader"
        )
    )
    patients = {each.round_case.case.study.patient_id for each in seats}
    authors = set(
        GoldAnswer.objects.filter(round_case__case__study__patient__in=patients).values_list(
            "round_case__case__study__patient", "author"
        )
    )
    known = _Knowledge({each.arbitrator_id for each in seats if each.arbitrator_id})
    locked = _first_locks(seats)
    found = Checked(len(seats))
    for each in seats:
        if each.arbitrator_id is None:
            continue
        patient = each.round_case.case.study.patient_id
        if (each.round_case.case_id, each.arbitrator_id) in readers:
            found.against("arbitration", each.pk, "the arbitrator read the case as a reader")
        if (patient, each.arbitrator_id) in authors:
            found.against("arbitration", each.pk, Exposure.Kind.GOLD_AUTHOR)
        lock = locked.get(each.read_id)
        if lock is not None:
            for door in known.before(each.arbitrator_id, patient, lock.created_at):
                found.against("arbitration", each.pk, door)
    return found


def blind_before_reveal(reading_round: ReadingRound) -> Checked:
    """Every arbitrator had locked an own blind read before the reads were shown to them."""
    seats = list(_seats(reading_round).filter(revealed_at__isnull=False).select_related("read"))
    locked = _first_locks(seats)
    found = Checked(len(seats))
    for each in seats:
        lock = locked.get(each.read_id)
        if each.read is None or lock is None:
            found.against("arbitration", each.pk, "no blind lock")
        elif each.read.kind != Read.Kind.ARBITRATOR or each.read.reader_id != each.arbitrator_id:
            found.against("arbitration", each.pk, "the blind read is not the arbitrator's")
        elif each.revealed_at is None or lock.created_at > each.revealed_at:
            found.against("arbitration", each.pk, "shown before the blind lock")
    return found


def _seats(reading_round: ReadingRound) -> QuerySet[Arbitration]:
    return Arbitration.objects.filter(round_case__round=reading_round, arbitrator__isnull=False)


def _first_locks(seats: list[Arbitration]) -> dict[UUID | None, ReadLock]:
    locks: dict[UUID | None, ReadLock] = {}
    rows = ReadLock.objects.filter(read__in=[each.read_id for each in seats if each.read_id])
    for lock in rows.order_by("read", "number"):
        locks.setdefault(lock.read_id, lock)
    return locks
