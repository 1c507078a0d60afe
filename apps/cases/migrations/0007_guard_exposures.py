"""The ledger is append-only for whoever speaks SQL too, and begins with what is known already."""

from django.db import migrations

SEEING_ROLES = ("radiologist", "admin")
TABLE = "cases_exposure"


def fill(apps, schema_editor):
    """Enter everybody who holds a role that sees AI output, or once was given one."""
    exposure = apps.get_model("cases", "Exposure")
    members = apps.get_model("cases", "Membership").objects.filter(role__in=SEEING_ROLES)
    known = set(members.values_list("user_id", "project_id"))
    given = apps.get_model("cases", "AuditEvent").objects.filter(
        action="member.added", target_type="user", project__isnull=False
    )
    users = {str(pk): pk for pk in apps.get_model("cases", "User").objects.values_list("pk", flat=True)}
    for target_id, project_id, detail in given.values_list("target_id", "project_id", "detail"):
        if detail.get("role") in SEEING_ROLES and target_id in users:
            known.add((users[target_id], project_id))
    exposure.objects.bulk_create(
        [
            exposure(user_id=user_id, project_id=project_id, kind="project_role")
            for user_id, project_id in sorted(known)
        ],
        batch_size=500,
    )


def guard(apps, schema_editor):
    """Refuse edits and deletions; PostgreSQL's function is that of cases 0002."""
    run = schema_editor.execute
    if schema_editor.connection.vendor == "postgresql":
        run(
            f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE}"
            " FOR EACH ROW EXECUTE FUNCTION coread_refuse_change()"
        )
        return
    for act in ("update", "delete"):
        run(
            f"CREATE TRIGGER {TABLE}_no_{act} BEFORE {act.upper()} ON {TABLE}"
            f" BEGIN SELECT RAISE(ABORT, '{TABLE} rows are append-only'); END"
        )


def unguard(apps, schema_editor):
    run = schema_editor.execute
    if schema_editor.connection.vendor == "postgresql":
        run(f"DROP TRIGGER {TABLE}_append_only ON {TABLE}")
        return
    for act in ("update", "delete"):
        run(f"DROP TRIGGER {TABLE}_no_{act}")


class Migration(migrations.Migration):
    dependencies = [("cases", "0006_exposure_ledger")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(guard, unguard),
    ]
