"""Which proxy addresses no mail used, and when that was looked for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recipients", "0007_kerberos_and_dirsync"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProxyReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reviewed_at", models.DateTimeField()),
                ("since", models.DateTimeField()),
                ("days", models.PositiveIntegerField()),
                ("proxy_count", models.PositiveIntegerField()),
                ("unused_count", models.PositiveIntegerField()),
            ],
        ),
        migrations.AddField("directoryrules", "unused_after_days", models.PositiveIntegerField(default=30)),
        migrations.AddField("recipientaddress", "is_unused", models.BooleanField(default=False)),
        migrations.AddIndex(
            "recipientaddress",
            models.Index(fields=["key"], name="address_unused", condition=models.Q(is_unused=True)),
        ),
    ]
