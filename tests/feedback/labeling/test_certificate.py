"""The certificate of blindness: whole on an honest round, broken by each leak on its own."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest
from django.db import connection
from django.utils import timezone

from apps.cases.models import AuditEvent, AuditSeal, Exposure
from apps.cases.services.audit import audit_seal
from apps.feedback.labeling.models.rounds import (
    Arbitration,
    Comparison,
    Read,
    ReadLock,
    RoundCase,
)
from apps.feedback.labeling.selectors.certificate import CLAIMS
from tests.factories import (
    ReadingRoundFactory,
    RoundCaseFactory,
    RoundPolicyFactory,
    UserFactory,
)
from tests.feedback.labeling.results import admin_of, played, release
from tests.feedback.labeling.room import Room, make_room, said, settle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_wait(settings):
    settings.TAKE_BACK_WINDOW_S = 0


def certified(room: Room):
    return admin_of(room).got("GET", f"/api/rounds/{room.round.pk}/certificate")


def failing(answer) -> set[str]:
    return {each["code"] for each in answer["claims"] if not each["passed"]}


def honest(log_in) -> Room:
    """A released round in which each claim has something to check."""
    room = played(log_in, reread_share=1.0, washout_days=0)
    RoundCase.objects.filter(purpose="reread").update(not_before=timezone.now())
    for reader in room.annotators:
        for _ in room.cases:
            reader.read_next(said("absent"))
    settle()
    release(room)
    return room


def past_the_guard(model, change: Callable[[], object]) -> None:
    """Change append-only rows as somebody with the database in hand would."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
                [table],
            )
            guards = cursor.fetchall()
            for name, _ in guards:
                cursor.execute(f"DROP TRIGGER {name}")
            change()
            for _, sql in guards:
                cursor.execute(sql)
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            change()
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def rewrite(model, key, **columns) -> None:
    def change() -> None:
        sets = ", ".join(f"{name} = %s" for name in columns)
        field = model._meta.pk
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {model._meta.db_table} SET {sets} WHERE {field.column} = %s",  # noqa: S608
                [*columns.values(), field.get_db_prep_value(key, connection)],
            )

    past_the_guard(model, change)


def test_an_honest_round_holds_every_claim_and_says_how_much_was_checked(log_in):
    room = honest(log_in)
    answer = certified(room)
    assert failing(answer) == set(), answer
    assert answer["passed"] is True
    checked = {each["code"]: each["checked"] for each in answer["claims"]}
    assert list(checked) == [*CLAIMS, "chain_intact"]
    assert checked.pop("chain_intact") > 0
    assert checked == {
        "readers_unexposed": 16,
        "distinct_readers": 4,
        "arbitrators_apart": 1,
        "blind_before_reveal": 1,
        "lock_hashes": 17,
        "locks_in_chain": 17,
        "policy_of_last_lock": 4,
        "rereads_apart": 8,
        "released_in_order": 4,
    }
    sealed = answer.pop("certificate_sha256")
    canonical = orjson.dumps(answer, option=orjson.OPT_SORT_KEYS)
    assert hashlib.sha256(canonical).hexdigest() == sealed
    assert AuditEvent.objects.get(action="round.certified").detail["certificate_sha256"] == sealed


def test_a_round_without_reads_says_that_nothing_was_checked(log_in):
    answer = certified(make_room(log_in))
    checked = {each["code"]: each["checked"] for each in answer["claims"]}
    assert {code for code, count in checked.items() if not count} >= set(CLAIMS)


def test_a_reader_who_knew_breaks_it(log_in):
    room = honest(log_in)
    exposure = Exposure.objects.create(
        user=room.annotators[0].user, kind="result_seen", case=room.cases[0]
    )
    early = timezone.now() - timedelta(days=1)
    rewrite(Exposure, exposure.pk, created_at=early, kind="gold_author")
    assert failing(certified(room)) == {"readers_unexposed"}


def test_a_role_that_shows_the_project_breaks_it(log_in):
    room = honest(log_in)
    exposure = Exposure.objects.create(
        user=room.annotators[0].user, kind="project_role", project=room.project
    )
    rewrite(Exposure, exposure.pk, created_at=timezone.now() - timedelta(days=1))
    assert failing(certified(room)) == {"readers_unexposed"}


def test_a_read_too_few_breaks_it(log_in):
    room = honest(log_in)
    RoundCase.objects.filter(pk=room.round_case(room.cases[0]).pk).update(readers=3)
    assert failing(certified(room)) == {"distinct_readers"}


def test_an_arbitrator_who_had_read_the_case_breaks_it(log_in):
    room = honest(log_in)
    seat = Arbitration.objects.get()
    primary = seat.round_case.reads.filter(kind="annotator").first()
    # The same person sat down; their own blind lock is still theirs.
    Arbitration.objects.filter(pk=seat.pk).update(arbitrator=primary.reader)
    assert "arbitrators_apart" in failing(certified(room))


def test_an_arbitrator_who_wrote_the_answer_breaks_it(log_in):
    room = honest(log_in)
    seat = Arbitration.objects.get()
    exposure = Exposure.objects.create(
        user=seat.arbitrator, kind="gold_author", case=seat.round_case.case
    )
    rewrite(Exposure, exposure.pk, created_at=timezone.now() - timedelta(days=1))
    assert failing(certified(room)) == {"arbitrators_apart"}


def test_reads_that_were_shown_before_the_blind_lock_break_it(log_in):
    room = honest(log_in)
    Arbitration.objects.update(revealed_at=timezone.now() - timedelta(days=1))
    assert failing(certified(room)) == {"blind_before_reveal"}


def test_a_lock_that_was_rewritten_breaks_it(log_in):
    room = honest(log_in)
    lock = ReadLock.objects.filter(read__kind="annotator").first()
    rewrite(ReadLock, lock.pk, content=orjson.dumps(said("present", "present")).decode())
    assert failing(certified(room)) == {"lock_hashes"}


def test_a_lock_that_was_rewritten_with_its_hash_breaks_it(log_in):
    room = honest(log_in)
    lock = ReadLock.objects.filter(read__kind="annotator").first()
    content = orjson.dumps(said("present", "present"), option=orjson.OPT_SORT_KEYS)
    sha256 = hashlib.sha256(content).hexdigest()
    rewrite(ReadLock, lock.pk, content=content.decode(), content_sha256=sha256)
    assert failing(certified(room)) == {"locks_in_chain"}


def test_another_policy_breaks_it(log_in):
    room = honest(log_in)
    newer = RoundPolicyFactory(
        round=room.round, version=2, content=room.round.policies.get(version=1).content
    )
    RoundCase.objects.filter(pk=Comparison.objects.first().round_case_id).update(policy=newer)
    assert failing(certified(room)) == {"policy_of_last_lock"}


@pytest.mark.parametrize("leak", ["other person", "too early", "counted"])
def test_a_second_read_that_is_none_breaks_it(log_in, leak):
    room = honest(log_in)
    read = Read.objects.filter(is_reread=True).first()
    if leak == "other person":
        RoundCase.objects.filter(pk=read.round_case_id).update(only_reader=UserFactory())
    elif leak == "too early":
        late = timezone.now() + timedelta(days=1)
        RoundCase.objects.filter(pk=read.round_case_id).update(not_before=late)
    else:
        comparison = read.round_case.rereads.comparison
        comparison.locks.add(read.locks.get())
    assert "rereads_apart" in failing(certified(room))


def test_a_result_that_was_shown_before_its_release_breaks_it(log_in):
    room = honest(log_in)
    exposure = Exposure.objects.create(user=UserFactory(), kind="result_seen", case=room.cases[0])
    rewrite(Exposure, exposure.pk, created_at=timezone.now() - timedelta(days=1))
    assert failing(certified(room)) == {"released_in_order"}


def test_a_result_that_another_round_had_released_does_not_break_it(log_in):
    room = honest(log_in)
    early = timezone.now() - timedelta(days=1)
    RoundCaseFactory(
        round=ReadingRoundFactory(project=room.project),
        case=room.cases[0],
        state="sealed",
        released_at=early - timedelta(days=1),
    )
    exposure = Exposure.objects.create(user=UserFactory(), kind="result_seen", case=room.cases[0])
    rewrite(Exposure, exposure.pk, created_at=early)
    assert failing(certified(room)) == set()


def test_a_case_that_was_released_before_its_end_breaks_it(log_in):
    room = honest(log_in)
    RoundCase.objects.filter(pk=room.round_case(room.cases[0]).pk).update(
        released_at=timezone.now() - timedelta(days=1)
    )
    assert failing(certified(room)) == {"released_in_order"}


def test_a_chain_that_was_changed_breaks_it(log_in):
    room = honest(log_in)
    audit_seal()
    event = AuditSeal.objects.order_by("sequence").first().event
    rewrite(AuditEvent, event.pk, action="nothing.happened")
    assert "chain_intact" in failing(certified(room))
