"""Decisions, samples, splits and snapshots are append-only for whoever speaks SQL too."""

from django.db import migrations

TABLES = (
    "feedback_queuedecision",
    "feedback_queuesample",
    "feedback_queuesampleentry",
    "feedback_queuesampleapproval",
    "feedback_splitassignment",
    "feedback_snapshot",
    "feedback_snapshotentry",
)


def guard(apps, schema_editor):
    """Refuse edits and deletions; PostgreSQL's function is that of cases 0002."""
    run = schema_editor.execute
    for table in TABLES:
        if schema_editor.connection.vendor == "postgresql":
            run(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION coread_refuse_change()"
            )
            continue
        for act in ("update", "delete"):
            run(
                f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} rows are append-only'); END"
            )


def unguard(apps, schema_editor):
    run = schema_editor.execute
    for table in TABLES:
        if schema_editor.connection.vendor == "postgresql":
            run(f"DROP TRIGGER {table}_append_only ON {table}")
            continue
        for act in ("update", "delete"):
            run(f"DROP TRIGGER {table}_no_{act}")


class Migration(migrations.Migration):
    dependencies = [("feedback", "0004_queue_and_snapshots"), ("cases", "0002_guard_evidence")]
    operations = [migrations.RunPython(guard, unguard)]
