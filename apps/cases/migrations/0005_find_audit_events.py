from django.db import migrations, models


class Migration(migrations.Migration):
    # An index does not rebuild the table on SQLite: its triggers (see 0002) stay.
    dependencies = [
        ('cases', '0004_invitations'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['project', 'created_at'], name='audit_project_time'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['actor', 'created_at'], name='audit_actor_time'),
        ),
    ]
