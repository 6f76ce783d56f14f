"""Of each id that a limit names as receive and as send connector, keep what the configuration in effect has.

`accounts.0003` made both of every id, for it could not ask. Where neither is there, both stay: none of what is left may
come to set no limit.
"""

import json
from typing import Any

from django.db import migrations

SECTIONS = {"receive": "receive_connectors", "send": "send_connectors"}


def keep_what_is_there(apps: Any, schema_editor: Any) -> None:
    rows = list(apps.get_model("accounts", "RoleLimit").objects.all())
    head = apps.get_model("changes", "Revision").objects.order_by("-number").first() if rows else None
    if head is None:
        return
    there = {f"{way}/{one}" for way, section in SECTIONS.items() for one in _ids(apps, head.manifest.get(section))}
    for row in rows:
        kept = [one for one in row.connectors if one in there or not _is_other_there(one, row.connectors, there)]
        if kept != row.connectors:
            row.connectors = kept
            row.save(update_fields=["connectors"])


def _is_other_there(name: str, named: list[str], there: set[str]) -> bool:
    way, _, object_id = name.partition("/")
    other = f"{'send' if way == 'receive' else 'receive'}/{object_id}"
    return other in named and other in there


def _ids(apps: Any, digest: str | None) -> list[str]:
    section = apps.get_model("changes", "Section").objects.filter(digest=digest).first()
    return [one["id"] for one in json.loads(section.content)] if section is not None else []


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_connectors_by_section"),
        ("changes", "0008_kept_form"),
    ]

    operations = [
        migrations.RunPython(keep_what_is_there, migrations.RunPython.noop),
    ]
