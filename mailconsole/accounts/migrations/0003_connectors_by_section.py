"""A limit that names a connector says whether it receives or sends: what was both so far stays both."""

from typing import Any

from django.db import migrations


def by_section(apps: Any, schema_editor: Any) -> None:
    for row in apps.get_model("accounts", "RoleLimit").objects.all():
        named = [[one] if "/" in one else [f"receive/{one}", f"send/{one}"] for one in row.connectors]
        row.connectors = [one for names in named for one in names]
        row.save(update_fields=["connectors"])


def by_id(apps: Any, schema_editor: Any) -> None:
    for row in apps.get_model("accounts", "RoleLimit").objects.all():
        row.connectors = list(dict.fromkeys(one.rpartition("/")[2] for one in row.connectors))
        row.save(update_fields=["connectors"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_role_limits"),
    ]

    operations = [
        migrations.RunPython(by_section, by_id),
    ]
