"""Append-only evidence, also for whoever speaks SQL: the database itself refuses to edit or delete."""

from django.db import migrations

TABLES = ("cases_auditevent", "cases_auditseal", "cases_imageaccess", "cases_readingpolicy")


def guard(apps, schema_editor):
    run = schema_editor.execute
    if schema_editor.connection.vendor == "postgresql":
        run(
            "CREATE FUNCTION coread_refuse_change() RETURNS trigger AS $$ BEGIN"
            " RAISE EXCEPTION '% rows are append-only', TG_TABLE_NAME"
            " USING ERRCODE = 'integrity_constraint_violation';"
            " END; $$ LANGUAGE plpgsql",
            params=None,  # the % is the function's, not a placeholder
        )
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
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            run(f"DROP TRIGGER {table}_append_only ON {table}")
        run("DROP FUNCTION coread_refuse_change()")
        return
    for table in TABLES:
        for act in ("update", "delete"):
            run(f"DROP TRIGGER {table}_no_{act}")


class Migration(migrations.Migration):
    # Later changes of these tables on SQLite rebuild them, which drops their triggers: such a
    # migration ends by calling `guard` again (tests/cases/test_audit.py fails otherwise).
    dependencies = [("cases", "0001_first")]
    operations = [migrations.RunPython(guard, unguard)]
