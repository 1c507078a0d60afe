"""The audit trail: written with the act, chained, tamper-evident, guarded by the database."""

import threading
import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from apps.base import AppendOnlyError
from apps.cases.models import AuditEvent, AuditSeal, ImageAccess, ReadingPolicy
from apps.cases.services import audit
from apps.cases.services.audit import audit_record, audit_seal, audit_verify
from tests.factories import (
    AuditEventFactory,
    ImageAccessFactory,
    ProjectFactory,
    ReadingPolicyFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def unguarded(statement: str, *params: object) -> None:
    """Do what a person with the database's own key could do: switch the guard off and change."""
    table = statement.split()[2] if statement.startswith("DELETE") else statement.split()[1]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
        else:
            cursor.execute("PRAGMA defer_foreign_keys = ON")
            for act in ("update", "delete"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{act}")
        cursor.execute(statement, params)


def key(row) -> str:
    """The primary key as the database holds it."""
    return str(row.pk) if connection.vendor == "postgresql" else row.pk.hex


@pytest.fixture
def chain():
    """Five sealed events."""
    events = [AuditEventFactory(action=f"thing.{n}", detail={"n": n}) for n in range(5)]
    assert audit_seal() == 5
    return events


def test_an_act_that_fails_leaves_no_event():
    project = ProjectFactory()

    def act() -> None:
        with transaction.atomic():
            audit_record(actor=None, action="thing.done", target=project, project=project)
            raise RuntimeError("the act failed")

    with pytest.raises(RuntimeError):
        act()
    assert not AuditEvent.objects.exists()


def test_sealing_chains_every_event_once(chain):
    seals = list(AuditSeal.objects.order_by("sequence"))
    assert [seal.sequence for seal in seals] == [1, 2, 3, 4, 5]
    assert {seal.event_id for seal in seals} == {event.pk for event in chain}
    assert [seal.previous_sha256 for seal in seals] == [
        "0" * 64,
        *(seal.sha256 for seal in seals[:-1]),
    ]
    assert audit_seal() == 0
    verdict = audit_verify()
    assert (verdict.sealed, verdict.unsealed, verdict.broken_at) == (5, 0, None)
    assert verdict.head_sha256 == seals[-1].sha256


def test_more_events_than_a_batch_are_sealed(monkeypatch):
    monkeypatch.setattr(audit, "SEAL_BATCH", 2)
    for _ in range(5):
        AuditEventFactory()
    assert audit_seal() == 5
    assert audit_verify().broken_at is None


def test_an_edited_event_breaks_the_chain_at_its_place(chain):
    third = AuditSeal.objects.get(sequence=3).event
    unguarded("UPDATE cases_auditevent SET action = 'thing.forged' WHERE id = %s", key(third))
    assert audit_verify().broken_at == 3


@pytest.mark.parametrize(
    "change", ["actor_id = NULL", "target_id = 'other'", "target_type = 'x'", "detail = '{}'"]
)
def test_every_column_is_sealed(chain, change):
    first = AuditSeal.objects.get(sequence=1).event
    unguarded(f"UPDATE cases_auditevent SET {change} WHERE id = %s", key(first))  # noqa: S608
    assert audit_verify().broken_at == 1


def test_a_moved_clock_time_is_noticed(chain):
    event = AuditSeal.objects.get(sequence=2).event
    unguarded(
        "UPDATE cases_auditevent SET created_at = %s WHERE id = %s",
        event.created_at - timedelta(seconds=1),
        key(event),
    )
    assert audit_verify().broken_at == 2


def test_a_removed_event_breaks_the_chain(chain):
    seal = AuditSeal.objects.get(sequence=2)
    unguarded("DELETE FROM cases_auditseal WHERE id = %s", key(seal))
    assert audit_verify().broken_at == 2


def test_two_links_that_changed_places_break_the_chain(chain):
    one, two = AuditSeal.objects.filter(sequence__in=[2, 3]).order_by("sequence")
    spare = AuditEventFactory()
    for seal, event in ((one, key(spare)), (two, key(one.event)), (one, key(two.event))):
        unguarded("UPDATE cases_auditseal SET event_id = %s WHERE id = %s", event, key(seal))
    assert audit_verify().broken_at == 2


def test_a_cut_off_end_is_noticed_by_who_kept_the_last_link(chain):
    anchor = audit_verify().head_sha256
    unguarded("DELETE FROM cases_auditseal WHERE sequence >= %s", 4)
    assert audit_verify().broken_at is None  # a shorter chain is whole in itself
    assert audit_verify(anchor_sha256=anchor).broken_at == 4


def test_verify_audit_command_says_what_it_found_and_fails_on_a_broken_chain(chain):
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "5 events sealed" in out.getvalue()
    assert audit_verify().head_sha256 in out.getvalue()
    with pytest.raises(CommandError, match="broken at number 6"):
        call_command("verify_audit", anchor="f" * 64)
    seal = AuditSeal.objects.get(sequence=1)
    unguarded("UPDATE cases_auditseal SET sha256 = %s WHERE id = %s", "0" * 64, key(seal))
    with pytest.raises(CommandError, match="broken at number 1"):
        call_command("verify_audit")


@pytest.mark.parametrize(
    "make",
    [AuditEventFactory, ImageAccessFactory, ReadingPolicyFactory],
    ids=lambda make: make.__name__,
)
def test_code_cannot_change_evidence(make):
    row, other = make(), make()
    for change in (row.save, row.delete, type(row).objects.all().delete):
        with pytest.raises(AppendOnlyError):
            change()
    with pytest.raises(AppendOnlyError):
        type(row).objects.update(id=uuid.uuid4())
    assert set(type(row).objects.all()) == {row, other}


@pytest.mark.parametrize("model", [AuditEvent, AuditSeal, ImageAccess, ReadingPolicy])
@pytest.mark.parametrize("statement", ["UPDATE {} SET created_at = created_at", "DELETE FROM {}"])
def test_sql_cannot_change_evidence(model, statement):
    AuditEventFactory()
    audit_seal()
    ImageAccessFactory()
    ReadingPolicyFactory()
    table = model._meta.db_table
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))
    assert model.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_sealers_at_the_same_time_make_one_chain():
    user = UserFactory()
    for _ in range(40):
        AuditEventFactory(actor=user)
    start = threading.Barrier(4)

    def seal():
        try:
            start.wait(timeout=30)
            audit_seal()
        finally:
            connection.close()

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    audit_seal()
    verdict = audit_verify()
    assert (verdict.sealed, verdict.unsealed, verdict.broken_at) == (40, 0, None)
