"""What a model said it was worth, and what served, stay as written: the database itself refuses to edit or delete."""

from django.db import migrations

TABLES = ("inference_calibration", "inference_deployment", "inference_evaluation")


def guard(apps, schema_editor):
    run = schema_editor.execute
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            run(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION coread_refuse_change()"
            )
        return
    for table in TABLES:
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
        else:
            run(f"DROP TRIGGER {table}_no_update")
            run(f"DROP TRIGGER {table}_no_delete")


class Migration(migrations.Migration):
    # The function of PostgreSQL is made by cases 0002. Later changes of these tables on SQLite
    # rebuild them, which drops their triggers: such a migration ends by calling `guard` again.
    dependencies = [
        ("cases", "0002_guard_evidence"),
        ("inference", "0003_add_training_runs"),
    ]
    operations = [migrations.RunPython(guard, unguard)]
