"""Evidence of reviews is append-only for whoever speaks SQL too; reviews signed before count already."""

from django.db import migrations
from django.db.models import F

TABLES = (
    "feedback_roirevision",
    "feedback_firstimpression",
    "feedback_withdrawal",
    "feedback_secondsignature",
    "feedback_criticalacknowledgement",
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


def release_signed(apps, schema_editor):
    """Their corrections were queued when they were signed; releasing them again would double these."""
    reviews = apps.get_model("feedback", "Review").objects
    reviews.filter(state="signed", released_at=None).update(released_at=F("signed_at"))


class Migration(migrations.Migration):
    dependencies = [("feedback", "0002_reviews_are_never_lost")]
    operations = [
        migrations.RunPython(release_signed, migrations.RunPython.noop),
        migrations.RunPython(guard, unguard),
    ]
