"""What the server does for a reader is the same work, whatever others did and whatever the case is.

A clock on a shared machine tells little, and a test on it would fail by chance. The work itself is
compared: every statement that reaches the database, in order. That the answers have the same bytes
is shown by test_blindness.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from apps.feedback.labeling.models.rounds import Read, RoundCase
from apps.feedback.labeling.services import offers
from tests.factories import CasePredictionFactory, DeploymentFactory, GoldAnswerFactory
from tests.feedback.labeling.leaks import LEAKS
from tests.feedback.labeling.room import Person, Room, make_room, said, settle

pytestmark = pytest.mark.django_db

Work = list[tuple[str, list[str]]]


@contextlib.contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements without their values; savepoints have names of their own."""
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        if "SAVEPOINT" not in sql:
            seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


def work_of(person: Person, content: dict[str, Any]) -> Work:
    """Take a case, save it, lock it, look at the own lists; give the work of each request."""
    found: Work = []

    def ask(name: str, method: str, path: str, body: object = None) -> Any:
        with statements() as seen:
            response = person.send(method, path, body)
        assert response.status_code == 200, response.content
        found.append((name, seen))
        return response.json()

    base = f"/api/label-rounds/{person.room.round.pk}"
    ask("rounds", "GET", "/api/label-rounds")
    read_id = ask("next", "POST", f"{base}/next", {"load": True})["read_id"]
    path = f"/api/reads/{read_id}"
    read = ask("open", "POST", f"{path}/open", {})
    body = {"revision": read["revision"], "content": content, "active_s": 1}
    read = ask("save", "PUT", f"{path}/draft", body)
    body = {**body, "revision": read["revision"], "confirmed": True}
    ask("lock", "POST", f"{path}/lock", body)
    ask("reads", "GET", f"{base}/my-reads?offset=0&limit=20")
    return found


def same(one: Work, other: Work) -> None:
    for (name, statements_one), (_, statements_other) in zip(one, other, strict=True):
        assert statements_one == statements_other, name


@pytest.fixture(autouse=True)
def the_same_draws(monkeypatch):
    """Whether a second read is asked for first is a draw from the round's seed, another in each."""
    monkeypatch.setattr(offers, "DUE_REREAD_SHARE", 0.0)


def room_of_one_case(log_in: Any) -> Room:
    room = make_room(log_in, cases=1, annotators=2, readers=2)
    RoundCase.objects.filter(round=room.round).update(draw=1.0)  # past every drawn place
    return room


@pytest.mark.parametrize("answer", ["present", "absent"])
def test_it_takes_the_same_work_whether_and_what_the_other_reader_has_said(log_in, answer):
    alone = room_of_one_case(log_in)
    quiet = work_of(alone.annotators[0], said())
    shared = room_of_one_case(log_in)
    shared.annotators[1].read_next(said(answer))
    same(quiet, work_of(shared.annotators[0], said()))


def test_it_takes_the_same_work_with_and_without_an_answer_of_the_model(log_in):
    plain = room_of_one_case(log_in)
    quiet = work_of(plain.annotators[0], said())
    told = room_of_one_case(log_in)
    version = DeploymentFactory(project=told.project).model_version
    CasePredictionFactory(case=told.cases[0], model_version=version)
    same(quiet, work_of(told.annotators[0], said()))


def test_a_known_case_is_read_with_the_same_work(log_in):
    plain = room_of_one_case(log_in)
    quiet = work_of(plain.annotators[0], said())
    known = make_room(log_in, cases=1, annotators=2, readers=2, gold_share=1.0)
    RoundCase.objects.filter(round=known.round).update(purpose="gold")
    GoldAnswerFactory(round_case=RoundCase.objects.get(round=known.round))
    gold = work_of(known.annotators[0], said())
    for one, other in zip(quiet, gold, strict=True):
        if one[0] != "next":  # its draw asks by another purpose first
            assert one == other, one[0]


def test_a_hidden_second_read_is_read_with_the_same_work(log_in, settings):
    settings.TAKE_BACK_WINDOW_S = 0
    room = make_room(log_in, cases=2, annotators=1, readers=1, reread_share=1.0, washout_days=0.0)
    reader = room.annotators[0]
    reader.read_next(said())
    first = work_of(reader, said())
    settle()
    second = work_of(reader, said())
    assert Read.objects.filter(is_reread=True).count() == 1
    for one, other in zip(first, second, strict=True):
        # Which purpose was drawn decides how often `next` asks; the own lists grow by a row.
        if one[0] in {"open", "save", "lock"}:
            assert one == other, one[0]


def test_work_that_grows_with_what_others_have_said_is_found(log_in):
    with LEAKS["timing"]():
        alone = work_of(room_of_one_case(log_in).annotators[0], said())
        shared = room_of_one_case(log_in)
        shared.annotators[1].read_next(said("present"))
        with pytest.raises(AssertionError, match="reads"):
            same(alone, work_of(shared.annotators[0], said()))
