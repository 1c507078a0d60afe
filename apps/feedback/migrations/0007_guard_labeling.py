"""What readers and arbitrators said is append-only for whoever speaks SQL too; a final read is fixed.

A later change of these tables on SQLite rebuilds them, which drops their triggers: such a migration
ends by calling `guard` again.
"""

from django.db import migrations

TABLES = (
    "feedback_roundpolicy",
    "feedback_guideline",
    "feedback_goldanswer",
    "feedback_readlock",
    "feedback_locktakenback",
    "feedback_readquestion",
    "feedback_questionanswer",
    "feedback_comparison",
    "feedback_comparison_locks",
    "feedback_arbitrationdecision",
    "feedback_consensus",
    "feedback_consensuslabel",
    "feedback_roundreport",
)
READ = "feedback_read"


def guard(apps, schema_editor):
    """Refuse edits and deletions; PostgreSQL's function is that of cases 0002."""
    run = schema_editor.execute
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table in TABLES:
        if is_postgresql:
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
    final = "WHEN (OLD.state = 'final')"
    if is_postgresql:
        run(
            f"CREATE TRIGGER {READ}_final_fixed BEFORE UPDATE OR DELETE ON {READ}"
            f" FOR EACH ROW {final} EXECUTE FUNCTION coread_refuse_change()"
        )
        return
    for act in ("update", "delete"):
        run(
            f"CREATE TRIGGER {READ}_final_no_{act} BEFORE {act.upper()} ON {READ} {final}"
            f" BEGIN SELECT RAISE(ABORT, 'a final read never changes'); END"
        )


def unguard(apps, schema_editor):
    run = schema_editor.execute
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table in TABLES:
        if is_postgresql:
            run(f"DROP TRIGGER {table}_append_only ON {table}")
            continue
        for act in ("update", "delete"):
            run(f"DROP TRIGGER {table}_no_{act}")
    if is_postgresql:
        run(f"DROP TRIGGER {READ}_final_fixed ON {READ}")
        return
    for act in ("update", "delete"):
        run(f"DROP TRIGGER {READ}_final_no_{act}")


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0006_double_blind_labeling"),
        ("cases", "0002_guard_evidence"),
    ]
    operations = [migrations.RunPython(guard, unguard)]
