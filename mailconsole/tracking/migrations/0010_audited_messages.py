from django.db import migrations, models
from django.db.models.deletion import DO_NOTHING


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0009_recipient_domain_once"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditedMessage",
            fields=[
                (
                    "message",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=DO_NOTHING,
                        primary_key=True,
                        related_name="audited",
                        serialize=False,
                        to="tracking.message",
                    ),
                ),
                ("received_at", models.DateTimeField()),
                (
                    "severity",
                    models.PositiveSmallIntegerField(choices=[(1, "Low"), (2, "Medium"), (3, "High")]),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["severity", "received_at"], name="audited_severity")],
            },
        ),
    ]
