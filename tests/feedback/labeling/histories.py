"""Two worlds with the same acts, in which others answer otherwise and the model says otherwise.

Each act draws its identifiers from its own number, so that an act of one person has the same ones
in both worlds whatever the acts before it have used up; the clock stands between acts.
"""

import contextlib
import itertools
import json
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from factory.django import DjangoModelFactory

from apps.cases.access import TABLE
from apps.cases.models import Case
from apps.feedback.labeling.models.rounds import Arbitration, Read, RoundCase
from apps.feedback.labeling.selectors.images import ReadUids
from apps.feedback.services import rounds_settle
from tests import factories as make
from tests.feedback.labeling.chance import Clock, Dice
from tests.feedback.labeling.room import UNREADABLE, LogIn, Person, make_room, said
from tests.test_access_matrix import routes

ANSWERS = (
    said(),
    said("present"),
    said("absent", "present", grade="small"),
    said("present", "present", grade="large"),
    said("not_assessable", "absent"),
    UNREADABLE,
)
# Who may be told apart by their acts alone: in both worlds they do the same.
PEOPLE = ("A", "B", "C", "arbitrator", "other arbitrator")
MOST_READS = 2  # of a case by one person: the read and the hidden second one


@dataclass(frozen=True)
class Act:
    """One act: by whom, what, and what they answer in each of the two worlds."""

    who: str
    what: str
    answers: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Seen:
    """One answer as it left the server, and how many queries it took."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    query_count: int


@dataclass
class History:
    """What one person has observed in one world, in order."""

    seen: list[tuple[str, Seen]] = field(default_factory=list)


class World:
    """A round of three cases of two patients, with the model's answers to them."""

    def __init__(self, log_in: LogIn, number: int, *, observer: str, rules: dict[str, Any]) -> None:
        self.number = number
        self.observer = observer
        self.clock = Clock(timezone.now())
        self.dice = Dice()
        self.log_in = log_in
        self.rules = rules
        self.history = History()

    @contextlib.contextmanager
    def standing(self, start: datetime) -> Iterator["World"]:
        """Build the world; nothing of it is left afterwards."""
        self.clock.time = start
        with (
            transaction.atomic(),
            mock.patch("django.utils.timezone.now", self.clock),
            mock.patch("os.urandom", self.dice),
            mock.patch("random._urandom", self.dice),
        ):
            self.dice.source = random.Random("the beginning")
            for factory in vars(make).values():
                if isinstance(factory, type) and issubclass(factory, DjangoModelFactory):
                    factory.reset_sequence(0, force=True)
            self.room = make_room(
                self.log_in, cases=0, annotators=3, arbitrators=2, readers=2, **self.rules
            )
            self._add_cases()
            self._say_by_model()
            yield self
            transaction.set_rollback(True)

    def person(self, who: str) -> Person:
        people = [*self.room.annotators, *self.room.arbitrators]
        return dict(zip(PEOPLE, people, strict=True))[who]

    def carry_out(self, number: int, act: Act) -> None:
        """Do the act; remember the answers to it if it is the observer's."""
        self.dice.source = random.Random(f"act {number}")
        self.clock.time += timedelta(minutes=1)
        if act.what == "time":
            self.clock.time += timedelta(minutes=6)
            while rounds_settle():
                pass
            return
        answer = ANSWERS[act.answers[self.number]]
        responses = list(self._acts(self.person(act.who), act, answer))
        if act.who == self.observer:
            self.history.seen += [(f"{number} {name}", seen) for name, seen in responses]

    def look_around(self) -> None:
        """Ask, as the observer, for everything that a browser can ask for."""
        self.dice.source = random.Random("looking")
        person = self.person(self.observer)
        subjects = self._subjects()
        asked = set()
        heads = set()
        for route, pattern in sorted(routes().items()):
            if "GET" not in TABLE[route] or route == "app":
                continue
            needed = set(pattern.pattern.converters)
            for name, kwargs in subjects.items() if needed else [("", {})]:
                is_own = f"as {self.observer} calls" in name
                if " calls it" in name and not is_own and "read_id" not in needed:
                    continue  # another's names of images lead nowhere but by their read
                path = reverse(route, kwargs={key: kwargs[key] for key in needed})
                if path in asked:
                    continue
                asked.add(path)
                # HEAD goes through the door of its GET: once a route, and for all that is one's own
                is_first = route not in heads
                heads.add(route)
                for method in ("GET", "HEAD") if is_first or is_own else ("GET",):
                    seen = self.ask(person.client, method, path)
                    self.history.seen.append((f"{method} {route} {name}", seen))

    def ask(self, client: Client, method: str, path: str, body: Any = None) -> Seen:
        connection.queries_log.clear()  # it is bounded, and warns
        with CaptureQueriesContext(connection) as queries:
            if body is None:
                response = client.generic(method, path)
            else:
                key = f"{self.dice.source.random()}"
                response = client.generic(
                    method,
                    path,
                    data=body,
                    content_type="application/json",
                    headers={"Idempotency-Key": key},
                )
            content = (
                b"".join(response.streaming_content) if response.streaming else response.content
            )
        # `Expires` is the wall clock's
        headers = tuple(sorted(item for item in response.items() if item[0] != "Expires"))
        return Seen(response.status_code, headers, content, len(queries))

    # --- inside ----------------------------------------------------------------------------------

    def _acts(self, person: Person, act: Act, answer: Any) -> Iterator[tuple[str, Seen]]:
        base = f"/api/label-rounds/{self.room.round.pk}"
        if act.what in {"take back", "ask", "skip"}:
            states = ("locked",) if act.what == "take back" else ("opened", "draft")
            mine = Read.objects.filter(reader=person.user, state__in=states).order_by("opened_at")
            for read in mine[:1]:
                path = f"/api/reads/{read.pk}"
                ways = {
                    "take back": ("/take-back", {}),
                    "ask": ("/question", {"text": "Which size?"}),
                    "skip": ("/skip", {"reason": "known"}),
                }
                rest, body = ways[act.what]
                yield act.what, self.ask(person.client, "POST", path + rest, json.dumps(body))
            return
        wanted = {"ahead": False, "load": act.what == "open"}
        offered = self.ask(person.client, "POST", f"{base}/next", json.dumps(wanted))
        yield "next", offered
        offer = json.loads(offered.body)
        if offer.get("read_id") is None or offer["read"] is not None:
            return
        path = f"/api/reads/{offer['read_id']}"
        opened = self.ask(person.client, "POST", f"{path}/open", "{}")
        yield "open", opened
        read = json.loads(opened.body)
        if act.what == "open" or read["state"] in {"locked", "final"}:
            return  # an arbitrator's own read, locked before
        body = {"revision": read["revision"], "content": answer, "active_s": 9, "confirmed": True}
        if act.what == "save":
            body.pop("confirmed")
            yield "save", self.ask(person.client, "PUT", f"{path}/draft", json.dumps(body))
            return
        yield "lock", self.ask(person.client, "POST", f"{path}/lock", json.dumps(body))

    def _subjects(self) -> dict[str, dict[str, Any]]:
        """Name what a request may be about: every read there is, every case, a seat."""
        subjects = {}
        nothing = {"numbers": [1], "role": "annotator", "sha256": "0" * 64}
        nothing |= dict.fromkeys(
            (
                *("prediction_id", "failure_id", "model_id", "run_id", "review_id", "phrase_id"),
                *("invitation_id", "finding_id", "entry_id", "sample_id", "snapshot_id"),
                "arbitration_id",
            ),
            "00000000-0000-4000-8000-000000000000",
        )
        nothing["user_id"] = self.person("B").user.pk
        seats = Arbitration.objects.order_by("round_case__draw")
        seat = seats.filter(arbitrator=self.person(self.observer).user).first() or seats.first()
        if seat is not None:
            nothing["arbitration_id"] = seat.pk
        for place, case in enumerate(self.room.cases):
            instance = case.instances.select_related("series").get()
            real = {
                "study": case.study.study_instance_uid,
                "series": instance.series.series_instance_uid,
                "sop": instance.sop_instance_uid,
            }
            common = {
                **nothing,
                "project_id": self.room.project.pk,
                "round_id": self.room.round.pk,
                "case_id": case.pk,
                "round_case_id": RoundCase.objects.filter(case=case).order_by("pk")[0].pk,
            }
            for who, turn in self._turns():
                reads = Read.objects.filter(case=case, reader=self.person(who).user)
                found = reads.order_by("created_at").values_list("pk", flat=True)[turn : turn + 1]
                # A read that only one world has must look like one that does not exist.
                name = f"case {place} as {who} calls it, read {turn}"
                read_id = next(iter(found), uuid.uuid5(uuid.NAMESPACE_OID, name))
                hidden = {key: ReadUids(read_id).hidden(uid) for key, uid in real.items()}
                subjects[name] = {**common, **hidden, "read_id": read_id}
            subjects[f"case {place}"] = {**common, **real, "read_id": nothing["arbitration_id"]}
        return subjects

    def _turns(self) -> Iterator[tuple[str, int]]:
        """Name everybody's read of a case, and the hidden second one of whoever looks."""
        yield from itertools.product((self.observer,), range(MOST_READS))
        yield from ((who, 0) for who in PEOPLE if who != self.observer)

    def _add_cases(self) -> None:
        patient = make.PatientFactory()
        for place in range(3):
            study = make.StudyFactory(**({"patient": patient} if place < 2 else {}))
            case: Case = make.CaseFactory(project=self.room.project, study=study)
            make.RoundCaseFactory(
                round=self.room.round, case=case, readers=2, open_slots=2, unfinal=2, draw=place / 3
            )
            self.room.cases.append(case)

    def _say_by_model(self) -> None:
        version = make.DeploymentFactory(project=self.room.project).model_version
        probabilities = (0.1, 0.9, 0.4) if self.number else (0.9, 0.2, 0.6)
        for case, probability in zip(self.room.cases, probabilities, strict=True):
            answer = make.CasePredictionFactory(
                case=case,
                model_version=version,
                probabilities={"nodule": probability},
                urgency=probability,
                top_probability=probability,
            )
            make.PredictionFactory(
                case_prediction=answer, probabilities=[1 - probability, probability]
            )


def differences(
    log_in: LogIn, acts: Sequence[Act], *, observer: str, rules: dict[str, Any]
) -> list[str]:
    """Live through the acts in both worlds; name what the observer saw that differs."""
    start = timezone.now()
    histories = []
    for number in (0, 1):
        world = World(log_in, number, observer=observer, rules=rules)
        with world.standing(start):
            for place, act in enumerate(acts):
                world.carry_out(place, act)
            world.look_around()
        histories.append(world.history.seen)
    first, second = histories
    names = [name for name, _ in first], [name for name, _ in second]
    if names[0] != names[1]:
        return [f"other requests: {set(names[0]) ^ set(names[1])}"]
    return [
        f"{name}: {one} != {other}"
        for (name, one), (_, other) in zip(first, second, strict=True)
        if one != other
    ]
