"""What was drawn, seen, signed and withdrawn stays: neither code nor SQL edits or deletes it."""

import uuid

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from apps.base import AppendOnlyError, AppendOnlyModel
from tests import factories as make

pytestmark = pytest.mark.django_db

EVIDENCE = [
    make.RoiRevisionFactory,
    make.FirstImpressionFactory,
    make.WithdrawalFactory,
    make.SecondSignatureFactory,
    make.CriticalAcknowledgementFactory,
]

# Append-only in code alone: a key is forgotten when its person is deleted.
UNGUARDED = {"cases_idempotencykey"}


@pytest.mark.parametrize("factory", EVIDENCE, ids=lambda factory: factory._meta.model.__name__)
def test_code_cannot_change_evidence(factory):
    row, other = factory(), factory()
    for change in (row.save, row.delete, type(row).objects.all().delete):
        with pytest.raises(AppendOnlyError):
            change()
    with pytest.raises(AppendOnlyError):
        type(row).objects.update(id=uuid.uuid4())
    assert set(type(row).objects.all()) == {row, other}


@pytest.mark.parametrize("factory", EVIDENCE, ids=lambda factory: factory._meta.model.__name__)
@pytest.mark.parametrize("statement", ["UPDATE {} SET created_at = created_at", "DELETE FROM {}"])
def test_sql_cannot_change_evidence(factory, statement):
    row = factory()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(row._meta.db_table))
    assert type(row).objects.get() == row


def guarded_tables() -> set[str]:
    """Tables on which the database itself refuses both edits and deletions."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgrelid::regclass::text FROM pg_trigger"
                " WHERE tgname LIKE '%\\_append\\_only' AND tgenabled = 'O'"
            )
            return {table for (table,) in cursor.fetchall()}
        cursor.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        named = dict(cursor.fetchall())
    return {
        table
        for table in named.values()
        if {f"{table}_no_update", f"{table}_no_delete"} <= set(named)
    }


def test_every_append_only_table_is_guarded_by_the_database():
    append_only = {
        model._meta.db_table for model in apps.get_models() if issubclass(model, AppendOnlyModel)
    }
    assert append_only - guarded_tables() == UNGUARDED


def test_a_case_reader_has_one_draft_and_one_first_impression():
    draft = make.ReviewFactory()
    kept = make.FirstImpressionFactory(case=draft.case, reader=draft.reader)
    for again in (make.ReviewFactory, make.FirstImpressionFactory):
        with pytest.raises(DatabaseError), transaction.atomic():
            again(case=kept.case, reader=kept.reader)
    assert type(draft).objects.count() == type(kept).objects.count() == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"version": 1},  # a draft has no version
        {"state": "signed"},  # a signature has a version and a time
        {"state": "withdrawn", "version": 1},
    ],
)
def test_the_database_refuses_a_half_signed_review(facts):
    with pytest.raises(DatabaseError), transaction.atomic():
        make.ReviewFactory(**facts)


def test_the_database_refuses_a_release_of_what_is_not_signed():
    signed = make.SignedReviewFactory()
    withdrawn = make.SignedReviewFactory(state="withdrawn")
    of_both = type(signed).objects.filter(pk__in=[signed.pk, withdrawn.pk])
    with pytest.raises(DatabaseError), transaction.atomic():
        of_both.update(released_at=signed.signed_at)
    assert not of_both.filter(released_at__isnull=False).exists()
