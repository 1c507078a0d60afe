"""A round as a machine: random acts of everybody through HTTP, the invariants after each of them.

I2-I12 and I14 of labeling.md, section 2; I1 is the two-world test's, I13 the snapshot's own. Random
walks alone rarely come to an arbitration, so one act lets everybody read on; `REACHED` counts where
the walks have been.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from apps.cases.models import AuditEvent, Exposure, Membership
from apps.feedback.compute.round_policy import read_rules
from apps.feedback.labeling.models.rounds import (
    Arbitration,
    Comparison,
    LockTakenBack,
    Read,
    ReadLock,
    RoundCase,
    RoundMember,
    RoundPolicy,
)
from apps.feedback.labeling.models.verdicts import Consensus
from apps.feedback.labeling.services.offers import member_reads_end, policy_in_force
from apps.feedback.services import rounds_settle
from tests.feedback.labeling.chance import Clock, Dice
from tests.feedback.labeling.room import UNREADABLE, LogIn, Person, Room, make_room, said

REACHED: Counter[str] = Counter()
LIVE = ("offered", "opened", "draft")
LOCKED = ("locked", "final")
ANSWERS = {
    "normal": said(),
    "nodule": said("present"),
    "effusion": said("absent", "present", grade="small"),
    "both": said("present", "present", grade="large"),
    "blind": said("not_assessable", "not_assessable"),
    "unreadable": UNREADABLE,
}
CHOICES = ("a", "b", "own", "indeterminate")
WASHOUT = timedelta(days=14)
MOST_CASES = 7

people = st.integers(0, 3)
answers = st.sampled_from(sorted(ANSWERS))
choices = st.sampled_from(CHOICES)


class RoundMachine(RuleBasedStateMachine):
    """One round of two cases, its readers, its arbitrators, an admin."""

    log_in: LogIn
    exits: contextlib.ExitStack

    @initialize(
        readers=st.sampled_from([2, 3, 1]),
        seats=st.sampled_from([3, 3, 1, 3]),
        reread_share=st.sampled_from([1.0, 1.0, 1.0, 0.0]),
        trigger=st.sampled_from(["discordant", "discordant_or_positive"]),
        release=st.sampled_from(["each_case", "manual"]),
    )
    def begin(
        self, readers: int, seats: int, reread_share: float, trigger: str, release: str
    ) -> None:
        self.exits = contextlib.ExitStack()
        atomic = self.exits.enter_context(transaction.atomic())  # noqa: F841
        self.clock = Clock(timezone.now(), step=timedelta(microseconds=1))
        self.exits.enter_context(mock.patch("django.utils.timezone.now", self.clock))
        # The same walk is the same on every machine: what is drawn, and every identifier.
        dice = Dice()
        self.exits.enter_context(mock.patch("os.urandom", dice))
        self.exits.enter_context(mock.patch("random._urandom", dice))
        self.room: Room = make_room(
            self.log_in,
            cases=1,
            annotators=3,
            arbitrators=3,
            readers=readers,
            seats=seats,
            reread_share=reread_share,
            washout_days=WASHOUT.days,
            trigger=trigger,
            release=release,
        )
        self.locks: dict[Any, str] = {}
        self.finals: dict[Any, Any] = {}
        self.withdrawn: set[Any] = set()
        for who in range(3):
            self.read(who, "normal")
        self.readers_differ("nodule", "own", seats=3)

    def teardown(self) -> None:
        if not hasattr(self, "exits"):
            return
        try:
            self.weeks_pass()
            self.withdraw(0)
            self.withdraw(4)
            self.everything_can_be_sealed()
        finally:
            transaction.set_rollback(True)
            self.exits.close()

    # --- acts ------------------------------------------------------------------------------------

    @rule(who=people, what=answers, how=st.sampled_from(["lock", "open", "ahead"]))
    def read(self, who: int, what: str, how: str = "lock") -> None:
        """Take what comes next and lock it, or keep it open."""
        person = self.annotator(who)
        offer = self.next_of(person, is_ahead=how == "ahead")
        if offer is None or offer["read_id"] is None:
            return
        read = person.open(offer["read_id"])
        REACHED["reread"] += self.is_reread(read)
        if how == "lock":
            self.expect(person.lock(read, ANSWERS[what]), 200, 409)

    @rule(who=people, what=answers)
    def save(self, who: int, what: str) -> None:
        person = self.annotator(who)
        for read in self.reads(person, *LIVE[1:]):
            body = {"revision": read.revision, "content": ANSWERS[what], "active_s": 1}
            self.expect(person.send("PUT", f"/api/reads/{read.pk}/draft", body), 200, 404, 409)

    @rule(who=people)
    def take_back(self, who: int) -> None:
        self.fresh_case()
        self.read(who, "effusion")
        person = self.annotator(who)
        for read in self.reads(person, *LOCKED):
            assert read.locked_at is not None
            age = self.clock.time - read.locked_at
            is_due = age < timedelta(seconds=settings.TAKE_BACK_WINDOW_S)
            may = is_due and read.round_case.round.state == "open" and self.is_in(person)
            answer = person.send("POST", f"/api/reads/{read.pk}/take-back")
            self.expect(answer, 200, 404, 409)
            assert (answer.status_code == 200) == may, "the time to take a lock back is fixed"
            REACHED["taken back"] += answer.status_code == 200

    @rule(who=people, way=st.sampled_from(["skip", "recuse"]))
    def leave(self, who: int, way: str) -> None:
        self.fresh_case()
        self.read(who + 1, "normal")
        self.read(who, "normal", how="open")
        person = self.annotator(who)
        for read in self.reads(person, *LIVE[1:])[:1]:
            body = {"reason": "known"}
            self.expect(person.send("POST", f"/api/reads/{read.pk}/{way}", body), 200, 404, 409)

    @rule(
        how_long=st.sampled_from(
            [timedelta(minutes=1), timedelta(minutes=6), timedelta(hours=1), timedelta(days=2)]
        )
    )
    def time_passes(self, how_long: timedelta) -> None:
        self.clock.time += how_long
        self.settle()

    @rule(
        what=st.lists(answers, min_size=4, max_size=4),
        own=answers,
        choice=choices,
        seats=st.integers(0, 3),
    )
    def everybody_reads_on(self, what: list[str], own: str, choice: str, seats: int) -> None:
        """Drive a case to where it is compared, and on to what follows."""
        self.fresh_case()
        for who, answer in enumerate(what):
            self.read(who, answer)
            if seats == 3 and who == 0:
                self.policy_changes(len(what[1]) % 3)  # between two locks of a case
        self.clock.time += timedelta(minutes=6)
        self.settle()
        for who in range(seats):
            self.arbitrate(who, own, choice, is_decided=True)
        self.settle()

    @rule(own=answers, choice=choices, seats=st.integers(1, 3))
    def readers_differ(self, own: str, choice: str, seats: int) -> None:
        """Drive a case to an arbitrator, or to a panel."""
        self.everybody_reads_on(["nodule", "normal", "effusion", "normal"], own, choice, seats)

    @rule()
    def weeks_pass(self) -> None:
        """End every wash-out; a read that was held so long has expired."""
        self.clock.time += WASHOUT
        self.settle()
        for who in range(len(self.room.annotators)):
            for _ in range(2):
                self.read(who, "nodule")

    @rule(who=people, own=answers, choice=choices, is_decided=st.booleans())
    def arbitrate(self, who: int, own: str, choice: str, is_decided: bool) -> None:
        """Sit down where an arbitrator is called, read blind, look, and (perhaps) decide."""
        person = self.room.arbitrators[who % len(self.room.arbitrators)]
        offer = self.next_of(person)
        if offer is None or offer["read_id"] is None:
            return
        seat_path = f"/api/arbitrations/{offer['arbitration_id']}"
        read = person.open(offer["read_id"])
        if read["state"] in LIVE:
            assert person.send("GET", seat_path).status_code == 404, "revealed before the own read"
            locked = person.lock(read, ANSWERS[own])
            self.expect(locked, 200, 409)
            if locked.status_code != 200:
                return
        seat = person.got("GET", seat_path)
        REACHED["arbitration"] += 1
        REACHED["panel"] += seat["seats"] == 3
        if is_decided and seat["state"] == "revealed":
            self.decide(person, seat, choice)

    @rule(who=st.integers(0, 7))
    @precondition(lambda self: len(self.withdrawn) < 6)
    def withdraw(self, who: int) -> None:
        members = [*self.room.annotators, *self.room.arbitrators]
        person = members[who % len(members)]
        member = RoundMember.objects.get(round=self.room.round, user=person.user)
        if member.state == "withdrawn":
            return
        REACHED["withdrawal"] += 1
        RoundMember.objects.filter(pk=member.pk).update(state="withdrawn")
        member_reads_end(member, reason="left", actor=self.room.round.made_by)
        self.withdrawn.add(person.user.pk)
        self.room.join(member.role)

    @rule(who=people)
    @precondition(lambda self: len(self.room.annotators) < 6)
    def comes_to_know(self, who: int) -> None:
        """Give a reader a role that sees everything: they are out from now on."""
        self.fresh_case()
        self.read(who, "normal", how="open")  # it may be in their hands at that moment
        person = self.annotator(who)
        _, is_new = Membership.objects.get_or_create(
            user=person.user, project=self.room.project, role="radiologist"
        )
        if is_new:
            Exposure.objects.create(
                user=person.user, kind="project_role", project=self.room.project
            )
            REACHED["exposure"] += 1
            self.read(who, "normal")
            self.room.join("annotator")

    @rule(who=people)
    @precondition(lambda self: len(self.room.arbitrators) < 6)
    def becomes_arbitrator(self, who: int) -> None:
        """Change a reader's role, who may have read what is waiting to be arbitrated."""
        person = self.annotator(who)
        if not self.is_in(person) or self.reads(person, *LIVE):
            return
        Membership.objects.filter(user=person.user, role="annotator").update(role="arbitrator")
        RoundMember.objects.filter(user=person.user).update(role="arbitrator")
        self.room.annotators.remove(person)
        self.room.arbitrators.append(person)
        self.room.join("annotator")
        REACHED["new role"] += 1

    @rule(tolerance=st.integers(0, 2))
    def policy_changes(self, tolerance: int) -> None:
        newest = RoundPolicy.objects.filter(round=self.room.round).latest("version")
        findings = [{"code": "nodule"}, {"code": "effusion", "grade_tolerance": tolerance}]
        RoundPolicy.objects.create(
            round=self.room.round,
            version=newest.version + 1,
            content={**newest.content, "findings": findings},
            author=self.room.round.made_by,
        )

    # --- invariants ------------------------------------------------------------------------------

    @invariant()
    def what_was_locked_never_changes(self) -> None:  # I2
        for lock_id, sha256 in ReadLock.objects.values_list("pk", "content_sha256"):
            assert self.locks.setdefault(lock_id, sha256) == sha256
        assert ReadLock.objects.count() == len(self.locks)
        for read in Read.objects.filter(state="final").values():
            assert self.finals.setdefault(read["id"], read) == read

    @invariant()
    def an_arbitrator_knew_nothing(self) -> None:  # I3, I6
        for seat in Arbitration.objects.exclude(state="queued").select_related("round_case"):
            readers = Read.objects.filter(
                case=seat.round_case.case_id, kind="annotator", opened_at__isnull=False
            )
            assert not readers.filter(reader=seat.arbitrator_id).exists(), "arbitrates own case"
            if seat.state == "blind":
                continue
            assert seat.read is not None
            assert seat.read.state == "final"
            assert seat.read.locked_at is not None
            assert seat.revealed_at is not None
            assert seat.read.locked_at <= seat.revealed_at
            assert seat.read.reader_id == seat.arbitrator_id
            assert sorted(seat.order) == sorted(
                str(pk)
                for pk in Read.objects.filter(
                    round_case=seat.round_case, kind="annotator", state="final"
                ).values_list("pk", flat=True)
            )

    @invariant()
    def a_consensus_stands_on_n_readers(self) -> None:  # I4, I12
        for comparison in Comparison.objects.select_related("round_case", "policy"):
            locks = list(comparison.locks.select_related("read", "policy"))
            assert len({lock.read.reader_id for lock in locks}) == comparison.round_case.readers
            assert all(lock.read.state == "final" for lock in locks)
            assert not any(lock.read.is_reread for lock in locks)
            last = max(locks, key=lambda lock: (lock.created_at, str(lock.pk)))
            assert comparison.policy == last.policy
        for consensus in Consensus.objects.select_related("round_case__comparison"):
            comparison = consensus.round_case.comparison
            seats = consensus.round_case.arbitrations
            is_decided = seats.exists() and not seats.exclude(state="decided").exists()
            assert is_decided if comparison.needs_arbitration else comparison.is_concordant

    @invariant()
    def nobody_reads_too_much(self) -> None:  # I5
        for case in RoundCase.objects.all():
            held = Read.objects.filter(round_case=case, kind="annotator", slot__isnull=False)
            slots = list(held.values_list("slot", flat=True))
            assert len(slots) == len(set(slots))
            assert set(held.values_list("state", flat=True)) <= {*LIVE, *LOCKED}
            assert len(slots) + case.open_slots == case.readers
            finals = held.filter(state="final").count()
            assert case.unfinal == case.readers - finals
        once = Read.objects.filter(is_reread=False, opened_at__isnull=False)
        pairs = list(once.values_list("case", "reader"))
        assert len(pairs) == len(set(pairs)), "somebody reads a case twice"

    @invariant()
    def who_knew_has_locked_nothing(self) -> None:  # I8
        known = {
            (exposure.user_id, exposure.created_at)
            for exposure in Exposure.objects.filter(kind="project_role")
        }
        for user, since in known:
            late = ReadLock.objects.filter(read__reader=user, created_at__gt=since)
            assert not late.exists(), "locked after exposure"
            offered = Read.objects.filter(reader=user, created_at__gt=since)
            assert not offered.exists(), "offered after exposure"

    @invariant()
    def a_second_read_is_the_same_persons_and_late(self) -> None:  # I10
        for read in Read.objects.filter(is_reread=True).select_related("round_case__rereads"):
            first = Read.objects.get(
                round_case=read.round_case.rereads, reader=read.reader_id, kind="annotator"
            )
            assert first.final_at is not None
            assert read.created_at >= first.final_at + WASHOUT
            assert read.pseudonym != first.pseudonym

    @invariant()
    def every_act_is_written_down(self) -> None:  # I11
        counted = Counter(AuditEvent.objects.values_list("action", flat=True))
        assert counted["read.locked"] == ReadLock.objects.count()
        assert counted["read.taken_back"] == LockTakenBack.objects.count()
        assert counted["read.offered"] == Read.objects.count()
        assert counted["case.compared"] == Comparison.objects.count()
        assert counted["case.sealed"] == Consensus.objects.count()
        assert (
            counted["arbitration.revealed"]
            >= Arbitration.objects.filter(state__in=["revealed", "decided"]).count()
        )

    @invariant()
    def who_is_withdrawn_sees_nothing(self) -> None:  # I14
        members = [*self.room.annotators, *self.room.arbitrators]
        for person in members:
            if person.user.pk not in self.withdrawn:
                continue
            reads = Read.objects.filter(reader=person.user)
            assert not reads.filter(state__in=LIVE).exists()
            for read in reads[:1]:
                assert person.send("GET", f"/api/reads/{read.pk}").status_code == 404

    def everything_can_be_sealed(self) -> None:  # I7
        """Bring in people who know nothing; every case must come to its end."""
        for role in ("annotator",) * 3 + ("arbitrator",) * 3:
            self.room.join(role)
        self.clock.time += timedelta(days=2)  # whoever has left gives back what they hold
        self.settle()
        fresh = [*self.room.annotators[-3:], *self.room.arbitrators[-3:]]
        for _ in range(2):
            for person in fresh:
                self.read_all(person)
            self.clock.time += timedelta(minutes=6)
            self.settle()
        ends = set(RoundCase.objects.filter(purpose="primary").values_list("state", flat=True))
        assert ends <= {"sealed", "unreadable"}, ends

    # --- inside ----------------------------------------------------------------------------------

    def fresh_case(self) -> None:
        """Let there be something to read."""
        if RoundCase.objects.filter(purpose="primary").count() < MOST_CASES:
            readers = read_rules(policy_in_force(self.room.round).content).readers_per_case
            self.room.add_case(readers=readers)

    def annotator(self, who: int) -> Person:
        return self.room.annotators[who % len(self.room.annotators)]

    def reads(self, person: Person, *states: str) -> list[Read]:
        return list(Read.objects.filter(reader=person.user, kind="annotator", state__in=states))

    def is_in(self, person: Person) -> bool:
        return person.user.pk not in self.withdrawn

    def is_reread(self, read: dict[str, Any]) -> bool:
        return Read.objects.filter(pk=read["read_id"], is_reread=True).exists()

    def settle(self) -> None:
        while rounds_settle():
            pass

    def expect(self, response: Any, *statuses: int) -> None:
        assert response.status_code in statuses, (response.status_code, response.content)

    def next_of(self, person: Person, *, is_ahead: bool = False) -> dict[str, Any] | None:
        path = f"/api/label-rounds/{self.room.round.pk}/next"
        response = person.send("POST", path, {"ahead": is_ahead})
        self.expect(response, 200, 404)
        is_out = person.user.pk in self.withdrawn
        assert (response.status_code == 404) == is_out
        return None if is_out else dict(response.json())

    def read_all(self, person: Person) -> None:
        for _ in range(6):
            offer = person.next()
            if offer["read_id"] is None:
                return
            read = person.open(offer["read_id"])
            if read["state"] in LIVE:
                self.expect(person.lock(read, ANSWERS["normal"]), 200)
            if offer["arbitration_id"]:
                seat = person.got("GET", f"/api/arbitrations/{offer['arbitration_id']}")
                self.decide(person, seat, "own")

    def decide(self, person: Person, seat: dict[str, Any], choice: str) -> None:
        letters = {reader["letter"].lower() for reader in seat["readers"]}
        decisions = []
        for conflict in seat["conflicts"]:
            taken = choice if choice in letters or choice in {"own", "indeterminate"} else "own"
            if conflict["finding"] == "" and taken == "indeterminate":
                taken = "own"
            decisions.append(
                {
                    "finding": conflict["finding"],
                    "choice": taken,
                    "rois": [],
                    "reason": "overlooked",
                    "comment": "",
                }
            )
        body = {"revision": seat["revision"], "decisions": decisions}
        path = f"/api/arbitrations/{seat['arbitration_id']}/decide"
        self.expect(person.send("POST", path, body), 200)


def machine_of(log_in: LogIn) -> Callable[[], Iterator[Any]]:
    """Give the machine for the browsers of a test."""
    return type("Walk", (RoundMachine,), {"log_in": staticmethod(log_in)})  # type: ignore[return-value]
